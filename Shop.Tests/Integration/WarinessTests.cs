using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The second look at a charge, just before its confirm.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class WarinessTests(PaymentsShop shop) : IAsyncLifetime
{
    public async Task InitializeAsync() => await shop.NoFaultsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_card_that_many_people_in_many_places_were_declined_with_is_not_tried_again()
    {
        for (var i = 0; i < 5; i++)
            await DeclinedAsync(await shop.PlaceAsync("pm_card_visa_chargeDeclinedStolenCard"));

        var wary = await WaryAsync(await EnteredAsync("tok_visa_chargeDeclinedStolenCard"));
        var declined = await shop.UntilAsync(wary.Id, PaymentState.Declined);

        Assert.Equal(Reasons.TooManyDeclines, declined.Reason);
        await using var db = shop.Open();
        Assert.Equal(["read"], await db.PaymentAttempts.Where(a => a.OrderId == wary.Id).Select(a => a.Operation).ToListAsync());
        Assert.Equal(0, (await shop.LedgerAsync(wary.Id)).Charges);
        Assert.True(await db.VelocityEvents.AnyAsync(v => v.Kind == SourceKind.Card && v.Tier == VelocityTier.Refused && v.Declines >= 5));
    }

    [Fact]
    public async Task A_wary_look_at_a_good_card_costs_one_question_and_the_order_is_paid()
    {
        var placed = await WaryAsync(await EnteredAsync("tok_visa"));

        await shop.UntilAsync(placed.Id, PaymentState.Paid);

        await using var db = shop.Open();
        Assert.Equal(["method_read", "created", "charged"],
            await db.PaymentAttempts.Where(a => a.OrderId == placed.Id).OrderBy(a => a.At).Select(a => a.Class).Take(3).ToListAsync());
    }

    [Fact]
    public async Task Charges_that_were_all_asked_for_before_the_first_was_declined_are_stopped_on_their_way()
    {
        byte[] address = [.. Guid.NewGuid().ToByteArray()];
        for (var i = 0; i < 10; i++)
        {
            var declined = await shop.PlaceAsync("pm_card_chargeDeclined");
            await ComesFromAsync(declined.Id, address);
            await DeclinedAsync(declined);
        }

        var late = await WaryAsync("pm_card_visa", address);

        await shop.UntilAsync(late.Id, o => o.Payment is PaymentState.Declined or PaymentState.Paid, "an outcome");
        await using (var look = shop.Open())
        {
            var jobs = await look.ChargeSources.Where(s => s.Hash == address)
                .Join(look.PaymentJobs, s => s.JobId, j => j.Id, (s, j) => $"{j.Kind} {j.State} {j.LastReason} {j.Wary}").ToListAsync();
            Assert.True((await look.Orders.SingleAsync(o => o.Id == late.Id)).Reason == Reasons.TooManyDeclines, string.Join("; ", jobs));
        }

        Assert.Empty(await shop.RequestsAsync(late.Id));
        Assert.Equal(1, (await shop.StockOfAsync(late.Id)).Held); // another try is the shopper's to make, later
    }

    /// <summary>A webhook may tell the order before the worker has written down its own answer; that one is what counts.</summary>
    private Task DeclinedAsync(Order order) => shop.UntilAsync(
        async db => await db.PaymentJobs.AllAsync(j => j.OrderId != order.Id || (j.State == JobState.Done && j.LastReason != null)), "a card was not declined");

    /// <summary>A card as somebody enters it; the tokens with names of their own can't be read.</summary>
    private async Task<string> EnteredAsync(string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/stripe/v1/payment_methods", UriKind.Relative))
        {
            Headers = { { "Authorization", "Bearer sk_test_shop" } },
            Content = new FormUrlEncodedContent([new("type", "card"), new("card[token]", token)]),
        };
        using var answer = await shop.Simulator.SendAsync(request);
        return (string)(await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>())!["id"]!;
    }

    private async Task<Order> WaryAsync(string card, byte[]? address = null)
    {
        var placed = await shop.PlaceAsync(card, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        if (address is not null)
            await ComesFromAsync(placed.Id, address);
        await using var db = shop.Open();
        await db.PaymentJobs.Where(j => j.OrderId == placed.Id).ExecuteUpdateAsync(j => j
            .SetProperty(x => x.Wary, true).SetProperty(x => x.DueAt, DateTimeOffset.UtcNow));
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        return placed;
    }

    private async Task ComesFromAsync(Guid orderId, byte[] address)
    {
        await using var db = shop.Open();
        var job = await db.PaymentJobs.Where(j => j.OrderId == orderId && j.Kind == PaymentJobKind.Charge).Select(j => j.Id).SingleAsync();
        db.Add(new ChargeSource { JobId = job, Kind = SourceKind.Address, Hash = address, OrderId = orderId, At = DateTimeOffset.UtcNow });
        await db.SaveChangesAsync();
    }
}
