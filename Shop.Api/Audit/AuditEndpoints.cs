using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.People;
using Shop.ServiceDefaults;

namespace Shop.Api.Audit;

/// <param name="Name">As it is now; empty when the person was erased.</param>
internal sealed record AuditActor(Guid Id, string Name, Role Role);

internal sealed record AuditItem(
    Guid Id, DateTimeOffset At, AuditActor Actor, string Action, string SubjectKind, string Subject, JsonElement? Before, JsonElement? After, string? Why,
    string? Reference);

/// <summary>An entry, and its actor's name as it is now.</summary>
internal sealed class AuditRow
{
    public required AuditEntry Entry { get; init; }
    public required string Name { get; init; }
}

/// <param name="Next">What to ask for as <c>before</c>; null on the last page.</param>
internal sealed record AuditPage(IReadOnlyList<AuditItem> Items, Guid? Next, IReadOnlyList<string> Actions);

/// <summary>Newest first. An entry's id begins with its time, so one index gives order, page and period.</summary>
internal static class AuditEndpoints
{
    private const int PageSize = 50;

    public static void MapAudit(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/audit", GetAudit).WithName(nameof(GetAudit)).RequireAuthorization(Policies.Operator)
            .WithSummary("What the staff did: who, what, before, after, why, reference.");
    }

    /// <param name="who">An id, an e-mail address, or a part of the name of somebody on the staff.</param>
    /// <param name="text">Words of the reason or of what changed.</param>
    internal static async Task<Ok<AuditPage>> GetAudit(
        ReportsDatabase reports, CancellationToken ct, string? who = null, string? action = null, string? subject = null, string? reference = null,
        string? text = null, DateTimeOffset? from = null, DateTimeOffset? to = null, Guid? before = null)
    {
        await using var db = reports.Open();
        var actors = Given(who) is { } typed ? await ActorsAsync(db, typed, ct) : null;
        return TypedResults.Ok(await PageAsync(
            Find(db, actors, Given(action), Given(subject), Given(reference), Given(text), from, to, before), ct));
    }

    internal static IQueryable<AuditRow> Find(
        ShopDbContext db, Guid[]? actors, string? action, string? subject, string? reference, string? text, DateTimeOffset? from, DateTimeOffset? to,
        Guid? before)
    {
        // Words first and by their own index: left to itself Postgres reads the newest entries until enough of them match, be it all of them.
        var entries = text is null ? db.Audit.AsNoTracking() : db.Audit.FromSql($"""
            WITH hits AS MATERIALIZED (SELECT id FROM accounts.audit WHERE words @@ plainto_tsquery('simple', {text}))
            SELECT a.* FROM accounts.audit a JOIN hits ON hits.id = a.id
            """).AsNoTracking();
        if (actors is not null)
            entries = entries.Where(e => actors.Contains(e.ActorId));
        if (action is not null)
            entries = entries.Where(e => e.Action == action);
        if (subject is not null)
            entries = entries.Where(e => e.Subject == subject);
        if (reference is not null)
        {
            var canonical = Reference.TryParse(reference, out var read) ? read : reference;
            entries = entries.Where(e => e.Reference == canonical);
        }

        if (from is { } start)
            entries = entries.Where(e => e.Id >= TimeOrderedId.FirstAt(start));
        if (to is { } end)
            entries = entries.Where(e => e.Id < TimeOrderedId.FirstAt(end));
        if (before is { } last)
            entries = entries.Where(e => e.Id < last);
        return from e in entries join p in db.People on e.ActorId equals p.Id orderby e.Id descending select new AuditRow { Entry = e, Name = p.Name };
    }

    private static async Task<AuditPage> PageAsync(IQueryable<AuditRow> found, CancellationToken ct)
    {
        var rows = await found.Take(PageSize + 1).ToListAsync(ct);
        var page = rows.Take(PageSize).Select(r => new AuditItem(
            r.Entry.Id, r.Entry.At, new AuditActor(r.Entry.ActorId, r.Name, r.Entry.ActorRole), r.Entry.Action, r.Entry.SubjectKind, r.Entry.Subject,
            Json(r.Entry.Before), Json(r.Entry.After), r.Entry.Why, r.Entry.Reference)).ToList();
        return new AuditPage(page, rows.Count > PageSize ? page[^1].Id : null, [.. AuditActions.All.Order(StringComparer.Ordinal)]);
    }

    // Asked for first, although it is a second trip: with their ids at hand the index by actor answers, with a join it would not.
    private static async Task<Guid[]> ActorsAsync(ShopDbContext db, string who, CancellationToken ct)
    {
        if (Guid.TryParse(who, out var id))
            return [id];

        var email = Person.AccountEmailOf(who);
        var name = $"%{who.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
        var byEmail = db.Users.Where(u => u.Person.AccountEmail == email);
        var byName = db.Users.Where(u => u.Role != Role.Shopper && EF.Functions.ILike(u.Person.Name, name));
        return await byEmail.Select(u => u.Id).Union(byName.Select(u => u.Id)).ToArrayAsync(ct);
    }

    private static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    private static JsonElement? Json(string? text) => text is null ? null : JsonDocument.Parse(text).RootElement;
}
