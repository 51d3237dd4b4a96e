using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Payments.Reconciliation;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>
/// Each kind of mismatch is made for real: somebody acts at the gateway past the shop, or a row is changed as a bug of ours would. A shop of
/// its own, because a comparison looks at everything there is.
/// </summary>
public sealed class ReconciliationTests(PaymentsShop shop) : IClassFixture<PaymentsShop>, IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(false); // an event would put right what a test has made wrong
    }

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private async Task<ReconciliationRun> CompareAsync(DateTimeOffset? from = null)
    {
        var now = DateTimeOffset.UtcNow;
        var run = ReconciliationRun.Of(from ?? now.AddHours(-1), now.AddSeconds(2), null, now); // the gateway counts in whole seconds
        await using (var db = shop.Open())
        {
            db.Add(run);
            await db.SaveChangesAsync();
        }

        await shop.UntilAsync(async db =>
        {
            run = await db.ReconciliationRuns.AsNoTracking().SingleAsync(r => r.Id == run.Id);
            return run.State is JobState.Done;
        }, "the comparison never ended");
        return run;
    }

    private async Task<List<Mismatch>> OpenAsync()
    {
        await using var db = shop.Open();
        return await db.Mismatches.AsNoTracking().Where(m => m.State == MismatchState.Open).ToListAsync();
    }

    private async Task<Mismatch> OneAsync(string kind)
    {
        var run = await CompareAsync();
        var open = await OpenAsync();
        Assert.True(open.Count == 1, $"{open.Count} open, run {run.Mismatches}: {string.Join("; ", open.Select(m => $"{m.Kind} {m.Subject}"))}");
        Assert.Equal(kind, open[0].Kind);
        return open[0];
    }

    /// <summary>As the Api writes down what an operator asked for.</summary>
    private async Task<Mismatch> RepairAsync(Mismatch mismatch, string repair, MismatchState until = MismatchState.Closed)
    {
        Assert.Contains(repair, Mismatches.Of(mismatch.Kind).Repairs);
        await using (var db = shop.Open())
        {
            await db.Mismatches.Where(m => m.Id == mismatch.Id).ExecuteUpdateAsync(m => m.SetProperty(x => x.State, MismatchState.Repairing)
                .SetProperty(x => x.Repair, repair).SetProperty(x => x.Attempts, 0).SetProperty(x => x.DueAt, DateTimeOffset.UtcNow.AddSeconds(-1)));
        }

        Mismatch? now = null;
        await shop.UntilAsync(async db =>
        {
            now = await db.Mismatches.AsNoTracking().SingleAsync(m => m.Id == mismatch.Id);
            return now.State == until;
        }, $"{mismatch.Kind} was never repaired");
        return now!;
    }

    private async Task AssertEqualAsync()
    {
        var run = await CompareAsync();
        Assert.Equal((0, run.GatewayMinor, run.GatewayMinor), (run.Mismatches, run.OrdersMinor, run.AttemptsMinor));
        Assert.Empty(await OpenAsync());
    }

    private async Task<Order> PaidAsync()
    {
        var placed = await shop.PlaceAsync();
        return await shop.UntilAsync(placed.Id, PaymentState.Paid);
    }

    private async Task SqlAsync(FormattableString sql)
    {
        await using var db = shop.Open();
        Assert.True(await db.Database.ExecuteSqlAsync(sql) > 0);
    }

    private async Task<string> IntentOfAsync(Guid order)
    {
        await using var db = shop.Open();
        return (await db.PaymentIntents.Where(i => i.OrderId == order).Select(i => i.GatewayId).SingleAsync())!;
    }

    private Task ChargePastTheShopAsync(Guid? order, long amount = 1250, string card = "pm_card_visa") => shop.AtGatewayAsync("payment_intents", [
        ("amount", $"{amount}"), ("currency", "eur"), ("confirm", "true"), ("payment_method", card), ("return_url", "http://localhost/"),
        ("automatic_payment_methods[enabled]", "true"), .. order is null ? [] : new[] { ("metadata[order_id]", $"{order}") }]);

    [Fact]
    public async Task Orders_attempts_and_gateway_agree_to_the_cent_and_over_any_number_of_days()
    {
        await PaidAsync();
        await PaidAsync();
        await shop.UntilAsync((await shop.PlaceAsync("pm_card_visa_chargeDeclined")).Id, PaymentState.Declined);

        var run = await CompareAsync(DateTimeOffset.UtcNow.AddDays(-3)); // four steps

        Assert.Equal((0, run.GatewayMinor, run.GatewayMinor), (run.Mismatches, run.OrdersMinor, run.AttemptsMinor));
        Assert.True(run.Charges >= 2 && run.GatewayMinor >= 2500, $"{run.Charges} charges");
        Assert.Empty(await OpenAsync());
        await using var db = shop.Open();
        Assert.Equal(0, await db.GatewayItems.CountAsync());
    }

    [Fact]
    public async Task A_charge_that_the_order_does_not_know_is_booked_on_the_gateways_word()
    {
        var order = await PaidAsync();
        await SqlAsync($"UPDATE shop.orders SET payment = 'Declined', captured_minor = 0, paid_at = NULL WHERE id = {order.Id}");

        var mismatch = await OneAsync(Mismatches.ChargedNotBooked);
        Assert.Equal((order.Id, 0, 1250), (mismatch.OrderId, mismatch.OursMinor, mismatch.GatewayMinor));
        var repaired = await RepairAsync(mismatch, Repairs.MarkPaid);

        Assert.Contains("charged", repaired.Result, StringComparison.Ordinal);
        Assert.Equal(PaymentState.Paid, (await shop.UntilAsync(order.Id, _ => true, "a look")).Payment);
        await using (var db = shop.Open())
            Assert.True(await db.Timeline.AnyAsync(t => t.OrderId == order.Id && t.Kind == TimelineKinds.Repaired));
        await AssertEqualAsync();
    }

    [Fact]
    public async Task Nothing_is_booked_that_the_gateway_does_not_confirm()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await SqlAsync($"UPDATE shop.orders SET payment = 'Paid', captured_minor = total_minor, paid_at = now() WHERE id = {placed.Id}");

        var mismatch = await OneAsync(Mismatches.BookedNotCharged);
        var asked = await RepairAsync(mismatch, Repairs.MarkPaid, until: MismatchState.Open);

        Assert.Contains("awaits_card", asked.Result, StringComparison.Ordinal);
        await SqlAsync($"UPDATE shop.orders SET payment = 'Declined', captured_minor = 0, paid_at = NULL WHERE id = {placed.Id}");
        await AssertEqualAsync(); // it has resolved itself, and is closed
        await using var db = shop.Open();
        Assert.Equal(MismatchState.Closed, (await db.Mismatches.SingleAsync(m => m.Id == mismatch.Id)).State);
    }

    [Fact]
    public async Task A_second_charge_goes_back_and_the_first_one_stays()
    {
        var order = await PaidAsync();
        await ChargePastTheShopAsync(order.Id);

        var mismatch = await OneAsync(Mismatches.DoubleCharge);
        Assert.Equal(order.Id, mismatch.OrderId);
        await RepairAsync(mismatch, Repairs.Refund);

        Assert.Equal((2500, 1250), await shop.LedgerAsync(order.Id) is var l ? (l.ChargedMinor, l.RefundedMinor) : default);
        Assert.Equal(0, (await shop.UntilAsync(order.Id, _ => true, "a look")).RefundedMinor); // the order's own charge is untouched
        await AssertEqualAsync();

        // Asked once more, for whatever reason, nothing more goes back.
        await using (var db = shop.Open())
            await db.Mismatches.Where(m => m.Id == mismatch.Id).ExecuteUpdateAsync(m => m.SetProperty(x => x.State, MismatchState.Open));
        Assert.Contains("Nothing is left", (await RepairAsync(mismatch, Repairs.Refund)).Result, StringComparison.Ordinal);
        Assert.Equal(1250, (await shop.LedgerAsync(order.Id)).RefundedMinor);
    }

    [Fact]
    public async Task A_repair_whose_refund_is_on_its_way_is_over_when_that_has_arrived()
    {
        var order = await PaidAsync();
        await ChargePastTheShopAsync(order.Id, card: "pm_card_pendingRefund");
        var mismatch = await OneAsync(Mismatches.DoubleCharge);
        await shop.DeliverWebhooksAsync(true); // one tells when it has arrived

        var repaired = await RepairAsync(mismatch, Repairs.Refund);

        Assert.Contains("Nothing is left", repaired.Result, StringComparison.Ordinal); // not at once: it was looked for again
        Assert.Equal(1250, (await shop.LedgerAsync(order.Id)).RefundedMinor);
        await AssertEqualAsync();
    }

    [Fact]
    public async Task An_order_that_was_charged_another_amount_ends_when_all_of_it_is_back()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await SqlAsync($"UPDATE shop.orders SET total_minor = total_minor + 1 WHERE id = {placed.Id}");
        await shop.PayAgainAsync(placed.Id, "pm_card_visa");
        await shop.UntilAsync(db => db.PaymentJobs.AnyAsync(j => j.OrderId == placed.Id && j.State == JobState.Parked), "the job was never parked");

        await RepairAsync(await OneAsync(Mismatches.AmountDiffers), Repairs.Refund);

        var order = await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        Assert.Equal((Reasons.WrongAmountReturned, 0), (order.Reason, order.CapturedMinor));
        Assert.Equal((10, 0), await shop.StockOfAsync(placed.Id));
        Assert.Equal(1250, (await shop.LedgerAsync(placed.Id)).RefundedMinor);
        await shop.Services.GetRequiredService<PendingSweep>().SweepAsync(CancellationToken.None);
        await using (var db = shop.Open())
            Assert.Equal(0, await db.PaymentJobs.CountAsync(j => j.OrderId == placed.Id && j.State != JobState.Done));
        await SqlAsync($"UPDATE payments.payment_intents SET gateway_id = NULL WHERE order_id = {placed.Id}"); // out of the other tests' sums
    }

    [Fact]
    public async Task Money_that_no_order_has_is_found_and_goes_back()
    {
        await ChargePastTheShopAsync(null, amount: 777);

        var mismatch = await OneAsync(Mismatches.UnknownOrder);
        Assert.Equal((null, 777), (mismatch.OrderId, mismatch.GatewayMinor));
        await RepairAsync(mismatch, Repairs.Refund);

        await AssertEqualAsync();
    }

    [Fact]
    public async Task What_a_person_has_said_is_none_stays_none()
    {
        await ChargePastTheShopAsync(null, amount: 555);
        var mismatch = await OneAsync(Mismatches.UnknownOrder);
        await SqlAsync($"UPDATE payments.mismatches SET state = 'Ignored' WHERE id = {mismatch.Id}");

        var run = await CompareAsync();

        Assert.Equal((0, -555), (run.Mismatches, run.OrdersMinor - run.GatewayMinor)); // said, and still there
        Assert.Empty(await OpenAsync());
        await RefundAtGatewayAsync(mismatch.IntentId!); // for the other tests
    }

    [Fact]
    public async Task Another_amount_than_the_orders_is_found_and_goes_back()
    {
        var order = await PaidAsync();
        await SqlAsync($"UPDATE shop.orders SET payment = 'Declined', captured_minor = 0, paid_at = NULL, total_minor = 1300 WHERE id = {order.Id}");

        var mismatch = await OneAsync(Mismatches.AmountDiffers);
        await RepairAsync(mismatch, Repairs.Refund);

        Assert.Equal(1250, (await shop.LedgerAsync(order.Id)).RefundedMinor);
        var run = await CompareAsync();
        Assert.Equal((0, run.GatewayMinor), (run.Mismatches, run.OrdersMinor));
        await SqlAsync($"UPDATE payments.payment_intents SET gateway_id = NULL WHERE order_id = {order.Id}"); // out of the other tests' sums
    }

    [Fact]
    public async Task A_refund_made_at_the_gateway_is_booked_on_its_word()
    {
        var order = await PaidAsync();
        await RefundAtGatewayAsync(await IntentOfAsync(order.Id), ("amount", "250"));

        var mismatch = await OneAsync(Mismatches.RefundNotBooked);
        await RepairAsync(mismatch, Repairs.BookRefund);

        Assert.Equal(250, (await shop.UntilAsync(order.Id, _ => true, "a look")).RefundedMinor);
        await using (var db = shop.Open())
            Assert.Equal(1, await db.Outbox.CountAsync(m => m.OrderId == order.Id && m.Kind == OutboxKind.RefundedMail));
        await AssertEqualAsync();
    }

    [Fact]
    public async Task A_refund_that_only_our_books_have_is_sent_and_once()
    {
        var order = await PaidAsync();
        var refund = new Refund
        {
            Id = Guid.CreateVersion7(), OrderId = order.Id, Provider = PaymentProvider.Stripe, AmountMinor = 1250, Currency = "EUR",
            Reason = Reasons.PaidAfterClosing, State = RefundState.Succeeded, GatewayId = "re_never", CreatedAt = DateTimeOffset.UtcNow.AddSeconds(-1),
            SettledAt = DateTimeOffset.UtcNow,
        };
        await using (var db = shop.Open())
        {
            db.Add(refund);
            await db.SaveChangesAsync();
        }

        await SqlAsync($"UPDATE shop.orders SET refunded_minor = 1250 WHERE id = {order.Id}");
        var mismatch = await OneAsync(Mismatches.RefundBookedNotDone);
        await RepairAsync(mismatch, Repairs.Refund);

        await shop.UntilAsync(db => db.Refunds.AnyAsync(r => r.Id == refund.Id && r.State == RefundState.Succeeded && r.GatewayId != "re_never"), "it was never sent");
        Assert.Equal(1250, (await shop.LedgerAsync(order.Id)).RefundedMinor);
        await AssertEqualAsync();
    }

    [Fact]
    public async Task An_intent_that_could_still_be_paid_for_a_closed_order_is_canceled()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await SqlAsync($"UPDATE shop.orders SET payment = 'Abandoned' WHERE id = {placed.Id}");

        var mismatch = await OneAsync(Mismatches.OpenIntentOfClosedOrder);
        await RepairAsync(mismatch, Repairs.Release);

        Assert.Equal("canceled", (await shop.LedgerAsync(placed.Id)).Status);
        await AssertEqualAsync();
    }

    [Fact]
    public async Task An_order_that_is_paid_without_an_attempt_of_ours_gets_one()
    {
        var order = await PaidAsync();
        await SqlAsync($"SET session_replication_role = replica; DELETE FROM payments.payment_attempts WHERE order_id = {order.Id}; RESET session_replication_role");

        var mismatch = await OneAsync(Mismatches.BookedWithoutAttempt);
        await RepairAsync(mismatch, Repairs.MarkPaid);

        await AssertEqualAsync();
    }

    [Fact]
    public async Task An_intent_that_the_gateway_does_not_know_is_found()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        var known = await IntentOfAsync(placed.Id);
        await SqlAsync($"UPDATE payments.payment_intents SET gateway_id = 'pi_of_another_account' WHERE order_id = {placed.Id}");

        await OneAsync(Mismatches.AttemptWithoutGatewayObject);

        await SqlAsync($"UPDATE payments.payment_intents SET gateway_id = {known} WHERE order_id = {placed.Id}");
        await AssertEqualAsync();
    }

    [Fact]
    public async Task A_comparison_survives_a_gateway_that_is_down()
    {
        await PaidAsync();
        await shop.FaultsAsync("unavailable_503", operation: "read");
        var now = DateTimeOffset.UtcNow;
        var run = ReconciliationRun.Of(now.AddHours(-1), now, null, now);
        await using (var db = shop.Open())
        {
            db.Add(run);
            await db.SaveChangesAsync();
        }

        await shop.UntilAsync(db => db.ReconciliationRuns.AnyAsync(r => r.Id == run.Id && r.LastError != null), "it did not say that it stopped");
        await shop.NoFaultsAsync();

        await shop.UntilAsync(db => db.ReconciliationRuns.AnyAsync(r => r.Id == run.Id && r.State == JobState.Done && r.LastError == null), "it never went on");
    }

    [Fact]
    public async Task A_comparison_that_was_taken_up_too_often_is_parked_and_leaves_nothing_behind()
    {
        var now = DateTimeOffset.UtcNow;
        var run = ReconciliationRun.Of(now.AddHours(-1), now, null, now);
        (run.Attempts, run.LeaseToken) = (10, 10); // each time its lease ran out
        await using (var db = shop.Open())
        {
            db.Add(run);
            db.Add(new GatewayItem
            {
                RunId = run.Id, Id = "ch_1", Kind = "charge", AmountMinor = 1, RefundedMinor = 0, Currency = "EUR", Status = "succeeded", At = now,
            });
            await db.SaveChangesAsync();
        }

        await shop.UntilAsync(db => db.ReconciliationRuns.AnyAsync(r => r.Id == run.Id && r.State == JobState.Parked && r.EndedAt != null), "it was never parked");

        await using var after = shop.Open();
        Assert.Equal(0, await after.GatewayItems.CountAsync(i => i.RunId == run.Id));
    }

    [Fact]
    public async Task A_gateway_that_asks_to_be_slower_is_read_more_slowly_and_to_the_end()
    {
        await PaidAsync();
        await shop.FaultsAsync("rate_limited_429", count: 3, operation: "read");

        var run = await CompareAsync();

        Assert.Equal((JobState.Done, 1), (run.State, run.LeaseToken)); // in one go
        Assert.Equal((0, run.GatewayMinor), (run.Mismatches, run.OrdersMinor));
    }

    [Fact]
    public void Every_kind_of_mismatch_has_words_and_every_repair_somebody_who_does_it()
    {
        string[] known = [Repairs.Refund, Repairs.MarkPaid, Repairs.BookRefund, Repairs.Release];
        Assert.Equal(10, Mismatches.Every.Count());
        Assert.All(Mismatches.Every, kind =>
        {
            Assert.All([kind.Title, kind.Side, kind.Meaning, kind.Action], words => Assert.False(string.IsNullOrWhiteSpace(words)));
            Assert.All(kind.Repairs, repair => Assert.Contains(repair, known));
        });
    }

    [Fact]
    public async Task The_newest_day_is_compared_by_itself_and_not_twice_at_once()
    {
        var reconciler = shop.Services.GetRequiredService<Reconciler>();

        Assert.Equal("started", await reconciler.StartDailyAsync(CancellationToken.None));

        await shop.UntilAsync(async db => !await db.ReconciliationRuns.AnyAsync(r => r.State == JobState.Waiting), "it was never compared");
    }

    [Fact]
    public async Task What_no_comparison_came_to_while_all_stood_still_is_compared_by_itself()
    {
        await CompareAsync();
        await SqlAsync($"UPDATE payments.reconciliation_runs SET done_until = now() - interval '4 days' WHERE state = 'Done'");
        await using var db = shop.Open();
        var before = await db.ReconciliationRuns.Select(r => r.Id).ToListAsync();

        Assert.Equal("started", await shop.Services.GetRequiredService<Reconciler>().StartDailyAsync(CancellationToken.None));

        var run = await db.ReconciliationRuns.AsNoTracking().SingleAsync(r => !before.Contains(r.Id) && r.Provider == PaymentProvider.Stripe);
        Assert.InRange(run.ToAt - run.FromAt, TimeSpan.FromDays(4), TimeSpan.FromDays(4.5));
        await shop.UntilAsync(async d => !await d.ReconciliationRuns.AnyAsync(r => r.State == JobState.Waiting), "it was never compared");
    }

    private Task RefundAtGatewayAsync(string intent, params (string, string)[] more) => shop.AtGatewayAsync("refunds", [("payment_intent", intent), .. more]);
}
