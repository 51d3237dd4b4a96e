using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The second look at a charge, just before its confirm.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class WarinessTests(PaymentsShop shop) : IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(true);
    }

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
    public async Task Of_a_synthetic_order_only_what_the_drill_asked_for_is_not_looked_at()
    {
        var card = await EnteredAsync("tok_visa_chargeDeclinedLostCard");
        for (var i = 0; i < 5; i++)
            await DeclinedAsync(await shop.PlaceAsync("pm_card_visa_chargeDeclinedLostCard"));

        List<string?> reasons = [];
        foreach (var isDrills in (bool[])[false, true])
        {
            var placed = await shop.PlaceAsync(card, dueAt: DateTimeOffset.UtcNow.AddHours(1));
            await using var db = shop.Open();
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET is_synthetic = true WHERE id = {placed.Id}");
            await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET is_synthetic = {isDrills} WHERE order_id = {placed.Id}");
            await DueAsync(db, [placed.Id]);
            reasons.Add((await shop.UntilAsync(placed.Id, PaymentState.Declined)).Reason);
        }

        Assert.Equal([Reasons.TooManyDeclines, Reasons.CardRefusedForGood], reasons);
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
        Assert.Equal(1, (await shop.StockOfAsync(late.Id)).Held); // until its deadline, as of any declined order
    }

    [Fact]
    public async Task Of_many_cards_sent_at_once_hardly_more_reach_the_bank_than_the_limit_says()
    {
        byte[] address = [.. Guid.NewGuid().ToByteArray()];
        List<Guid> orders = [];
        for (var i = 0; i < 40; i++)
        {
            // Made-up cards between the others are declines as well.
            var placed = await shop.PlaceAsync(i % 4 is 3 ? $"pm_made_up_{i}" : "pm_card_chargeDeclined", dueAt: DateTimeOffset.UtcNow.AddHours(1));
            await ComesFromAsync(placed.Id, address);
            orders.Add(placed.Id);
        }

        await using var db = shop.Open();
        await DueAsync(db, orders);
        await shop.UntilAsync(async look => await look.PaymentJobs.AllAsync(j => !orders.Contains(j.OrderId) || j.State == JobState.Done), "not all came to an end");

        // The limit, and those that were under way when it was reached.
        Assert.InRange(await db.PaymentAttempts.CountAsync(a => orders.Contains(a.OrderId) && a.Operation == "confirm"), 10, 10 + 8);
        Assert.InRange(await db.Orders.CountAsync(o => orders.Contains(o.Id) && o.Reason == Reasons.TooManyDeclines), 40 - 18, 30);
    }

    [Fact]
    public async Task What_counts_is_what_was_paid_and_what_banks_declined_however_they_came_to_say_so()
    {
        byte[] address = [.. Guid.NewGuid().ToByteArray()];
        var paid = await FromAsync("pm_card_visa", address);
        await shop.UntilAsync(paid.Id, PaymentState.Paid);
        var unusable = await FromAsync("pm_made_up", address);
        await shop.UntilAsync(unusable.Id, PaymentState.Declined);
        var atBank = await FromAsync("pm_card_authenticationRequired", address);
        var asked = await shop.UntilAsync(atBank.Id, PaymentState.ActionNeeded);
        await CountsAsync((1, 1, 0), address); // a bank that waits has not said no
        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees: false);
        await shop.UntilAsync(atBank.Id, PaymentState.Declined);
        await CountsAsync((1, 2, 0), address);

        await shop.PayAgainAsync(atBank.Id, "pm_card_visa"); // what comes later does not undo it
        await shop.UntilAsync(atBank.Id, PaymentState.Paid);

        await CountsAsync((2, 2, 0), address);
    }

    [Fact]
    public async Task While_the_whole_shop_sees_many_declines_a_card_is_looked_at_wherever_it_comes_from()
    {
        var tested = new PaymentsShop(("CardTesting:ShopDeclines", "5"), ("CardTesting:ShopCountedEvery", "00:00:00"));
        await tested.InitializeAsync();
        try
        {
            for (var i = 0; i < 5; i++)
                await tested.UntilAsync((await tested.PlaceAsync("pm_card_visa_chargeDeclinedStolenCard")).Id, PaymentState.Declined);

            var next = await tested.PlaceAsync(await EnteredAsync("tok_visa_chargeDeclinedStolenCard", tested));
            var declined = await tested.UntilAsync(next.Id, PaymentState.Declined);
            var other = await tested.PlaceAsync(await EnteredAsync("tok_visa", tested));
            await tested.UntilAsync(other.Id, PaymentState.Paid);

            Assert.Equal(Reasons.TooManyDeclines, declined.Reason);
            await using var db = tested.Open();
            Assert.False(await db.PaymentJobs.AnyAsync(j => j.Wary));
            Assert.Equal(5, await db.PaymentAttempts.CountAsync(a => a.Operation == "confirm" && a.Class == "not_charged"));
        }
        finally
        {
            await tested.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_card_is_read_once_however_often_its_charge_is_leased()
    {
        await shop.FaultsAsync("unavailable_503", count: 2, operation: "create");
        var placed = await WaryAsync(await EnteredAsync("tok_visa"));

        await shop.UntilAsync(placed.Id, PaymentState.Paid);

        await using var db = shop.Open();
        var classes = await db.PaymentAttempts.Where(a => a.OrderId == placed.Id).Select(a => new { a.Operation, a.Class }).ToListAsync();
        Assert.True(classes.Count(a => a.Operation == "create") > 1);
        Assert.Single(classes, a => a.Class == "method_read");
    }

    [Fact]
    public async Task What_is_older_than_it_is_kept_is_forgotten_in_batches()
    {
        await using var db = shop.Open();
        db.VelocityEvents.AddRange(Enumerable.Range(0, 1001).Select(i => Seen(DateTimeOffset.UtcNow.AddDays(-3).AddMilliseconds(i))));
        var kept = db.VelocityEvents.Add(Seen(DateTimeOffset.UtcNow.AddDays(-1))).Entity.Id;
        await db.SaveChangesAsync();

        await shop.Services.GetRequiredService<SourcePurge>().PurgeAsync(CancellationToken.None);

        var old = DateTimeOffset.UtcNow.AddDays(-2);
        Assert.False(await db.VelocityEvents.AnyAsync(v => v.At < old));
        Assert.True(await db.VelocityEvents.AnyAsync(v => v.Id == kept));

        static VelocityEvent Seen(DateTimeOffset at) => new()
        {
            Id = Guid.CreateVersion7(at), Tier = VelocityTier.Slowed, Kind = SourceKind.Address, Hash = new byte[16], Declines = 5, At = at,
        };
    }

    private async Task CountsAsync((int Paid, int Declines, int Open) expected, byte[] address)
    {
        (int, int, int) counts = default;
        await Eventually.TrueAsync(async () => (counts = await CountAsync(address)) == expected, () => $"{counts} was counted, and not {expected}");
    }

    private async Task<(int Paid, int Declines, int Open)> CountAsync(byte[] address)
    {
        await using var db = shop.Open();
        await db.Database.OpenConnectionAsync();
        await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
        batch.BatchCommands.Add(ChargeSources.CountOf([address], DateTimeOffset.UtcNow.AddHours(-1)));
        await using var reader = await batch.ExecuteReaderAsync();
        var count = Assert.Single(await ChargeSources.ReadAsync(reader, CancellationToken.None));
        return (count.Paid, count.Declines, count.Open);
    }

    private async Task<Order> FromAsync(string card, byte[] address)
    {
        var placed = await shop.PlaceAsync(card);
        await ComesFromAsync(placed.Id, address);
        return placed;
    }

    /// <summary>A webhook may tell the order before the worker has written down its own answer; that one is what counts.</summary>
    private Task DeclinedAsync(Order order) => shop.UntilAsync(
        async db => await db.PaymentJobs.AllAsync(j => j.OrderId != order.Id || (j.State == JobState.Done && j.LastReason != null)), "a card was not declined");

    /// <summary>A card as somebody enters it; the tokens with names of their own can't be read.</summary>
    private async Task<string> EnteredAsync(string token, PaymentsShop? at = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/stripe/v1/payment_methods", UriKind.Relative))
        {
            Headers = { { "Authorization", "Bearer sk_test_shop" } },
            Content = new FormUrlEncodedContent([new("type", "card"), new("card[token]", token)]),
        };
        using var answer = await (at ?? shop).Simulator.SendAsync(request);
        return (string)(await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonNode>())!["id"]!;
    }

    private async Task<Order> WaryAsync(string card, byte[]? address = null)
    {
        var placed = await shop.PlaceAsync(card, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        if (address is not null)
            await ComesFromAsync(placed.Id, address);
        await using var db = shop.Open();
        await DueAsync(db, [placed.Id]);
        return placed;
    }

    private static async Task DueAsync(ShopDbContext db, List<Guid> orders)
    {
        await db.PaymentJobs.Where(j => orders.Contains(j.OrderId)).ExecuteUpdateAsync(j => j
            .SetProperty(x => x.Wary, true).SetProperty(x => x.DueAt, DateTimeOffset.UtcNow));
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
    }

    private async Task ComesFromAsync(Guid orderId, byte[] address)
    {
        await using var db = shop.Open();
        var job = await db.PaymentJobs.Where(j => j.OrderId == orderId && j.Kind == PaymentJobKind.Charge).Select(j => j.Id).SingleAsync();
        db.Add(new ChargeSource { JobId = job, Kind = SourceKind.Address, Hash = address, OrderId = orderId, At = DateTimeOffset.UtcNow });
        await db.SaveChangesAsync();
    }
}
