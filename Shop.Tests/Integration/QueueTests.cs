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

        var leased = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => Queue().LeaseAsync(CancellationToken.None)));

        Assert.Equal(20, leased.OfType<PaymentJob>().Select(j => j.Id).Distinct().Count());
        Assert.Equal(10, leased.Count(j => j is null));
    }

    [Fact]
    public async Task A_leased_job_is_hidden_until_its_lease_runs_out_and_comes_back_with_a_higher_token()
    {
        await PaymentsShop.PlaceAsync(_database);
        var first = await Queue().LeaseAsync(CancellationToken.None);
        Assert.Null(await Queue().LeaseAsync(CancellationToken.None));

        await LeaseRunsOutAsync();

        var second = await Queue().LeaseAsync(CancellationToken.None);
        Assert.Equal(first!.Id, second!.Id);
        Assert.Equal((1, 2, 2), (first.LeaseToken, second.LeaseToken, second.Leases));
        Assert.Equal(0, second.Attempts);
    }

    [Fact]
    public async Task A_worker_past_its_lease_writes_nothing()
    {
        await PaymentsShop.PlaceAsync(_database);
        var paused = await Queue().LeaseAsync(CancellationToken.None);
        await LeaseRunsOutAsync();

        Assert.False(await WriteAsync(paused!, "past its lease"));

        var owner = await Queue().LeaseAsync(CancellationToken.None);
        Assert.False(await WriteAsync(paused!, "with a dead token"));
        Assert.True(await WriteAsync(owner!, "the owner's"));
        Assert.False(await WriteAsync(owner!, "after it is done"));
        Assert.Equal("the owner's", (await JobAsync()).LastReason);
    }

    [Fact]
    public async Task A_job_is_not_due_before_its_time()
    {
        await PaymentsShop.PlaceAsync(_database, dueAt: DateTimeOffset.UtcNow.AddHours(1));

        Assert.Null(await Queue().LeaseAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_oldest_due_job_comes_first()
    {
        var late = await PaymentsShop.PlaceAsync(_database, dueAt: DateTimeOffset.UtcNow.AddMinutes(-1));
        var early = await PaymentsShop.PlaceAsync(_database, dueAt: DateTimeOffset.UtcNow.AddMinutes(-2));

        Assert.Equal(early.Id, (await Queue().LeaseAsync(CancellationToken.None))!.OrderId);
        Assert.Equal(late.Id, (await Queue().LeaseAsync(CancellationToken.None))!.OrderId);
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
            var job = await queue.LeaseAsync(CancellationToken.None);
            Assert.Equal(lease, job!.Leases);
            await queue.WriteAsync(job, (_, mine) => Again(mine, heard: false), CancellationToken.None);
        }

        var fourth = await queue.LeaseAsync(CancellationToken.None);
        await queue.WriteAsync(fourth!, (_, mine) => Again(mine, heard: true), CancellationToken.None);

        Assert.Equal(1, (await queue.LeaseAsync(CancellationToken.None))!.Leases);

        static Task<PaymentJob> Again(PaymentJob job, bool heard)
        {
            job.Again(DateTimeOffset.UtcNow.AddSeconds(-1), Reasons.OurError, heard);
            return Task.FromResult(job);
        }
    }

    private sealed class Contexts(string database) : IDbContextFactory<ShopDbContext>
    {
        public ShopDbContext CreateDbContext() => PostgresServer.Open(database);
    }
}
