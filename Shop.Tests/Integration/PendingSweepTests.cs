using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;
using Shop.Payments.Reconciliation;
using Shop.ServiceDefaults;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Nothing stays unknown because nobody asks.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class PendingSweepTests(PaymentsShop shop) : IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(false);
    }

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private Task<int> SweepAsync() => shop.Services.GetRequiredService<PendingSweep>().SweepAsync(CancellationToken.None);

    /// <summary>Charged, the answer lost, and then the gateway is down altogether.</summary>
    private async Task<Order> UnknownAsync()
    {
        await shop.FaultsAsync(new
        {
            rules = new[] { new { fault = "answer_lost", operation = "confirm" }, new { fault = "unavailable_503", operation = "read" } },
        });
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Unknown);
        await shop.FaultsAsync("unavailable_503");
        return placed;
    }

    [Fact]
    public async Task After_an_outage_every_unknown_is_settled_by_its_id_and_charged_once()
    {
        List<Order> orders = [await UnknownAsync(), await UnknownAsync(), await UnknownAsync()];
        foreach (var order in orders)
        {
            await shop.UntilAsync(async db => await db.PaymentAttempts.CountAsync(a => a.OrderId == order.Id && a.Operation == "read") > 7,
                "it was not asked about more often than a job has leases");
        }

        await shop.NoFaultsAsync();

        foreach (var order in orders)
        {
            await shop.UntilAsync(order.Id, PaymentState.Paid);
            Assert.Equal(1, (await shop.LedgerAsync(order.Id)).Charges);
        }
    }

    [Theory]
    [InlineData(JobState.Parked)]
    [InlineData(JobState.Done)]
    public async Task An_unknown_payment_whose_job_was_parked_or_lost_is_asked_about_again(JobState jobBecame)
    {
        var placed = await UnknownAsync();
        await using (var db = shop.Open()) // the token fences off whoever is at it right now
        {
            await db.PaymentJobs.Where(j => j.OrderId == placed.Id).ExecuteUpdateAsync(j => j.SetProperty(x => x.State, jobBecame).SetProperty(x => x.Wary, true)
                .SetProperty(x => x.LastReason, Reasons.OurError).SetProperty(x => x.LeaseToken, x => x.LeaseToken + 1)
                .SetProperty(x => x.LeasedUntil, DateTimeOffset.UnixEpoch));
        }

        await shop.NoFaultsAsync();
        await shop.UntilAsync(async db => // one that was parked is left alone for ten minutes, which are six seconds here
        {
            await SweepAsync();
            return await db.Timeline.AnyAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.AskedAgain);
        }, "nobody asked again");
        await SweepAsync();

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal(1, (await shop.LedgerAsync(placed.Id)).Charges);
        await using var now = shop.Open();
        Assert.Equal(1, await now.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.AskedAgain));
        Assert.True(await now.PaymentJobs.Where(j => j.OrderId == placed.Id).AllAsync(j => j.Wary));
    }

    [Fact]
    public async Task A_parked_charge_is_left_alone_for_a_while_then_tried_once_more_and_after_that_it_is_a_persons()
    {
        var placed = await shop.PlaceAsync(dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await using var db = shop.Open();
        var job = await db.PaymentJobs.AsNoTracking().SingleAsync(j => j.OrderId == placed.Id);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'InFlight' WHERE id = {placed.Id}");
        await ParkAsync(DateTimeOffset.UtcNow.AddHours(1)); // not yet long ago
        await SweepAsync();
        Assert.Equal(JobState.Parked, await StateAsync());

        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET created_at = now() - interval '1 hour' WHERE id = {job.Id}");
        await SweepAsync();
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.AskedAgain));

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'InFlight' WHERE id = {placed.Id}"); // as if it had come to nothing
        await db.Database.ExecuteSqlAsync($"INSERT INTO shop.stock_holds SELECT DISTINCT {placed.Id}, sku, 1, now() + interval '1 hour' FROM shop.order_lines WHERE order_id = {placed.Id}");
        await ParkAsync(DateTimeOffset.UtcNow.AddHours(-1));
        await SweepAsync();
        Assert.Equal(JobState.Parked, await StateAsync());

        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Paid' WHERE id = {placed.Id}");
        await SweepAsync(); // the order has ended: nobody need look at it
        Assert.Equal(JobState.Done, await StateAsync());
        await db.Database.ExecuteSqlAsync($"DELETE FROM shop.stock_holds WHERE order_id = {placed.Id}");

        Task<int> ParkAsync(DateTimeOffset created) => db.Database.ExecuteSqlAsync($"""
            UPDATE payments.payment_jobs SET state = 'Parked', last_reason = {Reasons.OurError}, created_at = {created} WHERE id = {job.Id}
            """);
        Task<JobState> StateAsync() => db.PaymentJobs.Where(j => j.Id == job.Id).Select(j => j.State).SingleAsync();
    }

    [Fact]
    public async Task A_job_that_was_parked_over_an_amount_stays_a_persons()
    {
        var placed = await shop.PlaceAsync(dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await using var db = shop.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Unknown' WHERE id = {placed.Id}");
        await db.PaymentJobs.Where(j => j.OrderId == placed.Id)
            .ExecuteUpdateAsync(j => j.SetProperty(x => x.State, JobState.Parked).SetProperty(x => x.LastReason, Reasons.AmountMismatch));

        await SweepAsync();

        Assert.Equal(JobState.Parked, (await db.PaymentJobs.AsNoTracking().SingleAsync(j => j.OrderId == placed.Id)).State);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Declined' WHERE id = {placed.Id}"); // out of the other tests' way
    }

    [Fact]
    public async Task A_bank_whose_answer_was_lost_is_asked()
    {
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");
        var asked = await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees: true); // the event does not come, and the shopper does not return

        await shop.UntilAsync(async db => // the charge's job ended a moment ago: not before two minutes, which are short here
        {
            await SweepAsync();
            return await db.PaymentJobs.AnyAsync(j => j.OrderId == placed.Id && j.Kind == PaymentJobKind.Look);
        }, "nobody looked");

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
    }

    [Fact]
    public async Task A_refund_that_is_owed_and_that_nobody_sends_is_sent()
    {
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        var refund = new Refund
        {
            Id = Guid.CreateVersion7(), OrderId = placed.Id, Provider = PaymentProvider.Stripe, AmountMinor = 1250, Currency = "EUR",
            Reason = Reasons.PaidAfterClosing, CreatedAt = DateTimeOffset.UtcNow,
        };
        await using (var db = shop.Open())
        {
            db.Add(refund);
            await db.SaveChangesAsync();
        }

        await SweepAsync();

        await shop.UntilAsync(db => db.Refunds.AnyAsync(r => r.Id == refund.Id && r.State == RefundState.Succeeded), "it was never sent");
        Assert.Equal(1250, (await shop.LedgerAsync(placed.Id)).RefundedMinor);
    }

    [Fact]
    public void The_worst_wait_for_an_answer_after_an_outage_is_within_ninety_seconds()
    {
        var gateway = new GatewayOptions();
        var call = new Timeouts().OutsideCall;
        var pause = Enumerable.Range(1, 100).Max(attempts => Backoff.AfterSilence(attempts, jitter: 1));

        // Asked just before the breaker closes again, and so once more; and the answer takes as long as it may.
        var worst = (gateway.Break > pause ? gateway.Break : pause) + pause + call;

        Assert.True(worst <= TimeSpan.FromSeconds(90), $"{worst}");
    }

    [Fact]
    public async Task Every_background_job_tells_when_it_ran_and_what_it_did()
    {
        string[] all = [.. shop.Services.GetServices<PeriodicJob>().Select(j => j.Name)];

        await shop.UntilAsync(async db => await db.BackgroundJobs.CountAsync(j => all.Contains(j.Name) && j.SucceededAt != null && j.Result != null) == all.Length,
            "some job never ran");

        Assert.Superset(
            new HashSet<string> { BackgroundJobs.DailyReconciliation, BackgroundJobs.HoldSweep, BackgroundJobs.PendingSweep, BackgroundJobs.ReceiptPurge, BackgroundJobs.WebhookWatch },
            all.ToHashSet());
    }

    [Fact]
    public async Task A_job_that_is_leased_is_left_alone_and_one_that_fails_is_tried_less_and_less_often()
    {
        var (runs, failing) = (0, true);
        var job = new PeriodicJob($"test_{Guid.NewGuid():N}", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10), (_, _) =>
        {
            Interlocked.Increment(ref runs);
            return failing ? throw new InvalidOperationException("on purpose") : Task.FromResult("well");
        });
        using var first = ActivatorUtilities.CreateInstance<PeriodicJobs>(shop.Services, (IEnumerable<PeriodicJob>)[job]);

        await first.StartAsync(CancellationToken.None);
        await shop.UntilAsync(db => db.BackgroundJobs.AnyAsync(j => j.Name == job.Name && j.Failures >= BackgroundJob.FailingAfter), "it was not tried again");
        failing = false;
        await shop.UntilAsync(db => db.BackgroundJobs.AnyAsync(j => j.Name == job.Name && j.Failures == 0 && j.Result == "well"), "it never recovered");
        await first.StopAsync(CancellationToken.None);

        await using var db = shop.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE shop.background_jobs SET due_at = now(), leased_until = now() + interval '1 hour' WHERE name = {job.Name}");
        var before = runs;
        using var second = ActivatorUtilities.CreateInstance<PeriodicJobs>(shop.Services, (IEnumerable<PeriodicJob>)[job]);
        await second.StartAsync(CancellationToken.None);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.background_jobs SET leased_until = 'epoch', due_at = now() + interval '1 hour' WHERE name = {job.Name}");
        await second.StopAsync(CancellationToken.None);
        Assert.Equal(before, runs);
        await db.BackgroundJobs.Where(j => j.Name == job.Name).ExecuteDeleteAsync();
    }
}
