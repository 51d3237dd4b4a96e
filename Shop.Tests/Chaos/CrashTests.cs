using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Orders;
using Shop.Payments;
using Shop.Simulator;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>The worker is killed between any two steps of a charge. Whatever was done by then, the order ends paid and charged once.</summary>
public sealed class CrashTests : IAsyncLifetime
{
    private WebApplicationFactory<ShopSimulator> _factory = null!;
    private HttpClient _simulator = null!;
    private string _database = "";
    private int _smtpPort;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync();
        _factory = new WebApplicationFactory<ShopSimulator>().WithWebHostBuilder(host => host.UseUrls("http://127.0.0.1:0"));
        _factory.UseKestrel();
        _simulator = _factory.CreateClient();
        _smtpPort = (int)(await _simulator.GetFromJsonAsync<JsonNode>("/settings"))!["smtpPort"]!;
    }

    public async Task DisposeAsync() => await _factory.DisposeAsync();

    private PaymentsProcess Start(string? crashAt = null) => PaymentsProcess.Start(_database, _simulator.BaseAddress!, _smtpPort, crashAt);

    private async Task<(int Intents, int Charges)> LedgerAsync(Guid order)
    {
        var entries = (await _simulator.GetFromJsonAsync<JsonArray>(new Uri($"/ledger?order={order}", UriKind.Relative)))!;
        return (entries.Count(e => (int)e!["charges"]! > 0 || (string)e["status"]! != "requires_payment_method"), entries.Sum(e => (int)e!["charges"]!));
    }

    /// <summary>Time passes: the dead worker's lease has run out.</summary>
    private async Task LeaseRunsOutAsync()
    {
        await using var db = PostgresServer.Open(_database);
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET leased_until = now() WHERE leased_until > now()");
    }

    [Theory]
    [InlineData(CrashPoints.AfterCreateAnswer, PaymentState.None, 0)]
    [InlineData(CrashPoints.AfterStartCommit, PaymentState.InFlight, 0)]
    [InlineData(CrashPoints.AfterConfirmAnswer, PaymentState.InFlight, 1)] // charged, and nothing of it written down
    [InlineData(CrashPoints.AfterOutcomeCommit, PaymentState.Paid, 1)]
    public async Task A_worker_killed_at_any_step_charges_once(string crashAt, PaymentState leftAs, int chargedBy)
    {
        var placed = await PaymentsShop.PlaceAsync(_database);
        using (var victim = Start(crashAt))
            Assert.Equal(137, await victim.EndAsync());
        Assert.Equal(leftAs, (await PaymentsShop.UntilAsync(_database, placed.Id, _ => true, "a look")).Payment);
        Assert.Equal(chargedBy, (await LedgerAsync(placed.Id)).Charges);

        await LeaseRunsOutAsync();
        using var successor = Start();

        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.Paid, "a payment", () => successor.Output);
        Assert.Equal((1, 1), await LedgerAsync(placed.Id));
        await using var db = PostgresServer.Open(_database);
        Assert.Equal(9, await db.Stock.Where(s => s.Sku == placed.Lines[0].Sku).Select(s => s.OnHand).SingleAsync());
        Assert.False(await db.Holds.AnyAsync());
        Assert.Equal(1, await db.Outbox.CountAsync(m => m.OrderId == placed.Id));
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.Paid));
    }

    [Fact]
    public async Task A_worker_that_is_told_to_stop_finishes_the_charge_it_has_begun()
    {
        (await _simulator.PutAsJsonAsync(new Uri("/faults", UriKind.Relative), new { latencyMs = 2500, operation = "confirm" })).EnsureSuccessStatusCode();
        var placed = await PaymentsShop.PlaceAsync(_database);
        using var worker = Start();
        await PaymentsShop.UntilAsync(_database, placed.Id, o => o.Payment is PaymentState.InFlight, "started", () => worker.Output);

        worker.Terminate();

        Assert.Equal(0, await worker.EndAsync());
        Assert.Equal(PaymentState.Paid, (await PaymentsShop.UntilAsync(_database, placed.Id, _ => true, "a look")).Payment);
    }
}
