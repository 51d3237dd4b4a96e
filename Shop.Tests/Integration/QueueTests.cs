using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.ServiceDefaults;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The queue by itself: nobody works here but the test.</summary>
public sealed class QueueTests : IAsyncLifetime
{
    private string _database = "";

    public async Task InitializeAsync() => _database = await PostgresServer.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    private PaymentQueue Queue() => new(new Contexts(_database), Options.Create(new Timeouts()), TimeProvider.System);

    private async Task<PaymentJob?> LeaseAsync() => (await Queue().LeaseAsync(1, [], CancellationToken.None)).SingleOrDefault();

    private async Task<bool> WriteAsync(PaymentJob leased, string reason) => await Queue().WriteAsync(leased, (_, job) =>
    {
        job.Done(Any.Now, reason);
        return Task.FromResult(job);
    }, CancellationToken.None) is not null;

    private async Task LeaseRunsOutAsync()
    {
        await using var db = PostgresServer.Open(_database);
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET leased_until = now() - interval '1 second' WHERE leased_until > now()");
    }

    private async Task<PaymentJob> JobAsync()
    {
        await using var db = PostgresServer.Open(_database);
        return await db.PaymentJobs.SingleAsync();
    }

    [Fact]
    public async Task Thirty_workers_and_twenty_jobs_make_twenty_leases_of_twenty_jobs()
    {
        for (var i = 0; i < 20; i++)
            await PaymentsShop.PlaceAsync(_database);

        var leased = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => LeaseAsync()));

        Assert.Equal(20, leased.OfType<PaymentJob>().Select(j => j.Id).Distinct().Count());
        Assert.Equal(10, leased.Count(j => j is null));
    }

    [Fact]
    public async Task A_leased_job_is_hidden_until_its_lease_runs_out_and_comes_back_with_a_higher_token()
    {
        await PaymentsShop.PlaceAsync(_database);
        var first = await LeaseAsync();
        Assert.Null(await LeaseAsync());

        await LeaseRunsOutAsync();

        var second = await LeaseAsync();
        Assert.Equal(first!.Id, second!.Id);
        Assert.Equal((1, 2, 2), (first.LeaseToken, second.LeaseToken, second.Leases));
        Assert.Equal(0, second.Attempts);
    }

    [Fact]
    public async Task A_worker_past_its_lease_writes_nothing()
    {
        await PaymentsShop.PlaceAsync(_database);
        var paused = await LeaseAsync();
        await LeaseRunsOutAsync();

        Assert.False(await WriteAsync(paused!, "past its lease"));

        var owner = await LeaseAsync();
        Assert.False(await WriteAsync(paused!, "with a dead token"));
        Assert.True(await WriteAsync(owner!, "the owner's"));
        Assert.False(await WriteAsync(owner!, "after it is done"));
        Assert.Equal("the owner's", (await JobAsync()).LastReason);
    }

    [Fact]
    public async Task A_job_is_not_due_before_its_time()
    {
        await PaymentsShop.PlaceAsync(_database, dueAt: DateTimeOffset.UtcNow.AddHours(1));

        Assert.Null(await LeaseAsync());
    }

    [Fact]
    public async Task The_oldest_due_job_comes_first()
    {
        var late = await PaymentsShop.PlaceAsync(_database, dueAt: DateTimeOffset.UtcNow.AddMinutes(-1));
        var early = await PaymentsShop.PlaceAsync(_database, dueAt: DateTimeOffset.UtcNow.AddMinutes(-2));

        Assert.Equal(early.Id, (await LeaseAsync())!.OrderId);
        Assert.Equal(late.Id, (await LeaseAsync())!.OrderId);
    }

    [Fact]
    public async Task One_order_never_has_two_open_charges()
    {
        var order = await PaymentsShop.PlaceAsync(_database);
        await using var db = PostgresServer.Open(_database);
        db.Add(PaymentJob.Of(PaymentJobKind.Charge, order.Id, PaymentProvider.Stripe, Any.Now, paymentToken: "pm_card_visa"));

        await Assert.ThrowsAsync<DbUpdateException>(() => db.SaveChangesAsync());
    }

    [Fact]
    public async Task An_outcome_forgives_the_leases_before_it_and_a_failure_does_not()
    {
        await PaymentsShop.PlaceAsync(_database);
        var queue = Queue();
        for (var lease = 1; lease <= 3; lease++)
        {
            var job = await LeaseAsync();
            Assert.Equal(lease, job!.Leases);
            await queue.WriteAsync(job, (_, mine) => Again(mine, heard: false), CancellationToken.None);
        }

        var fourth = await LeaseAsync();
        await queue.WriteAsync(fourth!, (_, mine) => Again(mine, heard: true), CancellationToken.None);

        Assert.Equal(1, (await LeaseAsync())!.Leases);

        static Task<PaymentJob> Again(PaymentJob job, bool heard)
        {
            job.Again(DateTimeOffset.UtcNow.AddSeconds(-1), Reasons.OurError, heard);
            return Task.FromResult(job);
        }
    }

    [Fact]
    public async Task Free_hands_take_the_oldest_jobs_at_once_and_no_more_than_they_can_hold()
    {
        List<Order> placed = [];
        for (var i = 0; i < 4; i++)
            placed.Add(await PaymentsShop.PlaceAsync(_database, dueAt: DateTimeOffset.UtcNow.AddMinutes(i - 10)));

        var leased = await Queue().LeaseAsync(3, [], CancellationToken.None);

        Assert.Equal(placed.Take(3).Select(o => o.Id).Order(), leased.Select(j => j.OrderId).Order());
        Assert.Equal(placed[3].Id, Assert.Single(await Queue().LeaseAsync(3, [], CancellationToken.None)).OrderId);
    }

    [Theory]
    [InlineData(PaymentJobKind.Charge, 1, false, false)]
    [InlineData(PaymentJobKind.Charge, 0, false, true)] // its shopper has been told nothing yet
    [InlineData(PaymentJobKind.Charge, 1, true, true)] // its time is over: it has to end
    [InlineData(PaymentJobKind.Refund, 0, true, false)]
    [InlineData(PaymentJobKind.Look, 0, true, false)]
    [InlineData(PaymentJobKind.Close, 1, false, true)] // without a confirm it needs no gateway
    public async Task Jobs_of_a_gateway_that_is_closed_stay_where_they_are_uncounted(PaymentJobKind kind, int attempts, bool isLate, bool isLeased)
    {
        var placed = await PaymentsShop.PlaceAsync(_database);
        await using var db = PostgresServer.Open(_database);
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET kind = {kind.ToString()}, attempts = {attempts}");
        if (isLate)
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET deadline_at = now() WHERE id = {placed.Id}");

        var leased = await Queue().LeaseAsync(8, [PaymentProvider.Stripe], CancellationToken.None);

        Assert.Equal(isLeased ? 1 : 0, leased.Count);
        Assert.Equal(isLeased ? 1 : 0, (await JobAsync()).Leases);
        Assert.Equal(isLeased ? 0 : 1, (await Queue().LeaseAsync(8, [], CancellationToken.None)).Count);
    }

    private sealed class Contexts(string database) : IDbContextFactory<ShopDbContext>
    {
        public ShopDbContext CreateDbContext() => PostgresServer.Open(database);
    }
}
