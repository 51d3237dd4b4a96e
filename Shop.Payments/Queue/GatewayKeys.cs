using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Payments;
using Shop.Payments.Gateways;

namespace Shop.Payments.Queue;

/// <summary>The names of our operations at a gateway: rows, written before the call that carries them.</summary>
internal static class GatewayKeys
{
    public static string Confirm(Guid orderId, int number) => $"order:{orderId}:confirm:{number}";

    /// <summary>
    /// The key of a create or cancel. A gateway replays a stored 5xx under its key for a day; these two charge nothing however often they
    /// run (only the stored intent is ever confirmed), so after such an answer the next try has a key of its own.
    /// </summary>
    public static async Task<string> WriteAsync(
        ShopDbContext db, PaymentJob job, GatewayOperation operation, string parameters, DateTimeOffset now, CancellationToken ct)
    {
        var name = operation.ToString().ToLowerInvariant();
        var broken = await db.PaymentAttempts.CountAsync(a => a.OrderId == job.OrderId && a.Operation == name && a.HttpStatus >= 500, ct);
        var key = broken == 0 ? $"order:{job.OrderId}:{name}" : $"order:{job.OrderId}:{name}:{broken + 1}";
        await EnsureAsync(db, key, job.OrderId, parameters, now, ct);
        return key;
    }

    /// <summary>
    /// A refund that the gateway says has failed may be sent again, when a person asks for it: under a key of its own, or the failure is
    /// replayed.
    /// </summary>
    public static string Refund(Refund refund) =>
        refund.Send == 1 ? $"order:{refund.OrderId}:refund:{refund.Id}" : $"order:{refund.OrderId}:refund:{refund.Id}:{refund.Send}";

    public static async Task EnsureAsync(ShopDbContext db, string key, Guid orderId, string parameters, DateTimeOffset now, CancellationToken ct)
    {
        if (await ParametersAsync(db, key, ct) is null)
            db.GatewayKeys.Add(new GatewayKey { Key = key, OrderId = orderId, Parameters = parameters, CreatedAt = now });
    }

    public static Task<string?> ParametersAsync(ShopDbContext db, string key, CancellationToken ct) =>
        db.GatewayKeys.Where(k => k.Key == key).Select(k => k.Parameters).SingleOrDefaultAsync(ct);
}
