using System.Net;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Inventory;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>What staff see and ask for; what Payments makes of it is told by ReconciliationTests.</summary>
public sealed class ReconciliationOperationsTests(ApiHost api) : IClassFixture<ApiHost>
{
    private async Task<Answer> SeeAsync(string path) => await api.GetAsync(path, (await api.SignedInAsync(Role.Agent)).Bearer);

    private async Task<Answer> DoAsync(string path, object? body = null, Guid? key = null) => await api.PostAsync(
        path, body ?? new { why = "It was looked into." }, (await api.SignedInAsync(Role.Operator)).Bearer, ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));

    private async Task<(Order Order, string Intent)> OrderAsync()
    {
        await using var db = api.Open();
        var stored = await Any.StoredOrderAsync(db);
        var intent = $"pi_{Guid.NewGuid():N}";
        db.Add(new PaymentIntent
        {
            OrderId = stored.Id, Provider = PaymentProvider.Stripe, GatewayId = intent, Confirm = 1, ConfirmOpen = true, AmountMinor = 1250, Currency = "EUR",
            CreatedAt = DateTimeOffset.UtcNow,
        });
        await db.SaveChangesAsync();
        return (await db.Orders.AsNoTracking().SingleAsync(o => o.Id == stored.Id), intent);
    }

    private async Task<WebhookReceipt> EventAsync(string? intent, JobState state = JobState.Done, DateTimeOffset? at = null, string type = "payment_intent.succeeded")
    {
        await using var db = api.Open();
        var receipt = new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = $"evt_{Guid.NewGuid():N}", Type = type, Payload = [1], ReceivedAt = at ?? DateTimeOffset.UtcNow,
            State = state, Attempts = 1, IntentId = intent, LastError = "the order is paid already",
        };
        db.Add(receipt);
        await db.SaveChangesAsync();
        return receipt;
    }

    internal static async Task<Mismatch> MismatchAsync(Shop.Data.ShopDbContext db, string kind = Mismatches.UnknownOrder, Guid? order = null)
    {
        var now = DateTimeOffset.UtcNow;
        var run = ReconciliationRun.Of(now.AddDays(-1), now, null, now);
        (run.State, run.EndedAt, run.DoneUntil, run.GatewayMinor, run.Mismatches) = (JobState.Done, now, now, 1250, 1);
        var mismatch = new Mismatch
        {
            Id = Guid.CreateVersion7(), Kind = kind, Subject = $"ch_{Guid.NewGuid():N}", OrderId = order, Provider = PaymentProvider.Stripe, IntentId = "pi_1",
            OursMinor = 0, GatewayMinor = 1250, Currency = "EUR", At = now.AddHours(-1), FoundAt = now, LastRunId = run.Id,
        };
        db.AddRange(run, mismatch);
        await db.SaveChangesAsync();
        return mismatch;
    }

    [Fact]
    public async Task Events_are_found_by_order_type_state_and_id_and_lead_to_their_order()
    {
        var (order, intent) = await OrderAsync();
        var mine = await EventAsync(intent);
        var parked = await EventAsync(intent, JobState.Parked, type: "charge.refunded");
        await EventAsync(null);

        var ofOrder = (await SeeAsync($"/operations/webhooks?order={order.Number}")).Json;
        var ofType = (await SeeAsync($"/operations/webhooks?order={order.Number}&type=charge.refunded")).Json;
        var ofId = (await SeeAsync($"/operations/webhooks?id={mine.EventId}")).Json;
        var ofState = (await SeeAsync("/operations/webhooks?state=parked")).Json;

        var row = Assert.Single(ofOrder.GetProperty("items").EnumerateArray());
        Assert.Equal((mine.EventId, order.Number, "the order is paid already"),
            (row.GetProperty("eventId").GetString(), row.GetProperty("orderNumber").GetInt64(), row.GetProperty("why").GetString()));
        Assert.Equal(parked.EventId, Assert.Single(ofOrder.GetProperty("parked").EnumerateArray()).GetProperty("eventId").GetString());
        Assert.Empty(ofType.GetProperty("items").EnumerateArray());
        Assert.Single(ofType.GetProperty("parked").EnumerateArray());
        Assert.Equal(mine.EventId, Assert.Single(ofId.GetProperty("items").EnumerateArray()).GetProperty("eventId").GetString());
        Assert.Contains(ofState.GetProperty("parked").EnumerateArray(), w => w.GetProperty("eventId").GetString() == parked.EventId);
        Assert.Empty(ofState.GetProperty("items").EnumerateArray());
        Assert.Empty((await SeeAsync("/operations/webhooks?order=-1")).Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task The_pages_of_events_follow_one_another_without_a_gap_or_a_repetition()
    {
        await using var host = await ApiHost.StartAsync();
        var agent = await host.SignedInAsync(Role.Agent);
        var at = DateTimeOffset.UtcNow;
        await using (var db = host.Open())
        {
            for (var i = 0; i < 120; i++)
            {
                db.Add(new WebhookReceipt
                {
                    Provider = PaymentProvider.Stripe, EventId = $"evt_{i:000}", Type = "any", Payload = [1], ReceivedAt = at.AddSeconds(-i / 40), State = JobState.Done,
                });
            }

            await db.SaveChangesAsync();
        }

        List<string> seen = [];
        string? next = null;
        do
        {
            var page = (await host.GetAsync($"/operations/webhooks{(next is null ? "" : $"?before={next}")}", agent.Bearer)).Json;
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(w => w.GetProperty("eventId").GetString()!));
            next = page.GetProperty("next").GetString();
        }
        while (next is not null && seen.Count < 500);

        Assert.Equal((120, 120), (seen.Count, seen.Distinct().Count()));
    }

    [Fact]
    public async Task Of_the_payments_of_the_last_hour_it_is_told_how_many_the_gateway_told_us()
    {
        await using var host = await ApiHost.StartAsync();
        var agent = await host.SignedInAsync(Role.Agent);
        await using var db = host.Open();
        for (var i = 0; i < 2; i++)
        {
            var order = await Any.StoredOrderAsync(db);
            db.Add(new PaymentIntent
            {
                OrderId = order.Id, Provider = PaymentProvider.Stripe, GatewayId = $"pi_{i}", AmountMinor = 1250, Currency = "EUR", CreatedAt = DateTimeOffset.UtcNow,
            });
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET paid_at = now() - interval '20 minutes' WHERE id = {order.Id}");
        }

        db.Add(new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = "evt_1", Type = "payment_intent.succeeded", Payload = [1], ReceivedAt = DateTimeOffset.UtcNow,
            State = JobState.Done, IntentId = "pi_0",
        });
        await db.SaveChangesAsync();

        var hour = (await host.GetAsync("/operations/webhooks", agent.Bearer)).Json.GetProperty("lastHour");

        Assert.Equal((2, 1), (hour.GetProperty("expected").GetInt32(), hour.GetProperty("arrived").GetInt32()));
    }

    [Theory]
    [InlineData(JobState.Done)]
    [InlineData(JobState.Parked)]
    public async Task Any_stored_event_is_replayed_once_per_asking(JobState state)
    {
        var receipt = await EventAsync(null, state);
        var path = $"/operations/webhooks/stripe/{receipt.EventId}/replay";
        var key = Guid.NewGuid();

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(path, key: key)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync(path, key: key)).Status);
        Assert.Equal("webhook_waiting", (await DoAsync(path)).Reason);
        Assert.Equal("webhook_not_found", (await DoAsync("/operations/webhooks/stripe/evt_none/replay")).Reason);
        Assert.Equal("validation_failed", (await DoAsync(path, new { why = " " })).Reason);

        await using var db = api.Open();
        var now = await db.WebhookReceipts.AsNoTracking().SingleAsync(w => w.EventId == receipt.EventId);
        Assert.Equal((JobState.Waiting, 1), (now.State, now.Forgiven));
        Assert.Equal(1, await db.Audit.CountAsync(a => a.Action == AuditActions.WebhookReplayed && a.Subject == $"Stripe/{receipt.EventId}"));
    }

    [Fact]
    public async Task An_unknown_payment_is_listed_with_its_clock_and_its_owner()
    {
        var (order, _) = await OrderAsync();
        await using var db = api.Open();
        var now = DateTimeOffset.UtcNow;
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Unknown', reason = 'outcome_unknown' WHERE id = {order.Id}");
        var job = await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id);
        job.DueAt = now.AddMinutes(1);
        db.Timeline.Add(TimelineEntry.Of(order.Id, now.AddMinutes(-2), TimelineKinds.PaymentStarted, "Asked."));
        for (var i = 0; i < 3; i++)
        {
            db.Add(new PaymentAttempt
            {
                Id = Guid.CreateVersion7(), OrderId = order.Id, Provider = PaymentProvider.Stripe, Operation = "read", Class = "unknown", Code = "api_error",
                LatencyMs = 1, At = now.AddSeconds(i - 60),
            });
        }

        await db.SaveChangesAsync();

        var row = (await SeeAsync("/operations/unknown")).Json.GetProperty("items").EnumerateArray().Single(o => o.GetProperty("number").GetInt64() == order.Number);

        Assert.Equal(("unknown", 3, "unknown", "api_error", "waiting", "charge", job.Id),
            (row.GetProperty("payment").GetString(), row.GetProperty("asked").GetInt32(), row.GetProperty("lastAnswer").GetString(),
                row.GetProperty("lastCode").GetString(), row.GetProperty("jobState").GetString(), row.GetProperty("jobKind").GetString(), row.GetProperty("jobId").GetGuid()));
        Assert.Equal(now.AddMinutes(-2).ToUnixTimeSeconds(), row.GetProperty("since").GetDateTimeOffset().ToUnixTimeSeconds());
        await db.ReleaseHoldAsync(order.Id, CancellationToken.None); // out of the other tests' way
    }

    [Fact]
    public async Task A_payment_in_flight_is_unknown_only_when_its_confirm_is_open_and_nobody_is_at_it()
    {
        var (order, _) = await OrderAsync();
        await using var db = api.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'InFlight' WHERE id = {order.Id}");
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET leased_until = now() + interval '1 minute' WHERE order_id = {order.Id}");
        Assert.DoesNotContain($"{order.Number}", (await SeeAsync("/operations/unknown")).Text, StringComparison.Ordinal);

        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET leased_until = now() - interval '1 second' WHERE order_id = {order.Id}");
        Assert.Contains($"{order.Number}", (await SeeAsync("/operations/unknown")).Text, StringComparison.Ordinal);

        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_intents SET confirm_open = false WHERE order_id = {order.Id}");
        Assert.DoesNotContain($"{order.Number}", (await SeeAsync("/operations/unknown")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-5, -5, "overdue")] // whoever should do it is dead
    [InlineData(-5, 5, "running")]
    [InlineData(0, -5, "waiting")]
    [InlineData(5, -5, "waiting")]
    public async Task A_background_job_that_nobody_takes_up_is_overdue(int dueInMinutes, int leasedForMinutes, string state)
    {
        await using var db = api.Open();
        var now = DateTimeOffset.UtcNow;
        var job = new BackgroundJob { Name = $"job_{Guid.NewGuid():N}", DueAt = now.AddMinutes(dueInMinutes), LeasedUntil = now.AddMinutes(leasedForMinutes) };
        db.Add(job);
        await db.SaveChangesAsync();

        var shown = (await SeeAsync("/operations/background-jobs")).Json.GetProperty("items").EnumerateArray().Single(j => j.GetProperty("name").GetString() == job.Name);

        Assert.Equal(state, shown.GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_background_job_is_shown_as_it_is_and_made_due_by_a_person()
    {
        await using var db = api.Open();
        var job = new BackgroundJob { Name = $"job_{Guid.NewGuid():N}", DueAt = DateTimeOffset.UtcNow.AddHours(1), Failures = 4, Result = "it failed" };
        db.Add(job);
        await db.SaveChangesAsync();

        var shown = (await SeeAsync("/operations/background-jobs")).Json.GetProperty("items").EnumerateArray().Single(j => j.GetProperty("name").GetString() == job.Name);
        var run = await DoAsync($"/operations/background-jobs/{job.Name}/run");

        Assert.Equal(("failing", 4), (shown.GetProperty("state").GetString(), shown.GetProperty("failures").GetInt32()));
        Assert.Equal(HttpStatusCode.NoContent, run.Status);
        Assert.Equal("background_job_not_found", (await DoAsync("/operations/background-jobs/none/run")).Reason);
        var now = await db.BackgroundJobs.AsNoTracking().SingleAsync(j => j.Name == job.Name);
        Assert.True(now.DueAt <= DateTimeOffset.UtcNow && now.Failures == 0);
        Assert.Equal(1, await db.Audit.CountAsync(a => a.Action == AuditActions.BackgroundJobStarted && a.Subject == job.Name));
    }

    [Fact]
    public async Task A_comparison_is_asked_for_once_and_waits_for_the_worker()
    {
        var to = DateTimeOffset.UtcNow;
        var (from, key) = (to.AddDays(-2), Guid.NewGuid());

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync("/operations/reconciliation", new { from, to, why = "The month ends." }, key)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync("/operations/reconciliation", new { from, to, why = "The month ends." }, key)).Status);
        var backwards = await DoAsync("/operations/reconciliation", new { from = to, to = from, why = "The month ends." });
        var nothing = await DoAsync("/operations/reconciliation", new { why = "The month ends." });

        Assert.Equal(("validation_failed", "validation_failed"), (backwards.Reason, nothing.Reason));
        var view = (await SeeAsync($"/operations/reconciliation?from={Uri.EscapeDataString($"{from:O}")}&to={Uri.EscapeDataString($"{to:O}")}")).Json;
        Assert.Equal(("waiting", "Some Operator", 0), (view.GetProperty("run").GetProperty("state").GetString(),
            view.GetProperty("run").GetProperty("startedBy").GetString(), view.GetProperty("run").GetProperty("percent").GetInt32()));
        await using var db = api.Open();
        Assert.Equal(1, await db.ReconciliationRuns.CountAsync(r => r.StartedBy != null));
    }

    [Fact]
    public async Task A_mismatch_is_shown_in_words_and_a_repair_is_asked_for_once()
    {
        var (order, _) = await OrderAsync();
        await using var db = api.Open();
        var mismatch = await MismatchAsync(db, Mismatches.DoubleCharge, order.Id);
        var path = $"/operations/mismatches/{mismatch.Id}";
        var key = Guid.NewGuid();

        var shown = (await SeeAsync(path)).Json;
        Assert.Equal((order.Number, "Charged twice", "open"),
            (shown.GetProperty("orderNumber").GetInt64(), shown.GetProperty("title").GetString(), shown.GetProperty("state").GetString()));
        Assert.Equal(["refund", "ignore"], shown.GetProperty("repairs").EnumerateArray().Select(r => r.GetString()!));

        Assert.Equal("repair_unfit", (await DoAsync($"{path}/release")).Reason);
        Assert.Equal("validation_failed", (await DoAsync($"{path}/refund", new { why = "" })).Reason);
        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync($"{path}/refund", key: key)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync($"{path}/refund", key: key)).Status);
        Assert.Equal("mismatch_not_open", (await DoAsync($"{path}/refund")).Reason);
        Assert.Equal("mismatch_not_found", (await DoAsync($"/operations/mismatches/{Guid.NewGuid()}/refund")).Reason);

        var now = await db.Mismatches.AsNoTracking().SingleAsync(m => m.Id == mismatch.Id);
        Assert.Equal((MismatchState.Repairing, Repairs.Refund), (now.State, now.Repair));
        Assert.Equal(1, await db.Audit.CountAsync(a => a.Action == AuditActions.MismatchRepaired && a.Subject == $"{order.Number}"));
    }

    [Fact]
    public async Task A_mismatch_that_a_person_ignores_is_over_and_its_reason_is_in_the_audit()
    {
        await using var db = api.Open();
        var mismatch = await MismatchAsync(db, Mismatches.AttemptWithoutGatewayObject);

        Assert.Equal(HttpStatusCode.NoContent, (await DoAsync($"/operations/mismatches/{mismatch.Id}/ignore", new { why = "The other shop's." })).Status);

        var now = await db.Mismatches.AsNoTracking().SingleAsync(m => m.Id == mismatch.Id);
        Assert.Equal(MismatchState.Ignored, now.State);
        Assert.NotNull(now.ClosedAt);
        Assert.Equal("The other shop's.", (await db.Audit.SingleAsync(a => a.Action == AuditActions.MismatchIgnored && a.Subject == $"{mismatch.Id}")).Why);
    }
}
