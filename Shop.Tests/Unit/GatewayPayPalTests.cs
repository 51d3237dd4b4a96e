using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Shop.Data.Orders;
using Shop.Payments.Gateways;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>What each kind of PayPal's answers means: charged, proven not charged, or unknown.</summary>
public sealed class GatewayPayPalTests : IDisposable
{
    private const string Id = "5O190127TN364715T";
    private const string Key = "order:1:paypal:confirm:1";

    private static readonly Guid OrderId = Guid.Parse("01920000-0000-7000-8000-000000000001");
    private static readonly Guid RefundId = Guid.Parse("01920000-0000-7000-8000-000000000002");
    private static readonly Confirmation Approved = new(Id, "http://localhost/orders/1");
    private static readonly NewIntent Intent = new(OrderId, 1250, "EUR", ReturnUrl: "http://localhost/orders/7?from=paypal",
        CancelUrl: "http://localhost/orders/7?from=paypal-canceled", OrderNumber: 7);

    private readonly Wire _wire = new();

    public void Dispose() => _wire.Dispose();

    private static string Order(string status, string payments = "", string more = "") => $$$"""
        {"id":"{{{Id}}}","status":"{{{status}}}","purchase_units":[{"custom_id":"x","payments":{{{{payments}}}} }],
         "links":[{"href":"https://paypal.example/self","rel":"self"},{"href":"https://paypal.example/agree","rel":"payer-action"}]{{{more}}}}
        """;

    private static string Capture(string status, string more = "") =>
        $$$"""{"id":"3C679366HH908993F","status":"{{{status}}}","amount":{"currency_code":"EUR","value":"12.50"}{{{more}}}}""";

    private static string Captured(string status, string more = "") => Order("COMPLETED", $"\"captures\":[{Capture(status, more)}]");

    private static string Error(string name, string? issue = null, string more = "") => issue is null
        ? $$"""{"name":"{{name}}","message":"no","debug_id":"d1"{{more}}}"""
        : $$$"""{"name":"{{{name}}}","message":"no","debug_id":"d1","details":[{"issue":"{{{issue}}}","description":"no"}]{{{more}}}}""";

    private static string Refused(string issue) => Error("UNPROCESSABLE_ENTITY", issue);

    private static string Refund(string status, string more = "") =>
        $$$"""{"id":"1JU08902781691411","status":"{{{status}}}","amount":{"currency_code":"EUR","value":"5.00"}{{{more}}}}""";

    private PayPalGateway Gateway(bool isCapturedLater = false)
    {
        var http = new HttpClient(_wire) { BaseAddress = new Uri("https://paypal.example/base/") };
        return new(new PayPalClient(http, new PayPalToken(http, "client", "secret", TimeSpan.FromSeconds(5), TimeProvider.System)), isCapturedLater, isLive: false);
    }

    private Task<GatewayAnswer> ConfirmAsync(params (int Status, string Body)[] answers)
    {
        foreach (var (status, body) in answers)
            _wire.Then(status, body);
        return Gateway().ConfirmAsync(Key, Id, Approved, CancellationToken.None);
    }

    private Task<GatewayAnswer> ReadAsync(string order)
    {
        _wire.Then(200, order);
        return Gateway().ReadAsync(Id, CancellationToken.None);
    }

    [Fact]
    public async Task A_completed_capture_is_charged_with_its_amount()
    {
        var charged = Assert.IsType<GatewayAnswer.Charged>(await ConfirmAsync((201, Captured("COMPLETED"))));

        Assert.Equal((1250, "EUR"), (charged.AmountMinor, charged.Currency));
        Assert.Equal((Id, "3C679366HH908993F", "debug1", 201), (charged.Facts.GatewayId, charged.Facts.ChargeId, charged.Facts.RequestId, charged.Facts.HttpStatus));
        Assert.False(charged.IsFault);
    }

    [Theory]
    [InlineData("COMPLETED", "charged")]
    [InlineData("PARTIALLY_REFUNDED", "charged")] // taken it was
    [InlineData("REFUNDED", "charged")]
    [InlineData("PENDING", "unknown")]
    [InlineData("OF_TOMORROW", "unknown")]
    [InlineData("", "unknown")]
    [InlineData("DECLINED", "not_charged")]
    [InlineData("FAILED", "not_charged")]
    public async Task The_capture_decides_and_never_the_orders_own_status(string capture, string expected)
    {
        var answer = await ConfirmAsync((201, Captured(capture)));

        Assert.Equal((expected, capture is ""), (answer.Class, answer.IsFault));
        if (capture is "PENDING")
            Assert.Equal(Reasons.PaymentProcessing, ((GatewayAnswer.Unknown)answer).Reason);
    }

    [Theory]
    [InlineData("CREATED", "action_needed")]
    [InlineData("PAYER_ACTION_REQUIRED", "action_needed")]
    [InlineData("APPROVED", "approved")]
    [InlineData("VOIDED", "not_charged")]
    [InlineData("COMPLETED", "unknown")] // and where is the money?
    [InlineData("OF_TOMORROW", "unknown")]
    public async Task An_order_without_a_capture_reads_as_it_stands(string status, string expected)
    {
        var answer = await ReadAsync(Order(status));

        Assert.Equal((expected, false), (answer.Class, answer.IsFault));
        if (answer is GatewayAnswer.ActionNeeded action)
            Assert.Equal("https://paypal.example/agree", action.Url);
        if (answer is GatewayAnswer.NotCharged no)
            Assert.Equal(Refusal.Canceled, no.By);
    }

    [Fact]
    public async Task A_declined_capture_is_history_once_the_shopper_has_agreed_again() =>
        Assert.IsType<GatewayAnswer.Approved>(await ReadAsync(Order("APPROVED", $"\"captures\":[{Capture("DECLINED")}]")));

    [Fact]
    public async Task Of_two_captures_the_one_that_took_money_counts() => Assert.Equal(1250,
        Assert.IsType<GatewayAnswer.Charged>(await ReadAsync(Order("COMPLETED", $"\"captures\":[{Capture("DECLINED")},{Capture("COMPLETED")}]"))).AmountMinor);

    [Fact]
    public async Task The_create_takes_nothing_says_where_the_shopper_agrees_and_names_our_order()
    {
        _wire.Then(201, Order("PAYER_ACTION_REQUIRED"));
        var created = Assert.IsType<GatewayAnswer.Created>(await Gateway().CreateAsync("order:1:paypal:create", Intent, CancellationToken.None));

        Assert.Equal((Id, "https://paypal.example/agree"), (created.Id, created.ApprovalUrl));
        Assert.DoesNotContain("agree", $"{created}", StringComparison.Ordinal);
        var sent = _wire.Calls.Single();
        Assert.Equal(("POST", "/base/v2/checkout/orders", "order:1:paypal:create", "return=representation"), (sent.Method, sent.Path, sent.Key, sent.Prefer));
        Assert.Equal($$$$$"""
            {"intent":"CAPTURE","purchase_units":[{"custom_id":"{{{{{OrderId}}}}}","invoice_id":"7-{{{{{OrderId:N}}}}}","description":"Order 7","amount":{"currency_code":"EUR","value":"12.50"}}],"payment_source":{"paypal":{"experience_context":{"return_url":"http://localhost/orders/7?from=paypal","cancel_url":"http://localhost/orders/7?from=paypal-canceled","user_action":"PAY_NOW","shipping_preference":"NO_SHIPPING","payment_method_preference":"IMMEDIATE_PAYMENT_REQUIRED"}}}}
            """, sent.Body);
    }

    [Fact]
    public async Task A_shopper_who_wants_it_kept_asks_for_that_in_the_create_and_learns_the_token_from_the_capture()
    {
        _wire.Then(201, Order("PAYER_ACTION_REQUIRED"));
        await Gateway().CreateAsync("order:1:paypal:create", Intent with { SavesMethod = true }, CancellationToken.None);
        Assert.Equal("""{"store_in_vault":"ON_SUCCESS","usage_type":"MERCHANT"}""",
            JsonNode.Parse(_wire.Calls.Single().Body)!["payment_source"]!["paypal"]!["attributes"]!["vault"]!.ToJsonString());

        var charged = await ConfirmAsync((201, Order("COMPLETED", $"\"captures\":[{Capture("COMPLETED")}]",
            ""","payment_source":{"paypal":{"email_address":"a@b.example","attributes":{"vault":{"id":"8kk8451t","status":"VAULTED","customer":{"id":"cust1"}}}}}""")));

        Assert.Equal(new SavedMethodFacts("8kk8451t", "PayPal", "cust1"), charged.Facts.Saved);
        Assert.DoesNotContain("8kk8451t", $"{charged}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_saved_one_is_named_in_the_confirm_alone_or_the_create_would_take_the_money()
    {
        _wire.Then(201, Order("CREATED"));
        await Gateway().CreateAsync("order:1:paypal:create", Intent with { HasSavedMethod = true }, CancellationToken.None);
        _wire.Then(201, Captured("COMPLETED"));
        await Gateway().ConfirmAsync(Key, Id, Approved with { PaymentToken = "8kk8451t" }, CancellationToken.None);

        Assert.Null(JsonNode.Parse(_wire.Calls.First().Body)!["payment_source"]);
        Assert.Equal("http://localhost/orders/7?from=paypal", (string?)JsonNode.Parse(_wire.Calls.First().Body)!["application_context"]!["return_url"]);
        Assert.Equal("""{"payment_source":{"paypal":{"vault_id":"8kk8451t"}}}""", _wire.Calls.Last().Body);
    }

    [Fact]
    public async Task What_was_approved_is_confirmed_under_our_key_and_once()
    {
        await ConfirmAsync((500, Error("INTERNAL_SERVER_ERROR")));

        var sent = Assert.Single(_wire.Calls);
        Assert.Equal(("POST", $"/base/v2/checkout/orders/{Id}/capture", Key, "{}"), (sent.Method, sent.Path, sent.Key, sent.Body));
        Assert.Equal("Bearer token1", sent.Authorization);
    }

    [Fact]
    public async Task An_amount_that_PayPal_cannot_take_is_not_even_asked_for()
    {
        var no = Assert.IsType<GatewayAnswer.NotCharged>(
            await Gateway().CreateAsync("order:1:paypal:create", Intent with { AmountMinor = 1250, Currency = "HUF" }, CancellationToken.None));

        Assert.Equal((Refusal.OurRequest, 0), (no.By, _wire.Calls.Count));
    }

    [Theory]
    [InlineData(422, "INSTRUMENT_DECLINED", Refusal.Card, Reasons.PayPalFundingDeclined)]
    [InlineData(422, "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING", Refusal.Card, Reasons.PayPalFundingDeclined)]
    [InlineData(422, "PAYER_CANNOT_PAY", Refusal.Card, Reasons.PayPalDeclined)]
    [InlineData(422, "TRANSACTION_REFUSED", Refusal.Card, Reasons.PayPalRefusedForGood)]
    [InlineData(422, "COMPLIANCE_VIOLATION", Refusal.Card, Reasons.PayPalRefusedForGood)]
    [InlineData(422, "TOKEN_ID_NOT_FOUND", Refusal.Card, Reasons.SavedPayPalUnusable)]
    [InlineData(422, "PAYEE_ACCOUNT_RESTRICTED", Refusal.OurKey, Reasons.GatewayRefusedOurKey)]
    [InlineData(403, "PERMISSION_DENIED", Refusal.OurKey, Reasons.GatewayRefusedOurKey)]
    [InlineData(403, "OF_TOMORROW", Refusal.OurKey, Reasons.GatewayRefusedOurKey)]
    [InlineData(422, "AMOUNT_MISMATCH", Refusal.OurRequest, Reasons.GatewayRefusedRequest)]
    [InlineData(400, "MALFORMED_REQUEST_JSON", Refusal.OurRequest, Reasons.GatewayRefusedRequest)]
    [InlineData(400, "OF_TOMORROW", Refusal.OurRequest, Reasons.GatewayRefusedRequest)]
    [InlineData(404, "INVALID_RESOURCE_ID", Refusal.OurRequest, Reasons.GatewayRefusedRequest)]
    public async Task A_refusal_in_PayPals_own_words_is_a_definitive_no(int status, string issue, object by, string reason)
    {
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync((status, Error(status is 422 ? "UNPROCESSABLE_ENTITY" : "INVALID_REQUEST", issue))));

        Assert.Equal(((Refusal)by, reason, issue), (no.By, no.Reason, no.Facts.Code));
        Assert.Equal((Refusal)by is Refusal.OurKey, no.IsFault);
    }

    [Theory]
    [InlineData(500, """{"name":"INTERNAL_SERVER_ERROR"}""", true, Reasons.OutcomeUnknown)]
    [InlineData(500, """{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"INSTRUMENT_DECLINED"}]}""", true, Reasons.OutcomeUnknown)] // a server that failed refused nothing
    [InlineData(503, "<html>Unavailable</html>", true, Reasons.OutcomeUnknown)]
    [InlineData(502, "", true, Reasons.OutcomeUnknown)]
    [InlineData(504, "null", true, Reasons.OutcomeUnknown)]
    [InlineData(429, """{"name":"RATE_LIMIT_REACHED"}""", true, Reasons.GatewayRateLimited)]
    [InlineData(429, "<html>Slow down</html>", true, Reasons.GatewayRateLimited)]
    [InlineData(409, """{"name":"RESOURCE_CONFLICT","details":[{"issue":"PREVIOUS_REQUEST_IN_PROGRESS"}]}""", false, Reasons.OutcomeUnknown)]
    [InlineData(409, "", false, Reasons.OutcomeUnknown)]
    [InlineData(422, """{"name":"UNPROCESSABLE_ENTITY","details":[{"issue":"ORDER_COMPLETION_IN_PROGRESS"}]}""", false, Reasons.OutcomeUnknown)]
    [InlineData(400, "<html>Bad Request</html>", true, Reasons.OutcomeUnknown)] // a proxy's: no word of PayPal's
    [InlineData(403, "<html>Forbidden</html>", true, Reasons.OutcomeUnknown)]
    [InlineData(404, "", true, Reasons.OutcomeUnknown)]
    [InlineData(422, "null", true, Reasons.OutcomeUnknown)]
    [InlineData(422, "[]", true, Reasons.OutcomeUnknown)]
    [InlineData(422, "{}", true, Reasons.OutcomeUnknown)]
    [InlineData(422, """{"name":null,"details":null}""", true, Reasons.OutcomeUnknown)]
    [InlineData(422, """{"name":7}""", true, Reasons.OutcomeUnknown)]
    [InlineData(307, "", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "", true, Reasons.OutcomeUnknown)]
    [InlineData(204, "", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "<html>Please sign in to the network</html>", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "null", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "[]", true, Reasons.OutcomeUnknown)]
    [InlineData(200, "{}", true, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"1","status":"COMPL""", true, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"1"}""", true, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":7,"status":[]}""", true, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"1","status":"COMPLETED","purchase_units":null}""", false, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"1","status":"COMPLETED","purchase_units":[null,{"payments":null},{"payments":{"captures":null}},{"payments":{"captures":[null]}}]}""", false, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"1","status":"COMPLETED","purchase_units":[{"payments":{"captures":[{"status":"COMPLETED"}]}}]}""", true, Reasons.OutcomeUnknown)] // and how much?
    [InlineData(200, """{"id":"1","status":"COMPLETED","purchase_units":[{"payments":{"captures":[{"status":"COMPLETED","amount":{"currency_code":"EUR","value":"12,50"}}]}}]}""", true, Reasons.OutcomeUnknown)]
    [InlineData(200, """{"id":"1","status":"COMPLETED","purchase_units":[{"payments":{"captures":[{"status":"COMPLETED","amount":{"currency_code":"XXX","value":"12.50"}}]}}]}""", true, Reasons.OutcomeUnknown)]
    public async Task An_answer_that_proves_nothing_is_unknown(int status, string body, bool isFault, string reason)
    {
        var unknown = Assert.IsType<GatewayAnswer.Unknown>(await ConfirmAsync((status, body)));

        Assert.Equal((isFault, reason), (unknown.IsFault, unknown.Reason));
    }

    [Theory]
    [InlineData("ORDER_ALREADY_CAPTURED")]
    [InlineData("DUPLICATE_INVOICE_ID")]
    [InlineData("ORDER_COMPLETED_OR_VOIDED")]
    [InlineData("ORDER_EXPIRED")]
    [InlineData("ORDER_NOT_APPROVED")]
    [InlineData("PAYER_ACTION_REQUIRED")]
    [InlineData("OF_TOMORROW")]
    public async Task Whatever_a_refusal_says_an_order_that_reads_paid_is_paid(string issue)
    {
        var charged = Assert.IsType<GatewayAnswer.Charged>(await ConfirmAsync((422, Refused(issue)), (200, Captured("COMPLETED"))));

        Assert.Equal((1250, issue, 422, "3C679366HH908993F"), (charged.AmountMinor, charged.Facts.Code, charged.Facts.HttpStatus, charged.Facts.ChargeId));
        Assert.Equal(("GET", $"/base/v2/checkout/orders/{Id}"), (_wire.Calls.Last().Method, _wire.Calls.Last().Path));
    }

    [Theory]
    [InlineData("ORDER_ALREADY_CAPTURED", "APPROVED", "unknown", null)] // said to be paid, and does not read so yet
    [InlineData("DUPLICATE_INVOICE_ID", "APPROVED", "unknown", null)]
    [InlineData("ORDER_EXPIRED", "APPROVED", "not_charged", Refusal.Canceled)]
    [InlineData("ORDER_COMPLETED_OR_VOIDED", "VOIDED", "not_charged", Refusal.Canceled)]
    [InlineData("ORDER_NOT_APPROVED", "PAYER_ACTION_REQUIRED", "action_needed", null)]
    [InlineData("ORDER_NOT_APPROVED", "APPROVED", "unknown", null)] // by now it is
    [InlineData("PAYER_ACTION_REQUIRED", "APPROVED", "action_needed", null)]
    [InlineData("OF_TOMORROW", "APPROVED", "not_charged", Refusal.Card)]
    public async Task A_refusal_that_the_order_must_explain_is_answered_by_the_order(string issue, string order, string expected, object? by)
    {
        var answer = await ConfirmAsync((422, Refused(issue)), (200, Order(order)));

        Assert.Equal((expected, (Refusal?)by, false), (answer.Class, (answer as GatewayAnswer.NotCharged)?.By, answer.IsFault));
        Assert.Equal(issue, answer.Facts.Code);
        if (answer is GatewayAnswer.ActionNeeded action)
            Assert.Equal("https://paypal.example/agree", action.Url);
    }

    [Theory]
    [InlineData("ORDER_ALREADY_CAPTURED", 500)]
    [InlineData("OF_TOMORROW", 500)]
    [InlineData("ORDER_EXPIRED", 404)]
    [InlineData("PAYER_ACTION_REQUIRED", 429)]
    public async Task An_order_that_cannot_be_asked_leaves_it_unknown(string issue, int status)
    {
        Assert.IsType<GatewayAnswer.Unknown>(await ConfirmAsync((422, Refused(issue)), (status, Error("SOMETHING"))));

        _wire.Then(422, Refused(issue));
        _wire.Then(() => throw new HttpRequestException(HttpRequestError.ConnectionError)); // of the question, not of the confirm
        Assert.IsType<GatewayAnswer.Unknown>(await ConfirmAsync());
    }

    [Theory]
    [InlineData(HttpRequestError.ConnectionError)]
    [InlineData(HttpRequestError.NameResolutionError)]
    [InlineData(HttpRequestError.SecureConnectionError)]
    public async Task What_could_not_connect_has_sent_nothing(HttpRequestError error)
    {
        _wire.Then(() => throw new HttpRequestException(error));
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync());

        Assert.Equal((Refusal.NotSent, true), (no.By, no.IsFault));
    }

    [Theory]
    [InlineData(typeof(HttpRequestException))]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(TaskCanceledException))]
    [InlineData(typeof(InvalidOperationException))]
    public async Task Whatever_is_thrown_once_it_was_sent_is_unknown(Type thrown)
    {
        _wire.Then(() => throw (Exception)Activator.CreateInstance(thrown)!);
        var unknown = Assert.IsType<GatewayAnswer.Unknown>(await ConfirmAsync());

        Assert.Equal((true, thrown.Name), (unknown.IsFault, unknown.Facts.Code));
    }

    [Fact]
    public async Task A_used_up_token_is_replaced_once_and_the_call_sent_again_with_the_same_key()
    {
        Assert.IsType<GatewayAnswer.Charged>(await ConfirmAsync((401, """{"error":"invalid_token"}"""), (201, Captured("COMPLETED"))));

        Assert.Equal(["Bearer token1", "Bearer token2"], _wire.Calls.Select(c => c.Authorization));
        Assert.Equal([Key, Key], _wire.Calls.Select(c => c.Key));
        Assert.Equal(2, _wire.TokenCalls);
    }

    [Fact]
    public async Task A_new_token_that_is_refused_too_is_our_accounts_affair()
    {
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync((401, Error("AUTHENTICATION_FAILURE")), (401, Error("AUTHENTICATION_FAILURE"))));

        Assert.Equal((Refusal.OurKey, Reasons.GatewayRefusedOurKey, 2), (no.By, no.Reason, _wire.Calls.Count));
    }

    [Theory]
    [InlineData(401, """{"error":"invalid_client"}""", Refusal.OurKey)]
    [InlineData(403, "", Refusal.OurKey)]
    [InlineData(429, "", Refusal.NotSent)]
    [InlineData(500, "", Refusal.NotSent)]
    [InlineData(503, "<html>", Refusal.NotSent)]
    [InlineData(200, "", Refusal.NotSent)]
    [InlineData(200, "<html>", Refusal.NotSent)]
    [InlineData(200, "null", Refusal.NotSent)]
    [InlineData(200, "{}", Refusal.NotSent)]
    [InlineData(200, """{"access_token":"t"}""", Refusal.NotSent)]
    [InlineData(200, """{"access_token":"t","expires_in":"soon"}""", Refusal.NotSent)]
    [InlineData(200, """{"access_token":7,"expires_in":9}""", Refusal.NotSent)]
    public async Task Without_a_token_nothing_was_sent(int status, string body, object by)
    {
        _wire.Token = () => Wire.Answer(status, body);
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync());

        Assert.Equal(((Refusal)by, true, 0), (no.By, no.IsFault, _wire.Calls.Count));
    }

    [Theory]
    [InlineData(typeof(HttpRequestException))]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(TaskCanceledException))]
    public async Task A_token_that_never_came_is_no_confirm_that_was_sent(Type thrown)
    {
        _wire.Token = () => throw (Exception)Activator.CreateInstance(thrown)!;

        Assert.Equal(Refusal.NotSent, Assert.IsType<GatewayAnswer.NotCharged>(await ConfirmAsync()).By);
    }

    [Fact]
    public async Task Time_that_runs_out_while_a_token_is_asked_for_runs_out_before_anything_was_sent()
    {
        using var budget = new CancellationTokenSource();
        _wire.Token = () =>
        {
            budget.Cancel();
            return Wire.Answer(200, """{"access_token":"late","expires_in":900}""");
        };

        // The caller leaves, or the token comes just in time and the call is cut short: either way it is no "not charged" that lies.
        var answer = await Gateway().ConfirmAsync(Key, Id, Approved, budget.Token);

        Assert.True(answer is GatewayAnswer.NotCharged { By: Refusal.NotSent } ? _wire.Calls.IsEmpty : answer is GatewayAnswer.Unknown, answer.Class);
    }

    [Fact]
    public async Task No_secret_is_in_what_prints()
    {
        _wire.Token = () => Wire.Answer(401, """{"error":"invalid_client"}""");
        var answer = await ConfirmAsync();

        Assert.DoesNotContain("secret", $"{answer} {answer.Facts}", StringComparison.Ordinal);
        Assert.DoesNotContain("token1", $"{new PayPalBearer("token1")} {new PayPalTokenReply("token1", 1)}", StringComparison.Ordinal);
    }

    // Money that is set aside first.

    private static string Authorized(string status, string captures = "") =>
        Order("COMPLETED", $$$"""
            "authorizations":[{"id":"0AW2184448108334S","status":"{{{status}}}","amount":{"currency_code":"EUR","value":"12.50"}}]{{{captures}}}
            """);

    [Theory]
    [InlineData("CREATED", "authorized")]
    [InlineData("PENDING", "unknown")]
    [InlineData("DENIED", "not_charged")]
    [InlineData("VOIDED", "not_charged")]
    [InlineData("CAPTURED", "unknown")] // and where is the capture?
    public async Task What_is_set_aside_is_not_taken_yet(string status, string expected)
    {
        _wire.Then(201, Authorized(status));
        var answer = await Gateway(isCapturedLater: true).ConfirmAsync(Key, Id, Approved, CancellationToken.None);

        Assert.Equal((expected, $"/base/v2/checkout/orders/{Id}/authorize"), (answer.Class, _wire.Calls.Single().Path));
    }

    [Theory]
    [InlineData(true, "authorize", "capture")]
    [InlineData(false, "capture", "authorize")]
    public async Task An_order_from_before_the_setting_was_changed_is_met_with_the_other_call(bool isCapturedLater, string first, string second)
    {
        _wire.Then(422, Refused("ACTION_DOES_NOT_MATCH_INTENT"));
        _wire.Then(201, Captured("COMPLETED"));
        Assert.IsType<GatewayAnswer.Charged>(await Gateway(isCapturedLater).ConfirmAsync(Key, Id, Approved, CancellationToken.None));

        Assert.Equal([first, second], _wire.Calls.Select(c => c.Path.Split('/')[^1]));
        Assert.Equal([Key, $"{Key}:{second}"], _wire.Calls.Select(c => c.Key));
    }

    [Fact]
    public async Task What_was_set_aside_is_taken_whole()
    {
        _wire.Then(200, Authorized("CREATED"));
        _wire.Then(201, Capture("COMPLETED"));
        var charged = Assert.IsType<GatewayAnswer.Charged>(await Gateway().CaptureAsync("order:1:paypal:capture", Id, CancellationToken.None));

        Assert.Equal((1250, Id, "3C679366HH908993F"), (charged.AmountMinor, charged.Facts.GatewayId, charged.Facts.ChargeId));
        Assert.Equal(("/base/v2/payments/authorizations/0AW2184448108334S/capture", "order:1:paypal:capture", """{"final_capture":true}"""),
            (_wire.Calls.Last().Path, _wire.Calls.Last().Key, _wire.Calls.Last().Body));
    }

    [Fact]
    public async Task A_capture_that_is_done_already_reads_from_the_order()
    {
        _wire.Then(200, Authorized("CREATED"));
        _wire.Then(422, Refused("AUTHORIZATION_ALREADY_CAPTURED"));
        _wire.Then(200, Authorized("CAPTURED", $",\"captures\":[{Capture("COMPLETED")}]"));

        Assert.IsType<GatewayAnswer.Charged>(await Gateway().CaptureAsync("order:1:paypal:capture", Id, CancellationToken.None));
    }

    [Theory]
    [InlineData(204, "")]
    [InlineData(200, """{"id":"0AW2184448108334S","status":"VOIDED"}""")]
    public async Task What_is_set_aside_can_be_given_up(int status, string body)
    {
        _wire.Then(200, Authorized("CREATED"));
        _wire.Then(status, body);
        var no = Assert.IsType<GatewayAnswer.NotCharged>(await Gateway().CancelAsync("order:1:paypal:cancel", Id, CancellationToken.None));

        Assert.Equal((Refusal.Canceled, "/base/v2/payments/authorizations/0AW2184448108334S/void"), (no.By, _wire.Calls.Last().Path));
    }

    [Theory]
    [InlineData("APPROVED", "approved")]
    [InlineData("PAYER_ACTION_REQUIRED", "action_needed")]
    [InlineData("VOIDED", "not_charged")]
    public async Task An_order_that_nobody_confirmed_cannot_be_canceled_and_only_reads_as_it_stands(string status, string expected)
    {
        _wire.Then(200, Order(status));

        Assert.Equal(expected, (await Gateway().CancelAsync("order:1:paypal:cancel", Id, CancellationToken.None)).Class);
        Assert.Equal("GET", Assert.Single(_wire.Calls).Method);
    }

    [Fact]
    public async Task A_cancel_that_comes_after_the_money_says_so()
    {
        _wire.Then(200, Captured("COMPLETED"));
        Assert.IsType<GatewayAnswer.Charged>(await Gateway().CancelAsync("order:1:paypal:cancel", Id, CancellationToken.None));

        _wire.Then(200, Authorized("CREATED"));
        _wire.Then(422, Refused("PREVIOUSLY_CAPTURED"));
        _wire.Then(200, Authorized("CAPTURED", $",\"captures\":[{Capture("COMPLETED")}]"));
        Assert.IsType<GatewayAnswer.Charged>(await Gateway().CancelAsync("order:1:paypal:cancel", Id, CancellationToken.None));
    }

    // Money that goes back.

    private const string RefundKey = "order:01920000-0000-7000-8000-000000000001:paypal:refund:01920000-0000-7000-8000-000000000002";

    private Task<GatewayAnswer> RefundAsync(params (int Status, string Body)[] answers)
    {
        foreach (var (status, body) in answers)
            _wire.Then(status, body);
        return Gateway().RefundAsync(RefundKey, new(RefundId, Id, 500), CancellationToken.None);
    }

    [Fact]
    public async Task A_refund_goes_back_on_the_capture_and_carries_our_id()
    {
        var refunded = Assert.IsType<GatewayAnswer.Refunded>(await RefundAsync((200, Captured("COMPLETED")), (201, Refund("COMPLETED"))));

        Assert.Equal(("1JU08902781691411", 500, "1JU08902781691411"), (refunded.Id, refunded.AmountMinor, refunded.Facts.GatewayId));
        var sent = _wire.Calls.Last();
        Assert.Equal(("/base/v2/payments/captures/3C679366HH908993F/refund", RefundKey), (sent.Path, sent.Key));
        Assert.Equal($$$"""{"amount":{"currency_code":"EUR","value":"5.00"},"custom_id":"{{{RefundId}}}","invoice_id":"{{{RefundKey}}}"}""", sent.Body);
    }

    [Theory]
    [InlineData("PENDING", "refund_pending")]
    [InlineData("FAILED", "refund_failed")]
    [InlineData("CANCELLED", "refund_failed")]
    [InlineData("OF_TOMORROW", "unknown")]
    public async Task A_refund_is_read_as_it_stands(string status, string expected)
    {
        _wire.Then(200, Refund(status));

        Assert.Equal(expected, (await Gateway().ReadRefundAsync("1JU08902781691411", CancellationToken.None)).Class);
        Assert.Equal("/base/v2/payments/refunds/1JU08902781691411", _wire.Calls.Single().Path);
    }

    [Theory]
    [InlineData("CAPTURE_FULLY_REFUNDED")]
    [InlineData("REFUND_TIME_LIMIT_EXCEEDED")]
    [InlineData("REFUND_FAILED_INSUFFICIENT_FUNDS")]
    [InlineData("TRANSACTION_DISPUTED")]
    [InlineData("PAYEE_ACCOUNT_RESTRICTED")]
    [InlineData("PAYER_ACCOUNT_LOCKED_OR_CLOSED")]
    public async Task A_refund_that_PayPal_refuses_has_failed_and_the_money_is_still_here(string issue)
    {
        var failed = Assert.IsType<GatewayAnswer.RefundFailed>(await RefundAsync((200, Captured("COMPLETED")), (422, Refused(issue))));

        Assert.Equal((null, issue), (failed.Id, failed.Why));
    }

    [Theory]
    [InlineData("DUPLICATE_INVOICE_ID", true, "refunded")]
    [InlineData("DUPLICATE_INVOICE_ID", false, "refund_failed")]
    [InlineData("OF_TOMORROW", true, "refunded")]
    [InlineData("OF_TOMORROW", false, "refund_failed")]
    [InlineData("PENDING_CAPTURE", false, "unknown")]
    public async Task A_refund_that_may_be_there_already_is_looked_for(string issue, bool isThere, string expected) => Assert.Equal(expected, (await RefundAsync(
        (200, Captured("COMPLETED")), (422, Refused(issue)),
        (200, Order("COMPLETED", isThere ? $"\"refunds\":[{Refund("COMPLETED", $",\"custom_id\":\"{RefundId}\"")}]" : "")))).Class);

    [Fact]
    public async Task What_was_not_captured_cannot_go_back()
    {
        Assert.IsType<GatewayAnswer.RefundFailed>(await RefundAsync((200, Order("APPROVED"))));
        Assert.IsType<GatewayAnswer.Unknown>(await RefundAsync((200, Captured("PENDING"))));
        Assert.IsType<GatewayAnswer.Unknown>(await RefundAsync((503, "")));
        Assert.Equal(3, _wire.Calls.Count);
    }

    [Theory]
    [InlineData("""[{"id":"R2","status":"FAILED","create_time":"2026-11-20T10:00:00Z","custom_id":"$"},{"id":"R1","status":"COMPLETED","amount":{"currency_code":"EUR","value":"5.00"},"custom_id":"$"}]""", "refunded", "R1")]
    [InlineData("""[{"id":"R1","status":"FAILED","create_time":"2026-11-20T09:00:00Z","custom_id":"$"},{"id":"R2","status":"FAILED","create_time":"2026-11-20T10:00:00Z","custom_id":"$"}]""", "refund_failed", "R2")]
    [InlineData("""[{"id":"R1","status":"PENDING","invoice_id":"order:9:paypal:refund:$"}]""", "refund_pending", "R1")]
    [InlineData("""[{"id":"R1","status":"PENDING","invoice_id":"order:9:paypal:refund:$:2"}]""", "refund_pending", "R1")]
    [InlineData("""[null,{"id":"R1","status":"COMPLETED","custom_id":"another"},{"id":"R2","status":"COMPLETED"}]""", "no_refund", null)]
    [InlineData("null", "no_refund", null)]
    public async Task A_refund_is_found_by_our_own_id(string refunds, string expected, string? id)
    {
        _wire.Then(200, Order("COMPLETED", $"\"refunds\":{refunds.Replace("$", $"{RefundId}", StringComparison.Ordinal)}"));
        var found = await Gateway().FindRefundAsync(Id, RefundId, CancellationToken.None);

        Assert.Equal((expected, id, "debug1"), (found.Class, found.Facts.GatewayId, found.Facts.RequestId));
    }

    [Fact]
    public async Task A_key_that_PayPal_would_cut_short_is_a_bug_and_is_seen() => await Assert.ThrowsAsync<ArgumentException>(
        () => Gateway().CreateAsync(new string('k', 109), Intent, CancellationToken.None));

    /// <summary>PayPal's side of the wire: tokens at once, everything else as the test wrote it down.</summary>
    internal sealed class Wire : HttpMessageHandler
    {
        private readonly ConcurrentQueue<Func<HttpResponseMessage>> _answers = new();
        private int _tokens;

        public sealed record Call(string Method, string Path, string? Key, string? Prefer, string? Authorization, string Body);

        public ConcurrentQueue<Call> Calls { get; } = new();
        public int TokenCalls => _tokens;
        public Func<HttpResponseMessage>? Token { get; set; }

        public void Then(int status, string body) => Then(() => Answer(status, body));

        public void Then(Func<HttpResponseMessage> answer) => _answers.Enqueue(answer);

        public static HttpResponseMessage Answer(int status, string body) => new((HttpStatusCode)status)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"), Headers = { { "Paypal-Debug-Id", "debug1" } },
        };

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath.EndsWith("/v1/oauth2/token", StringComparison.Ordinal))
            {
                var number = Interlocked.Increment(ref _tokens);
                Assert.Equal("grant_type=client_credentials", await request.Content!.ReadAsStringAsync(cancellationToken));
                Assert.Equal(Convert.ToBase64String("client:secret"u8), request.Headers.Authorization!.Parameter);
                return Token?.Invoke() ?? Answer(200, $$"""{"access_token":"token{{number}}","token_type":"Bearer","expires_in":32400}""");
            }

            cancellationToken.ThrowIfCancellationRequested();
            Calls.Enqueue(new(request.Method.Method, request.RequestUri.AbsolutePath, Header("PayPal-Request-Id"), Header("Prefer"),
                request.Headers.Authorization?.ToString(), request.Content is { } content ? await content.ReadAsStringAsync(cancellationToken) : ""));
            return _answers.TryDequeue(out var answer) ? answer() : throw new InvalidOperationException($"Nobody expected {request.RequestUri}.");

            string? Header(string name) => request.Headers.TryGetValues(name, out var values) ? values.Single() : null;
        }
    }
}
