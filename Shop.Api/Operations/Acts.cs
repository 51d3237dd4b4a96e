using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Api.Carts;
using Shop.Data;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

using ActResult = Results<NoContent, ProblemHttpResult>;

internal sealed record WhyRequest(string? Why);

/// <summary>What a person of the staff does: with a reason, once per key, in one transaction with its line in the audit.</summary>
internal static class Acts
{
    private const int MinWhy = 3;
    private const int MaxWhy = 500;

    /// <param name="act">Locks, checks and changes; a refusal takes everything back, the key too. It is handed the reason as it is kept.</param>
    /// <param name="errors">What is wrong with the rest of the form.</param>
    public static async Task<ActResult> OnceAsync(
        ReportsDatabase reports, string? idempotencyKey, string? why, string digest, TimeProvider clock, ILogger logger,
        Func<ShopDbContext, DateTimeOffset, string, Task<ProblemHttpResult?>> act, CancellationToken ct, Dictionary<string, string[]>? errors = null)
    {
        if (!IdempotencyKey.TryRead(idempotencyKey, out var key))
            return IdempotencyKey.IsMissing();

        errors ??= [];
        var reason = why?.Trim() ?? "";
        if (reason.Length is < MinWhy or > MaxWhy)
            errors["why"] = [$"Please say why, in {MinWhy} to {MaxWhy} characters."];
        else if (Discretion.HoldsCard(reason))
            errors["why"] = ["This looks like a card number. No card number is kept anywhere here: the last four digits are enough."];
        else if (Discretion.HoldsEmail(reason))
            errors["why"] = ["This holds an e-mail address. The customer's is with the order; what is written here is kept for good."];
        if (errors.Count > 0)
            return AccountEndpoints.Invalid(errors);

        var now = clock.GetUtcNow();
        await using var db = reports.Open();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        // A twin of this request waits here until this one has ended.
        if (await db.Database.ExecuteSqlAsync(
            $"INSERT INTO shop.request_keys (key, digest, created_at) VALUES ({key}, {digest}, {now}) ON CONFLICT (key) DO NOTHING", ct) == 0)
        {
            var used = await db.RequestKeys.AsNoTracking().SingleAsync(k => k.Key == key, ct);
            return used.Digest == digest ? TypedResults.NoContent() : Problems.Refuse(422, "key_reused", "This key was used for another request.");
        }

        if (await act(db, now, reason) is { } refused)
            return refused;

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await db.NotifyWorkerAsync(logger, ct);
        return TypedResults.NoContent();
    }
}
