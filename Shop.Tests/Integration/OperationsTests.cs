using System.Net;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class OperationsTests(ApiHost api) : IClassFixture<ApiHost>
{
    private async Task<Order> OrderAsync()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        return await db.Orders.AsNoTracking().SingleAsync(o => o.Id == order.Id);
    }

    private async Task<PaymentJob> ParkedAsync()
    {
        var order = await OrderAsync();
        await using var db = api.Open();
        var job = await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id);
        (job.State, job.Leases, job.Attempts, job.LastReason, job.DueAt) = (JobState.Parked, 6, 5, Reasons.OutcomeUnknown, DateTimeOffset.UtcNow.AddHours(1));
        await db.SaveChangesAsync();
        return job;
    }

    private Task<Answer> RetryAsync(Guid job, Guid? key = null) => RetryAsync($"jobs/{job}", key);

    private Task<Answer> RetryAsync(string what, Guid? key = null) =>
        PostAsync($"/operations/{what}/retry", key ?? Guid.NewGuid());

    private async Task<Answer> PostAsync(string path, Guid? key) => await api.PostAsync(
        path, new { why = "The gateway is back." }, (await api.SignedInAsync(Role.Operator)).Bearer, ("Idempotency-Key", $"{key}"));

    private async Task<Answer> SeeAsync(string path) => await api.GetAsync(path, (await api.SignedInAsync(Role.Agent)).Bearer);

    [Fact]
    public async Task The_newest_orders_are_listed_without_a_name()
    {
        await OrderAsync();
        var order = await OrderAsync();

        var listed = await SeeAsync("/operations/orders?limit=1");

        var row = listed.Json.GetProperty("items").EnumerateArray().Single();
        Assert.Equal((order.Number, "confirming", order.TotalMinor, order.TraceId), (row.GetProperty("number").GetInt64(), row.GetProperty("status").GetString(),
            row.GetProperty("totalMinor").GetInt64(), row.GetProperty("traceId").GetString()));
    }

    [Fact]
    public async Task A_true_count_below_what_was_promised_is_accepted_and_shown_with_the_orders_it_touches()
    {
        var (held, paid) = (await OrderAsync(), await OrderAsync());
        await using var db = api.Open();
        var (heldSku, paidSku) = (await SkuAsync(held), await SkuAsync(paid));
        await db.Database.ExecuteSqlAsync($"UPDATE shop.stock_items SET on_hand = 0 WHERE sku IN ({heldSku}, {paidSku})");
        await using (var transaction = await db.Database.BeginTransactionAsync())
        {
            // Money that was taken is booked, whatever the shelf says.
            await db.ApplyPaymentOutcomeAsync(paid.Id, new PaymentNews.Captured(paid.TotalMinor, paid.Currency), DateTimeOffset.UtcNow, CancellationToken.None);
            await transaction.CommitAsync();
        }

        var listed = (await SeeAsync("/operations/shortfalls")).Json.GetProperty("items").EnumerateArray()
            .ToDictionary(item => item.GetProperty("sku").GetString()!, item => (Missing: item.GetProperty("missing").GetInt32(),
                Held: Numbers(item, "held"), Paid: Numbers(item, "paid")));

        Assert.Equal(1, listed[heldSku].Missing);
        Assert.Equal([held.Number], listed[heldSku].Held);
        Assert.Empty(listed[heldSku].Paid);
        Assert.Equal(1, listed[paidSku].Missing);
        Assert.Equal([paid.Number], listed[paidSku].Paid);
        Assert.Empty(listed[paidSku].Held);

        Task<string> SkuAsync(Order order) => db.OrderLines.Where(l => l.OrderId == order.Id).Select(l => l.Sku).SingleAsync();
        static long[] Numbers(System.Text.Json.JsonElement item, string name) => [.. item.GetProperty(name).EnumerateArray().Select(n => n.GetInt64())];
    }

    [Fact]
    public async Task An_orders_file_tells_every_attempt_job_and_event_and_nothing_personal()
    {
        var order = await OrderAsync();
        await using var db = api.Open();
        var job = await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id);
        db.PaymentAttempts.Add(new PaymentAttempt
        {
            Id = Guid.CreateVersion7(), OrderId = order.Id, JobId = job.Id, Provider = PaymentProvider.Stripe, Operation = "confirm",
            Key = $"order:{order.Id}:confirm:2", Class = "not_charged", Code = "card_declined", DeclineCode = "insufficient_funds", RequestId = "req_1",
            GatewayId = "pi_1", LatencyMs = 12.5, At = DateTimeOffset.UtcNow,
        });
        db.Timeline.Add(TimelineEntry.Of(order.Id, DateTimeOffset.UtcNow, TimelineKinds.Webhook, "For engineers.", forShopper: false, facts: new { id = "evt_1" }));
        await db.SaveChangesAsync();

        var file = await SeeAsync($"/operations/orders/{order.Number}/story");

        var items = file.Json.GetProperty("items").EnumerateArray().ToList();
        var facts = items.Single(i => i.GetProperty("source").GetString() is "attempt").GetProperty("facts").EnumerateArray()
            .ToDictionary(f => f.GetProperty("name").GetString()!, f => f.GetProperty("value").GetString());
        Assert.Equal(("insufficient_funds", "req_1", "pi_1"), (facts["declineCode"], facts["requestId"], facts["gatewayId"]));
        Assert.Equal(("charge", "waiting"), (file.Json.GetProperty("jobs")[0].GetProperty("kind").GetString(), file.Json.GetProperty("jobs")[0].GetProperty("state").GetString()));
        Assert.Contains("evt_1", $"{items.Single(i => i.GetProperty("kind").GetString() is TimelineKinds.Webhook)}", StringComparison.Ordinal);
        Assert.Equal(order.Number, file.Json.GetProperty("order").GetProperty("number").GetInt64());
        foreach (var personal in new[] { "example.org", "Street", "A Guest" })
            Assert.DoesNotContain(personal, file.Text, StringComparison.Ordinal);
        Assert.Equal("order_not_found", (await SeeAsync("/operations/orders/1/story")).Reason);
    }

    [Fact]
    public async Task A_parked_job_is_shown_and_made_due_by_a_person_once()
    {
        var job = await ParkedAsync();
        var key = Guid.NewGuid();

        var queue = await SeeAsync("/operations/queue");
        var retried = await RetryAsync(job.Id, key);
        var same = await RetryAsync(job.Id, key);
        var other = await RetryAsync(job.Id);

        Assert.Contains(queue.Json.GetProperty("parkedJobs").EnumerateArray(),
            j => j.GetProperty("id").GetGuid() == job.Id && j.GetProperty("lastReason").GetString() == Reasons.OutcomeUnknown);
        Assert.True(queue.Json.GetProperty("parked").GetInt32() >= 1);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (retried.Status, same.Status));
        Assert.Equal((HttpStatusCode.Conflict, "job_not_parked"), (other.Status, other.Reason));
        await using var db = api.Open();
        var now = await db.PaymentJobs.SingleAsync(j => j.Id == job.Id);
        Assert.Equal((JobState.Waiting, 0), (now.State, now.Leases));
        Assert.True(now.DueAt <= DateTimeOffset.UtcNow);
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == job.OrderId && t.Kind == TimelineKinds.Unparked && !t.ForShopper));
    }

    [Fact]
    public async Task A_parked_webhook_is_shown_and_made_due_by_a_person_once()
    {
        await using var db = api.Open();
        var receipt = new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = $"evt_{Guid.NewGuid():N}", Type = "payment_intent.succeeded", Payload = [1],
            ReceivedAt = DateTimeOffset.UtcNow, State = JobState.Parked, DueAt = DateTimeOffset.UtcNow.AddHours(1), Attempts = 9, LastError = "it was silent",
        };
        db.Add(receipt);
        await db.SaveChangesAsync();
        var key = Guid.NewGuid();

        var queue = await SeeAsync("/operations/queue");
        var retried = await RetryAsync($"webhooks/stripe/{receipt.EventId}", key);
        var same = await RetryAsync($"webhooks/stripe/{receipt.EventId}", key);
        var other = await RetryAsync($"webhooks/stripe/{receipt.EventId}");

        Assert.Contains(queue.Json.GetProperty("parkedWebhooks").EnumerateArray(),
            w => w.GetProperty("eventId").GetString() == receipt.EventId && w.GetProperty("lastError").GetString() == "it was silent");
        Assert.True(queue.Json.GetProperty("webhooks").GetProperty("parked").GetInt32() >= 1);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (retried.Status, same.Status));
        Assert.Equal((HttpStatusCode.Conflict, "webhook_not_parked"), (other.Status, other.Reason));
        Assert.Equal("webhook_not_found", (await RetryAsync("webhooks/stripe/evt_none")).Reason);
        Assert.Equal("webhook_not_found", (await RetryAsync($"webhooks/nobody/{receipt.EventId}")).Reason);
        var now = await db.WebhookReceipts.AsNoTracking().SingleAsync(w => w.EventId == receipt.EventId);
        Assert.Equal((JobState.Waiting, 0), (now.State, now.Attempts - now.Forgiven));
        Assert.True(now.DueAt <= DateTimeOffset.UtcNow);
    }

    [Fact]
    public async Task A_parked_mail_is_shown_and_made_due_by_a_person_once()
    {
        var order = await OrderAsync();
        await using var db = api.Open();
        var message = OutboxMessage.Of(OutboxKind.OrderConfirmedMail, order.Id, DateTimeOffset.UtcNow.AddHours(1));
        (message.State, message.Attempts, message.LastError) = (JobState.Parked, 12, "SmtpException");
        db.Add(message);
        await db.SaveChangesAsync();
        var key = Guid.NewGuid();

        var queue = await SeeAsync("/operations/queue");
        var retried = await RetryAsync($"outbox/{message.Id}", key);
        var same = await RetryAsync($"outbox/{message.Id}", key);
        var other = await RetryAsync($"outbox/{message.Id}");

        Assert.Contains(queue.Json.GetProperty("parkedMessages").EnumerateArray(),
            m => m.GetProperty("id").GetGuid() == message.Id && m.GetProperty("orderNumber").GetInt64() == order.Number);
        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (retried.Status, same.Status));
        Assert.Equal((HttpStatusCode.Conflict, "message_not_parked"), (other.Status, other.Reason));
        Assert.Equal("message_not_found", (await RetryAsync($"outbox/{Guid.NewGuid()}")).Reason);
        var now = await db.Outbox.AsNoTracking().SingleAsync(m => m.Id == message.Id);
        Assert.Equal((JobState.Waiting, 0), (now.State, now.Attempts));
        Assert.True(now.DueAt <= DateTimeOffset.UtcNow);
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == order.Id && t.Kind == TimelineKinds.Unparked && !t.ForShopper));
    }

    [Fact]
    public async Task An_unknown_job_and_a_missing_key_are_refused_by_name()
    {
        Assert.Equal("job_not_found", (await RetryAsync(Guid.NewGuid())).Reason);
        Assert.Equal("idempotency_key_missing", (await PostAsync($"/operations/jobs/{Guid.NewGuid()}/retry", null)).Reason);
    }

    [Fact]
    public async Task A_report_that_takes_all_its_connections_leaves_the_shoppers_theirs()
    {
        await using var host = await ApiHost.StartAsync(("Connections:ApiReports", "1"), ("Timeouts:Connect", "00:00:01"));
        await host.StockAsync(5, "apart");
        var agent = await host.SignedInAsync(Role.Agent);
        await using var blocker = host.Open();
        await using var transaction = await blocker.Database.BeginTransactionAsync();
        await blocker.Database.ExecuteSqlAsync($"LOCK payments.payment_jobs IN ACCESS EXCLUSIVE MODE");

        var queue = host.GetAsync("/operations/queue", agent.Bearer); // waits for the lock, on the only connection
        var shopper = await host.GetAsync("/catalog/products/apart");

        Assert.Equal(HttpStatusCode.OK, shopper.Status);
        Assert.Equal("busy", (await queue).Reason); // 55P03 after a second
    }

    [Fact]
    public async Task Operations_are_for_staff_in_every_environment()
    {
        await using var host = await ApiHost.StartAsync(("environment", "Production"));

        foreach (var path in new[] { "/operations/orders", "/operations/orders/100001/story", "/operations/queue" })
            Assert.Equal("unauthenticated", (await host.GetAsync(path)).Reason);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/operations/queue", (await host.SignedInAsync(Role.Agent)).Bearer)).Status);
    }
}
