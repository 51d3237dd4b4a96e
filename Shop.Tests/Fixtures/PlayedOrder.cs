using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Api.Operations.Story;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Reconciliation;

namespace Shop.Tests.Fixtures;

/// <summary>An exported order, played: the simulator does what the gateway did, and this what its shopper did.</summary>
/// <param name="Calls">What the shop asked the gateway and was told, as the export tells it.</param>
/// <param name="End">How its payment ended, and why.</param>
public sealed record PlayedOrder(Order Order, IReadOnlyList<string> Calls, string End)
{
    public static IReadOnlyList<string> CallsOf(string scenario) => [.. Of(scenario)["calls"]!.AsArray().Select(c => (string)c!)];

    private static JsonNode Of(string scenario) => JsonNode.Parse(scenario)!["scenario"]!;

    public static async Task<PlayedOrder> OfAsync(PaymentsShop shop, string scenario)
    {
        var told = Of(scenario);
        var (shopper, end) = ((string)told["shopper"]!, (string)told["end"]!);
        var ways = told["paysWith"]!.AsArray().Select(w => (string)w!).ToArray();
        var isPayPal = (string?)JsonNode.Parse(scenario)!["gateway"] is "paypal";
        await shop.NoFaultsAsync();
        await shop.FaultsAsync(JsonDocument.Parse(scenario).RootElement);
        try
        {
            var order = isPayPal ? await shop.PlaceAtPayPalAsync() : await shop.PlaceAsync(ways[0]);
            for (var i = 0; i < ways.Length; i++)
            {
                if (i > 0)
                {
                    await shop.UntilAsync(order.Id, o => o.Payment is PaymentState.Declined or PaymentState.ActionNeeded, "an end of the try before");
                    await shop.PayAgainAsync(order.Id, isPayPal ? null : ways[i], isPayPal ? PaymentProvider.PayPal : PaymentProvider.Stripe);
                }

                if (shopper is "agrees" or "refuses")
                {
                    var asked = await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
                    if (isPayPal)
                    {
                        await PayPalPage.AnswerAsync(asked.ActionUrl!, shopper is "agrees", ways[i]);
                        await LookAsync(shop, order.Id);
                    }
                    else
                        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, shopper is "agrees");
                }
            }

            if (end.StartsWith(nameof(PaymentState.Abandoned), StringComparison.Ordinal))
            {
                await shop.UntilAsync(order.Id, o => o.Payment is not (PaymentState.None or PaymentState.InFlight), "an end of its try");
                await shop.PassDeadlineAsync(order.Id);
                await shop.ExpireHoldAsync(order.Id);
                await shop.Services.GetRequiredService<HoldSweep>().SweepAsync(CancellationToken.None);
            }

            var ended = await shop.UntilAsync(order.Id, o => EndOf(o) == end, end);
            return new(ended, await CallsAsync(shop, order.Id), EndOf(ended));
        }
        finally
        {
            await shop.NoFaultsAsync();
        }
    }

    public static async Task<IReadOnlyList<string>> CallsAsync(PaymentsShop shop, Guid order)
    {
        // News by webhook may be faster than whoever has made the call: it is filed when the lease is over.
        await shop.UntilAsync(db => db.PaymentJobs.AllAsync(j => j.OrderId != order || j.State != JobState.Waiting || j.LeasedUntil <= DateTimeOffset.UtcNow), "somebody is still at it");
        await using var db = shop.Open();
        var attempts = await db.PaymentAttempts.AsNoTracking().Where(a => a.OrderId == order).OrderBy(a => a.At).ThenBy(a => a.Id).ToListAsync();
        return Scenario.Calls(attempts.Select(a => (a.Operation, a.Class, a.Reason)));
    }

    /// <summary>The shopper is back from PayPal, as the Api writes it down.</summary>
    private static async Task LookAsync(PaymentsShop shop, Guid orderId)
    {
        await using var db = shop.Open();
        db.Add(PaymentJob.Of(PaymentJobKind.Look, orderId, PaymentProvider.PayPal, DateTimeOffset.UtcNow));
        await db.SaveChangesAsync();
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
    }

    private static string EndOf(Order order) => order.Reason is null ? $"{order.Payment}" : $"{order.Payment} {order.Reason}";
}
