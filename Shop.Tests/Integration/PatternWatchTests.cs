using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Patterns;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>From rows of attempts to one row of a pattern, for as long as it lasts.</summary>
public sealed class PatternWatchTests : IAsyncLifetime, IDbContextFactory<ShopDbContext>
{
    private readonly DateTimeOffset _now = DateTimeOffset.UtcNow;
    private string _database = "";
    private PatternWatch _watch = null!;

    public async Task InitializeAsync()
    {
        _database = await PostgresServer.CreateDatabaseAsync();
        _watch = new(this, Options.Create(new PatternOptions()), TimeProvider.System, NullLogger<PatternWatch>.Instance);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public ShopDbContext CreateDbContext() => PostgresServer.Open(_database);

    [Fact]
    public async Task What_fails_together_is_one_row_from_its_first_failure_until_it_is_over()
    {
        await HistoryAsync();
        for (var i = 0; i < 10; i++)
        {
            await TryAsync("visa", "DE", TimeSpan.FromMinutes(-50 + i), "insufficient_funds");
            await TryAsync(i % 2 == 0 ? "visa" : "mastercard", i % 2 == 0 ? "AT" : "DE", TimeSpan.FromMinutes(-50 + i));
        }

        await _watch.LookAsync(CancellationToken.None);
        var found = await OnlyAsync();
        Assert.Equal((PatternTraffic.Shop, PatternFact.CardBrand, "visa", PatternFact.CardCountry, "DE"), (found.Traffic, found.Fact1, found.Level1, found.Fact2, found.Level2));
        Assert.Equal((10, 10, Side.Bank, null), (found.Failures, found.Payments, found.Side, found.EndedAt));
        Assert.Equal(10, found.Orders.Length);

        await TryAsync("visa", "DE", TimeSpan.FromMinutes(-20), "insufficient_funds");
        await _watch.LookAsync(CancellationToken.None);
        var again = await OnlyAsync();
        Assert.Equal((found.Id, 11, null), (again.Id, again.Failures, again.EndedAt));

        for (var i = 0; i < 10; i++)
            await TryAsync("visa", "DE", TimeSpan.FromMinutes(-15 + i));
        await _watch.LookAsync(CancellationToken.None);
        var over = await OnlyAsync();
        Assert.Equal((found.Id, 11, 11), (over.Id, over.Failures, over.Payments));
        Assert.NotNull(over.EndedAt);
        Assert.Equal(over.LastFailureAt, over.EndedAt);
    }

    [Fact]
    public async Task A_drill_is_mined_by_itself_and_changes_nothing_for_real_shoppers()
    {
        await HistoryAsync();
        for (var i = 0; i < 10; i++)
            await TryAsync("visa", "DE", TimeSpan.FromMinutes(-50 + i), "insufficient_funds", synthetic: true);

        await _watch.LookAsync(CancellationToken.None);

        Assert.Equal(PatternTraffic.Drill, (await OnlyAsync()).Traffic);
    }

    [Fact]
    public async Task Who_orders_again_and_again_with_a_bad_card_is_one_story()
    {
        await HistoryAsync();
        for (var i = 0; i < 12; i++)
            await TryAsync("visa", "DE", TimeSpan.FromMinutes(-50 + i), "insufficient_funds", email: [1, 2, 3]);

        await _watch.LookAsync(CancellationToken.None);

        await using var db = CreateDbContext();
        Assert.Empty(await db.Patterns.ToListAsync());
    }

    [Fact]
    public async Task That_a_bank_asks_its_customer_is_no_failure()
    {
        await HistoryAsync();
        for (var i = 0; i < 12; i++)
            await TryAsync("visa", "DE", TimeSpan.FromMinutes(-50 + i), "authentication_needed", @class: "action_needed");

        await _watch.LookAsync(CancellationToken.None);

        await using var db = CreateDbContext();
        Assert.Empty(await db.Patterns.ToListAsync());
    }

    private async Task HistoryAsync()
    {
        for (var day = 2; day < 12; day++)
        {
            foreach (var (brand, country) in ((string, string)[])[("visa", "DE"), ("visa", "AT"), ("mastercard", "DE")])
                await TryAsync(brand, country, TimeSpan.FromDays(-day));
        }
    }

    private async Task<Pattern> OnlyAsync()
    {
        await using var db = CreateDbContext();
        return await db.Patterns.AsNoTracking().SingleAsync();
    }

    private async Task TryAsync(
        string brand, string country, TimeSpan ago, string? reason = null, bool synthetic = false, byte[]? email = null, string? @class = null)
    {
        await using var db = CreateDbContext();
        var order = await Any.StoredOrderAsync(db);
        if (synthetic)
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET is_synthetic = true WHERE id = {order.Id}");
        var job = await db.PaymentJobs.Where(j => j.OrderId == order.Id).Select(j => j.Id).SingleAsync();
        var at = _now + ago;
        db.Add(new PaymentAttempt
        {
            Id = Guid.CreateVersion7(at), OrderId = order.Id, JobId = job, Provider = PaymentProvider.Stripe, Operation = "confirm",
            Class = @class ?? (reason is null ? "charged" : "not_charged"), Reason = reason, DeclineCode = reason, CardBrand = brand, CardCountry = country, LatencyMs = 1, At = at,
            Release = "1.0", Endpoint = Endpoints.Checkout, Flags = [],
        });
        if (email is not null)
            db.Add(new ChargeSource { JobId = job, Kind = SourceKind.Email, Hash = email, OrderId = order.Id, At = at });
        await db.SaveChangesAsync();
    }
}
