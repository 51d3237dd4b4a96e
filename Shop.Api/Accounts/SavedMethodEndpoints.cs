using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Carts;
using Shop.Api.Gateways;
using Shop.Data;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Accounts;

/// <summary>Never the token.</summary>
internal sealed record SavedMethodView(Guid Id, string Method, string Provider, string Label, DateTimeOffset SavedAt);

internal sealed record SavedMethodsView(IReadOnlyList<SavedMethodView> Methods);

/// <summary>What somebody has had kept for their next order, and how they get rid of it.</summary>
internal static class SavedMethodEndpoints
{
    public static void MapSavedMethods(this IEndpointRouteBuilder account)
    {
        account.MapGet("/payment-methods", GetSavedMethods).WithName(nameof(GetSavedMethods)).RequireAuthorization(Policies.Shopper)
            .WithSummary("What is kept for the next order, newest first.");
        account.MapPost("/payment-methods/{id:guid}/remove", RemoveSavedMethod).WithName(nameof(RemoveSavedMethod)).RequireAuthorization(Policies.Shopper)
            .WithSummary("Forgets it. What is being charged with it already goes on.").ProducesProblem(400).ProducesProblem(404);
    }

    internal static async Task<Ok<SavedMethodsView>> GetSavedMethods(Caller caller, ShopDbContext db, HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        var methods = await db.SavedMethods.AsNoTracking().Where(m => m.UserId == caller.UserId && m.RemovedAt == null).OrderByDescending(m => m.ConsentedAt)
            .Select(m => new { m.Id, m.Provider, m.Label, m.ConsentedAt }).ToListAsync(ct);
        return TypedResults.Ok(new SavedMethodsView(
        [
            .. methods.Select(m => new SavedMethodView(
                m.Id, PaymentMethods.MethodOf(m.Provider), PaymentMethods.ProviderName(m.Provider), m.Label, m.ConsentedAt)),
        ]));
    }

    /// <summary>Once removed, it stays so: the same request again finds that, and says the same.</summary>
    internal static async Task<Results<NoContent, ProblemHttpResult>> RemoveSavedMethod(
        Guid id, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ShopDbContext db, TimeProvider clock,
        ILogger<SavedMethodsView> logger, CancellationToken ct)
    {
        if (!IdempotencyKey.TryRead(idempotencyKey, out _))
            return IdempotencyKey.IsMissing();

        if (await db.SavedMethods.SingleOrDefaultAsync(m => m.Id == id && m.UserId == caller.UserId, ct) is not { } method)
            return Problems.Refuse(404, "saved_method_not_found", "There is nothing saved like that.");
        if (method.RemovedAt is not null)
            return TypedResults.NoContent();

        method.Remove(clock.GetUtcNow());
        await db.SaveChangesAsync(ct);
        logger.SavedMethodRemoved(caller.UserId, method.Provider);
        return TypedResults.NoContent();
    }
}
