using System.Buffers.Binary;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using NpgsqlTypes;
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
        operations.MapGet("/orders/{number:long}/audit", GetOrderAudit).WithName(nameof(GetOrderAudit)).RequireAuthorization(Policies.Agent)
            .WithSummary("What the staff did to an order.");
    }

    /// <param name="who">An id, an e-mail address, or a part of the name of somebody on the staff.</param>
    /// <param name="text">Words of the reason or of what changed.</param>
    internal static async Task<Ok<AuditPage>> GetAudit(
        ReportsDatabase reports, CancellationToken ct, string? who = null, string? action = null, string? subject = null, string? reference = null,
        string? text = null, DateTimeOffset? from = null, DateTimeOffset? to = null, Guid? before = null)
    {
        await using var db = reports.Open();
        var entries = db.Audit.AsNoTracking();
        if (Given(who) is { } actor)
            entries = Of(entries, db, actor);
        if (Given(action) is { } word)
            entries = entries.Where(e => e.Action == word);
        if (Given(subject) is { } about)
            entries = entries.Where(e => e.Subject == about);
        if (Given(reference) is { } typed)
        {
            var canonical = Reference.TryParse(typed, out var read) ? read : typed;
            entries = entries.Where(e => e.Reference == canonical);
        }

        if (Given(text) is { } words)
            entries = entries.Where(e => EF.Property<NpgsqlTsVector>(e, AuditEntry.Words).Matches(EF.Functions.PlainToTsQuery("simple", words)));
        if (from is { } start)
            entries = entries.Where(e => e.Id >= FirstIdAt(start));
        if (to is { } end)
            entries = entries.Where(e => e.Id < FirstIdAt(end));
        return TypedResults.Ok(await PageAsync(entries, db, before, ct));
    }

    internal static async Task<Ok<AuditPage>> GetOrderAudit(long number, ReportsDatabase reports, CancellationToken ct, Guid? before = null)
    {
        await using var db = reports.Open();
        var subject = $"{number}";
        var entries = db.Audit.AsNoTracking().Where(e => e.Subject == subject && e.SubjectKind == AuditSubjects.Order);
        return TypedResults.Ok(await PageAsync(entries, db, before, ct));
    }

    private static async Task<AuditPage> PageAsync(IQueryable<AuditEntry> entries, ShopDbContext db, Guid? before, CancellationToken ct)
    {
        if (before is { } last)
            entries = entries.Where(e => e.Id < last);
        var rows = await (
            from e in entries
            join p in db.People on e.ActorId equals p.Id
            orderby e.Id descending
            select new { Entry = e, p.Name }).Take(PageSize + 1).ToListAsync(ct);
        var page = rows.Take(PageSize).Select(r => new AuditItem(
            r.Entry.Id, r.Entry.At, new AuditActor(r.Entry.ActorId, r.Name, r.Entry.ActorRole), r.Entry.Action, r.Entry.SubjectKind, r.Entry.Subject,
            Json(r.Entry.Before), Json(r.Entry.After), r.Entry.Why, r.Entry.Reference)).ToList();
        return new AuditPage(page, rows.Count > PageSize ? page[^1].Id : null, [.. AuditActions.All.Order(StringComparer.Ordinal)]);
    }

    private static IQueryable<AuditEntry> Of(IQueryable<AuditEntry> entries, ShopDbContext db, string who)
    {
        if (Guid.TryParse(who, out var id))
            return entries.Where(e => e.ActorId == id);

        var email = Person.AccountEmailOf(who);
        var name = $"%{who.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";
        var actors = db.Users.Where(u => u.Person.AccountEmail == email || u.Role != Role.Shopper && EF.Functions.ILike(u.Person.Name, name)).Select(u => u.Id);
        return entries.Where(e => actors.Contains(e.ActorId));
    }

    /// <summary>No id of this millisecond or a later one is smaller.</summary>
    internal static Guid FirstIdAt(DateTimeOffset at)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, Math.Max(0, at.ToUnixTimeMilliseconds()) << 16);
        return new Guid(id, bigEndian: true);
    }

    private static string? Given(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    private static JsonElement? Json(string? text) => text is null ? null : JsonDocument.Parse(text).RootElement;
}
