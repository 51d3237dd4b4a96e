using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>What staff ask for, and what the shop says no to before a gateway hears of it. What gateways make of it is told by RefundTests.</summary>
public sealed class RefundOperationsTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const string Agreed = "The lamp arrived broken.";

    /// <summary>Two lines: one piece, and <paramref name="quantity"/> of another; 12.50 each. Paid, sold and not sent.</summary>
    internal static async Task<Order> PaidOrderAsync(ShopDbContext db, int quantity = 3)
    {
        var (one, other) = ($"a-{Guid.NewGuid():N}"[..16], $"b-{Guid.NewGuid():N}"[..16]);
        await Any.StockAsync(db, 10, one, other);
        var (placed, _) = await Any.PlaceAsync(db, await Any.CartAsync(db, (one, 1), (other, quantity)));
        db.ChangeTracker.Clear();
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.PaymentJobs.Where(j => j.OrderId == placed.Id).ExecuteUpdateAsync(set => set.SetProperty(j => j.State, JobState.Done));
        db.Add(new PaymentIntent
        {
            OrderId = placed.Id, Provider = PaymentProvider.Stripe, GatewayId = $"pi_{placed.Id:N}", Confirm = 1, AmountMinor = placed.TotalMinor, Currency = "EUR",
            CreatedAt = DateTimeOffset.UtcNow,
        });
        await db.SaveChangesAsync();
        await db.ApplyPaymentOutcomeAsync(placed.Id, new PaymentNews.Captured(placed.TotalMinor, "EUR"), DateTimeOffset.UtcNow, CancellationToken.None);
        await transaction.CommitAsync();
        db.ChangeTracker.Clear();
        return await db.Orders.AsNoTracking().Include(o => o.Lines).SingleAsync(o => o.Id == placed.Id);
    }

    private async Task<Order> PaidOrderAsync(int quantity = 3)
    {
        await using var db = api.Open();
        return await PaidOrderAsync(db, quantity);
    }

    private async Task<Answer> RefundAsync(Order order, object what, Guid? key = null, Role role = Role.Agent) => await api.PostAsync(
        $"/operations/orders/{order.Number}/refunds", what, (await api.SignedInAsync(role)).Bearer, ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));

    private async Task<JsonElement> MoneyAsync(Order order) =>
        (await api.GetAsync($"/operations/orders/{order.Number}/money", (await api.SignedInAsync(Role.Agent)).Bearer)).Json;

    private static string SkuOf(Order order, string line) => order.Lines.Single(l => l.Sku.StartsWith($"{line}-", StringComparison.Ordinal)).Sku;

    private async Task<Order> StoredAsync(Order order)
    {
        await using var db = api.Open();
        return await db.Orders.AsNoTracking().SingleAsync(o => o.Id == order.Id);
    }

    private async Task SetAsync(Order order, RefundState state, JobState job)
    {
        await using var db = api.Open();
        await db.Refunds.Where(r => r.OrderId == order.Id && r.State == RefundState.Pending).ExecuteUpdateAsync(set => set.SetProperty(r => r.State, state));
        await db.PaymentJobs.Where(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Refund && j.State == JobState.Waiting)
            .ExecuteUpdateAsync(set => set.SetProperty(j => j.State, job));
    }

    private async Task<Guid> ParkedJobAsync(Order order)
    {
        await using var db = api.Open();
        return await db.PaymentJobs.Where(j => j.OrderId == order.Id && j.State == JobState.Parked).Select(j => j.Id).SingleAsync();
    }

    [Fact]
    public async Task An_agent_refunds_pieces_of_a_line_and_it_is_all_written_at_once()
    {
        var order = await PaidOrderAsync();
        var agent = await api.SignedInAsync(Role.Agent);

        var answer = await api.PostAsync($"/operations/orders/{order.Number}/refunds",
            new { lines = new[] { new { sku = SkuOf(order, "b"), quantity = 2 } }, why = Agreed }, agent.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));

        Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        await using var db = api.Open();
        var refund = await db.Refunds.Include(r => r.Lines).SingleAsync(r => r.OrderId == order.Id);
        Assert.Equal((RefundState.Pending, 2500, "EUR", Reasons.RefundOnRequest, agent.Id, Agreed),
            (refund.State, refund.AmountMinor, refund.Currency, refund.Reason, refund.AskedBy, refund.Why));
        Assert.Equal((SkuOf(order, "b"), 2, 2500), refund.Lines.Select(l => (l.Sku, l.Quantity, l.AmountMinor)).Single());
        Assert.Equal((PaymentProvider.Stripe, JobState.Waiting),
            await db.PaymentJobs.Where(j => j.RefundId == refund.Id).Select(j => new ValueTuple<PaymentProvider, JobState>(j.Provider, j.State)).SingleAsync());
        Assert.Equal("We are sending 25.00 EUR back to you.", await db.Timeline.Where(t => t.OrderId == order.Id && t.Kind == TimelineKinds.RefundOwed && t.ForShopper).Select(t => t.Summary).SingleAsync());
        Assert.Equal((agent.Id, Agreed),
            await db.Audit.Where(a => a.Subject == $"{order.Number}" && a.Action == AuditActions.OrderRefunded).Select(a => new ValueTuple<Guid, string>(a.ActorId, a.Why!)).SingleAsync());
        Assert.Equal(OrderStatus.Paid, (await StoredAsync(order)).Status);

        var money = await MoneyAsync(order);
        Assert.Equal((5000, 2500), (money.GetProperty("capturedMinor").GetInt64(), money.GetProperty("leftMinor").GetInt64()));
        var row = Assert.Single(money.GetProperty("refunds").EnumerateArray());
        Assert.Equal(("pending", "waiting", "Some Agent", Agreed),
            (row.GetProperty("state").GetString(), row.GetProperty("job").GetString(), row.GetProperty("askedBy").GetString(), row.GetProperty("why").GetString()));
        var line = money.GetProperty("lines").EnumerateArray().Single(l => l.GetProperty("sku").GetString() == SkuOf(order, "b"));
        Assert.Equal((1, "[1250]"), (line.GetProperty("quantityLeft").GetInt32(), line.GetProperty("amountsMinor").GetRawText()));
    }

    [Fact]
    public async Task All_that_is_left_cancels_an_order_that_was_not_sent()
    {
        var order = await PaidOrderAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { amountMinor = 100, why = Agreed })).Status);
        Assert.Equal((OrderStatus.Paid, FulfilmentState.Open), await StoredAsync(order) is var first ? (first.Status, first.Fulfilment) : default);

        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { why = Agreed })).Status);

        var stored = await StoredAsync(order);
        Assert.Equal((OrderStatus.RefundDue, FulfilmentState.Cancelled, Reasons.RefundOnRequest), (stored.Status, stored.Fulfilment, stored.Reason));
        Assert.Equal("refund_nothing_left", (await RefundAsync(order, new { why = Agreed })).Reason);
        Assert.Equal("refund_nothing_left", (await MoneyAsync(order)).GetProperty("refusal").GetString());
        await using var db = api.Open();
        Assert.Equal([100, 4900], await db.Refunds.Where(r => r.OrderId == order.Id).OrderBy(r => r.Id).Select(r => r.AmountMinor).ToListAsync());
    }

    [Fact]
    public async Task A_cancel_puts_back_what_no_refund_put_back_before()
    {
        var order = await PaidOrderAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { lines = new[] { new { sku = SkuOf(order, "b"), quantity = 2 } }, restock = true, why = Agreed })).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { amountMinor = 50, why = Agreed })).Status);
        await using var db = api.Open();
        var sold = await OnHandAsync();

        var cancelled = await api.PostAsync($"/operations/orders/{order.Number}/cancel", new { why = Agreed }, (await api.SignedInAsync(Role.Agent)).Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));

        Assert.Equal(HttpStatusCode.NoContent, cancelled.Status);
        Assert.Equal((9, 9), sold);
        Assert.Equal((10, 10), await OnHandAsync());

        async Task<(int, int)> OnHandAsync()
        {
            var (a, b) = (SkuOf(order, "a"), SkuOf(order, "b"));
            var stock = await db.Stock.AsNoTracking().Where(s => s.Sku == a || s.Sku == b).ToDictionaryAsync(s => s.Sku, s => s.OnHand);
            return (stock[a], stock[b]);
        }
    }

    [Fact]
    public async Task Too_much_is_refused_with_what_is_left_and_nothing_is_written()
    {
        var order = await PaidOrderAsync();
        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { lines = new[] { new { sku = SkuOf(order, "b"), quantity = 2 } }, why = Agreed })).Status);

        var amount = await RefundAsync(order, new { amountMinor = 2501, why = Agreed });
        var pieces = await RefundAsync(order, new { lines = new[] { new { sku = SkuOf(order, "b"), quantity = 2 } }, why = Agreed });
        var unknown = await RefundAsync(order, new { lines = new[] { new { sku = "none", quantity = 1 } }, why = Agreed });

        Assert.Equal((HttpStatusCode.Conflict, "refund_exceeds_rest", "2500"), (amount.Status, amount.Reason, amount["leftMinor"]));
        Assert.Equal((HttpStatusCode.Conflict, "refund_quantity_exceeds_rest", SkuOf(order, "b")), (pieces.Status, pieces.Reason, pieces["sku"]));
        Assert.Equal("refund_line_unknown", unknown.Reason);
        await using var db = api.Open();
        Assert.Equal(1, await db.Refunds.CountAsync(r => r.OrderId == order.Id));
        Assert.Equal(1, await db.Audit.CountAsync(a => a.Subject == $"{order.Number}"));
    }

    [Theory]
    [InlineData("""{ "amountMinor": 0, "why": "because" }""", "amountMinor")]
    [InlineData("""{ "lines": [], "why": "because" }""", "lines")]
    [InlineData("""{ "lines": [null], "why": "because" }""", "lines")]
    [InlineData("""{ "lines": [{ "sku": "x", "quantity": 0 }], "why": "because" }""", "lines")]
    [InlineData("""{ "lines": [{ "sku": "x", "quantity": 1 }, { "sku": "x", "quantity": 1 }], "why": "because" }""", "lines")]
    [InlineData("""{ "lines": [{ "sku": "x", "quantity": 1 }], "amountMinor": 1, "why": "because" }""", "amountMinor")]
    [InlineData("""{ "amountMinor": 100, "restock": true, "why": "because" }""", "restock")]
    [InlineData("""{ "amountMinor": 100 }""", "why")]
    public async Task What_makes_no_sense_is_told_field_by_field(string body, string field)
    {
        var answer = await RefundAsync(await PaidOrderAsync(), JsonDocument.Parse(body).RootElement);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), (answer.Status, answer.Reason));
        Assert.Equal([field], answer.Json.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Of_two_who_refund_all_of_it_at_once_one_does()
    {
        var order = await PaidOrderAsync();
        var (one, other) = (await api.SignedInAsync(Role.Agent), await api.SignedInAsync(Role.Operator));

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => api.PostAsync(
            $"/operations/orders/{order.Number}/refunds", i % 2 == 0 ? new { why = Agreed } : new { amountMinor = 5000, why = Agreed },
            (i % 2 == 0 ? one : other).Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"))));

        Assert.Equal(1, answers.Count(a => a.Status is HttpStatusCode.NoContent));
        Assert.All(answers.Where(a => a.Status is not HttpStatusCode.NoContent), a => Assert.Equal("refund_nothing_left", a.Reason));
        await using var db = api.Open();
        Assert.Equal(5000, await db.Refunds.Where(r => r.OrderId == order.Id).SumAsync(r => r.AmountMinor));
    }

    [Fact]
    public async Task One_key_is_one_refund()
    {
        var order = await PaidOrderAsync();
        var key = Guid.NewGuid();

        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { amountMinor = 100, why = Agreed }, key)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { amountMinor = 100, why = Agreed }, key)).Status);
        Assert.Equal("key_reused", (await RefundAsync(order, new { amountMinor = 101, why = Agreed }, key)).Reason);

        await using var db = api.Open();
        Assert.Equal(1, await db.Refunds.CountAsync(r => r.OrderId == order.Id));
    }

    [Fact]
    public async Task A_disputed_or_unpaid_order_is_not_refunded()
    {
        var order = await PaidOrderAsync();
        await using var db = api.Open();
        var unpaid = await Any.StoredOrderAsync(db);
        await db.PaymentJobs.Where(j => j.OrderId == unpaid.Id).ExecuteUpdateAsync(set => set.SetProperty(j => j.State, JobState.Done));
        var number = await db.Orders.Where(o => o.Id == unpaid.Id).Select(o => o.Number).SingleAsync();
        await db.Orders.Where(o => o.Id == order.Id).ExecuteUpdateAsync(set => set.SetProperty(o => o.DisputedMinor, 5000));

        var disputed = await RefundAsync(order, new { why = Agreed });
        var never = await api.PostAsync($"/operations/orders/{number}/refunds", new { why = Agreed }, (await api.SignedInAsync(Role.Agent)).Bearer,
            ("Idempotency-Key", $"{Guid.NewGuid()}"));

        Assert.Equal((HttpStatusCode.Conflict, "order_disputed"), (disputed.Status, disputed.Reason));
        Assert.Equal((HttpStatusCode.Conflict, "order_not_paid"), (never.Status, never.Reason));
        Assert.Equal("order_disputed", (await MoneyAsync(order)).GetProperty("refusal").GetString());
    }

    [Fact]
    public async Task Goods_that_were_not_sent_go_back_on_sale_if_that_is_said()
    {
        var order = await PaidOrderAsync();

        Assert.Equal(HttpStatusCode.NoContent,
            (await RefundAsync(order, new { lines = new[] { new { sku = SkuOf(order, "b"), quantity = 2 } }, restock = true, why = Agreed })).Status);

        Assert.Equal((9, 9), await OnHandAsync());
        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { restock = true, why = Agreed })).Status); // the rest, line by line
        Assert.Equal((10, 10), await OnHandAsync());

        async Task<(int, int)> OnHandAsync()
        {
            await using var db = api.Open();
            return (await db.Stock.Where(s => s.Sku == SkuOf(order, "a")).Select(s => s.OnHand).SingleAsync(),
                await db.Stock.Where(s => s.Sku == SkuOf(order, "b")).Select(s => s.OnHand).SingleAsync());
        }
    }

    [Fact]
    public async Task Goods_on_their_way_can_not_go_back_on_sale_and_an_amount_names_none()
    {
        var order = await PaidOrderAsync();
        await RefundAsync(order, new { amountMinor = 1, why = Agreed });
        Assert.Equal("refund_without_lines", (await RefundAsync(order, new { restock = true, why = Agreed })).Reason);
        await using (var db = api.Open())
            await db.Orders.Where(o => o.Id == order.Id).ExecuteUpdateAsync(set => set.SetProperty(o => o.Fulfilment, FulfilmentState.Shipped));

        Assert.Equal("goods_not_here", (await RefundAsync(order, new { lines = new[] { new { sku = SkuOf(order, "a"), quantity = 1 } }, restock = true, why = Agreed })).Reason);
        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { why = Agreed })).Status);
        Assert.Equal(FulfilmentState.Shipped, (await StoredAsync(order)).Fulfilment); // sent is sent
    }

    [Fact]
    public async Task What_failed_can_be_refunded_another_way_and_then_nobody_sends_it_again()
    {
        var order = await PaidOrderAsync();
        await RefundAsync(order, new { why = Agreed });
        await SetAsync(order, RefundState.Failed, JobState.Parked);
        var parked = await ParkedJobAsync(order);

        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { amountMinor = 1, why = Agreed })).Status);

        await using var db = api.Open();
        Assert.Equal([RefundState.Replaced, RefundState.Pending], await db.Refunds.Where(r => r.OrderId == order.Id).OrderBy(r => r.Id).Select(r => r.State).ToListAsync());
        var retried = await api.PostAsync($"/operations/jobs/{parked}/retry", new { why = Agreed }, (await api.SignedInAsync(Role.Operator)).Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        Assert.Equal("job_not_parked", retried.Reason);
        Assert.Equal(4999, (await MoneyAsync(order)).GetProperty("leftMinor").GetInt64());
    }

    [Fact]
    public async Task One_that_failed_and_is_sent_again_counts()
    {
        var order = await PaidOrderAsync();
        await RefundAsync(order, new { amountMinor = 3000, why = Agreed });
        await SetAsync(order, RefundState.Failed, JobState.Parked);
        Assert.Equal(5000, (await MoneyAsync(order)).GetProperty("leftMinor").GetInt64());

        var retried = await api.PostAsync($"/operations/jobs/{await ParkedJobAsync(order)}/retry", new { why = Agreed }, (await api.SignedInAsync(Role.Operator)).Bearer,
            ("Idempotency-Key", $"{Guid.NewGuid()}"));

        Assert.Equal(HttpStatusCode.NoContent, retried.Status);
        Assert.Equal("refund_exceeds_rest", (await RefundAsync(order, new { amountMinor = 2001, why = Agreed })).Reason);
        Assert.Equal(HttpStatusCode.NoContent, (await RefundAsync(order, new { amountMinor = 2000, why = Agreed })).Status);
        await using var db = api.Open();
        Assert.Equal([RefundState.Failed, RefundState.Pending], await db.Refunds.Where(r => r.OrderId == order.Id).OrderBy(r => r.Id).Select(r => r.State).ToListAsync());
    }

    [Fact]
    public async Task The_shopper_sees_each_refund_with_its_lines_and_none_that_was_replaced()
    {
        var order = await PaidOrderAsync();
        await RefundAsync(order, new { why = Agreed });
        await SetAsync(order, RefundState.Failed, JobState.Parked);
        var owed = await SeeAsync();
        await RefundAsync(order, new { lines = new[] { new { sku = SkuOf(order, "a"), quantity = 1 } }, why = Agreed });

        var seen = await SeeAsync();

        Assert.Equal(("failed", "Your refund did not arrive"),
            (Assert.Single(owed.GetProperty("refunds").EnumerateArray()).GetProperty("state").GetString(), owed.GetProperty("texts").GetProperty("headline").GetString()));
        var refund = Assert.Single(seen.GetProperty("refunds").EnumerateArray());
        Assert.Equal((1250, "pending"), (refund.GetProperty("amountMinor").GetInt64(), refund.GetProperty("state").GetString()));
        Assert.Equal((SkuOf(order, "a"), 1), Assert.Single(refund.GetProperty("lines").EnumerateArray()) is var l ? (l.GetProperty("sku").GetString(), l.GetProperty("quantity").GetInt32()) : default);
        Assert.DoesNotContain(Agreed, seen.GetRawText(), StringComparison.Ordinal);

        async Task<JsonElement> SeeAsync() =>
            (await api.GetAsync($"/orders/{order.Number}", ("X-Order-Key", Any.Links.Make(LinkPurpose.Order, order.Id, DateTimeOffset.UtcNow)))).Json;
    }
}
