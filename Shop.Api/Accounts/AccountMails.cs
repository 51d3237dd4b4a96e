using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Outbox;
using Shop.Data.People;

namespace Shop.Api.Accounts;

/// <summary>
/// Mails that anybody can ask for with nothing but an address. One statement, whether there is somebody to write to or not: the answer tells
/// nothing, and the time it takes neither.
/// </summary>
internal static class AccountMails
{
    /// <summary>However often somebody asks: a mailbox is not for strangers to fill. Of some that ask at once, each may get through.</summary>
    private static readonly TimeSpan AskedEvery = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan LockedOutEvery = TimeSpan.FromHours(1);

    public static Task AskConfirmationAsync(this ShopDbContext db, string email, DateTimeOffset now, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.outbox (id, kind, person_id, state, due_at, leased_until, lease_token, attempts, trace_parent, created_at)
            SELECT {Guid.CreateVersion7(now)}, {nameof(OutboxKind.ConfirmEmailMail)}, u.id, 'Waiting', {now}, 'epoch', 0, 0, {Activity.Current?.Id}, {now}
            FROM shop.people p JOIN accounts.users u ON u.id = p.id
            WHERE p.account_email = {Person.AccountEmailOf(email)} AND NOT u.email_confirmed AND u.password_hash IS NOT NULL AND u.disabled_at IS NULL
                AND NOT EXISTS (SELECT FROM shop.outbox m
                    WHERE m.person_id = u.id AND m.kind = {nameof(OutboxKind.ConfirmEmailMail)} AND m.created_at > {now - AskedEvery})
            """, ct);

    public static Task AskResetAsync(this ShopDbContext db, string email, DateTimeOffset now, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.outbox (id, kind, person_id, state, due_at, leased_until, lease_token, attempts, trace_parent, created_at)
            SELECT {Guid.CreateVersion7(now)}, {nameof(OutboxKind.ResetPasswordMail)}, u.id, 'Waiting', {now}, 'epoch', 0, 0, {Activity.Current?.Id}, {now}
            FROM shop.people p JOIN accounts.users u ON u.id = p.id
            WHERE p.account_email = {Person.AccountEmailOf(email)} AND u.disabled_at IS NULL
                AND NOT EXISTS (SELECT FROM shop.outbox m
                    WHERE m.person_id = u.id AND m.kind = {nameof(OutboxKind.ResetPasswordMail)} AND m.created_at > {now - AskedEvery})
            """, ct);

    public static Task AskOrderLinkAsync(this ShopDbContext db, long number, string email, DateTimeOffset now, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.outbox (id, kind, order_id, state, due_at, leased_until, lease_token, attempts, trace_parent, created_at)
            SELECT {Guid.CreateVersion7(now)}, {nameof(OutboxKind.OrderLinkMail)}, o.id, 'Waiting', {now}, 'epoch', 0, 0, {Activity.Current?.Id}, {now}
            FROM shop.orders o JOIN shop.people p ON p.id = o.person_id
            WHERE o.number = {number} AND lower(p.email) = {Person.AccountEmailOf(email)} AND p.email <> ''
                AND NOT EXISTS (SELECT FROM shop.outbox m
                    WHERE m.order_id = o.id AND m.kind = {nameof(OutboxKind.OrderLinkMail)} AND m.created_at > {now - AskedEvery})
            """, ct);

    /// <summary>For whoever registers an address that is known.</summary>
    public static Task TellAskedAsync(this ShopDbContext db, Guid userId, OutboxKind kind, DateTimeOffset now, CancellationToken ct) =>
        db.TellAsync(userId, kind, AskedEvery, now, ct);

    /// <summary>Not more often than once in <paramref name="every"/>.</summary>
    public static Task TellAsync(this ShopDbContext db, Guid userId, OutboxKind kind, TimeSpan every, DateTimeOffset now, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.outbox (id, kind, person_id, state, due_at, leased_until, lease_token, attempts, trace_parent, created_at)
            SELECT {Guid.CreateVersion7(now)}, {kind.ToString()}, {userId}, 'Waiting', {now}, 'epoch', 0, 0, {Activity.Current?.Id}, {now}
            WHERE NOT EXISTS (SELECT FROM shop.outbox WHERE person_id = {userId} AND kind = {kind.ToString()} AND created_at > {now - every})
            """, ct);
}
