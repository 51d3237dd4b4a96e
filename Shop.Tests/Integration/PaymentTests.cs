using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Inventory;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

[Collection(SharedPaymentsShop.Name)]
public sealed class PaymentTests(PaymentsShop shop) : IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(true);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_good_card_pays_the_order_and_its_goods_leave_the_shelf()
    {
        var placed = await shop.PlaceAsync(quantity: 2, onHand: 10);

        var order = await shop.UntilAsync(placed.Id, PaymentState.Paid);

        Assert.Equal(order.TotalMinor, order.CapturedMinor);
        Assert.Null(order.Reason);
        Assert.Equal((1, order.TotalMinor, 0, "succeeded"), await shop.LedgerAsync(order.Id));
        Assert.Equal((8, 0), await shop.StockOfAsync(order.Id));
        await using var db = shop.Open();
        Assert.Equal([TimelineKinds.Placed, TimelineKinds.PaymentStarted, TimelineKinds.Paid], await db.Timeline
            .Where(t => t.OrderId == order.Id && t.Kind != TimelineKinds.Webhook && t.Kind != TimelineKinds.MailSent).OrderBy(t => t.Id).Select(t => t.Kind).ToListAsync());
        Assert.Equal([$"order:{order.Id}:confirm:1", $"order:{order.Id}:create"],
            await db.GatewayKeys.Where(k => k.OrderId == order.Id).Select(k => k.Key).Order().ToListAsync());
        var attempts = await db.PaymentAttempts.Where(a => a.OrderId == order.Id && a.JobId != null).OrderBy(a => a.At).ToListAsync();
        Assert.Equal([("create", "created"), ("confirm", "charged")], attempts.Select(a => (a.Operation, a.Class)));
        Assert.All(attempts, a => Assert.StartsWith("req_", a.RequestId, StringComparison.Ordinal));
        Assert.All(attempts, a => Assert.True(a.LatencyMs > 0));
        Assert.Equal(("visa", "4242"), (attempts[1].CardBrand, attempts[1].CardLast4));
        Assert.StartsWith("ch_", attempts[1].ChargeId, StringComparison.Ordinal);
        Assert.Equal(64, attempts[1].CardFingerprint?.Length); // an HMAC, not what the gateway calls it
        Assert.Single(await db.Outbox.Where(m => m.OrderId == order.Id && m.Kind == OutboxKind.OrderConfirmedMail).ToListAsync());
        Assert.Equal(JobState.Done, (await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id)).State);
        Assert.False((await db.PaymentIntents.SingleAsync(i => i.OrderId == order.Id)).ConfirmOpen);
    }

    [Theory]
    [InlineData("pm_card_visa_chargeDeclined", Reasons.CardDeclined)]
    [InlineData("pm_card_visa_chargeDeclinedInsufficientFunds", Reasons.InsufficientFunds)]
    [InlineData("pm_card_visa_chargeDeclinedStolenCard", Reasons.CardRefusedForGood)]
    [InlineData("pm_card_chargeDeclinedExpiredCard", Reasons.CardExpired)]
    [InlineData("pm_card_chargeDeclinedIncorrectCvc", Reasons.CardDetailsWrong)]
    [InlineData("pm_card_chargeDeclinedProcessingError", Reasons.BankTemporarilyUnavailable)]
    [InlineData("pm_no_such_card", Reasons.PaymentMethodUnusable)]
    public async Task A_declined_card_says_why_and_another_card_pays_the_same_order(string card, string reason)
    {
        var placed = await shop.PlaceAsync(card);
        var declined = await shop.UntilAsync(placed.Id, PaymentState.Declined);
        Assert.Equal(reason, declined.Reason);
        Assert.Equal((10, 1), await shop.StockOfAsync(placed.Id)); // still held for the next try

        await shop.PayAgainAsync(placed.Id, "pm_card_visa");

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        var (charges, charged, _, status) = await shop.LedgerAsync(placed.Id);
        Assert.Equal((1, placed.TotalMinor, "succeeded"), (charges, charged, status)); // one intent for both tries
        await using var db = shop.Open();
        Assert.Equal(2, (await db.PaymentIntents.SingleAsync(i => i.OrderId == placed.Id)).Confirm);
        Assert.Equal("the confirm was refused", await db.PaymentAttempts.Where(a => a.OrderId == placed.Id && a.Class == "not_charged").Select(a => a.Proof).SingleAsync());
    }

    [Fact]
    public async Task Two_tries_with_one_card_are_known_to_be_one_card_and_another_card_is_not()
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await shop.PayAgainAsync(placed.Id, "pm_card_visa_chargeDeclined");
        await shop.UntilAsync(db => db.PaymentAttempts.Where(a => a.OrderId == placed.Id && a.Class == "not_charged").Skip(1).AnyAsync(), "no second decline");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await shop.PayAgainAsync(placed.Id, "pm_card_visa");
        await shop.UntilAsync(placed.Id, PaymentState.Paid);

        await using var books = shop.Open();
        var cards = await books.PaymentAttempts.Where(a => a.OrderId == placed.Id && a.Operation == "confirm").OrderBy(a => a.At)
            .Select(a => new { a.CardLast4, a.CardFingerprint, a.Class }).ToListAsync();
        Assert.Equal(["0002", "0002", "4242"], cards.Select(c => c.CardLast4));
        Assert.NotNull(cards[0].CardFingerprint);
        Assert.Equal(cards[0].CardFingerprint, cards[1].CardFingerprint);
        Assert.NotEqual(cards[0].CardFingerprint, cards[2].CardFingerprint);
    }

    [Theory]
    [InlineData("answer_lost")]
    [InlineData("error_500_after")]
    public async Task A_charge_whose_answer_is_lost_is_found_out_and_never_repeated(string fault)
    {
        await shop.DeliverWebhooksAsync(false); // they would tell; the question has to be enough
        await shop.FaultsAsync(fault, count: 1, operation: "confirm");

        var placed = await shop.PlaceAsync();

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal((1, placed.TotalMinor, 0, "succeeded"), await shop.LedgerAsync(placed.Id));
        await using var db = shop.Open();
        Assert.Contains(TimelineKinds.Unknown, await db.Timeline.Where(t => t.OrderId == placed.Id).Select(t => t.Kind).ToListAsync());
        Assert.Equal(["created", "unknown", "charged"],
            await db.PaymentAttempts.Where(a => a.OrderId == placed.Id).OrderBy(a => a.At).Select(a => a.Class).ToListAsync());
    }

    [Fact]
    public async Task A_confirm_that_never_arrived_is_sent_again_under_the_same_key()
    {
        await shop.FaultsAsync("unavailable_503", count: 1, operation: "confirm");

        var placed = await shop.PlaceAsync();

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal(1, (await shop.LedgerAsync(placed.Id)).Charges);
        await using var db = shop.Open();
        Assert.Equal([$"order:{placed.Id}:confirm:1"], await db.PaymentAttempts.Where(a => a.OrderId == placed.Id && a.Operation == "confirm")
            .Select(a => a.Key!).Distinct().ToListAsync());
    }

    [Theory]
    [InlineData("unavailable_503")]
    [InlineData("error_500_before")]
    [InlineData("error_500_after")]
    [InlineData("answer_lost")]
    public async Task A_create_without_an_answer_postpones_the_order_and_is_tried_again(string fault)
    {
        await shop.FaultsAsync(fault, count: 1, operation: "create");

        var placed = await shop.PlaceAsync();

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal(1, (await shop.LedgerAsync(placed.Id)).Charges);
        await using var db = shop.Open();
        Assert.Contains(Reasons.GatewayUnreachable, await db.Timeline.Where(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.Deferred)
            .Select(t => t.Reason).ToListAsync());
    }

    [Fact]
    public async Task A_confirm_whose_key_says_nothing_but_a_frozen_500_is_followed_by_another_that_charges_once()
    {
        await shop.DeliverWebhooksAsync(false);
        await shop.FaultsAsync("error_500_before", count: 1, operation: "confirm"); // the key remembers it: every repetition is answered 500
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Unknown);
        Assert.Equal((10, 1), await shop.StockOfAsync(placed.Id));

        await shop.UntilAsync(placed.Id, PaymentState.Paid);

        Assert.Equal((1, placed.TotalMinor, 0, "succeeded"), await shop.LedgerAsync(placed.Id));
        Assert.Equal((9, 0), await shop.StockOfAsync(placed.Id));
        await using var db = shop.Open();
        Assert.Equal(2, (await db.PaymentIntents.SingleAsync(i => i.OrderId == placed.Id)).Confirm);
        Assert.Equal([Reasons.GatewayFailed], await db.Timeline.Where(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.Deferred).Select(t => t.Reason).ToListAsync());
    }

    [Fact]
    public async Task A_cancel_that_was_refused_is_asked_for_again_under_a_key_that_does_not_repeat_the_refusal()
    {
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");
        await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await using (var db = shop.Open())
        {
            db.Add(new PaymentAttempt
            {
                Id = Guid.CreateVersion7(), OrderId = placed.Id, Provider = PaymentProvider.Stripe, Operation = "cancel", Class = "unknown", HttpStatus = 400,
                Code = "payment_intent_unexpected_state", Key = $"order:{placed.Id}:cancel", LatencyMs = 1, At = DateTimeOffset.UtcNow,
            });
            await db.SaveChangesAsync();
        }

        await shop.PassDeadlineAsync(placed.Id);
        await shop.UntilAsync(placed.Id, PaymentState.Abandoned);

        await using var books = shop.Open();
        Assert.Equal([$"order:{placed.Id}:cancel:2"],
            await books.GatewayKeys.Where(k => k.OrderId == placed.Id && k.Key.Contains("cancel")).Select(k => k.Key).ToListAsync());
        Assert.Equal((10, 0), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task A_decline_behind_a_frozen_500_is_told_as_the_decline_it_was()
    {
        await shop.DeliverWebhooksAsync(false);
        await shop.FaultsAsync("error_500_after", count: 1, operation: "confirm");
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclinedInsufficientFunds");

        var declined = await shop.UntilAsync(placed.Id, PaymentState.Declined);

        Assert.Equal(Reasons.InsufficientFunds, declined.Reason);
        await using var db = shop.Open();
        Assert.Equal(1, (await db.PaymentIntents.SingleAsync(i => i.OrderId == placed.Id)).Confirm);
    }

    [Fact]
    public async Task An_unknown_payment_is_asked_about_until_its_deadline_however_useless_the_answers_are()
    {
        await shop.DeliverWebhooksAsync(false);
        await shop.FaultsAsync("error_500_before", count: 1, operation: "confirm");
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Unknown);
        await using (var db = shop.Open())
        {
            // The key was used for other parameters: from now on the gateway is well and says something that proves nothing.
            await db.Database.ExecuteSqlAsync($"""
                UPDATE payments.gateway_keys SET parameters = replace(parameters, 'pm_card_visa', 'pm_card_mastercard')
                WHERE key = {GatewayKeys.Confirm(placed.Id, 1)}
                """);
        }

        await shop.UntilAsync(async db => await db.PaymentAttempts.CountAsync(a => a.OrderId == placed.Id && a.Code == "idempotency_error") > 7,
            "it was not asked about more often than a job has leases");
        await shop.PassDeadlineAsync(placed.Id);

        await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        Assert.Equal((0, 0, 0, "canceled"), await shop.LedgerAsync(placed.Id));
    }

    [Fact]
    public async Task A_bank_that_asks_the_shopper_gets_an_answer_and_the_order_is_paid()
    {
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");

        var order = await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);

        Assert.NotNull(order.ActionUrl);
        await using var db = shop.Open();
        Assert.Equal(JobState.Done, (await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id)).State);
        Assert.Equal(0, (await shop.LedgerAsync(placed.Id)).Charges);
    }

    [Fact]
    public async Task A_capture_after_closing_takes_the_goods_again_while_there_are_any()
    {
        var placed = await ClosedOrderAsync(onHand: 10);

        await CaptureAsync(placed);

        var order = await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal(OrderStatus.Paid, order.Status);
        Assert.Equal((9, 0), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task A_capture_after_closing_refunds_itself_when_the_goods_are_gone()
    {
        // Really charged at the gateway, while our books say closed and the last item was sold to somebody else.
        var placed = await shop.PlaceAsync(onHand: 1);
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await using (var db = shop.Open())
        {
            await db.Database.ExecuteSqlAsync($"""
                UPDATE shop.orders SET payment = 'Abandoned', captured_minor = 0, paid_at = NULL, reason = {Reasons.NotConfirmedInTime} WHERE id = {placed.Id}
                """);
        }

        await CaptureAsync(placed);

        var order = await shop.UntilAsync(placed.Id, o => o.Status == OrderStatus.Refunded, "a refund");
        Assert.Equal(Reasons.PaidAfterClosing, order.Reason);
        Assert.Equal((1, order.TotalMinor, order.TotalMinor), await shop.LedgerAsync(placed.Id) is var l ? (l.Charges, l.ChargedMinor, l.RefundedMinor) : default);
        await using var books = shop.Open();
        var refund = await books.Refunds.SingleAsync(r => r.OrderId == placed.Id);
        Assert.Equal((RefundState.Succeeded, order.TotalMinor), (refund.State, refund.AmountMinor));
        Assert.Equal(1, await books.Outbox.CountAsync(m => m.OrderId == placed.Id && m.Kind == OutboxKind.RefundedMail));
        Assert.True(await books.GatewayKeys.AnyAsync(k => k.Key == $"order:{placed.Id}:refund:{refund.Id}"));
    }

    [Fact]
    public async Task A_hold_that_lapsed_is_taken_again_before_the_confirm()
    {
        var placed = await shop.PlaceAsync(dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await ReleaseAsync(placed);

        await DueNowAsync(placed);

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal((9, 0), await shop.StockOfAsync(placed.Id));
    }

    [Fact]
    public async Task Nothing_is_charged_when_the_goods_were_sold_meanwhile()
    {
        var placed = await shop.PlaceAsync(onHand: 1, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await ReleaseAsync(placed);
        await using (var db = shop.Open())
            await db.Database.ExecuteSqlAsync($"UPDATE shop.stock_items SET on_hand = 0 WHERE sku = {placed.Lines[0].Sku}");

        await DueNowAsync(placed);

        var order = await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        Assert.Equal(Reasons.SoldOutMeanwhile, order.Reason);
        Assert.Equal(0, (await shop.LedgerAsync(placed.Id)).Charges);
    }

    [Fact]
    public async Task An_order_past_its_deadline_is_never_charged()
    {
        var placed = await shop.PlaceAsync(dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await shop.PassDeadlineAsync(placed.Id);

        await DueNowAsync(placed);

        var order = await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        Assert.Equal(Reasons.NotTriedInTime, order.Reason);
        Assert.Equal((10, 0), await shop.StockOfAsync(placed.Id));
        Assert.Equal(0, (await shop.LedgerAsync(placed.Id)).Charges);
    }

    [Fact]
    public async Task Another_amount_than_the_orders_is_booked_by_nobody_and_shown_to_a_person()
    {
        await shop.DeliverWebhooksAsync(false);
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await using (var db = shop.Open())
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET total_minor = total_minor + 1 WHERE id = {placed.Id}");

        await shop.PayAgainAsync(placed.Id, "pm_card_visa");

        await shop.UntilAsync(db => db.PaymentJobs.AnyAsync(j => j.OrderId == placed.Id && j.State == JobState.Parked), "the job was never parked");
        await using var books = shop.Open();
        Assert.Equal(Reasons.AmountMismatch, (await books.PaymentJobs.SingleAsync(j => j.OrderId == placed.Id && j.State == JobState.Parked)).LastReason);
        Assert.Equal(0, (await books.Orders.SingleAsync(o => o.Id == placed.Id)).CapturedMinor);
        Assert.Equal("charged", await books.PaymentAttempts.Where(a => a.OrderId == placed.Id && a.JobId != null).OrderByDescending(a => a.At).Select(a => a.Class).FirstAsync());
    }

    [Fact]
    public async Task A_refund_that_the_gateway_refused_is_parked_and_a_person_can_send_it_again()
    {
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        var refund = new Refund
        {
            Id = Guid.CreateVersion7(), OrderId = placed.Id, Provider = PaymentProvider.Stripe, AmountMinor = placed.TotalMinor, Currency = "EUR",
            Reason = Reasons.PaidAfterClosing, CreatedAt = DateTimeOffset.UtcNow,
        };
        var job = PaymentJob.Of(PaymentJobKind.Refund, placed.Id, PaymentProvider.Stripe, DateTimeOffset.UtcNow, refundId: refund.Id);
        await using (var db = shop.Open())
        {
            (refund.State, refund.Send) = (RefundState.Failed, 2); // as an earlier try left it
            db.AddRange(refund, job);
            await db.SaveChangesAsync();
        }

        await shop.UntilAsync(placed.Id, o => o.Status == OrderStatus.Refunded, "a refund");

        Assert.Equal(placed.TotalMinor, (await shop.LedgerAsync(placed.Id)).RefundedMinor);
        await using var books = shop.Open();
        Assert.True(await books.GatewayKeys.AnyAsync(k => k.Key == $"order:{placed.Id}:refund:{refund.Id}:2"));
        Assert.Equal(JobState.Done, (await books.PaymentJobs.SingleAsync(j => j.Id == job.Id)).State);
    }

    [Theory]
    [InlineData("answer_lost")]
    [InlineData("unavailable_503")]
    [InlineData("error_500_after")] // its key answers 500 for a day
    [InlineData("error_500_before")] // and so does this one, although there is no refund to be found
    public async Task A_refund_whose_answer_is_lost_is_sent_once(string fault)
    {
        await shop.DeliverWebhooksAsync(false); // they would tell; the question has to be enough
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await shop.FaultsAsync(fault, count: 1, operation: "refund");

        var (_, job) = await RefundAsync(placed, 500);

        await shop.UntilAsync(placed.Id, o => o.RefundedMinor == 500, "a refund of 500");
        Assert.Equal(500, (await shop.LedgerAsync(placed.Id)).RefundedMinor);
        await using var db = shop.Open();
        Assert.Equal(JobState.Done, (await db.PaymentJobs.SingleAsync(j => j.Id == job)).State);
    }

    [Fact]
    public async Task A_refund_that_the_gateway_is_too_ill_to_send_is_tried_however_often_it_takes()
    {
        await shop.DeliverWebhooksAsync(false);
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await shop.FaultsAsync("answer_lost", count: 1, operation: "refund"); // the last of many: it arrives, and nobody is told
        var (_, job) = await RefundAsync(placed, 500, attempts: 20);
        await shop.UntilAsync(async db => await db.PaymentJobs.AnyAsync(j => j.Id == job && j.Attempts == 21), "it was never tried");

        await using var db = shop.Open();
        await db.PaymentJobs.Where(j => j.Id == job && j.State == JobState.Waiting) // time passes for one that waits, not for one that is parked
            .ExecuteUpdateAsync(set => set.SetProperty(j => j.DueAt, DateTimeOffset.UtcNow));
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);

        await shop.UntilAsync(placed.Id, o => o.RefundedMinor == 500, "a refund of 500");
        Assert.Equal(500, (await shop.LedgerAsync(placed.Id)).RefundedMinor);
    }

    [Fact]
    public async Task A_refund_that_is_sent_again_after_its_key_was_forgotten_is_found_instead()
    {
        await shop.DeliverWebhooksAsync(false);
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        var (refund, job) = await RefundAsync(placed, 500, JobState.Parked, isSent: true);
        await AtGatewayAsync(placed, refund, 500); // executed under a key that nobody remembers

        await RetryAsync(job);

        await shop.UntilAsync(placed.Id, o => o.RefundedMinor == 500, "a refund of 500");
        Assert.Equal(500, (await shop.LedgerAsync(placed.Id)).RefundedMinor);
    }

    [Fact]
    public async Task A_webhook_settles_a_refund_whose_job_gave_up()
    {
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        var (refund, job) = await RefundAsync(placed, 500, JobState.Parked, isSent: true);

        await AtGatewayAsync(placed, refund, 500);

        await shop.UntilAsync(placed.Id, o => o.RefundedMinor == 500, "a refund of 500");
        await using var db = shop.Open();
        Assert.Equal(JobState.Done, (await db.PaymentJobs.SingleAsync(j => j.Id == job)).State);
    }

    [Fact]
    public async Task A_refund_that_arrives_later_is_booked_when_it_does()
    {
        var placed = await shop.PlaceAsync("pm_card_pendingRefund");
        await shop.UntilAsync(placed.Id, PaymentState.Paid);

        var (refund, _) = await RefundAsync(placed, 500);

        await shop.UntilAsync(db => db.PaymentAttempts.AnyAsync(a => a.OrderId == placed.Id && a.Class == "refund_pending"), "it was never pending");
        await shop.UntilAsync(placed.Id, o => o.RefundedMinor == 500, "a refund of 500");
        await using var books = shop.Open();
        Assert.Equal(RefundState.Succeeded, (await books.Refunds.SingleAsync(r => r.Id == refund)).State);
    }

    [Fact]
    public async Task A_refund_that_comes_back_is_owed_again_and_a_person_can_send_it_again()
    {
        var placed = await shop.PlaceAsync("pm_card_refundFail");
        await shop.UntilAsync(placed.Id, PaymentState.Paid);

        var (refund, _) = await RefundAsync(placed, 500);

        await shop.UntilAsync(db => db.Refunds.AnyAsync(r => r.Id == refund && r.State == RefundState.Failed), "the refund never came back");
        PaymentJob parked;
        await using (var db = shop.Open())
        {
            Assert.Equal(0, (await db.Orders.SingleAsync(o => o.Id == placed.Id)).RefundedMinor);
            Assert.Equal([TimelineKinds.Refunded, TimelineKinds.RefundFailed], await db.Timeline.Where(t => t.OrderId == placed.Id
                && (t.Kind == TimelineKinds.Refunded || t.Kind == TimelineKinds.RefundFailed)).OrderBy(t => t.Id).Select(t => t.Kind).ToListAsync());
            parked = await db.PaymentJobs.SingleAsync(j => j.RefundId == refund && j.State == JobState.Parked);
        }

        await RetryAsync(parked.Id);

        await shop.UntilAsync(db => db.GatewayKeys.AnyAsync(k => k.Key == $"order:{placed.Id}:refund:{refund}:2"), "it was never sent again");
        await shop.UntilAsync(db => db.Refunds.AnyAsync(r => r.Id == refund && r.State == RefundState.Failed && r.Send == 3), "it never came back again");
        Assert.Equal(0, (await shop.LedgerAsync(placed.Id)).RefundedMinor);
        await using var books = shop.Open();
        Assert.Equal(0, (await books.Orders.SingleAsync(o => o.Id == placed.Id)).RefundedMinor);
        Assert.Equal(1, await books.PaymentJobs.CountAsync(j => j.RefundId == refund && j.State == JobState.Parked));
    }

    [Fact]
    public async Task A_running_payments_service_says_that_it_is_ready() =>
        Assert.True((await shop.Payments.GetAsync(new Uri("/ready", UriKind.Relative))).IsSuccessStatusCode);

    [Fact]
    public async Task A_job_that_fails_six_times_is_parked_and_the_order_stays_as_it_is()
    {
        var placed = await shop.PlaceAsync(card: null); // nothing to charge: it fails the same way in every lease

        await shop.UntilAsync(db => db.PaymentJobs.AnyAsync(j => j.OrderId == placed.Id && j.State == JobState.Parked), "the job was never parked");

        await using var db = shop.Open();
        var job = await db.PaymentJobs.SingleAsync(j => j.OrderId == placed.Id);
        Assert.Equal((Reasons.OurError, 7), (job.LastReason, job.Leases)); // six tries; the seventh lease parked it
        Assert.Equal(PaymentState.None, (await db.Orders.SingleAsync(o => o.Id == placed.Id)).Payment);
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.Parked));
        Assert.Equal((10, 1), await shop.StockOfAsync(placed.Id));
    }

    /// <summary>Declined, then closed at its deadline: the goods are free again.</summary>
    private async Task<Order> ClosedOrderAsync(int onHand)
    {
        var placed = await shop.PlaceAsync("pm_card_visa_chargeDeclined", onHand: onHand);
        await shop.UntilAsync(placed.Id, PaymentState.Declined);
        await shop.ExpireHoldAsync(placed.Id);
        await shop.UntilAsync(placed.Id, PaymentState.Abandoned);
        return placed;
    }

    /// <summary>News of a capture, as the worker, a webhook or the reconciler would bring it. The charge's own webhook may be faster.</summary>
    private async Task CaptureAsync(Order order)
    {
        await using var db = shop.Open();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.ApplyPaymentOutcomeAsync(
            order.Id, new PaymentNews.Captured(order.TotalMinor, order.Currency), DateTimeOffset.UtcNow, CancellationToken.None);
        await transaction.CommitAsync();
    }

    /// <summary>Money is owed, and a job is to send it.</summary>
    /// <param name="isSent">Its key is written down already, and nothing is known of an answer.</param>
    private async Task<(Guid Refund, Guid Job)> RefundAsync(
        Order order, long amountMinor, JobState state = JobState.Waiting, bool isSent = false, int attempts = 0)
    {
        var refund = new Refund
        {
            Id = Guid.CreateVersion7(), OrderId = order.Id, Provider = PaymentProvider.Stripe, AmountMinor = amountMinor, Currency = "EUR",
            Reason = Reasons.PaidAfterClosing, CreatedAt = DateTimeOffset.UtcNow,
        };
        var job = PaymentJob.Of(PaymentJobKind.Refund, order.Id, PaymentProvider.Stripe, DateTimeOffset.UtcNow, refundId: refund.Id);
        (job.State, job.Attempts) = (state, attempts);
        await using var db = shop.Open();
        db.AddRange(refund, job);
        if (isSent)
            db.Add(new GatewayKey { Key = GatewayKeys.Refund(refund), OrderId = order.Id, Parameters = "{}", CreatedAt = DateTimeOffset.UtcNow });
        await db.SaveChangesAsync();
        return (refund.Id, job.Id);
    }

    /// <summary>The gateway has the refund, whatever we heard of it.</summary>
    private async Task AtGatewayAsync(Order order, Guid refund, long amountMinor)
    {
        await using var db = shop.Open();
        var intent = await db.PaymentIntents.Where(i => i.OrderId == order.Id).Select(i => i.GatewayId).SingleAsync();
        await shop.AtGatewayAsync("refunds", ("payment_intent", intent!), ("amount", $"{amountMinor}"), ("metadata[refund_id]", $"{refund}"));
    }

    /// <summary>A person restarts a parked job.</summary>
    private async Task RetryAsync(Guid job)
    {
        await using var db = shop.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET state = 'Waiting', leases = 0, due_at = now() WHERE id = {job}");
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
    }

    private async Task ReleaseAsync(Order order)
    {
        await using var db = shop.Open();
        await db.ReleaseHoldAsync(order.Id, CancellationToken.None);
    }

    private async Task DueNowAsync(Order order)
    {
        await using var db = shop.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET due_at = now() WHERE order_id = {order.Id}");
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
    }
}
