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
    public static Task AskConfirmationAsync(this ShopDbContext db, string email, DateTimeOffset now, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.outbox (id, kind, person_id, state, due_at, leased_until, lease_token, attempts, trace_parent, created_at)
            SELECT {Guid.CreateVersion7(now)}, {nameof(OutboxKind.ConfirmEmailMail)}, u.id, 'Waiting', {now}, 'epoch', 0, 0, {Activity.Current?.Id}, {now}
            FROM shop.people p JOIN accounts.users u ON u.id = p.id
            WHERE p.account_email = {Person.AccountEmailOf(email)} AND NOT u.email_confirmed AND u.password_hash IS NOT NULL AND u.disabled_at IS NULL
            """, ct);

    public static Task AskResetAsync(this ShopDbContext db, string email, DateTimeOffset now, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.outbox (id, kind, person_id, state, due_at, leased_until, lease_token, attempts, trace_parent, created_at)
            SELECT {Guid.CreateVersion7(now)}, {nameof(OutboxKind.ResetPasswordMail)}, u.id, 'Waiting', {now}, 'epoch', 0, 0, {Activity.Current?.Id}, {now}
            FROM shop.people p JOIN accounts.users u ON u.id = p.id
            WHERE p.account_email = {Person.AccountEmailOf(email)} AND u.disabled_at IS NULL
            """, ct);

    public static Task AskOrderLinkAsync(this ShopDbContext db, long number, string email, DateTimeOffset now, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.outbox (id, kind, order_id, state, due_at, leased_until, lease_token, attempts, trace_parent, created_at)
            SELECT {Guid.CreateVersion7(now)}, {nameof(OutboxKind.OrderLinkMail)}, o.id, 'Waiting', {now}, 'epoch', 0, 0, {Activity.Current?.Id}, {now}
            FROM shop.orders o JOIN shop.people p ON p.id = o.person_id
            WHERE o.number = {number} AND lower(p.email) = {Person.AccountEmailOf(email)} AND p.email <> ''
            """, ct);
}
