using System.Net;
using System.Text.Json;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;
using Shop.Web.Operations;

namespace Shop.Tests.Unit;

/// <summary>The pages of those who work here.</summary>
[Collection(Propagation.Name)]
public sealed class WebOperationsTests : IDisposable
{
    private const string SignedIn = "session=s-token";
    private const string Person = "0190d5a1-7b1c-7000-8000-000000000007";

    private const string Last = "0190d5a1-7b1c-7000-8000-000000000009";

    private const string Entry = """
        { "id": "e1", "at": "2026-01-15T12:00:00Z", "actor": { "id": "0190d5a1-7b1c-7000-8000-000000000008", "name": "Grace", "role": "admin" }, "action": "role_changed",
          "subjectKind": "user", "subject": "u-7", "before": { "role": "agent", "state": "active" }, "after": { "role": "operator", "state": "active" },
          "why": "covers the weekend", "reference": "4T7QK-9XW2M" }
        """;

    private const string Staff = $$"""
        { "items": [{ "id": "{{Person}}", "email": "ada@example.org", "name": "Ada", "role": "agent", "secondFactor": true, "state": "locked",
          "lastSignInAt": null }] }
        """;

    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly PlainVisitor _visitor;

    public WebOperationsTests()
    {
        _shop = new(_api);
        _visitor = new(_shop);
        _api.On("/account", Account("operator"));
    }

    [Theory]
    [InlineData("jobs/0190d5a1-7b1c-7000-8000-000000000001")]
    [InlineData("webhooks/stripe/evt_1")]
    [InlineData("outbox/0190d5a1-7b1c-7000-8000-000000000002")]
    public async Task What_is_parked_is_tried_again_at_a_click_by_somebody_who_says_why(string what)
    {
        WithParked().On($"/operations/{what}/retry", "", HttpStatusCode.NoContent);

        var queue = await GetAsync("/ops/queue");
        Assert.Contains("<a class=\"skip\" href=\"/ops/queue#content\">", queue.Html, StringComparison.Ordinal);
        var retried = await _visitor.PostAsync($"/ops/{what}/retry", [("Why", "the gateway is back")], cookie: SignedIn);
        var again = await GetAsync(retried.Header("Location")!);

        Assert.Contains($"action=\"/ops/{what}/retry\"", queue.Html, StringComparison.Ordinal);
        Assert.Contains(_api.Seen, request => request.RequestUri!.AbsolutePath == $"/operations/{what}/retry" && request.Headers.Contains("Idempotency-Key"));
        Assert.Equal("""{"why":"the gateway is back"}""", _api.LastBody[$"/operations/{what}/retry"]);
        Assert.Equal("/ops/queue?notice=due", retried.Header("Location"));
        Assert.Contains("It is due now", again.Html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_search_up_to_the_last_of_all_days_has_no_upper_end()
    {
        Assert.Equal("/a?to=2026-01-16T00%3A00%3A00Z", new AuditSearch(To: new DateOnly(2026, 1, 15)).Address("/a"));
        Assert.Equal("/a", new AuditSearch(To: DateOnly.MaxValue).Address("/a"));
    }

    [Fact]
    public async Task A_form_that_is_sent_twice_is_one_act_and_each_form_is_an_act_of_its_own()
    {
        const string job = "/operations/jobs/0190d5a1-7b1c-7000-8000-000000000001/retry";
        WithParked().On(job, "", HttpStatusCode.NoContent);
        var keys = KeysIn(await GetAsync("/ops/queue"));
        Assert.Equal(3, keys.Distinct().Count());

        for (var click = 0; click < 2; click++)
            await _visitor.PostAsync("/ops/jobs/0190d5a1-7b1c-7000-8000-000000000001/retry", [("Why", "it is back"), ("Key", keys[0])], cookie: SignedIn);

        Assert.Equal([keys[0], keys[0]], _api.Seen.Where(r => r.RequestUri!.AbsolutePath == job).Select(r => r.Headers.GetValues("Idempotency-Key").Single()));

        // Shown again, because something was missing: still the same act.
        _api.On("/account", Account("admin")).On("/operations/staff", Staff);
        var page = await _visitor.PostAsync(
            $"/ops/staff/{Person}/unlock", [("_handler", "change"), ("Why", " "), ("Key", keys[1])], cookie: SignedIn);
        Assert.Equal([keys[1]], KeysIn(page));

        static string[] KeysIn(Page page) =>
            [.. System.Text.RegularExpressions.Regex.Matches(page.Html, "<input type=\"hidden\" name=\"Key\" value=\"([^\"]+)\"").Select(m => m.Groups[1].Value)];
    }

    [Fact]
    public async Task Without_a_why_nothing_is_tried_again()
    {
        WithParked().On("/operations/webhooks/stripe/evt_1/retry", """{ "status": 422, "reason": "validation_failed" }""", HttpStatusCode.UnprocessableEntity);

        var retried = await _visitor.PostAsync("/ops/webhooks/stripe/evt_1/retry", [("Why", "")], cookie: SignedIn);

        Assert.Contains("please say why", (await GetAsync(retried.Header("Location")!)).Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shortfall_of_the_stock_is_shown_with_the_orders_it_touches()
    {
        WithParked().On("/operations/shortfalls", """
            { "items": [{ "sku": "mug-1", "productName": "Mug", "variantName": "Blue", "onHand": 1, "heldQuantity": 3, "missing": 2, "held": [100042], "paid": [100007] }] }
            """);

        var queue = await GetAsync("/ops/queue");

        Assert.Contains("Stock shortfalls", queue.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/ops/orders/100042\"", queue.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/ops/orders/100007\"", queue.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_looks_at_the_queue_and_is_offered_nothing_to_press()
    {
        WithParked().On("/account", Account("agent"));

        var queue = await GetAsync("/ops/queue");

        Assert.Contains("evt_1", queue.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("/retry", queue.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agent", false)]
    [InlineData("operator", true)]
    public async Task How_a_gateway_stands_is_said_in_words_and_who_may_decides_about_it(string role, bool mayDecide)
    {
        _api.On("/account", Account(role)).On("/operations/gateways", """
            { "items": [{ "provider": "stripe", "state": "stopped", "since": "2026-01-15T12:00:00Z", "reason": null, "code": null, "heldBack": 41,
              "decision": { "mode": "stopped", "until": null, "by": "Grace", "why": "They move house.", "at": "2026-01-15T12:00:00Z" },
              "quarter": { "calls": 10, "declines": 2, "gatewayErrors": 1, "ourErrors": 0, "answered": 0.9 },
              "hour": { "calls": 0, "declines": 0, "gatewayErrors": 0, "ourErrors": 0, "answered": null }, "faults": [], "turns": [],
              "replicas": [{ "replica": "payments-1", "state": "halfOpen", "since": "2026-01-15T12:00:00Z", "openUntil": null, "reason": null, "code": null,
                "seenAt": "2026-01-15T12:00:00Z", "isLive": true }] }] }
            """).On("/operations/gateways/stripe/override", "", HttpStatusCode.NoContent);

        var page = await GetAsync("/ops/gateways");

        foreach (var words in new[] { "Stopped by an operator", "They move house.", "90.0 %", "half-open", ">41<" })
            Assert.Contains(words, page.Html, StringComparison.Ordinal);
        Assert.Equal(mayDecide, page.Html.Contains("/ops/gateways/stripe/override", StringComparison.Ordinal));

        var decided = await _visitor.PostAsync(
            "/ops/gateways/stripe/override", [("Mode", "forced"), ("Minutes", "15"), ("Why", "It works again.")], cookie: SignedIn);
        Assert.Equal("/ops/gateways?notice=done", decided.Header("Location"));
    }

    [Theory]
    [InlineData("agent", false, false)]
    [InlineData("operator", true, false)]
    [InlineData("admin", true, true)]
    public async Task Every_page_says_who_is_signed_in_and_leads_where_the_role_does(string role, bool toAudit, bool toStaff)
    {
        _api.On("/account", Account(role)).On("/operations/orders", """{ "items": [] }""");

        var page = await GetAsync("/ops");

        Assert.Contains("Grace", page.Html, StringComparison.Ordinal);
        Assert.Contains($"<span class=\"badge plain\">{role}</span>", page.Html, StringComparison.Ordinal);
        Assert.Equal((toAudit, toStaff),
            (page.Html.Contains("href=\"/ops/audit\"", StringComparison.Ordinal), page.Html.Contains("href=\"/ops/staff\"", StringComparison.Ordinal)));
        Assert.Contains("action=\"/account/sign-out\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_shows_the_group_it_is_in_with_the_pages_beside_it()
    {
        _api.On("/account", Account("agent")).On("/operations/orders", """{ "items": [] }""");
        WithParked();

        var queue = await GetAsync("/ops/queue");
        var orders = await GetAsync("/ops/orders");

        Assert.Contains("<a href=\"/ops/gateways\" class=\"active\" aria-current=\"true\">Payments</a>", queue.Html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"/ops/queue\" class=\"active\" aria-current=\"page\">Queue</a>", queue.Html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"/ops/card-testing\">Card testing</a>", queue.Html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"/ops/orders\" class=\"active\" aria-current=\"page\">Orders</a>", orders.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("aria-label=\"Payments\"", orders.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_is_searched_by_all_that_was_asked_and_paged_by_where_it_ended()
    {
        _api.On("/operations/audit", $$"""{ "items": [{{Entry}}], "next": "{{Last}}", "actions": ["role_changed", "signed_in"] }""");

        var page = await GetAsync($"/ops/audit?who=grace&action=role_changed&subject=u-7&reference=4T7QK-9XW2M&text=weekend&from=2026-01-01&to=2026-01-31&before={Person}");

        var asked = Uri.UnescapeDataString(Assert.Single(_api.Seen, r => r.RequestUri!.AbsolutePath == "/operations/audit").RequestUri!.Query);
        Assert.Equal($"?who=grace&action=role_changed&subject=u-7&reference=4T7QK-9XW2M&text=weekend&from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&before={Person}", asked);
        Assert.Contains("<del>agent</del>", page.Html, StringComparison.Ordinal);
        Assert.Contains("<ins>operator</ins>", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("<ins>active</ins>", page.Html, StringComparison.Ordinal);
        Assert.Contains("covers the weekend", page.Html, StringComparison.Ordinal);
        Assert.Matches($"href=\"[^\"]*who=grace[^\"]*before={Last}\"[^>]*>Older", page.Html);
    }

    [Fact]
    public async Task An_orders_page_answers_first_and_then_tells_how_it_came_to_be()
    {
        _api.On("/operations/orders/100042/story", """
            { "order": { "number": 100042, "placedAt": "2026-01-15T12:00:00Z", "status": "declined", "payment": "declined", "reason": "card_declined", "moneyTaken": "no",
                "reference": "4T7QK-9XW2M", "currency": "EUR", "totalMinor": 1250, "texts": { "headline": "No.", "explanation": "The bank said no." },
                "why": { "code": "card_declined", "side": "bank", "retry": "otherCard", "shopper": "s", "agent": "a", "engineer": "e" } },
              "answer": { "whatHappened": "The bank said no.", "side": "bank", "moneyTaken": "no", "howWeKnow": "Proven: the confirm was refused.", "whatToDo": "Another card.",
                "customerSees": "No.", "mails": [{ "id": "0190d5a1-7b1c-7000-8000-000000000031", "kind": "Payment failed mail", "state": "sent", "at": "2026-01-15T12:05:00Z" }],
                "since": "2026-01-15T12:00:01Z", "next": [{ "what": "The goods are kept until then.", "at": "2026-01-15T12:10:00Z" }] },
              "acts": [{ "path": "cancel", "title": "Cancel the order" }, { "path": "ask", "title": "Ask the gateway now", "whyNot": "Only the customer can." }],
              "items": [{ "at": "2026-01-15T12:00:01Z", "source": "attempt", "kind": "payment.declined", "summary": "Your bank declined.", "forShopper": true, "reason": "card_declined",
                  "facts": [{ "name": "declineCode", "value": "generic_decline" }], "by": "Grace, agent", "why": "covers the weekend",
                  "answers": [{ "request": "POST /v1/x", "outcome": "answered", "httpStatus": 402, "headers": [], "body": "{ \"code\": \"card_declined\" }", "bodyBytes": 26, "latencyMs": 12.5 }] },
                { "at": "2026-01-15T12:04:00Z", "source": "gap", "kind": "webhook", "summary": "Webhook x expected by 12:04, not seen.", "forShopper": false, "facts": [], "answers": [] }],
              "hidden": 7, "jobs": [], "forCustomer": "Your order 100042: No.", "isSynthetic": false }
            """);

        var page = await GetAsync("/ops/orders/100042");

        Assert.Contains("Proven: the confirm was refused.", page.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/ops/orders/100042/act/cancel\"", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"/ops/orders/100042/act/ask\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("Only the customer can.", page.Html, StringComparison.Ordinal);
        Assert.Contains("covers the weekend", page.Html, StringComparison.Ordinal);
        Assert.Contains("answered 402", page.Html, StringComparison.Ordinal);
        Assert.Contains("<dd>another card</dd>", page.Html, StringComparison.Ordinal);
        Assert.Contains("class=\"from-gap\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("7 older entries", page.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/ops/logs?order=100042\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_searched_goes_in_no_address_and_one_order_is_opened_at_once()
    {
        _api.On("/operations/search", """{ "understood": ["an order number"], "hits": [], "isMore": false, "jump": 100042 }""");

        var found = await _visitor.PostAsync("/ops/search", [("_handler", "search"), ("Query", "100042")], cookie: SignedIn);

        Assert.EndsWith("/ops/orders/100042", found.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("""{"query":"100042"}""", _api.LastBody["/operations/search"]);
        Assert.Empty(Assert.Single(_api.Seen, r => r.RequestUri!.AbsolutePath == "/operations/search").RequestUri!.Query);
    }

    [Fact]
    public async Task What_is_only_like_what_was_searched_is_offered_and_not_claimed()
    {
        _api.On("/operations/search", """
            { "understood": ["a name", "a reference"], "isMore": false, "jump": null, "hits": [{ "number": 100042, "placedAt": "2026-01-15T12:00:00Z", "status": "declined",
              "payment": "declined", "totalMinor": 1250, "currency": "EUR", "reference": "4T7QK-9XW2M", "isSynthetic": false, "by": "name like it", "isExact": false,
              "isAlike": true, "name": "Ada Lovelace", "email": "a•••@example.org", "why": "The bank said no." }] }
            """);

        var page = await _visitor.PostAsync("/ops/search", [("_handler", "search"), ("Query", "Ada Lovelase")], cookie: SignedIn);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("This looks like a name or a reference.", page.Html, StringComparison.Ordinal);
        Assert.Contains("Did you mean one of these?", page.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/ops/orders/100042\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("The bank said no.", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_of_an_act_asks_why_and_says_what_became_of_it()
    {
        _api.On("/operations/orders/100042/story", WebMoneyTests.Order).On("/operations/orders/100042/hold", "", HttpStatusCode.NoContent)
            .On("/operations/orders/100042/cancel", """{ "status": 409, "reason": "order_not_cancellable", "detail": "It is closed already." }""", HttpStatusCode.Conflict);

        var asked = await GetAsync("/ops/orders/100042/act/hold");
        var without = await _visitor.PostAsync("/ops/orders/100042/act/hold", [("_handler", "act"), ("Minutes", "60"), ("Why", " ")], cookie: SignedIn);
        var done = await _visitor.PostAsync("/ops/orders/100042/act/hold", [("_handler", "act"), ("Minutes", "60"), ("Why", "she called")], cookie: SignedIn);
        var refused = await _visitor.PostAsync("/ops/orders/100042/act/cancel", [("_handler", "act"), ("Why", "she called")], cookie: SignedIn);
        var unknown = await GetAsync("/ops/orders/100042/act/dismiss");

        Assert.Contains("Keep the goods of order 100042 for longer?", asked.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, without.Status);
        Assert.EndsWith("/ops/orders/100042?notice=hold", done.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("""{"minutes":60,"why":"she called"}""", _api.LastBody["/operations/orders/100042/hold"]);
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Contains("It is closed already.", refused.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, unknown.Status);
    }

    [Fact]
    public async Task Staff_are_changed_on_a_page_that_says_what_comes_of_it_and_asks_why()
    {
        _api.On("/account", Account("admin")).On("/operations/staff", Staff).On($"/operations/staff/{Person}/unlock", "", HttpStatusCode.NoContent);

        var list = await GetAsync("/ops/staff");
        var asked = await GetAsync($"/ops/staff/{Person}/unlock");
        var without = await _visitor.PostAsync($"/ops/staff/{Person}/unlock", [("_handler", "change"), ("Why", " ")], cookie: SignedIn);
        Assert.DoesNotContain(_api.Seen, request => request.Method == HttpMethod.Post);
        var done = await _visitor.PostAsync($"/ops/staff/{Person}/unlock", [("_handler", "change"), ("Why", "she called")], cookie: SignedIn);

        Assert.Contains($"/ops/staff/{Person}/unlock", list.Html, StringComparison.Ordinal);
        Assert.DoesNotContain($"/ops/staff/{Person}/enable", list.Html, StringComparison.Ordinal);
        Assert.Contains("Unlock the account of Ada?", asked.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, without.Status);
        Assert.EndsWith("/ops/staff?notice=done", done.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("""{"why":"she called"}""", _api.LastBody[$"/operations/staff/{Person}/unlock"]);
    }

    [Fact]
    public async Task The_last_admin_stays_one()
    {
        _api.On("/operations/staff", Staff).On($"/operations/staff/{Person}/role", """{ "status": 409, "reason": "last_admin" }""", HttpStatusCode.Conflict);

        var page = await _visitor.PostAsync($"/ops/staff/{Person}/role", [("_handler", "change"), ("Role", "shopper"), ("Why", "leaves us")], cookie: SignedIn);

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("This is the last admin", page.Html, StringComparison.Ordinal);
        Assert.Equal("""{"role":"shopper","why":"leaves us"}""", _api.LastBody[$"/operations/staff/{Person}/role"]);
    }

    [Theory]
    [InlineData("/ops/staff/0190d5a1-7b1c-7000-8000-000000000099/unlock")]
    [InlineData($"/ops/staff/{Person}/dismiss")]
    public async Task Nobody_and_nothing_of_that_name_are_not_found(string address)
    {
        _api.On("/operations/staff", Staff);

        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(address)).Status);
    }

    [Fact]
    public async Task An_invitation_keeps_what_was_typed_when_it_is_refused()
    {
        _api.On("/operations/staff", Staff).On("/operations/staff/invite", """{ "status": 409, "reason": "already_staff" }""", HttpStatusCode.Conflict);

        var page = await _visitor.PostAsync("/ops/staff",
            [("_handler", "invite"), ("Name", "Ada"), ("Email", "ada@example.org"), ("Role", "operator"), ("Why", "joins us")], cookie: SignedIn);

        Assert.Contains("belongs to the staff already", page.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"joins us\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("<option value=\"operator\" selected", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "a": 1, "b": "x", "c": null }""", """{ "a": 2, "b": "x", "d": [1] }""", "a:1>2 d:>[1]")]
    [InlineData("null", """{ "role": "agent" }""", "role:>agent")]
    [InlineData("""{ "role": "agent" }""", "null", "role:agent>")]
    [InlineData("\"parked\"", "\"waiting\"", ":parked>waiting")]
    [InlineData("null", "null", "")]
    public void A_change_is_what_differs(string before, string after, string changes) =>
        Assert.Equal(changes, string.Join(' ', AuditChange.Between(Json(before), Json(after)).Select(c => $"{c.Name}:{c.Before}>{c.After}")));

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
        _api.Dispose();
    }

    private static JsonElement? Json(string text) => JsonDocument.Parse(text).RootElement;

    private Task<Page> GetAsync(string address) => _visitor.GetAsync(address, cookie: SignedIn);

    private static string Account(string role) => $$"""
        { "email": "grace@example.org", "name": "Grace", "roles": ["shopper", "{{role}}"], "secondFactor": true, "recoveryCodesLeft": 9, "isStaff": true,
          "secondFactorProven": true }
        """;

    private CannedApi WithParked() => _api.On("/operations/queue", """
        { "waiting": 0, "leased": 0, "parked": 1, "oldestDueAt": null, "webhooks": { "waiting": 0, "parked": 1 }, "outbox": { "waiting": 0, "parked": 1 },
          "parkedJobs": [{ "id": "0190d5a1-7b1c-7000-8000-000000000001", "orderNumber": 100042, "kind": "charge", "lastReason": null, "leases": 6,
            "attempts": 5, "createdAt": "2026-01-15T12:00:00Z" }],
          "parkedWebhooks": [{ "provider": "stripe", "eventId": "evt_1", "type": "payment_intent.succeeded", "lastError": "it was silent",
            "attempts": 9, "receivedAt": "2026-01-15T12:00:00Z" }],
          "parkedMessages": [{ "id": "0190d5a1-7b1c-7000-8000-000000000002", "orderNumber": 100042, "kind": "orderConfirmedMail", "lastError": null,
            "attempts": 12, "createdAt": "2026-01-15T12:00:00Z" }] }
        """);
}
