using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
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

    [Fact]
    public async Task What_is_usual_is_counted_as_what_is_looked_at_a_shopper_once_however_often_they_tried()
    {
        var day = new DateTimeOffset(_now.UtcDateTime.Date.AddDays(-3), TimeSpan.Zero);
        (byte Who, string Brand, string? Reason)[] tried =
        [
            (1, "visa", Reasons.InsufficientFunds), (1, "visa", null), // declined, and paid with the same card
            (2, "visa", Reasons.InsufficientFunds), (2, "visa", Reasons.CardDeclined), (2, "mastercard", null),
            (3, "visa", null), (3, "visa", null), (4, "mastercard", Reasons.CardDeclined), (5, "visa", null),
        ];
        foreach (var (i, (who, brand, reason)) in tried.Index())
            await TryAsync(brand, "DE", day.AddHours(1).AddMinutes(i) - _now, reason, email: [who]);

        await using var db = CreateDbContext();
        await db.Database.OpenConnectionAsync();
        var connection = (NpgsqlConnection)db.Database.GetDbConnection();
        var usual = await PatternReads.CountAsync(connection, day, day.AddDays(1), PatternTraffic.Shop, CancellationToken.None);
        var seen = Counts.OfTries(await PatternReads.TriesAsync(connection, day, day.AddDays(1), PatternTraffic.Shop, 1000, withHour: true, CancellationToken.None));

        var meant = Counts.OfTries(tried.Select(t => new Try(
            t.Who, t.Who, day, [new(PatternFact.CardBrand, t.Brand), new(PatternFact.CardCountry, "DE")], t.Reason is null ? null : new(Side.Bank, t.Reason, t.Reason))));
        Outcome[] outcomes = [Outcome.Any, new(PatternOutcome.Side, "Bank"), new(PatternOutcome.Reason, Reasons.InsufficientFunds), new(PatternOutcome.Reason, Reasons.CardDeclined)];
        Assert.Equal(6, meant.All.Count());
        foreach (var (cell, count) in meant.All)
        {
            Assert.Equal((cell, count.Stories), (cell, usual[cell].Stories));
            Assert.Equal((cell, count.Stories), (cell, seen[cell].Stories));
            foreach (var outcome in outcomes)
            {
                Assert.Equal((cell, outcome, count.FailuresOf(outcome)), (cell, outcome, usual[cell].FailuresOf(outcome)));
                Assert.Equal((cell, outcome, count.FailuresOf(outcome)), (cell, outcome, seen[cell].FailuresOf(outcome)));
            }
        }

        var visa = new Cell(new(PatternFact.CardBrand, "visa"), null);
        Assert.Equal((4, 2), (usual[visa].Stories, usual[visa].FailuresOf(Outcome.Any)));
        var twoDays = Counts.OfAll([usual, usual]);
        Assert.Equal((8, 4), (twoDays[visa].Stories, twoDays[visa].FailuresOf(Outcome.Any)));
    }

    [Fact]
    public async Task A_reason_that_this_release_does_not_know_is_mined_as_our_own()
    {
        await HistoryAsync();
        for (var i = 0; i < 10; i++)
            await TryAsync("visa", "DE", TimeSpan.FromMinutes(-50 + i), "a_reason_of_tomorrow");

        await _watch.LookAsync(CancellationToken.None);

        Assert.Equal(Side.Us, (await OnlyAsync()).Side);
    }

    [Fact]
    public async Task That_a_window_was_cut_is_said()
    {
        for (var i = 0; i < 5; i++)
            await TryAsync("visa", "DE", TimeSpan.FromMinutes(-50 + i));
        var cut = new PatternWatch(this, Options.Create(new PatternOptions { MostTries = 4 }), TimeProvider.System, NullLogger<PatternWatch>.Instance);

        Assert.Contains("only the newest 4 tries", await cut.LookAsync(CancellationToken.None));
        Assert.Equal("no pattern", await _watch.LookAsync(CancellationToken.None));
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
