using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;
using Shop.Web.Operations;

namespace Shop.Tests.Unit;

/// <summary>Refunds, disputes and what was agreed, on the pages of those who work here.</summary>
[Collection(Propagation.Name)]
public sealed class WebMoneyTests : IDisposable
{
    private const string SignedIn = "session=s-token";

    internal const string Disputes = """
        { "open": [
            { "id": "0190d5a1-7b1c-7000-8000-000000000021", "kind": "dispute", "provider": "stripe", "gatewayId": "du_1", "orderNumber": 100042, "amountMinor": 5000,
              "currency": "EUR", "reason": "product_not_received", "status": "needs_response", "takesMoney": true, "respondBy": "2026-01-17T12:00:00Z", "daysLeft": 1,
              "openedAt": "2026-01-10T12:00:00Z", "closedAt": null, "outcome": null, "page": "https://dashboard.stripe.com/test/disputes/du_1" },
            { "id": "0190d5a1-7b1c-7000-8000-000000000022", "kind": "fraudWarning", "provider": "stripe", "gatewayId": "issfr_1", "orderNumber": null, "amountMinor": 700,
              "currency": "EUR", "reason": "made_with_stolen_card", "status": "actionable", "takesMoney": false, "respondBy": null, "daysLeft": null,
              "openedAt": "2026-01-14T12:00:00Z", "closedAt": null, "outcome": null, "page": "https://dashboard.stripe.com/test/payments/pi_1" }],
          "closed": [
            { "id": "0190d5a1-7b1c-7000-8000-000000000023", "kind": "dispute", "provider": "stripe", "gatewayId": "du_0", "orderNumber": 100007, "amountMinor": 1250,
              "currency": "EUR", "reason": "fraudulent", "status": "won", "takesMoney": true, "respondBy": null, "daysLeft": null, "openedAt": "2025-12-10T12:00:00Z",
              "closedAt": "2026-01-02T12:00:00Z", "outcome": "won", "page": "https://dashboard.stripe.com/test/disputes/du_0" }] }
        """;

    internal const string Order = """
        { "order": { "number": 100042, "placedAt": "2026-01-15T12:00:00Z", "status": "paid", "payment": "paid", "reason": null, "moneyTaken": "yes",
          "reference": "4T7QK-9XW2M", "currency": "EUR", "totalMinor": 5000, "texts": { "headline": "Paid.", "explanation": "We have it." }, "why": null },
          "answer": { "whatHappened": "The payment went through.", "moneyTaken": "yes", "howWeKnow": "Stripe said so.", "whatToDo": "Nothing.",
            "customerSees": "Paid.", "mails": [], "since": "2026-01-15T12:00:00Z", "next": [] },
          "acts": [], "items": [], "hidden": 0, "jobs": [], "forCustomer": "Your order is paid.", "isSynthetic": false }
        """;

    internal const string Agreement = """
        { "items": [{ "provider": "stripe", "periods": [
            { "from": "2026-01-14T12:00:00Z", "to": "2026-01-15T12:00:00Z", "agreed": 0.98, "lower": 0.9, "upper": 1, "verdict": "tooFewToTell", "sentence": "Stripe: a day.", "ends": {} },
            { "from": "2026-01-08T12:00:00Z", "to": "2026-01-15T12:00:00Z", "agreed": 0.98, "lower": 0.951, "upper": 0.974, "verdict": "notKept",
              "sentence": "Stripe: 964 of 1,000 payments went through (96.4 %; 95 % interval 95.1–97.4 %): below the agreed 98 %. 25 were declined by banks, 11 failed at the gateway.", "ends": {} },
            { "from": "2025-12-16T12:00:00Z", "to": "2026-01-15T12:00:00Z", "agreed": 0.98, "lower": 0.99, "upper": 1, "verdict": "kept", "sentence": "Stripe: a month.", "ends": {} }] }] }
        """;

    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly PlainVisitor _visitor;

    public WebMoneyTests()
    {
        _shop = new(_api);
        _visitor = new(_shop);
        _api.On("/account", """
            { "email": "grace@example.org", "name": "Grace", "roles": ["shopper", "agent"], "secondFactor": true, "recoveryCodesLeft": 9, "isStaff": true,
              "secondFactorProven": true }
            """).On("/operations/orders/100042/story", Order);
    }

    internal static string Money(string? refusal = null, bool mayRestock = true, long leftMinor = 3750) => $$"""
        { "currency": "EUR", "capturedMinor": 5000, "refundedMinor": 1250, "disputedMinor": 0, "leftMinor": {{leftMinor}}, "mayRestock": {{(mayRestock ? "true" : "false")}},
          "refusal": {{(refusal is null ? "null" : $"\"{refusal}\"")}}, "disputes": [],
          "lines": [{ "sku": "mug-1", "productName": "Mug", "variantName": "Grey", "quantity": 3, "quantityLeft": 2, "amountsMinor": [1250, 2500] },
            { "sku": "lamp-1", "productName": "Lamp", "variantName": "Brass", "quantity": 1, "quantityLeft": 1, "amountsMinor": [1250] }],
          "refunds": [{ "id": "0190d5a1-7b1c-7000-8000-000000000011", "amountMinor": 1250, "currency": "EUR", "state": "succeeded", "job": "done", "provider": "stripe",
            "gatewayId": "re_1", "reason": "refund_on_request", "askedBy": "Grace", "why": "It was chipped.", "askedAt": "2026-01-15T12:00:00Z",
            "settledAt": "2026-01-15T12:00:01Z", "lines": [{ "sku": "mug-1", "quantity": 1, "amountMinor": 1250 }] },
            { "id": "0190d5a1-7b1c-7000-8000-000000000012", "amountMinor": 700, "currency": "EUR", "state": "failed", "job": "parked", "provider": "stripe",
            "gatewayId": null, "reason": "paid_after_closing", "askedBy": null, "why": null, "askedAt": "2026-01-15T12:00:00Z", "settledAt": null, "lines": [] }] }
        """;

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
        _api.Dispose();
    }

    private Task<Page> GetAsync(string address) => _visitor.GetAsync(address, cookie: SignedIn);

    [Fact]
    public async Task An_orders_page_shows_its_refunds_and_asks_what_to_refund()
    {
        _api.On("/operations/orders/100042/money", Money());

        var page = await GetAsync("/ops/orders/100042");

        foreach (var words in new[] { "re_1", "It was chipped.", "1 × Mug", "waits for a person", "the shop itself", "€37.50", "name=\"q.mug-1\"", "max=\"2\"", "what\" value=\"all\"" })
            Assert.Contains(words, page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("order_disputed", "No refund while this payment is under dispute")]
    [InlineData("refund_nothing_left", "went back already")]
    public async Task Where_there_can_be_no_refund_none_is_offered(string refusal, string words)
    {
        _api.On("/operations/orders/100042/money", Money(refusal));

        var page = await GetAsync("/ops/orders/100042");

        Assert.Contains(words, page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("q.mug-1", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("what=lines&q.mug-1=2&q.lamp-1=0", "€25.00", """{"lines":[{"sku":"mug-1","quantity":2}],"amountMinor":null,"restock":true,"why":"she called"}""")]
    [InlineData("what=amount&amount=12,5", "€12.50", """{"lines":null,"amountMinor":1250,"restock":false,"why":"she called"}""")]
    [InlineData("what=all", "€37.50", """{"lines":null,"amountMinor":null,"restock":true,"why":"she called"}""")]
    public async Task What_goes_back_is_said_before_it_goes_and_why_is_asked(string what, string amount, string body)
    {
        _api.On("/operations/orders/100042/money", Money()).On("/operations/orders/100042/refunds", "", HttpStatusCode.NoContent);
        var address = $"/ops/orders/100042/refund?{what}";

        var asked = await GetAsync(address);
        var without = await _visitor.PostAsync(address, [("_handler", "refund"), ("Why", " ")], cookie: SignedIn);
        Assert.DoesNotContain(_api.Seen, request => request.Method == HttpMethod.Post);
        var restock = asked.Html.Contains("name=\"Restock\"", StringComparison.Ordinal);
        var done = await _visitor.PostAsync(
            address, [("_handler", "refund"), ("Why", "she called"), .. restock ? new[] { ("Restock", "true") } : []], cookie: SignedIn);

        Assert.Contains($"Send {amount} back?", asked.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, without.Status);
        Assert.Equal(body, _api.LastBody["/operations/orders/100042/refunds"]);
        Assert.EndsWith("/ops/orders/100042?notice=refunded", done.Header("Location"), StringComparison.Ordinal);
        Assert.Contains("The refund is on its way", (await GetAsync("/ops/orders/100042?notice=refunded")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_told_and_the_form_stays_as_it_was()
    {
        _api.On("/operations/orders/100042/money", Money()).On("/operations/orders/100042/refunds",
            """{ "status": 409, "reason": "refund_exceeds_rest", "detail": "That would be 37.51, and 37.50 of the order can still be refunded." }""", HttpStatusCode.Conflict);

        var page = await _visitor.PostAsync("/ops/orders/100042/refund?what=all", [("_handler", "refund"), ("Why", "she called")], cookie: SignedIn);

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("37.50 of the order can still be refunded", page.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"she called\"", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("what=amount&amount=0")]
    [InlineData("what=amount&amount=1.234")]
    [InlineData("what=amount&amount=-5")]
    [InlineData("what=amount&amount=many")]
    [InlineData("what=lines&q.mug-1=0")]
    [InlineData("what=lines&q.mug-1=-1")]
    [InlineData("")]
    public void A_wish_that_says_nothing_is_none(string query) => Assert.Null(RefundChoice.Of(new QueryCollection(QueryHelpers.ParseQuery(query))));

    [Fact]
    public async Task More_than_is_left_is_said_before_it_is_asked_for()
    {
        _api.On("/operations/orders/100042/money", Money(leftMinor: 100));

        Assert.Contains("There is not so much left", (await GetAsync("/ops/orders/100042/refund?what=amount&amount=12.50")).Html, StringComparison.Ordinal);
        Assert.Contains("There is not so much left", (await GetAsync("/ops/orders/100042/refund?what=lines&q.mug-1=1")).Html, StringComparison.Ordinal);
        Assert.Contains("Say how many pieces", (await GetAsync("/ops/orders/100042/refund?what=lines")).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disputes_are_listed_with_their_deadlines_and_counted_where_the_orders_are()
    {
        _api.On("/operations/disputes", Disputes).On("/operations/orders", """{ "items": [] }""")
            .On("/operations/disputes/count", """{ "count": 2, "respondBy": "2026-01-17T12:00:00Z", "daysLeft": 1 }""");

        var page = await GetAsync("/ops/disputes");
        var orders = await GetAsync("/ops/orders");

        foreach (var words in new[] { "product not received", "1 day", "fraud warning", "not ours", "https://dashboard.stripe.com/test/disputes/du_1", "/ops/orders/100042", "Closed" })
            Assert.Contains(words, page.Html, StringComparison.Ordinal);
        Assert.Contains("2 disputes and warnings are", orders.Html, StringComparison.Ordinal);
        Assert.Contains("the next answer is due: 1 day", orders.Html, StringComparison.Ordinal);
        Assert.Single(_api.Seen, r => r.RequestUri!.AbsolutePath == "/operations/disputes"); // the list, for its own page alone
    }

    [Fact]
    public async Task What_was_agreed_is_beside_each_gateway_and_not_asked_for_with_every_second()
    {
        _api.On("/operations/agreement", Agreement).On("/operations/gateways", """
            { "items": [{ "provider": "stripe", "state": "working", "since": "2026-01-15T12:00:00Z", "reason": null, "code": null, "heldBack": 0, "decision": null,
              "quarter": { "calls": 0, "declines": 0, "gatewayErrors": 0, "ourErrors": 0, "answered": null },
              "hour": { "calls": 0, "declines": 0, "gatewayErrors": 0, "ourErrors": 0, "answered": null }, "faults": [], "turns": [], "replicas": [] }] }
            """);

        var page = await GetAsync("/ops/gateways");
        var asked = _api.Seen.Count(r => r.RequestUri!.AbsolutePath == "/operations/agreement");
        var live = await GetAsync("/ops/gateways?live=true");

        Assert.Contains("964 of 1,000 payments went through", WebUtility.HtmlDecode(page.Html), StringComparison.Ordinal);
        Assert.Contains("<span class=\"badge bad\">not kept</span>", page.Html, StringComparison.Ordinal);
        Assert.Equal((1, 1), (asked, _api.Seen.Count(r => r.RequestUri!.AbsolutePath == "/operations/agreement")));
        Assert.Contains("gateway-stripe", live.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agent", false)]
    [InlineData("operator", true)]
    public async Task A_mail_is_sent_again_by_whoever_may(string role, bool isOffered)
    {
        const string Id = "0190d5a1-7b1c-7000-8000-000000000001";
        _api.On("/account", $$"""
            { "email": "grace@example.org", "name": "Grace", "roles": ["shopper", "agent", "{{role}}"], "secondFactor": true, "recoveryCodesLeft": 9, "isStaff": true,
              "secondFactorProven": true }
            """).On($"/operations/mail/{Id}", $$"""
            { "mail": { "id": "{{Id}}", "kind": "orderConfirmedMail", "state": "sent", "to": "g•••@example.org", "orderNumber": 100042,
              "createdAt": "2026-01-15T12:00:00Z", "dueAt": "2026-01-15T12:00:00Z", "sentAt": "2026-01-15T12:00:01Z", "attempts": 1, "copy": 0, "lastError": null },
              "subject": "Confirmed", "text": "Hello", "html": "<p>Hello</p>", "whyNot": null }
            """);

        var page = await _visitor.GetAsync($"/ops/mail/{Id}", cookie: SignedIn);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(isOffered, page.Html.Contains("Send it again", StringComparison.Ordinal));
    }
}
