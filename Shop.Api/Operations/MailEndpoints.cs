using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Api.Orders;
using Shop.Data;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Data.People;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

using SendResult = Results<NoContent, ProblemHttpResult>;

/// <param name="State">waiting, sent, dropped (it was no longer true, or nobody is left to read it) or parked.</param>
/// <param name="To">Enough of the address for whoever asks about theirs.</param>
/// <param name="OrderNumber">Null for a mail about an account.</param>
/// <param name="LastError">Why it was not sent: the last time, or any more.</param>
internal sealed record MailRow(
    Guid Id, OutboxKind Kind, string State, string To, long? OrderNumber, DateTimeOffset CreatedAt, DateTimeOffset DueAt, DateTimeOffset? SentAt,
    int Attempts, int Copy, string? LastError);

/// <param name="Next">For <c>before</c>, when there is another page.</param>
internal sealed record MailPage(int Parked, IReadOnlyList<MailRow> Items, Guid? Next);

/// <param name="WhyNot">Why it would not be sent now; null when it would.</param>
internal sealed record MailView(MailRow Mail, string Subject, string Text, string Html, string? WhyNot);

internal static class MailEndpoints
{
    private const int PageSize = 50;

    private sealed record Found(OutboxMessage Message, long? OrderNumber, string Email)
    {
        public MailRow Row => new(
            Message.Id, Message.Kind, StateOf(Message), OrderFacts.Mask(Email), OrderNumber, Message.CreatedAt, Message.DueAt, Message.SentAt, Message.Attempts,
            Message.Copy, Message.LastError);
    }

    public static void MapMails(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/mail", GetMails).WithName(nameof(GetMails)).RequireAuthorization(Policies.Agent)
            .WithSummary("The mails that were promised, newest first, and what became of each.");
        operations.MapGet("/mail/{id:guid}", GetMail).WithName(nameof(GetMail)).RequireAuthorization(Policies.Agent)
            .WithSummary("What a mail says as things stand now, without name and address, and with links that open nothing.").ProducesProblem(404);
        operations.MapPost("/mail/{id:guid}/again", SendMailAgain).WithName(nameof(SendMailAgain)).RequireAuthorization(Policies.Operator)
            .WithSummary("Sends a mail again, if it is still true.").ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    /// <param name="state">waiting, sent, dropped or parked.</param>
    /// <param name="order">An order's number.</param>
    internal static async Task<Ok<MailPage>> GetMails(
        ReportsDatabase reports, CancellationToken ct, string? state = null, long? order = null, Guid? before = null)
    {
        await using var db = reports.Open();
        var messages = db.Outbox.AsNoTracking();
        if (order is { } number)
            messages = messages.Where(m => db.Orders.Any(o => o.Id == m.OrderId && o.Number == number));
        messages = state?.Trim().ToLowerInvariant() switch
        {
            "waiting" => messages.Where(m => m.State == JobState.Waiting),
            "parked" => messages.Where(m => m.State == JobState.Parked),
            "sent" => messages.Where(m => m.State == JobState.Done && m.SentAt != null),
            "dropped" => messages.Where(m => m.State == JobState.Done && m.SentAt == null),
            _ => messages,
        };
        if (before is { } last)
            messages = messages.Where(m => m.Id < last);

        var found = await Rows(db, messages.OrderByDescending(m => m.Id).Take(PageSize + 1)).ToListAsync(ct);
        var items = found.OrderByDescending(f => f.Message.Id).Take(PageSize).Select(f => f.Row).ToList();
        return TypedResults.Ok(new MailPage(
            await db.Outbox.CountAsync(m => m.State == JobState.Parked, ct), items, found.Count > PageSize ? items[^1].Id : null));
    }

    private static IQueryable<Found> Rows(ShopDbContext db, IQueryable<OutboxMessage> messages) =>
        from m in messages
        join o in db.Orders on m.OrderId equals (Guid?)o.Id into orders
        from o in orders.DefaultIfEmpty()
        join p in db.People on (o == null ? m.PersonId : o.PersonId) equals (Guid?)p.Id
        select new Found(m, o == null ? null : o.Number, p.Email);

    private static string StateOf(OutboxMessage message) => message switch
    {
        { State: JobState.Done, SentAt: null } => "dropped",
        { State: JobState.Done } => "sent",
        { State: JobState.Parked } => "parked",
        _ => "waiting",
    };

    internal static async Task<Results<Ok<MailView>, ProblemHttpResult>> GetMail(
        Guid id, ReportsDatabase reports, TimeProvider clock, CancellationToken ct)
    {
        await using var db = reports.Open();
        if (await Rows(db, db.Outbox.AsNoTracking().Where(m => m.Id == id)).SingleOrDefaultAsync(ct) is not { } found)
            return NotFound();

        var facts = await MailFacts.ReadAsync(db, found.Message, ct);
        var letter = Mails.Write(facts with { Person = Somebody }, new MailLinks(path => path, links: null));
        return TypedResults.Ok(new MailView(found.Row, letter.Subject, letter.Text, letter.Html, facts.WhyNot(clock.GetUtcNow())));
    }

    /// <summary>Stands for the reader: what a mail says is for the staff to see, whose it is for nobody.</summary>
    private static Person Somebody { get; } = new()
    {
        Id = Guid.Empty, Email = "", Name = "(name)", Line1 = "(street)", PostalCode = "(postal code)", City = "(town)", Country = "DE",
        CreatedAt = DateTimeOffset.UnixEpoch,
    };

    internal static Task<SendResult> SendMailAgain(
        Guid id, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<MailView> logger, CancellationToken ct) =>
        Acts.OnceAsync(reports, idempotencyKey, form.Why, IdempotencyKey.DigestOf("send mail again", $"{id}"), clock, logger, async (db, now, why) =>
        {
            if (await db.Outbox.FromSql($"SELECT * FROM shop.outbox WHERE id = {id} FOR UPDATE").SingleOrDefaultAsync(ct) is not { } message)
                return NotFound();
            if (message.State is JobState.Waiting)
                return Problems.Refuse(409, "mail_waiting", "This mail is on its way already.");
            if (message is { State: JobState.Done, PersonId: not null })
                return Problems.Refuse(409, "mail_of_an_account", "This mail is about an account: whoever it belongs to can ask for a new one.");
            if ((await MailFacts.ReadAsync(db, message, ct)).WhyNot(now) is { } obsolete)
                return Problems.Refuse(409, "mail_obsolete", $"This mail is not sent any more: {obsolete}.");

            var before = new { Mail = id, message.Kind, State = StateOf(message), message.Attempts };
            message.AskAgain(now);
            var (kind, subject) = (AuditSubjects.Message, $"{id}");
            if (message.OrderId is { } orderId)
            {
                db.Timeline.Add(TimelineEntry.Of(orderId, now, TimelineKinds.Unparked, $"A person has {message.Kind} sent again.", forShopper: false));
                (kind, subject) = (AuditSubjects.Order, $"{await db.Orders.Where(o => o.Id == orderId).Select(o => o.Number).SingleAsync(ct)}");
            }

            db.Record(caller, now, AuditActions.MessageRetried, kind, subject, before, new { Mail = id, message.Kind, State = StateOf(message), message.Attempts }, why);
            return null;
        }, ct);

    private static ProblemHttpResult NotFound() => Problems.Refuse(404, "mail_not_found", "There is no such mail.");
}
