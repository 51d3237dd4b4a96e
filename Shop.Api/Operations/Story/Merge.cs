using System.Globalization;
using System.Text.Json;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Operations.Story;

/// <summary>
/// One list by time out of all that tells of an order. What tells of the same thing is one item: a call and the entry that it led to, a mail
/// and the entry that it was sent, an act of the staff and what it wrote. And where nothing is told although something should be, it says that.
/// </summary>
internal static class Merge
{
    /// <summary>What is due and not done for so long is worth a word.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static IReadOnlyList<StoryItem> Of(Order order, StoryRows rows, DateTimeOffset now)
    {
        List<StoryItem> items = [];
        var attempts = rows.Attempts.ToList();
        var (webhooks, mails, audit) = (rows.Webhooks.ToList(), rows.Mails.ToList(), rows.Audit.ToList());
        var (refunds, disputes, failovers) = (rows.Refunds.ToList(), rows.Disputes.ToList(), rows.Failovers.ToList());
        var raw = rows.Raw.ToLookup(r => r.AttemptId);

        foreach (var entry in rows.Timeline)
        {
            List<StoryFact> facts = [.. FactsOf(entry.Data)];
            IReadOnlyList<StoryAnswer> answers = [];
            var source = "order";
            if (entry.Kind is TimelineKinds.WebhookMissing)
                source = "gap";

            if (Take(attempts, a => IsToldBy(a, entry)) is { } attempt)
            {
                source = "attempt";
                answers = AnswersOf(raw[attempt.Id]);
                Add(facts, FactsOf(attempt));
            }

            if (Take(webhooks, w => Has(entry, "event", w.EventId)) is { } webhook)
            {
                source = "webhook";
                Add(facts, FactsOf(webhook));
            }

            if (Take(mails, m => Has(entry, "mail", m.Id)) is { } mail)
            {
                source = "mail";
                Add(facts, FactsOf(mail));
            }

            if (Take(failovers, f => Has(entry, "failover", f.Id)) is not null)
                source = "failover";
            // The facts of a refund are in the entries that tell of it; it is an item of its own only where none does.
            if (refunds.RemoveAll(r => Has(entry, "refund", r.Id)) > 0 || entry.Kind.StartsWith("refund.", StringComparison.Ordinal))
                source = "refund";
            if (disputes.RemoveAll(d => Has(entry, "dispute", d.GatewayId) || Has(entry, "dispute", d.Id)) > 0 || entry.Kind.StartsWith("dispute.", StringComparison.Ordinal))
                source = "dispute";

            // Written in one transaction, at one time.
            var act = Take(audit, a => a.At == entry.At);
            if (act is not null || entry.Kind.StartsWith("staff.", StringComparison.Ordinal))
                source = "staff";
            items.Add(new(
                entry.At, source, entry.Kind, entry.Summary, entry.Reason, entry.ForShopper, facts, answers, entry.TraceId, act is null ? null : $"{Named(act)}, {act.ActorRole.ToLowerInvariant()}",
                act?.Why == entry.Summary ? null : act?.Why));
        }

        items.AddRange(attempts.Select(a => new StoryItem(
            a.At, "attempt", $"{a.Operation}", Words(a), a.Reason, false, FactsOf(a), AnswersOf(raw[a.Id]), a.TraceId, null, null)));
        items.AddRange(webhooks.Select(w => new StoryItem(
            w.ReceivedAt, "webhook", w.Type, w.Changed is { } changed ? $"{w.Provider} reported {w.Type}: {changed}." : w.State switch
            {
                JobState.Waiting => $"{w.Provider} reported {w.Type}; it waits to be processed.",
                JobState.Parked => $"{w.Provider} reported {w.Type}; it could not be processed and waits for a person.",
                _ => $"{w.Provider} reported {w.Type}, which changed nothing.",
            }, null, false, FactsOf(w), [], null, null, null)));
        items.AddRange(mails.Select(m => new StoryItem(
            m.SentAt ?? m.CreatedAt, "mail", m.Kind, $"{MailOf(m.Kind)} {StateOf(m)}.", null, false, FactsOf(m), [], null, null, null)));
        items.AddRange(audit.Select(a => new StoryItem(
            a.At, "staff", a.Action, $"{Named(a)} did: {a.Action.Replace('_', ' ')}.", null, false, a.Reference is { } r ? [new("reference", r)] : [], [], null,
            $"{Named(a)}, {a.ActorRole.ToLowerInvariant()}", a.Why)));
        items.AddRange(refunds.Select(r => new StoryItem(
            r.CreatedAt, "refund", "refund", $"A refund of {Money.Text(r.AmountMinor, r.Currency)} at {r.Provider} is {r.State.ToString().ToLowerInvariant()}.", r.Reason, false,
            r.GatewayId is { } id ? [new("gatewayId", id)] : [], [], null, null, null)));
        items.AddRange(disputes.Select(d => new StoryItem(
            d.OpenedAt, "dispute", d.Kind, $"A dispute of {Money.Text(d.AmountMinor, d.Currency)} is {d.Status}.", null, false, [new("gatewayId", d.GatewayId), new("reason", d.Reason)],
            [], null, null, null)));
        items.AddRange(failovers.Select(f => new StoryItem(
            f.At, "failover", f.ProofKind, $"It went from {f.FromProvider} to {f.ToProvider}: {f.Proof}.", null, false, [new("askedBy", f.AskedBy)], [], null, null, null)));

        items.AddRange(Gaps(order, rows, now));
        // Of what happened at one time the database knows the order, and OrderBy keeps it.
        return [.. items.OrderBy(i => i.At)];
    }

    /// <summary>Where something should be and is not.</summary>
    private static IEnumerable<StoryItem> Gaps(Order order, StoryRows rows, DateTimeOffset now)
    {
        foreach (var gap in rows.Gaps.Where(g => g.ArrivedAt is null && !rows.Timeline.Any(t => t.Kind is TimelineKinds.WebhookMissing && t.Summary.Contains(g.Type, StringComparison.Ordinal))))
            yield return Gap(gap.ExpectedBy, "webhook", $"Webhook {gap.Type} expected by {Time(gap.ExpectedBy)}, not seen.");

        foreach (var job in rows.Jobs.Where(j => j.State is JobState.Waiting && j.DueAt < now - Patience && j.LeasedUntil <= now))
            yield return Gap(job.DueAt, "silence", $"A {Name(job)} was due, and for {Long(now - job.DueAt)} nobody has taken it up. Is Payments running, and its gateway well?", job);
        foreach (var job in rows.Jobs.Where(j => j.State is JobState.Parked))
            yield return Gap(job.DueAt, "parked", $"The {Name(job)} is parked: it waits for a person, and nothing happens by itself.", job);

        // A try that was announced, and after which nothing is told for longer than that.
        var moments = rows.Timeline.Select(t => t.At).Concat(rows.Attempts.Select(a => a.At)).Order().ToList();
        foreach (var entry in rows.Timeline.Where(t => t.Kind is TimelineKinds.Deferred))
        {
            if (Date(entry.Data, "nextTry") is not { } due)
                continue;
            var after = moments.FirstOrDefault(m => m > entry.At);
            if (after == default || after <= due + Patience)
                continue; // it is open, which is told above, or it was in time
            yield return Gap(due, "silence", $"The next try was due at {Time(due)}; nothing is written down until {Time(after)}.");
        }

        if (order.Payment is PaymentState.Unknown && rows.UnknownSince is { } lost)
            yield return Gap(lost, "unknown", $"Unknown since then, for {Long(now - lost)}: whether money was taken. Asked again {Times(rows.AskedSince)}.");
        else if (order.Payment is PaymentState.InFlight && rows.IsConfirmOpen && rows.Timeline.LastOrDefault(t => t.Kind is TimelineKinds.PaymentStarted) is { } sent
            && !rows.Jobs.Any(j => j.LeasedUntil > now) && now - sent.At > Patience)
            yield return Gap(sent.At, "unknown", $"The payment was sent, and for {Long(now - sent.At)} its answer has not been written down.");
    }

    private static StoryItem Gap(DateTimeOffset at, string kind, string words, JobRow? job = null) => new(
        at, "gap", kind, words, null, false, job is null ? [] : [new("job", $"{job.Id}"), new("leases", $"{job.Leases}"), new("lastReason", job.LastReason ?? "–")], [], null, null, null);

    /// <summary>An entry's facts name the call it was told by, down to its latency.</summary>
    private static bool IsToldBy(AttemptRow attempt, TimelineRow entry) => entry.Data is { ValueKind: JsonValueKind.Object } data
        && Text(data, "operation") == attempt.Operation && Text(data, "requestId") == attempt.RequestId && Text(data, "key") == attempt.Key
        && data.TryGetProperty("latencyMs", out var latency) && latency.TryGetDouble(out var ms) && Math.Abs(ms - Math.Round(attempt.LatencyMs, 1)) < 0.05;

    private static T? Take<T>(List<T> from, Predicate<T> which) where T : class
    {
        if (from.FindIndex(which) is >= 0 and var i)
        {
            var found = from[i];
            from.RemoveAt(i);
            return found;
        }

        return null;
    }

    private static void Add(List<StoryFact> facts, IEnumerable<StoryFact> more) =>
        facts.AddRange(more.Where(m => !facts.Exists(f => f.Name == m.Name)).ToList());

    private static IEnumerable<StoryFact> FactsOf(JsonElement? data) => data is { ValueKind: JsonValueKind.Object } facts
        ? facts.EnumerateObject().Select(f => new StoryFact(f.Name, f.Value.ValueKind is JsonValueKind.String ? f.Value.GetString()! : f.Value.GetRawText())) : [];

    private static List<StoryFact> FactsOf(AttemptRow a) => Facts(
        ("gateway", $"{a.Provider}"), ("operation", a.Operation), ("answer", a.Class), ("reason", a.Reason), ("httpStatus", a.HttpStatus?.ToString(CultureInfo.InvariantCulture)),
        ("code", a.Code), ("declineCode", a.DeclineCode), ("adviceCode", a.AdviceCode), ("networkCode", a.NetworkCode), ("card", a.CardLast4 is null ? null : $"{a.CardBrand} {a.CardLast4} {a.CardCountry}".Trim()),
        ("requestId", a.RequestId), ("gatewayId", a.GatewayId), ("chargeId", a.ChargeId), ("key", a.Key), ("latencyMs", $"{Math.Round(a.LatencyMs, 1).ToString(CultureInfo.InvariantCulture)}"),
        ("proof", a.Proof), ("attempt", $"{a.Id}"));

    private static List<StoryFact> FactsOf(WebhookRow w) => Facts(
        ("event", w.EventId), ("type", w.Type), ("receivedAt", Iso(w.ReceivedAt)), ("processedAt", w.ProcessedAt is { } p ? Iso(p) : null), ("state", $"{w.State}"), ("attempts", $"{w.Attempts}"),
        ("changed", w.Changed), ("error", w.LastError), ("fetchedAt", w.FetchedAt is { } f ? Iso(f) : null));

    private static List<StoryFact> FactsOf(MailRowOf m) => Facts(
        ("mail", $"{m.Id}"), ("kind", m.Kind), ("state", StateOf(m)), ("promisedAt", Iso(m.CreatedAt)), ("attempts", $"{m.Attempts}"), ("error", m.LastError));

    private static List<StoryFact> Facts(params (string Name, string? Value)[] facts) =>
        [.. facts.Where(f => f.Value is { Length: > 0 }).Select(f => new StoryFact(f.Name, f.Value!))];

    private static IReadOnlyList<StoryAnswer> AnswersOf(IEnumerable<RawRow> raw) =>
    [
        .. raw.OrderBy(r => r.N).Select(r => new StoryAnswer(r.Request, r.Outcome, r.HttpStatus, [.. FactsOf(r.Headers)], r.Body, r.BodyBytes, r.LatencyMs)),
    ];

    private static bool Has(TimelineRow entry, string name, object value) =>
        entry.Data is { ValueKind: JsonValueKind.Object } data && Text(data, name) == $"{value}";

    private static string? Text(JsonElement data, string name) =>
        data.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? Date(JsonElement? data, string name) =>
        data is { ValueKind: JsonValueKind.Object } facts && facts.TryGetProperty(name, out var value) && value.TryGetDateTimeOffset(out var at) ? at : null;

    private static string Words(AttemptRow a) => a.Class switch
    {
        "charged" => $"{a.Provider} said to {a.Operation}: charged.",
        "created" => $"{a.Provider} created the payment, which takes nothing yet.",
        "unknown" => $"{a.Provider} was asked ({a.Operation}), and it is not known what came of it.",
        _ => $"{a.Provider} said to {a.Operation}: {a.Class.Replace('_', ' ')}.",
    };

    private static string Named(AuditRowOf a) => a.Name is { Length: > 0 } name ? name : "somebody erased";

    internal static string StateOf(MailRowOf m) => m switch
    {
        { State: JobState.Done, SentAt: null } => "dropped",
        { State: JobState.Done } => "sent",
        { State: JobState.Parked } => "parked",
        _ => "waiting",
    };

    /// <summary>"OrderConfirmedMail" as people say it.</summary>
    internal static string MailOf(string kind)
    {
        var words = string.Concat(kind.Replace("Mail", "", StringComparison.Ordinal).Select((c, i) => i > 0 && char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
        return $"{words} mail";
    }

    internal static string Name(JobRow job) => job.Kind switch
    {
        PaymentJobKind.Charge => "charge",
        PaymentJobKind.Close => "closing of the order",
        PaymentJobKind.Refund => "refund",
        _ => "look at the gateway",
    };

    internal static string Times(int count) => count switch { 0 => "not yet", 1 => "once", 2 => "twice", _ => $"{count} times" };

    internal static string Long(TimeSpan time) => time switch
    {
        { TotalMinutes: < 2 } => $"{Math.Max(0, (int)time.TotalSeconds)} seconds",
        { TotalHours: < 2 } => $"{(int)time.TotalMinutes} minutes",
        { TotalDays: < 2 } => $"{(int)time.TotalHours} hours",
        _ => $"{(int)time.TotalDays} days",
    };

    internal static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    private static string Iso(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
