using System.Net;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;
using Shop.Web.Operations;

namespace Shop.Tests.Unit;

/// <summary>The pages about what the gateway knows and we do not.</summary>
[Collection(Propagation.Name)]
public sealed class WebReconciliationTests : IDisposable
{
    private const string SignedIn = "session=s-token";
    private const string Mismatch = "0190d5a1-7b1c-7000-8000-000000000003";

    private const string DoubleCharge = $$"""
        { "id": "{{Mismatch}}", "kind": "double_charge", "title": "Charged twice", "side": "us", "meaning": "The gateway took money once more.",
          "action": "Refund it.", "subject": "ch_2", "orderNumber": 100042, "intentId": "pi_2", "oursMinor": 0, "gatewayMinor": 1250, "currency": "EUR",
          "at": "2026-01-15T12:00:00Z", "foundAt": "2026-01-15T13:00:00Z", "state": "open", "repair": null, "result": null, "closedAt": null,
          "repairs": ["refund", "ignore"] }
        """;

    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly PlainVisitor _visitor;

    public WebReconciliationTests()
    {
        _shop = new(_api);
        _visitor = new(_shop);
        _api.On("/account", Account("operator"));
    }

    [Theory]
    [InlineData("done", 1250, 1250, 1250, 0, true, "The difference is €0.00: orders, attempts and gateway agree on €12.50 over 1 charge.")]
    [InlineData("done", 2500, 1250, 1250, 1, false, "The difference is −€12.50: orders have €12.50, the gateway €25.00. 1 mismatch found.")]
    [InlineData("done", 1250, 1250, 1250, 2, false, "The difference is €0.00, and 2 things did not match all the same.")]
    [InlineData("waiting", 0, 0, 0, 0, false, "The comparison is running: 40 % done.")]
    [InlineData("parked", 0, 0, 0, 0, false, "The comparison was given up: the gateway could not be read.")]
    public void The_answer_is_one_sentence(string state, long gateway, long orders, long attempts, int mismatches, bool isGood, string sentence)
    {
        var run = new ReconciliationRun(
            Guid.Empty, default, default, default, state, default, 40, 7, 1, gateway, attempts, orders, orders - gateway, mismatches);

        Assert.Equal((sentence, isGood), (run.Verdict, run.IsGood));
    }

    [Fact]
    public async Task A_repair_is_asked_for_on_a_page_that_says_what_comes_of_it_and_asks_why()
    {
        _api.On("/operations/reconciliation", $$"""{ "runs": [], "run": null, "waiting": [{{DoubleCharge}}], "settled": [] }""")
            .On($"/operations/mismatches/{Mismatch}", DoubleCharge).On($"/operations/mismatches/{Mismatch}/refund", "", HttpStatusCode.NoContent);

        var list = await GetAsync("/ops/reconciliation");
        var asked = await GetAsync($"/ops/mismatches/{Mismatch}/refund");
        var without = await _visitor.PostAsync($"/ops/mismatches/{Mismatch}/refund", [("_handler", "repair"), ("Why", " ")], cookie: SignedIn);
        Assert.DoesNotContain(_api.Seen, request => request.Method == HttpMethod.Post);
        var done = await _visitor.PostAsync($"/ops/mismatches/{Mismatch}/refund", [("_handler", "repair"), ("Why", "she called")], cookie: SignedIn);

        Assert.Contains($"/ops/mismatches/{Mismatch}/refund", list.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/ops/orders/100042\"", list.Html, StringComparison.Ordinal);
        Assert.Contains("This cannot be undone", asked.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, without.Status);
        Assert.EndsWith("/ops/reconciliation?notice=asked", done.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("""{"why":"she called"}""", _api.LastBody[$"/operations/mismatches/{Mismatch}/refund"]);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync($"/ops/mismatches/{Mismatch}/release")).Status);
    }

    [Fact]
    public async Task An_agent_reads_and_is_offered_nothing_to_press()
    {
        _api.On("/account", Account("agent"))
            .On("/operations/reconciliation", $$"""{ "runs": [], "run": null, "waiting": [{{DoubleCharge}}], "settled": [] }""")
            .On("/operations/webhooks", Webhooks)
            .On("/operations/background-jobs", """
                { "items": [{ "name": "hold_sweep", "state": "failing", "dueAt": "2026-01-15T12:00:00Z", "failures": 4, "startedAt": null,
                  "succeededAt": null, "tookMs": 12.5, "result": "it failed" }] }
                """);

        var books = await GetAsync("/ops/reconciliation");
        var webhooks = await GetAsync("/ops/webhooks");
        var jobs = await GetAsync("/ops/jobs");

        Assert.Contains("Charged twice", books.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("/ops/mismatches/", books.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("Compare a period", books.Html, StringComparison.Ordinal);
        Assert.Contains("evt_1", webhooks.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("/replay", webhooks.Html, StringComparison.Ordinal);
        Assert.Contains("hold sweep", jobs.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("/run\"", jobs.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_are_searched_as_asked_and_say_what_came_of_them_and_how_many_did_not_come()
    {
        _api.On("/operations/webhooks", Webhooks);

        var page = await GetAsync("/ops/webhooks?state=done&type=charge.refunded&order=100042&id=evt_1");

        var asked = Assert.Single(_api.Seen, r => r.RequestUri!.AbsolutePath == "/operations/webhooks").RequestUri!.Query;
        Assert.Equal("?state=done&type=charge.refunded&order=100042&id=evt_1", Uri.UnescapeDataString(asked));
        Assert.Contains("3 of 4 expected events arrived in the last hour.", page.Html, StringComparison.Ordinal);
        Assert.Contains("nothing: the order is paid already", page.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/ops/webhooks/stripe/evt_1/replay\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_payment_shows_its_clock_and_the_list_of_orders_says_that_there_is_one()
    {
        _api.On("/operations/orders", """{ "items": [] }""").On("/operations/unknown", """
            { "items": [{ "number": 100042, "payment": "unknown", "reason": "outcome_unknown", "totalMinor": 1250, "currency": "EUR",
              "since": "2026-01-15T12:00:00Z", "deadlineAt": "2026-01-15T13:00:00Z", "jobId": null, "jobKind": null, "jobState": null, "nextAt": null,
              "leasedUntil": null, "asked": 5, "lastAskedAt": null, "lastAnswer": "unknown", "lastCode": "api_error" }] }
            """);

        var unknown = await GetAsync("/ops/unknown");
        var orders = await GetAsync("/ops/orders");

        Assert.Contains("nobody", unknown.Html, StringComparison.Ordinal);
        Assert.Contains("api_error", unknown.Html, StringComparison.Ordinal);
        Assert.Contains("1 payment is unknown", orders.Html, StringComparison.Ordinal);
    }

    private const string Webhooks = """
        { "lastHour": { "expected": 4, "arrived": 3 }, "types": ["charge.refunded"], "parked": [], "next": null,
          "items": [{ "provider": "stripe", "eventId": "evt_1", "type": "charge.refunded", "state": "done", "receivedAt": "2026-01-15T12:00:00Z", "attempts": 1,
            "fetchedAt": "2026-01-15T12:00:00Z", "processedAt": "2026-01-15T12:00:01Z", "changed": null, "why": "the order is paid already", "orderNumber": 100042 }] }
        """;

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
        _api.Dispose();
    }

    private Task<Page> GetAsync(string address) => _visitor.GetAsync(address, cookie: SignedIn);

    private static string Account(string role) => $$"""
        { "email": "grace@example.org", "name": "Grace", "roles": ["shopper", "{{role}}"], "secondFactor": true, "recoveryCodesLeft": 9, "isStaff": true,
          "secondFactorProven": true }
        """;
}
