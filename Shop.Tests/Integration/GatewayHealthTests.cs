using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.People;
using Shop.Payments.Gateways;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Integration;

/// <summary>The breakers with the numbers of production, but for a break of half a second, over a real queue and a real gateway that fails.</summary>
public sealed class GatewayHealthTests(GatewayHealthTests.BreakingShop broken, ITestOutputHelper output) : IClassFixture<GatewayHealthTests.BreakingShop>, IAsyncLifetime
{
    private const string Refused = "BrokenCircuitException";

    private readonly PaymentsShop shop = broken.Shop;

    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await DecideAsync(null);
        await StateAsync(BreakerState.Closed);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    private GatewayBreakers Breakers => shop.Services.GetRequiredKeyedService<GatewayBreakers>(PaymentProvider.Stripe);

    private GatewayHealth Health => shop.Services.GetRequiredService<GatewayHealth>();

    [Fact]
    public async Task After_an_outage_every_order_is_paid_once_and_soon()
    {
        var began = DateTimeOffset.UtcNow;
        await shop.FaultsAsync("unavailable_503");
        List<Guid> orders = [];
        for (var i = 0; i < 3; i++)
            orders.Add((await shop.PlaceAsync()).Id);
        await StateAsync(BreakerState.Open);
        for (var i = 0; i < 9; i++)
            orders.Add((await shop.PlaceAsync()).Id);
        foreach (var order in orders) // each is told what it waits for, although the gateway is not asked
            Assert.Equal(Reasons.GatewayUnreachable, (await shop.UntilAsync(order, PaymentState.Deferred)).Reason);
        await using (var db = shop.Open()) // as if the outage had lasted long: the back-off of each would let it wait a quarter of an hour
            await db.PaymentJobs.Where(j => j.State == JobState.Waiting).ExecuteUpdateAsync(j => j.SetProperty(x => x.DueAt, DateTimeOffset.UtcNow.AddMinutes(16)));

        var back = Stopwatch.StartNew();
        await shop.NoFaultsAsync();
        foreach (var order in orders)
            await shop.UntilAsync(order, PaymentState.Paid);
        var took = back.Elapsed;

        foreach (var order in orders)
            Assert.Equal(1, (await shop.LedgerAsync(order)).Charges);
        await StateAsync(BreakerState.Closed);
        await using var look = shop.Open();
        var changes = await look.GatewayChanges.Where(c => c.At >= began).OrderBy(c => c.Id).ToListAsync();
        Assert.Equal([BreakerState.Open, BreakerState.Closed], changes.Select(c => c.State)); // the probes between are no news
        var calls = await look.PaymentAttempts.CountAsync(a => a.At >= began && a.At <= changes[0].At && (a.Code == null || a.Code != Refused));
        var refused = await look.PaymentAttempts.CountAsync(a => orders.Contains(a.OrderId) && a.Code == Refused);
        output.WriteLine($"open after {calls} calls; {orders.Count} orders paid {took.TotalSeconds:F1} s after the gateway was back, with breaks of 0.5 s; "
            + $"{refused} jobs taken up while it was closed");
        Assert.InRange(calls, 3, 3 + 8); // three, and those that were under way
        Assert.InRange(refused, 1, orders.Count + 3); // once each, to tell; hardly one in vain while it was open or probed
    }

    [Fact]
    public async Task An_unknown_payment_is_settled_when_the_gateway_is_back()
    {
        await shop.DeliverWebhooksAsync(false);
        await shop.FaultsAsync("answer_lost", operation: "confirm");
        var lost = await shop.PlaceAsync();
        await shop.UntilAsync(lost.Id, PaymentState.Unknown);
        await shop.FaultsAsync("unavailable_503");
        for (var i = 0; i < 3; i++)
            await shop.PlaceAsync();
        await StateAsync(BreakerState.Open);

        var back = Stopwatch.StartNew();
        await shop.NoFaultsAsync();
        await shop.UntilAsync(lost.Id, PaymentState.Paid);
        output.WriteLine($"settled {back.Elapsed.TotalSeconds:F1} s after the gateway was back");

        Assert.Equal(1, (await shop.LedgerAsync(lost.Id)).Charges);
        await shop.DeliverWebhooksAsync(true);
    }

    [Fact]
    public async Task A_stopped_gateway_gets_no_new_payment_and_is_used_again_when_the_operator_says_so()
    {
        await DecideAsync(OverrideMode.Stopped);
        await HeardAsync(() => Breakers.IsStopped);

        var placed = await shop.PlaceAsync();
        Assert.Equal(Reasons.PaymentsPaused, (await shop.UntilAsync(placed.Id, PaymentState.Deferred)).Reason);

        Assert.Empty(await shop.RequestsAsync(placed.Id));
        await using (var db = shop.Open())
            Assert.Equal(GatewayCalls.StoppedByOperator, await db.PaymentAttempts.Where(a => a.OrderId == placed.Id).Select(a => a.Code).FirstAsync());

        await DecideAsync(null);
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
    }

    [Fact]
    public async Task What_is_open_is_settled_at_a_stopped_gateway()
    {
        await shop.DeliverWebhooksAsync(false);
        await shop.FaultsAsync(new
        {
            rules = new object[]
            {
                new { fault = "answer_lost", count = 1, operation = "confirm" },
                new { fault = "unavailable_503", operation = "read" }, // nobody learns of it yet
                new { fault = "unavailable_503", operation = "confirm" },
            },
        });
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(async db => await db.PaymentIntents.AnyAsync(i => i.OrderId == placed.Id && i.Confirm == 1), "it was never confirmed");
        await DecideAsync(OverrideMode.Stopped);
        await HeardAsync(() => Breakers.IsStopped);

        await shop.NoFaultsAsync();

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await shop.DeliverWebhooksAsync(true);
    }

    [Fact]
    public async Task After_the_break_one_job_is_leased_and_the_others_wait_for_what_comes_of_it()
    {
        var open = Breakers;
        open.Change("quiet", BreakerState.Open, DateTimeOffset.UtcNow.AddHours(1));
        Assert.Equal([PaymentProvider.Stripe], Health.Room(8).Closed);

        open.Change("quiet", BreakerState.Open, DateTimeOffset.UtcNow.AddSeconds(-1));
        Assert.Equal(1, Health.Room(8).Limit);
        Assert.Empty(Health.Room(8).Closed);

        var probe = PaymentJob.Of(PaymentJobKind.Charge, Guid.NewGuid(), PaymentProvider.Stripe, DateTimeOffset.UtcNow);
        Health.Taken(probe);
        Assert.Equal([PaymentProvider.Stripe], Health.Room(7).Closed);
        Assert.Equal(7, Health.Room(7).Limit); // hands for the jobs of others

        Health.Returned(probe); // it needed no gateway after all: the next one
        Assert.Equal(1, Health.Room(8).Limit);
        open.Change("quiet", BreakerState.Closed);
        Assert.Equal(8, Health.Room(8).Limit);
        await StateAsync(BreakerState.Closed);
    }

    [Fact]
    public async Task A_replica_follows_most_of_the_others_and_nobody_who_has_fallen_silent()
    {
        await OtherAsync("one", BreakerState.Open, TimeSpan.Zero);
        await Health.LookAsync(CancellationToken.None);
        Assert.Empty(Health.Room(8).Closed); // it may have a bad network of its own

        await OtherAsync("two", BreakerState.HalfOpen, TimeSpan.Zero);
        await Health.LookAsync(CancellationToken.None);
        Assert.Equal([PaymentProvider.Stripe], Health.Room(8).Closed);

        await OtherAsync("two", BreakerState.HalfOpen, GatewayState.Silence + TimeSpan.FromSeconds(1));
        await Health.LookAsync(CancellationToken.None);
        Assert.Empty(Health.Room(8).Closed);
        await using var db = shop.Open();
        await db.GatewayStates.Where(s => s.Replica == "one" || s.Replica == "two").ExecuteDeleteAsync();
    }

    private async Task OtherAsync(string replica, BreakerState state, TimeSpan silent)
    {
        await using var db = shop.Open();
        await db.GatewayStates.Where(s => s.Replica == replica).ExecuteDeleteAsync();
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO payments.gateway_health (provider, replica, state, since, seen_at) VALUES ('Stripe', {replica}, {state.ToString()}, now(), now() - {silent})
            """);
    }

    /// <summary>As the Api writes it down.</summary>
    private async Task DecideAsync(OverrideMode? mode)
    {
        await using var db = shop.Open();
        await db.GatewayOverrides.ExecuteDeleteAsync();
        if (mode is { } decided)
        {
            var now = DateTimeOffset.UtcNow;
            var admin = ShopUser.Of(Person.WithAccount($"{Guid.NewGuid():N}@example.org", "An Operator", now), Role.Operator, now);
            db.AddRange(admin, new GatewayOverride
            {
                Provider = PaymentProvider.Stripe, Mode = decided, Until = decided is OverrideMode.Forced ? now.AddHours(1) : null, Why = "a test",
                ById = admin.Id, At = now,
            });
            await db.SaveChangesAsync();
        }

        await db.NotifyAsync(Notices.Gateways, "", CancellationToken.None);
    }

    private static Task HeardAsync(Func<bool> isSo) => Eventually.TrueAsync(() => Task.FromResult(isSo()), () => "Payments did not hear what was decided");

    private Task StateAsync(BreakerState state) => shop.UntilAsync(
        async db => await db.GatewayStates.Where(s => s.Provider == PaymentProvider.Stripe).AllAsync(s => s.State == state) && await db.GatewayStates.AnyAsync(s => s.Provider == PaymentProvider.Stripe), $"Payments never said that its breaker is {state}");

    public sealed class BreakingShop : IAsyncLifetime
    {
        public PaymentsShop Shop { get; } = new(
            ("Gateways:Stripe:QuietCalls", "3"), ("Gateways:Stripe:SteadyCalls", "5"), ("Gateways:Stripe:BusyCalls", "20"),
            ("Gateways:Stripe:Break", "00:00:00.500"));

        public Task InitializeAsync() => Shop.InitializeAsync();

        public Task DisposeAsync() => Shop.DisposeAsync();
    }
}
