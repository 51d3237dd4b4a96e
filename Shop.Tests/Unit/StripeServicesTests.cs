using Shop.Tests.Fixtures;
using Stripe;
using Stripe.Radar;

namespace Shop.Tests.Unit;

/// <summary>Where each call of the services goes, and what is read of the answers. Holds for the package and for its stand-in.</summary>
public sealed class StripeServicesTests
{
    private static readonly Dictionary<string, string> Order = new() { ["order"] = "7" };

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    public static TheoryData<string, Func<StripeClient, Task>> Calls => new()
    {
        { "GET /v1/payment_intents/search?limit=5&query=status%3A%27succeeded%27", c => c.V1.PaymentIntents.SearchAsync(new() { Query = "status:'succeeded'", Limit = 5 }) },
        { "POST /v1/charges/ch_1 fraud_details[user_report]=fraudulent", c => c.V1.Charges.UpdateAsync("ch_1", new() { FraudDetails = new() { UserReport = "fraudulent" } }) },
        { "GET /v1/charges/search?query=x", c => c.V1.Charges.SearchAsync(new() { Query = "x" }) },
        { "POST /v1/refunds/re_1 metadata[order]=7", c => c.V1.Refunds.UpdateAsync("re_1", new() { Metadata = Order }) },
        { "POST /v1/refunds/re_1/cancel", c => c.V1.Refunds.CancelAsync("re_1") },
        { "POST /v1/payment_methods/pm_1/attach customer=cus_1", c => c.V1.PaymentMethods.AttachAsync("pm_1", new() { Customer = "cus_1" }) },
        { "POST /v1/payment_methods/pm_1/detach", c => c.V1.PaymentMethods.DetachAsync("pm_1") },
        { "GET /v1/payment_methods?customer=cus_1&type=card", c => c.V1.PaymentMethods.ListAsync(new() { Customer = "cus_1", Type = "card" }) },
        { "POST /v1/payment_methods/pm_1 allow_redisplay=always", c => c.V1.PaymentMethods.UpdateAsync("pm_1", new() { AllowRedisplay = "always" }) },
        { "POST /v1/customers email=a%40example.org&metadata[order]=7", c => c.V1.Customers.CreateAsync(new() { Email = "a@example.org", Metadata = Order }) },
        { "POST /v1/customers/cus_1 name=", c => c.V1.Customers.UpdateAsync("cus_1", new() { Name = "" }) },
        { "GET /v1/customers/cus_1", c => c.V1.Customers.GetAsync("cus_1") },
        { "DELETE /v1/customers/cus_1", c => c.V1.Customers.DeleteAsync("cus_1") },
        { "GET /v1/customers?email=a%40example.org", c => c.V1.Customers.ListAsync(new() { Email = "a@example.org" }) },
        { "GET /v1/customers/search?page=p2&query=x", c => c.V1.Customers.SearchAsync(new() { Query = "x", Page = "p2" }) },
        { "POST /v1/setup_intents automatic_payment_methods[allow_redirects]=never&automatic_payment_methods[enabled]=true&customer=cus_1&usage=off_session", c => c.V1.SetupIntents.CreateAsync(new() { AutomaticPaymentMethods = new() { AllowRedirects = "never", Enabled = true }, Customer = "cus_1", Usage = "off_session" }) },
        { "POST /v1/setup_intents/seti_1/confirm payment_method=pm_1", c => c.V1.SetupIntents.ConfirmAsync("seti_1", new() { PaymentMethod = "pm_1" }) },
        { "POST /v1/setup_intents/seti_1/cancel cancellation_reason=abandoned", c => c.V1.SetupIntents.CancelAsync("seti_1", new() { CancellationReason = "abandoned" }) },
        { "POST /v1/setup_intents/seti_1 description=d", c => c.V1.SetupIntents.UpdateAsync("seti_1", new() { Description = "d" }) },
        { "GET /v1/setup_intents?customer=cus_1", c => c.V1.SetupIntents.ListAsync(new() { Customer = "cus_1" }) },
        { "GET /v1/balance_transactions?created[gte]=1700000000&type=charge", c => c.V1.BalanceTransactions.ListAsync(new() { Created = new DateRangeOptions { GreaterThanOrEqual = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000).UtcDateTime }, Type = "charge" }) },
        { "GET /v1/balance_transactions/txn_1?expand[0]=source", c => c.V1.BalanceTransactions.GetAsync("txn_1", new() { Expand = ["source"] }) },
        { "GET /v1/disputes?payment_intent=pi_1", c => c.V1.Disputes.ListAsync(new() { PaymentIntent = "pi_1" }) },
        { "POST /v1/disputes/dp_1 metadata[order]=7&submit=false", c => c.V1.Disputes.UpdateAsync("dp_1", new() { Metadata = Order, Submit = false }) },
        { "POST /v1/disputes/dp_1/close", c => c.V1.Disputes.CloseAsync("dp_1") },
        { "GET /v1/radar/early_fraud_warnings?charge=ch_1", c => c.V1.Radar.EarlyFraudWarnings.ListAsync(new() { Charge = "ch_1" }) },
        { "GET /v1/radar/early_fraud_warnings/issfr_1", c => new EarlyFraudWarningService(c).GetAsync("issfr_1") },
    };

    [Fact]
    public async Task Each_call_goes_where_Stripe_expects_it()
    {
        var rows = Calls.Select(row => ((string)row[0], (Func<StripeClient, Task>)row[1])).ToList();
        await using var server = new ScriptedServer([.. rows.Select(_ => Reply.Json(200, "{}"))]);
        var client = Client(server);

        foreach (var (_, call) in rows)
            await call(client);

        Assert.Equal(rows.Select(row => row.Item1), server.Calls.Select(Line));
        Assert.All(server.Calls, call => Assert.Equal(
            call.StartsWith("POST", StringComparison.Ordinal), ScriptedServer.Header(call, "Idempotency-Key") is not null));

        static string Line(string call)
        {
            var (head, body) = (call.Split(' ', 3), call[(call.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
            return $"{head[0]} {head[1].Replace("/stripe", "", StringComparison.Ordinal)} {body}".TrimEnd();
        }
    }

    [Fact]
    public async Task A_dispute_says_until_when_it_may_be_answered()
    {
        await using var server = new ScriptedServer(Reply.Json(200, """
            {"id":"dp_1","object":"dispute","amount":1999,"charge":"ch_1","payment_intent":{"id":"pi_1","object":"payment_intent"},"status":"needs_response",
             "reason":"fraudulent","evidence_details":{"due_by":1700000000,"has_evidence":false,"past_due":false,"submission_count":0},
             "balance_transactions":[{"id":"txn_1","object":"balance_transaction","amount":-1999,"fee":1500,"net":-3499}],
             "payment_method_details":{"type":"card","card":{"brand":"visa","network_reason_code":"10.4"}},"evidence":{"unknown":1}}
            """));

        var dispute = await Client(server).V1.Disputes.GetAsync("dp_1", cancellationToken: Ct);

        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000).UtcDateTime, dispute.EvidenceDetails.DueBy);
        Assert.Equal(("ch_1", "pi_1", "10.4"), (dispute.ChargeId, dispute.PaymentIntentId, dispute.PaymentMethodDetails.Card.NetworkReasonCode));
        Assert.Equal((-3499, 1500), (dispute.BalanceTransactions[0].Net, dispute.BalanceTransactions[0].Fee));
    }

    [Theory]
    [InlineData("\"ch_1\"", "ch_1", null)]
    [InlineData("{\"id\":\"ch_1\",\"object\":\"charge\",\"payment_intent\":\"pi_1\"}", "ch_1", typeof(Charge))]
    [InlineData("{\"id\":\"re_1\",\"object\":\"refund\"}", "re_1", typeof(Refund))]
    [InlineData("{\"id\":\"dp_1\",\"object\":\"dispute\"}", "dp_1", typeof(Dispute))]
    public void Money_on_the_balance_knows_what_it_came_from(string source, string id, Type? type)
    {
        var money = BalanceTransaction.FromJson($$"""{"id":"txn_1","object":"balance_transaction","amount":1999,"fee":88,"net":1911,"source":{{source}}}""");

        Assert.Equal(id, money.SourceId);
        Assert.Equal(type, money.Source?.GetType());
        Assert.Equal(money.Amount - money.Fee, money.Net);
    }

    [Fact]
    public void A_fraud_warning_in_an_event_names_its_charge()
    {
        var @event = EventUtility.ParseEvent("""
            {"id":"evt_1","object":"event","type":"radar.early_fraud_warning.created","api_version":"2026-07-29.dahlia","data":{"object":
            {"id":"issfr_1","object":"radar.early_fraud_warning","actionable":true,"charge":"ch_1","fraud_type":"made_with_stolen_card","payment_intent":"pi_1"}}}
            """);

        var warning = Assert.IsType<EarlyFraudWarning>(@event.Data.Object);
        Assert.Equal((true, "ch_1", "pi_1", "made_with_stolen_card"), (warning.Actionable, warning.ChargeId, warning.PaymentIntentId, warning.FraudType));
    }

    [Fact]
    public void An_authorisation_says_until_when_it_can_be_captured_and_how_the_buyer_proved_it()
    {
        var charge = Charge.FromJson("""
            {"id":"ch_1","object":"charge","outcome":{"rule":"block_if_high_risk","risk_score":71},"payment_method_details":{"type":"card","card":
            {"capture_before":1700000000,"checks":{"cvc_check":"pass"},"three_d_secure":{"result":"authenticated","version":"2.2.0"},"wallet":null}}}
            """);
        var card = charge.PaymentMethodDetails.Card;

        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000).UtcDateTime, card.CaptureBefore);
        Assert.Equal(("pass", "authenticated"), (card.Checks.CvcCheck, card.ThreeDSecure.Result));
        Assert.Equal("block_if_high_risk", charge.Outcome.RuleId);
    }

    [Fact]
    public async Task A_card_that_could_not_be_saved_brings_its_intent_along()
    {
        await using var server = new ScriptedServer(Reply.Json(402, """
            {"error":{"type":"card_error","code":"setup_intent_authentication_failure","message":"no","setup_intent":{"id":"seti_1","object":"setup_intent",
            "status":"requires_payment_method","last_setup_error":{"code":"setup_intent_authentication_failure"}}}}
            """));

        var failed = await Assert.ThrowsAsync<StripeException>(() => Client(server).V1.SetupIntents.ConfirmAsync("seti_1", cancellationToken: Ct));

        Assert.Equal("requires_payment_method", failed.StripeError.SetupIntent.Status);
        Assert.Equal("setup_intent_authentication_failure", failed.StripeError.SetupIntent.LastSetupError.Code);
    }

    [Fact]
    public async Task A_deleted_customer_says_so()
    {
        await using var server = new ScriptedServer(Reply.Json(200, """{"id":"cus_1","object":"customer","deleted":true}"""));

        Assert.True((await Client(server).V1.Customers.DeleteAsync("cus_1", cancellationToken: Ct)).Deleted);
    }

    [Fact]
    public async Task Everything_found_is_read_page_after_page()
    {
        await using var server = new ScriptedServer(
            Reply.Json(200, """{"object":"search_result","has_more":true,"next_page":"p2","data":[{"id":"pi_1","object":"payment_intent"}]}"""),
            Reply.Json(200, """{"object":"search_result","has_more":false,"next_page":null,"total_count":2,"data":[{"id":"pi_2","object":"payment_intent"}]}"""));
        List<string> found = [];

        await foreach (var intent in Client(server).V1.PaymentIntents.SearchAutoPagingAsync(new() { Query = "x" }, cancellationToken: Ct))
            found.Add(intent.Id);

        Assert.Equal(["pi_1", "pi_2"], found);
        Assert.Contains("page=p2", server.Calls[1], StringComparison.Ordinal);
        Assert.DoesNotContain("page=", server.Calls[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_cut_off_in_the_middle_fails_instead_of_ending_early()
    {
        await using var server = new ScriptedServer(
            Reply.Json(200, """{"object":"search_result","has_more":true,"next_page":"p2","data":[{"id":"pi_1","object":"payment_intent"}]}"""),
            Reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"object\":\"search_result\",\"data\":[{\"id\":\"pi_2\""));
        List<string> found = [];

        await Assert.ThrowsAsync<HttpRequestException>(async () =>
        {
            await foreach (var intent in Client(server).V1.PaymentIntents.SearchAutoPagingAsync(cancellationToken: Ct))
                found.Add(intent.Id);
        });

        Assert.Equal(["pi_1"], found);
    }

    [Fact]
    public async Task A_service_without_a_client_uses_the_one_of_the_process()
    {
        await using var server = new ScriptedServer(Reply.Json(200, """{"id":"cus_1","object":"customer"}"""));
        StripeConfiguration.StripeClient = Client(server);
        try
        {
            Assert.Equal("cus_1", (await new CustomerService().GetAsync("cus_1", cancellationToken: Ct)).Id);
        }
        finally
        {
            StripeConfiguration.StripeClient = null;
        }
    }

    private static StripeClient Client(ScriptedServer server) => new(
        "sk_test_1", apiBase: server.Address,
        httpClient: new SystemNetHttpClient(new HttpClient { Timeout = TimeSpan.FromSeconds(20) }, maxNetworkRetries: 0, enableTelemetry: false));
}
