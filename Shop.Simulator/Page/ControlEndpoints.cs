using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Simulator.Elements;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;
using Shop.Simulator.Mail;
using Shop.Simulator.PayPal;
using Shop.Simulator.State;
using Shop.Simulator.Stripe;
using Shop.Simulator.Webhooks;
using Disputes = Shop.Simulator.PayPal.Disputes;

namespace Shop.Simulator.Page;

/// <summary>What is not there stays as it is.</summary>
internal sealed record Settings(WebhookEndpoint[]? Webhooks, PayPalWebhook[]? PayPalWebhooks);

/// <param name="PayPalTokens">How many this process has given out.</param>
internal sealed record SettingsAnswer(string[] WebhookUrls, int? SmtpPort, string StripeUrl, string PayPalUrl, string[] PayPalWebhookUrls, long PayPalTokens);

/// <summary>Of a capture, by its id or by the shop's order.</summary>
internal sealed record Complaint(string? Capture, string? Order, string? Reason, string? Stage);

/// <summary>Status or stage for a dispute that goes on, an outcome for one that is over.</summary>
internal sealed record DisputeStep(string? Status, string? Stage, string? Outcome);

/// <summary>What tests and the developer page ask and set. None of it exists in the real world.</summary>
internal static class ControlEndpoints
{
    public static void MapControl(this IEndpointRouteBuilder app)
    {
        app.MapGet("/ledger", (Account account, string? order, string? after, int? limit, DateTimeOffset? from, DateTimeOffset? to) =>
            account.Read(w => Ledger.Of(w, order, after, limit, from, to)));
        app.MapGet("/truth", (Account account, RequestLog requests, string order) => account.Read(w => FailureLedger.Of(w, requests.Faulted(), order)));
        app.MapGet("/requests", (RequestLog requests, string? order) => requests.NewestFirst(order));
        app.MapGet("/webhooks", (Account account, string? order) => account.Read(w => SentWebhook.NewestFirst(w, order)));
        app.MapGet("/mails", (Mailbox mails, string? to) => mails.NewestFirst(to));
        app.MapGet("/mails/{id}", Results<Ok<ReceivedMail>, NotFound> (Mailbox mails, string id) =>
            mails.Find(id) is { } mail ? TypedResults.Ok(mail) : TypedResults.NotFound());
        app.MapGet("/mails/{id}/html", MailHtml);
        app.MapGet("/faults", (FaultBoxes faults, string? gateway) => (gateway == "paypal" ? faults.PayPal : faults.Stripe).Current);
        app.MapPut("/faults", SetFaultsAsync);
        app.MapPost("/faults", PlayFormAsync).DisableAntiforgery(); // nothing here is worth forging, and no cookie says who asks
        app.MapDelete("/faults", StopFaultsAsync);
        app.MapGet("/settings", ReadSettings);
        app.MapPut("/settings", SetWebhooks);
        app.MapDelete("/paypal-tokens", (PayPalApi payPal) => payPal.RevokeTokens());
        app.MapPost("/disputes", OpenDispute);
        app.MapPost("/disputes/{id}", MoveDispute);
        app.MapPost("/reversals", ReverseCapture);
    }

    private static async Task<Results<Ok<FaultSettings>, ValidationProblem>> SetFaultsAsync(
        HttpRequest request, FaultBoxes faults, GatewayListeners gateways, CancellationToken ct)
    {
        FaultSettings? settings;
        try
        {
            settings = await request.ReadFromJsonAsync<FaultSettings>(ct);
        }
        catch (JsonException e) // says which member, and where
        {
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { [e.Path ?? ""] = [e.Message] });
        }

        var problems = settings?.Problems(OperationsOf) ?? new() { [""] = ["An object is needed."] };
        return problems.Count > 0 ? TypedResults.ValidationProblem(problems) : TypedResults.Ok(await PlayAsync(settings!, faults, gateways, ct));
    }

    /// <summary>From the page's form.</summary>
    private static async Task<IResult> PlayFormAsync(HttpRequest request, FaultBoxes faults, GatewayListeners gateways, CancellationToken ct)
    {
        var settings = FaultForm.Read(await request.ReadFormAsync(ct));
        var problems = settings?.Problems(OperationsOf) ?? new() { ["fault"] = ["One of those in the list."] };
        if (problems.Count > 0)
        {
            return new RazorComponentResult<DeveloperPage>(new { Problem = string.Join(" ", problems.Select(p => $"{p.Key}: {p.Value[0]}")) })
            {
                StatusCode = StatusCodes.Status422UnprocessableEntity,
            };
        }

        await PlayAsync(settings!, faults, gateways, ct);
        return new SeeOther("/");
    }

    internal static async Task<FaultSettings> PlayAsync(FaultSettings settings, FaultBoxes faults, GatewayListeners gateways, CancellationToken ct)
    {
        foreach (var one in settings.ByGateway())
            faults.Of(one.Gateway!.Value).Set(one);
        await gateways.FollowAsync(faults, ct);
        return faults.Of(settings.Gateway ?? Gateway.Stripe).Current;
    }

    /// <summary>At all gateways.</summary>
    internal static async Task<FaultSettings> StopFaultsAsync(FaultBoxes faults, GatewayListeners gateways, CancellationToken ct)
    {
        await PlayAsync(new() { Gateway = Gateway.PayPal }, faults, gateways, ct);
        return await PlayAsync(new(), faults, gateways, ct);
    }

    private static IReadOnlyCollection<string> OperationsOf(Gateway gateway) => gateway is Gateway.PayPal ? PayPalEndpoints.Operations : StripeEndpoints.Operations;

    // Secrets are taken, never given back.
    private static SettingsAnswer ReadSettings(Account account, SmtpSink smtp, GatewayListeners gateways, PayPalApi payPal) =>
        new(account.Read(w => w.Webhooks().Endpoints.Select(e => e.Url).ToArray()), smtp.Port, gateways.Stripe.Url,
            gateways.PayPal.Url, account.Read(w => w.PayPalWebhooks().Select(e => e.Url).ToArray()), payPal.TokensIssued);

    private static Results<Ok<SettingsAnswer>, ValidationProblem> SetWebhooks(
        Settings settings, Account account, SmtpSink smtp, GatewayListeners gateways, PayPalApi payPal)
    {
        if (settings is { Webhooks: null, PayPalWebhooks: null } || settings.Webhooks?.All(w => w is { IsValid: true }) is false)
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["webhooks"] = ["Each needs an absolute http(s) url and a secret, and may have an apiVersion such as 2026-10-28.endive."] });
        if (settings.PayPalWebhooks?.All(w => w is { IsValid: true }) is false)
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["payPalWebhooks"] = ["Each needs an absolute http(s) url and an id."] });
        if (settings.Webhooks is { } webhooks)
            account.Write(w => w.Save(new WebhookSettings(WebhookSettings.TheOne, webhooks)));
        if (settings.PayPalWebhooks is { } payPalWebhooks)
            account.Write(w => w.Save(new PayPalWebhookSettings(PayPalWebhookSettings.TheOne, payPalWebhooks)));
        return TypedResults.Ok(ReadSettings(account, smtp, gateways, payPal));
    }

    private static IResult OpenDispute(Complaint complaint, Account account)
    {
        var (reason, stage) = (complaint.Reason ?? Disputes.Reasons[0], complaint.Stage ?? "CHARGEBACK");
        if (!Disputes.Reasons.Contains(reason) || !Disputes.Stages.Contains(stage))
            return Wrong($"reason is one of {string.Join(", ", Disputes.Reasons)}; stage one of {string.Join(", ", Disputes.Stages)}.");
        return account.Write(w => CaptureOf(w, complaint) is { } capture ? Disputes.Json(w, Disputes.Open(w, capture, reason, stage), PayPal.Events.LinkBase) : null)
            is { } opened ? TypedResults.Ok(opened) : TypedResults.NotFound();
    }

    private static IResult MoveDispute(string id, DisputeStep step, Account account)
    {
        if (step.Outcome is { } outcome ? !Disputes.Outcomes.Contains(outcome) : !Disputes.States.Contains(step.Status ?? Disputes.States[0]) || !Disputes.Stages.Contains(step.Stage ?? Disputes.Stages[0]))
            return Wrong($"outcome is one of {string.Join(", ", Disputes.Outcomes)}; status one of {string.Join(", ", Disputes.States)}; stage one of {string.Join(", ", Disputes.Stages)}.");
        return account.Write(w => w.Find<PayPalDispute>(id) is { Status: not "RESOLVED" } open ? Disputes.Json(w, step.Outcome is { } outcome
                ? Disputes.Resolve(w, open, outcome) : Disputes.Update(w, open, step.Status ?? open.Status, step.Stage ?? open.Stage), PayPal.Events.LinkBase) : null)
            is { } moved ? TypedResults.Ok(moved) : TypedResults.NotFound();
    }

    /// <summary>Without a dispute, as when a payer's bank takes back a debit.</summary>
    private static IResult ReverseCapture(Complaint complaint, Account account) => account.Write(w =>
    {
        if (CaptureOf(w, complaint) is not { } capture)
            return false;
        Captures.Reverse(w, capture);
        return true;
    }) ? TypedResults.NoContent() : TypedResults.NotFound();

    private static PayPalCapture? CaptureOf(Work work, Complaint complaint) => work.Find<PayPalCapture>(complaint.Capture)
        ?? (complaint.Order is null ? null : work.With<PayPalOrder>($"order:{complaint.Order}").SelectMany(o => work.With<PayPalCapture>($"order:{o.Id}")).LastOrDefault(c => c.HasMoney));

    private static ValidationProblem Wrong(string rule) => TypedResults.ValidationProblem(new Dictionary<string, string[]> { [""] = [rule] });

    /// <summary>For the page's iframe. A mail is a stranger's HTML: no scripts, no forms, nothing fetched.</summary>
    private static Results<ContentHttpResult, NotFound> MailHtml(Mailbox mails, string id, HttpResponse response)
    {
        if (mails.Find(id) is not { Html: { } html })
            return TypedResults.NotFound();
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups; frame-ancestors 'self'";
        return TypedResults.Content(html, "text/html; charset=utf-8");
    }
}

/// <summary>A webhook's way so far, for people.</summary>
internal sealed record SentWebhook(
    string EventId, string Type, string Url, DeliveryState State, int Attempts, int? LastStatus, string? LastError,
    DateTimeOffset? LastAttempt, DateTimeOffset? NextAttempt, string? OrderId)
{
    private const int Most = 500;

    public static SentWebhook[] NewestFirst(Work work, string? orderId) => [.. (orderId is null
            ? work.NewestFirst<Delivery>()
            : work.With<StripeEvent>($"order:{orderId}").Select(e => e.Id).Concat(work.With<PayPalEvent>($"order:{orderId}").Select(e => e.Id))
                .SelectMany(id => work.With<Delivery>($"event:{id}")).OrderByDescending(d => d.LastAttempt ?? d.NextAttempt))
        .Where(d => d.Forgery is null)
        .Select(d => (Delivery: d, OrderId: work.Find<StripeEvent>(d.EventId)?.OrderId ?? work.Find<PayPalEvent>(d.EventId)?.OrderId))
        .Take(Most)
        .Select(s => new SentWebhook(s.Delivery.EventId, s.Delivery.Type, s.Delivery.Url, s.Delivery.State, s.Delivery.Attempts, s.Delivery.LastStatus,
            s.Delivery.LastError, s.Delivery.LastAttempt, s.Delivery.State == DeliveryState.Waiting ? s.Delivery.NextAttempt : null, s.OrderId))];
}
