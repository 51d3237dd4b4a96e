using System.Net;
using System.Text;
using Shop.Data.Orders;
using Shop.Payments.Gateways;
using Stripe;

namespace Shop.Tests.Unit;

/// <summary>What each kind of answer means: charged, proven not charged, or unknown.</summary>
public sealed class GatewayStripeTests
{
    private static readonly Confirmation Card = new("pm_card_visa", "http://localhost/orders/1");

    private static string Intent(string status, string more = "") =>
        $$"""{"id":"pi_1","object":"payment_intent","amount":1250,"amount_received":1250,"currency":"eur","status":"{{status}}"{{more}}}""";

    private static string Error(string type, string more = "") => $$$"""{"error":{"type":"{{{type}}}","message":"no"{{{more}}}}}""";

    private static Task<GatewayAnswer> ConfirmAsync(int status, string body) => ConfirmAsync(_ => Answer(status, body));

    private static Task<GatewayAnswer> ConfirmAsync(Func<HttpRequestMessage, HttpResponseMessage> answer) =>
        Gateway(answer).ConfirmAsync("order:1:confirm:1", "pi_1", Card, CancellationToken.None);

    private static HttpResponseMessage Answer(int status, string body) =>
        new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, "application/json"), Headers = { { "Request-Id", "req_1" } } };

    private static StripeGateway Gateway(Func<HttpRequestMessage, HttpResponseMessage> answer) => new(new StripeClient(
        apiKey: "sk_test_1", httpClient: new SystemNetHttpClient(new HttpClient(new Wire(answer)), maxNetworkRetries: 0, enableTelemetry: false)));

    [Fact]
    public async Task Succeeded_is_charged_with_the_amount_received()
    {
        var charged = Assert.IsType<GatewayAnswer.Charged>(await ConfirmAsync(200, Intent("succeeded")));

        Assert.Equal((1250, "EUR", "req_1", 200), (charged.AmountMinor, charged.Currency, charged.Facts.RequestId, charged.Facts.HttpStatus));
        Assert.False(charged.IsFault);
    }

    [Fact]
    public async Task A_bank_that_asks_gives_the_shoppers_address_and_prints_it_nowhere()
    {
        var asked = Assert.IsType<GatewayAnswer.ActionNeeded>(await ConfirmAsync(200,
            Intent("requires_action", ""","next_action":{"type":"redirect_to_url","redirect_to_url":{"url":"https://bank.example/secret"}}""")));

        Assert.Equal("https://bank.example/secret", asked.Url);
        Assert.DoesNotContain("secret", asked.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_card_error_is_a_definitive_no_and_no_fault_of_the_gateway()
    {
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync(402,
            Error("card_error", ""","code":"card_declined","decline_code":"insufficient_funds","advice_code":"try_again_later" """)));

        Assert.Equal((Refusal.Card, Reasons.InsufficientFunds, false), (no.By, no.Reason, no.IsFault));
        Assert.Equal(("card_declined", "insufficient_funds", "try_again_later", "req_1"),
            (no.Facts.Code, no.Facts.DeclineCode, no.Facts.AdviceCode, no.Facts.RequestId));
    }

    [Theory]
    [InlineData(401, "invalid_request_error", Refusal.OurKey, Reasons.GatewayRefusedOurKey)]
    [InlineData(403, "invalid_request_error", Refusal.OurKey, Reasons.GatewayRefusedOurKey)]
    [InlineData(400, "invalid_request_error", Refusal.OurRequest, Reasons.GatewayRefusedRequest)]
    [InlineData(404, "invalid_request_error", Refusal.OurRequest, Reasons.GatewayRefusedRequest)]
    public async Task A_request_that_was_refused_before_it_ran_charged_nothing(int status, string type, object by, string reason)
    {
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync(status, Error(type)));

        Assert.Equal(((Refusal)by, reason), (no.By, no.Reason));
    }

    [Fact]
    public async Task A_card_token_that_is_gone_asks_for_the_card_again()
    {
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync(400, Error("invalid_request_error", ""","param":"payment_method" """)));

        Assert.Equal((Refusal.Card, Reasons.PaymentMethodUnusable), (no.By, no.Reason));
    }

    [Theory]
    [InlineData(500, """{"error":{"type":"api_error"}}""", true, Reasons.OutcomeUnknown)]
    [InlineData(502, "<html>Bad Gateway</html>", true, Reasons.OutcomeUnknown)]
    [InlineData(503, "<html>Unavailable</html>", true, Reasons.OutcomeUnknown)]
    [InlineData(429, """{"error":{"type":"invalid_request_error","code":"rate_limit"}}""", true, Reasons.GatewayRateLimited)]
    [InlineData(409, """{"error":{"type":"idempotency_error","code":"idempotency_key_in_use"}}""", false, Reasons.OutcomeUnknown)]
    [InlineData(400, """{"error":{"type":"idempotency_error"}}""", false, Reasons.OutcomeUnknown)]
    [InlineData(502, "", true, Reasons.OutcomeUnknown)]
    [InlineData(502, """{"error":{"type":"api_er""", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "half an ans", true, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"pi_1","object":"payment_intent","status":"succ""", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "<html>Please sign in to the network</html>", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "null", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "[]", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "\"ok\"", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "{}", true, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"pi_1","object":"payment_intent","status":"succeeded"}""", true, Reasons.OutcomeUnknown)] // and how much?
    [InlineData(200, """{"id":"pi_1","object":"payment_intent","status":"of_tomorrow"}""", false, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"pi_1","object":"payment_intent","status":"canceled","created":99999999999999999}""", true, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":7,"object":[],"status":{}}""", true, Reasons.OutcomeUnknown)]
    [InlineData(204, "", true, Reasons.OutcomeUnknown)]
    [InlineData(307, "", true, Reasons.OutcomeUnknown)]
    [InlineData(400, "null", true, Reasons.OutcomeUnknown)]
    [InlineData(400, "[]", true, Reasons.OutcomeUnknown)]
    [InlineData(400, "{}", true, Reasons.OutcomeUnknown)]
    [InlineData(400, """{"error":null}""", true, Reasons.OutcomeUnknown)]
    [InlineData(400, """{"error":{"type":"of_tomorrow"}}""", true, Reasons.OutcomeUnknown)]
    [InlineData(402, "<html>Payment Required</html>", true, Reasons.OutcomeUnknown)]
    [InlineData(402, """{"error":{"type":"of_tomorrow"}}""", true, Reasons.OutcomeUnknown)]
    [InlineData(418, """{"error":{"type":"invalid_request_error"}}""", true, Reasons.OutcomeUnknown)]
    [InlineData(424, """{"error":{"type":"api_error"}}""", true, Reasons.OutcomeUnknown)]
    [InlineData(429, "<html>Slow down</html>", true, Reasons.GatewayRateLimited)]
    [InlineData(500, """{"error":{"type":"card_error","code":"card_declined"}}""", true, Reasons.OutcomeUnknown)] // a server that failed refused nothing
    [InlineData(504, "null", true, Reasons.OutcomeUnknown)]
    public async Task An_answer_that_proves_nothing_is_unknown(int status, string body, bool isFault, string reason)
    {
        var unknown = Assert.IsType<GatewayAnswer.Unknown>(await ConfirmAsync(status, body));

        Assert.Equal((isFault, reason), (unknown.IsFault, unknown.Reason));
    }

    [Theory]
    [InlineData("succeeded", typeof(GatewayAnswer.Charged))]
    [InlineData("canceled", typeof(GatewayAnswer.NotCharged))]
    [InlineData("requires_action", typeof(GatewayAnswer.ActionNeeded))]
    [InlineData("requires_capture", typeof(GatewayAnswer.Authorized))]
    public async Task A_wrong_state_is_answered_by_the_state_itself(string status, Type expected) =>
        Assert.IsType(expected, await ConfirmAsync(400,
            Error("invalid_request_error", $$""","code":"payment_intent_unexpected_state","payment_intent":{{Intent(status)}}""")));

    [Theory]
    [InlineData(HttpRequestError.ConnectionError)]
    [InlineData(HttpRequestError.NameResolutionError)]
    [InlineData(HttpRequestError.SecureConnectionError)]
    public async Task What_could_not_connect_has_sent_nothing(HttpRequestError error)
    {
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync(_ => throw new HttpRequestException(error)));

        Assert.Equal((Refusal.NotSent, true), (no.By, no.IsFault));
    }

    [Theory]
    [InlineData(HttpRequestError.ResponseEnded)]
    [InlineData(HttpRequestError.Unknown)]
    public async Task A_connection_lost_after_sending_is_unknown(HttpRequestError error) =>
        Assert.True(Assert.IsType<GatewayAnswer.Unknown>(await ConfirmAsync(_ => throw new HttpRequestException(error))).IsFault);

    [Theory]
    [InlineData(typeof(NullReferenceException))]
    [InlineData(typeof(InvalidCastException))]
    [InlineData(typeof(FormatException))]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(ArgumentOutOfRangeException))]
    public async Task Whatever_else_is_thrown_once_it_was_sent_is_unknown(Type thrown)
    {
        var unknown = Assert.IsType<GatewayAnswer.Unknown>(await ConfirmAsync(_ => throw (Exception)Activator.CreateInstance(thrown)!));

        Assert.Equal((true, thrown.Name), (unknown.IsFault, unknown.Facts.Code));
    }

    [Fact]
    public async Task What_the_package_refuses_to_send_is_a_bug_and_is_seen() =>
        await Assert.ThrowsAsync<ArgumentException>(() => ConfirmAsync(_ => throw new ArgumentException("The resource ID cannot be null or whitespace.")));

    [Fact]
    public async Task A_created_intent_without_an_id_was_not_created() => Assert.IsType<GatewayAnswer.Unknown>(
        await Gateway(_ => Answer(200, "{}")).CreateAsync("order:1:create", new(Guid.NewGuid(), 1250, "EUR"), CancellationToken.None));

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, "manual")]
    public async Task Money_is_set_aside_first_where_that_is_asked_for(bool isCapturedLater, string? captureMethod)
    {
        string body = "";
        await Gateway(request =>
        {
            body = request.Content!.ReadAsStringAsync().Result;
            return Answer(200, Intent("requires_payment_method"));
        }).CreateAsync("order:1:create", new(Guid.NewGuid(), 1250, "EUR", isCapturedLater), CancellationToken.None);

        var sent = System.Web.HttpUtility.ParseQueryString(body);
        Assert.Equal(captureMethod, sent["capture_method"]);
        Assert.Null(sent["payment_method_types[0]"]); // gone in the next train
        Assert.Equal("true", sent["automatic_payment_methods[enabled]"]);
    }

    [Fact]
    public async Task Money_that_is_set_aside_is_not_charged_yet()
    {
        var authorized = await ConfirmAsync(200, Intent("requires_capture"));

        Assert.Equal(("authorized", false), (Assert.IsType<GatewayAnswer.Authorized>(authorized).Class, authorized.IsFault));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_replayed_answer_says_that_it_is_one(bool isReplayed)
    {
        var answer = await ConfirmAsync(_ =>
        {
            var declined = Answer(402, Error("card_error"));
            if (isReplayed)
                declined.Headers.Add("Idempotent-Replayed", "true");
            return declined;
        });

        Assert.Equal(isReplayed, answer.Facts.IsReplayed);
    }

    [Fact]
    public async Task Of_a_card_we_keep_brand_last_digits_country_and_what_makes_it_the_same_card_and_print_none_of_it()
    {
        const string Card = """{"brand":"visa","last4":"0002","country":"DE","fingerprint":"fp_1","exp_month":12,"exp_year":2030}""";
        var declined = await ConfirmAsync(402, Error("card_error", $$"""
            ,"code":"card_declined","decline_code":"do_not_honor","network_decline_code":"05","charge":"ch_1","payment_method":{"id":"pm_1","card":{{Card}} }
            """));
        var paid = await ConfirmAsync(200, Intent("succeeded", $$$"""
            ,"latest_charge":{"id":"ch_2","object":"charge","payment_method_details":{"type":"card","card":{{{Card}}} }}
            """));

        Assert.Equal(("05", "ch_1", new CardFacts("visa", "0002", "DE", "fp_1")), (declined.Facts.NetworkCode, declined.Facts.ChargeId, declined.Facts.Card));
        Assert.Equal(("ch_2", new CardFacts("visa", "0002", "DE", "fp_1")), (paid.Facts.ChargeId, paid.Facts.Card));
        Assert.DoesNotContain("0002", $"{declined} {paid}", StringComparison.Ordinal);
        Assert.DoesNotContain("fp_1", $"{declined} {paid}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_timeout_is_unknown() =>
        Assert.True(Assert.IsType<GatewayAnswer.Unknown>(await ConfirmAsync(_ => throw new TaskCanceledException())).IsFault);

    [Fact]
    public async Task Nothing_is_sent_twice_and_the_key_goes_with_it()
    {
        List<HttpRequestMessage> sent = [];
        await ConfirmAsync(request =>
        {
            sent.Add(request);
            return Answer(500, Error("api_error"));
        });

        var only = Assert.Single(sent);
        Assert.Equal("order:1:confirm:1", only.Headers.GetValues("Idempotency-Key").Single());
        Assert.EndsWith("/v1/payment_intents/pi_1/confirm", only.RequestUri!.AbsolutePath, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_intent_that_waits_for_a_card_proves_nothing_by_itself()
    {
        var waits = Assert.IsType<GatewayAnswer.AwaitsCard>(await ConfirmAsync(200,
            Intent("requires_payment_method", ""","last_payment_error":{"type":"card_error","code":"payment_intent_authentication_failure"}""")));

        Assert.Equal(Reasons.AuthenticationFailed, waits.Reason);
    }

    [Theory]
    [InlineData("""{"id":"re_2","status":"failed","metadata":{"refund_id":"$"}},{"id":"re_1","status":"succeeded","metadata":{"refund_id":"$"}}""", "refunded", "re_1")]
    [InlineData("""{"id":"re_2","status":"failed","metadata":{"refund_id":"$"}},{"id":"re_1","status":"failed","metadata":{"refund_id":"$"}}""", "refund_failed", "re_2")]
    [InlineData("""{"id":"re_1","status":"pending","metadata":{"refund_id":"$"}}""", "refund_pending", "re_1")]
    [InlineData("""{"id":"re_1","status":"succeeded","metadata":{"refund_id":"another"}},{"id":"re_2","status":"succeeded","metadata":{}}""", "no_refund", null)]
    [InlineData("", "no_refund", null)]
    public async Task A_refund_is_found_by_our_own_id(string refunds, string expected, string? id)
    {
        var ours = Guid.NewGuid();
        var gateway = Gateway(_ => Answer(200, $$"""{"object":"list","data":[{{refunds.Replace("$", $"{ours}", StringComparison.Ordinal)}}],"has_more":false}"""));

        var found = await gateway.FindRefundAsync("pi_1", ours, CancellationToken.None);

        Assert.Equal((expected, id, "req_1"), (found.Class, found.Facts.GatewayId, found.Facts.RequestId));
    }

    [Theory]
    [InlineData("generic_decline", Reasons.CardDeclined)]
    [InlineData("do_not_honor", Reasons.CardDeclined)]
    [InlineData("insufficient_funds", Reasons.InsufficientFunds)]
    [InlineData("card_velocity_exceeded", Reasons.InsufficientFunds)]
    [InlineData("expired_card", Reasons.CardExpired)]
    [InlineData("incorrect_cvc", Reasons.CardDetailsWrong)]
    [InlineData("invalid_expiry_month", Reasons.CardDetailsWrong)]
    [InlineData("processing_error", Reasons.BankTemporarilyUnavailable)]
    [InlineData("try_again_later", Reasons.BankTemporarilyUnavailable)]
    [InlineData("authentication_required", Reasons.AuthenticationNeeded)]
    [InlineData("lost_card", Reasons.CardRefusedForGood)]
    [InlineData("fraudulent", Reasons.CardRefusedForGood)]
    [InlineData("card_not_supported", Reasons.CardNotAccepted)]
    [InlineData("a_code_of_tomorrow", Reasons.CardDeclined)]
    [InlineData(null, Reasons.CardDeclined)]
    public void Every_decline_code_has_a_reason(string? declineCode, string reason)
    {
        Assert.Equal(reason, StripeReasons.Of("card_declined", declineCode));
        Assert.True(Reasons.IsKnown(reason));
    }

    private sealed class Wire(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(answer(request));
    }
}
