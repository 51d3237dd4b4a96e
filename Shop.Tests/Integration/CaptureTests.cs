using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>A shop that sets the money aside first and then takes it.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class CaptureTests(PaymentsShop shop) : IAsyncLifetime
{
    private string _database = "";
    private WebApplicationFactory<ShopPayments> _payments = null!;

    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(false);
        _database = await PostgresServer.CreateDatabaseAsync();
        _payments = new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(host =>
        {
            foreach (var (key, value) in PaymentsShop.Settings(_database, shop.SimulatorUrl, shop.SmtpPort))
                host.UseSetting(key, value);
            host.UseSetting("Gateways:Stripe:CaptureMethod", "Manual");
        });
        _ = _payments.Services;
    }

    public async Task DisposeAsync()
    {
        await _payments.DisposeAsync();
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(true);
    }

    private Task<Order> UntilAsync(Order order, PaymentState state) => PaymentsShop.UntilAsync(_database, order.Id, o => o.Payment == state, $"{state}");

    private async Task<string[]> OperationsAsync(Order order)
    {
        await using var db = PostgresServer.Open(_database);
        return await db.PaymentAttempts.Where(a => a.OrderId == order.Id).OrderBy(a => a.At).Select(a => a.Operation + " " + a.Class).ToArrayAsync();
    }

    [Fact]
    public async Task What_was_set_aside_is_taken_at_once_and_once()
    {
        var placed = await PaymentsShop.PlaceAsync(_database);

        await UntilAsync(placed, PaymentState.Paid);

        Assert.Equal((1, placed.TotalMinor, 0, "succeeded"), await shop.LedgerAsync(placed.Id));
        Assert.Equal(["create created", "confirm authorized", "capture charged"], await OperationsAsync(placed));
    }

    [Theory]
    [InlineData("answer_lost")] // captured, and the answer is lost
    [InlineData("error_500_after")]
    [InlineData("error_500_before")] // its key answers 500 for a day, so the next one has a key of its own
    [InlineData("unavailable_503")]
    public async Task A_capture_without_an_answer_is_found_out_and_taken_once(string fault)
    {
        await shop.FaultsAsync(fault, count: 1, operation: "capture");

        var placed = await PaymentsShop.PlaceAsync(_database);

        await UntilAsync(placed, PaymentState.Paid);
        Assert.Equal((1, placed.TotalMinor, 0, "succeeded"), await shop.LedgerAsync(placed.Id));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("answer_lost")]
    public async Task A_shopper_who_agrees_at_the_bank_has_the_money_set_aside_and_taken(string? captureEndsIn)
    {
        var placed = await PaymentsShop.PlaceAsync(_database, "pm_card_authenticationRequired");
        var asked = await UntilAsync(placed, PaymentState.ActionNeeded);
        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees: true);
        if (captureEndsIn is not null)
            await shop.FaultsAsync(captureEndsIn, count: 1, operation: "capture");
        await using (var db = PostgresServer.Open(_database))
        {
            db.Add(PaymentJob.Of(PaymentJobKind.Look, placed.Id, PaymentProvider.Stripe, DateTimeOffset.UtcNow)); // back from the bank
            await db.SaveChangesAsync();
            await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        }

        await UntilAsync(placed, PaymentState.Paid);

        Assert.Equal((1, placed.TotalMinor, 0, "succeeded"), await shop.LedgerAsync(placed.Id));
        Assert.Contains(captureEndsIn is null ? "capture charged" : "capture unknown", await OperationsAsync(placed));
        await using var books = PostgresServer.Open(_database);
        Assert.Equal(captureEndsIn is not null, await books.Timeline.AnyAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.Unknown));
    }

    [Fact]
    public async Task What_was_set_aside_for_an_order_that_closes_is_set_free_and_nothing_has_to_go_back()
    {
        var placed = await PaymentsShop.PlaceAsync(_database, "pm_card_authenticationRequired");
        var asked = await UntilAsync(placed, PaymentState.ActionNeeded);
        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees: true); // set aside, and nobody came back to say so
        await using (var db = PostgresServer.Open(_database))
        {
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET deadline_at = now() - interval '1 second' WHERE id = {placed.Id}");
            db.Add(PaymentJob.Of(PaymentJobKind.Close, placed.Id, PaymentProvider.Stripe, DateTimeOffset.UtcNow));
            await db.SaveChangesAsync();
            await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        }

        await UntilAsync(placed, PaymentState.Abandoned);

        Assert.Equal((0, 0, 0, "canceled"), await shop.LedgerAsync(placed.Id));
        Assert.DoesNotContain("capture charged", await OperationsAsync(placed));
    }
}
