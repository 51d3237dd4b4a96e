using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.Payments.Reconciliation;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>What an engineer reads in an order's timeline: each step, in order, with the facts of the answer that made it.</summary>
public sealed class TimelineTests(PaymentsShop shop) : IClassFixture<PaymentsShop>
{
    private sealed record Told(string Kind, string? Reason, JsonElement Facts, string? TraceId)
    {
        public string? this[string name] => Facts.ValueKind is JsonValueKind.Object && Facts.TryGetProperty(name, out var fact) ? fact.ToString() : null;
    }

    [Fact]
    public async Task A_decline_tells_what_was_asked_and_what_the_gateway_said()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclinedInsufficientFunds");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);

        var told = await ToldAsync(placed.Id);
        var (started, declined) = (told.Single(t => t.Kind == TimelineKinds.PaymentStarted), told.Single(t => t.Kind == TimelineKinds.Declined));

        Assert.Equal(
            [TimelineKinds.Placed, TimelineKinds.PaymentStarted, TimelineKinds.Declined], told.Select(t => t.Kind).Where(kind => kind is not TimelineKinds.Webhook));
        Assert.Equal(("stripe", $"order:{placed.Id}:confirm:1"), (started["gateway"], started["key"]));
        Assert.NotNull(started["heldUntil"]);
        Assert.Equal(
            (Reasons.InsufficientFunds, "stripe", "confirm", "card_declined", "insufficient_funds", "402", "inFlight"),
            (declined.Reason, declined["gateway"], declined["operation"], declined["code"], declined["declineCode"], declined["httpStatus"], declined["was"]));
        Assert.StartsWith("req_", declined["requestId"], StringComparison.Ordinal);
        Assert.Equal(started["intent"], declined["gatewayId"]);
        Assert.NotNull(declined["latencyMs"]);
        Assert.NotNull(declined.TraceId);
    }

    [Fact]
    public async Task A_postponed_payment_tells_when_the_next_try_is_and_how_long_the_goods_are_held_for_it()
    {
        await shop.FaultsAsync("unavailable_503", count: 1, operation: "create");
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Paid);

        var told = await ToldAsync(placed.Id);
        var deferred = told.Single(t => t.Kind == TimelineKinds.Deferred);

        Assert.Equal(
            [TimelineKinds.Placed, TimelineKinds.Deferred, TimelineKinds.PaymentStarted, TimelineKinds.Paid],
            told.Select(t => t.Kind).Where(kind => kind is not (TimelineKinds.MailSent or TimelineKinds.Webhook)));
        Assert.Equal(PaymentOutcome.HoldSlack, DateTimeOffset.Parse(deferred["heldUntil"]!) - DateTimeOffset.Parse(deferred["nextTry"]!));
        Assert.Equal(("create", "503"), (deferred["operation"], deferred["httpStatus"]));
        Assert.StartsWith("pi_", told.Single(t => t.Kind == TimelineKinds.Paid)["gatewayId"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shopper_who_never_came_back_from_the_bank_is_told_apart_from_one_who_did_not_pay()
    {
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await shop.ExpireHoldAsync(placed.Id);
        await shop.Services.GetRequiredService<HoldSweep>().SweepAsync(CancellationToken.None);
        await shop.UntilAsync(placed.Id, PaymentState.Abandoned);

        var closed = (await ToldAsync(placed.Id)).Single(t => t.Kind == TimelineKinds.Closed);

        Assert.Equal((Reasons.AuthenticationAbandoned, "actionNeeded", Proofs.Canceled), (closed.Reason, closed["was"], closed["proof"]));
    }

    private async Task<List<Told>> ToldAsync(Guid orderId)
    {
        await using var db = shop.Open();
        return [.. (await db.Timeline.AsNoTracking().Where(t => t.OrderId == orderId).OrderBy(t => t.At).ThenBy(t => t.Id).ToListAsync())
            .Select(t => new Told(t.Kind, t.Reason, t.Data is null ? default : JsonDocument.Parse(t.Data).RootElement, t.TraceId))];
    }
}
