using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>The simulated PayPal: tokens, orders, captures, authorizations, refunds, kept sources, lists.</summary>
public sealed class SimulatorPayPalTests : IAsyncLifetime, IDisposable
{
    private readonly SimulatorHost _simulator = SimulatorHost.Start(("Simulator:PayPal:PendingFor", "00:00:01"));
    private readonly PayPalCaller _payPal;

    public SimulatorPayPalTests() => _payPal = new PayPalCaller(_simulator);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _simulator.DisposeAsync();

    public void Dispose() => _payPal.Dispose();

    [Fact]
    public async Task A_token_is_for_the_shop_alone_and_ends()
    {
        using var stranger = await _payPal.TokenAsync(secret: "guessed");
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_client"), (stranger.StatusCode, (string?)(await stranger.Content.ReadFromJsonAsync<JsonNode>())!["error"]));
        using var other = await _payPal.TokenAsync(grant: "password");
        Assert.Equal("unsupported_grant_type", (string?)(await other.Content.ReadFromJsonAsync<JsonNode>())!["error"]);

        await _payPal.CreateAsync();
        Assert.Equal(1, (long)(await _simulator.Http.GetFromJsonAsync<JsonNode>("/settings"))!["payPalTokens"]!);
        (await _simulator.Http.DeleteAsync(new Uri("/paypal-tokens", UriKind.Relative))).EnsureSuccessStatusCode();

        var (status, body, _) = await _payPal.SendAsync(HttpMethod.Get, "v2/checkout/orders/none");
        Assert.Equal((HttpStatusCode.Unauthorized, "invalid_token"), (status, (string?)body!["error"]));
        await _payPal.SignInAsync();
        Assert.Equal((404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID"), await _payPal.RefusedAsync(HttpMethod.Get, "v2/checkout/orders/none"));
    }

    [Fact]
    public async Task A_token_lives_as_long_as_is_set()
    {
        await using var simulator = SimulatorHost.Start(("Simulator:PayPal:TokensLive", "00:00:01"));
        using var payPal = new PayPalCaller(simulator);
        using var token = await payPal.TokenAsync();
        Assert.Equal(1, (long)(await token.Content.ReadFromJsonAsync<JsonNode>())!["expires_in"]!);
        await payPal.CreateAsync();

        await SimulatorHost.UntilAsync(async () => (await payPal.SendAsync(HttpMethod.Get, "v2/checkout/orders/none")).Status, s => s == HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task An_order_is_approved_on_the_page_and_captured()
    {
        var created = await _payPal.CreateAsync(custom: "order-1", invoice: "INV-1");
        Assert.Equal("PAYER_ACTION_REQUIRED", (string?)created["status"]);
        var page = PayPalCaller.Link(created, "payer-action")!;
        Assert.StartsWith(new Uri(_simulator.Address, "/paypal/checkoutnow?token=").ToString(), page, StringComparison.Ordinal);
        var id = (string)created["id"]!;
        Assert.Equal((422, "UNPROCESSABLE_ENTITY", "ORDER_NOT_APPROVED"), await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{id}/capture"));

        var shown = await _simulator.Http.GetStringAsync(page);
        Assert.Contains("19.99 EUR", shown, StringComparison.Ordinal);
        Assert.Contains("A mug", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("name=\"remember\"", shown, StringComparison.Ordinal);
        var back = await PayPalPage.AnswerAsync(page);
        Assert.Equal($"http://localhost:5000/orders/1?from=paypal&token={id}&PayerID=SIMPAYER12345", back.ToString());
        Assert.Equal("APPROVED", (string?)(await _payPal.GetAsync($"v2/checkout/orders/{id}"))["status"]);

        var paid = await _payPal.CaptureAsync(id, "capture-1");
        var capture = PayPalCaller.CaptureOf(paid);
        Assert.Equal(("COMPLETED", "COMPLETED", "19.99", "order-1", "INV-1"),
            ((string?)paid["status"], (string?)capture["status"], (string?)capture["amount"]!["value"], (string?)capture["custom_id"], (string?)capture["invoice_id"]));
        Assert.Equal("19.12", (string?)capture["seller_receivable_breakdown"]!["net_amount"]!["value"]);
        Assert.Equal("COMPLETED", (string?)(await _payPal.GetAsync($"v2/payments/captures/{capture["id"]}"))["status"]);
        Assert.Equal((422, "UNPROCESSABLE_ENTITY", "ORDER_ALREADY_CAPTURED"), await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{id}/capture", key: "capture-2"));
        var ledger = Assert.Single((await _simulator.Http.GetFromJsonAsync<JsonArray>("/ledger?order=order-1"))!)!;
        Assert.Equal(("paypal", 1, 1999L, "eur"), ((string?)ledger["gateway"], (int)ledger["charges"]!, (long)ledger["chargedMinor"]!, (string?)ledger["currency"]));
    }

    [Fact]
    public async Task A_shopper_who_cancels_is_sent_back_and_nothing_is_approved()
    {
        var created = await _payPal.CreateAsync();

        var back = await PayPalPage.AnswerAsync(PayPalCaller.Link(created, "payer-action")!, agrees: false);

        Assert.Equal($"http://localhost:5000/orders/1?from=paypal-canceled&token={created["id"]}", back.ToString());
        Assert.Equal("PAYER_ACTION_REQUIRED", (string?)(await _payPal.GetAsync($"v2/checkout/orders/{created["id"]}"))["status"]);
    }

    [Fact]
    public async Task A_repeated_request_is_told_how_it_is_by_now_and_does_nothing_twice()
    {
        var (first, created, _) = await _payPal.SendAsync(HttpMethod.Post, "v2/checkout/orders", PayPalCaller.Order(custom: "order-2"), "create-2");
        await PayPalPage.AnswerAsync(PayPalCaller.Link(created!, "payer-action")!);
        var (again, latest, _) = await _payPal.SendAsync(HttpMethod.Post, "v2/checkout/orders", PayPalCaller.Order(value: "5.00"), "create-2");
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (first, again));
        Assert.Equal(((string?)created!["id"], "APPROVED", "19.99"), ((string?)latest!["id"], (string?)latest["status"], (string?)latest["purchase_units"]![0]!["amount"]!["value"]));

        var path = $"v2/checkout/orders/{created["id"]}/capture";
        var one = await _payPal.SendAsync(HttpMethod.Post, path, key: "capture");
        var two = await _payPal.SendAsync(HttpMethod.Post, path, key: "capture");
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK), (one.Status, two.Status));
        var capture = (string)PayPalCaller.CaptureOf(two.Body!)["id"]!;
        Assert.Equal((string?)PayPalCaller.CaptureOf(one.Body!)["id"], capture);

        var refund = $"v2/payments/captures/{capture}/refund";
        var back = await _payPal.SendAsync(HttpMethod.Post, refund, PayPalCaller.Money("5.00"), "refund");
        var backAgain = await _payPal.SendAsync(HttpMethod.Post, refund, PayPalCaller.Money("5.00"), "refund");
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.OK, (string?)back.Body!["id"]), (back.Status, backAgain.Status, (string?)backAgain.Body!["id"]));
        var ledger = Assert.Single((await _simulator.Http.GetFromJsonAsync<JsonArray>("/ledger?order=order-2"))!)!;
        Assert.Equal((1, 1999L, 500L), ((int)ledger["charges"]!, (long)ledger["chargedMinor"]!, (long)ledger["refundedMinor"]!));
    }

    [Fact]
    public async Task A_request_id_is_forgotten_after_its_time()
    {
        await using var simulator = SimulatorHost.Start(("Simulator:PayPal:OrderRequestsKept", "00:00:01"));
        using var payPal = new PayPalCaller(simulator);
        var first = (string?)(await payPal.CreateAsync(key: "k"))["id"];

        await SimulatorHost.UntilAsync(async () => (string?)(await payPal.CreateAsync(key: "k"))["id"], id => id != first);
    }

    [Fact]
    public async Task Of_two_simultaneous_requests_with_one_id_one_is_told_to_wait()
    {
        var order = await _payPal.ApprovedAsync();
        await _simulator.Http.PutAsJsonAsync("/faults", new { gateway = "paypal", latency = new { medianMs = 1500, operation = "capture" } });

        var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => _payPal.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "same")));

        var told = Assert.Single(both, b => b.Status == HttpStatusCode.Conflict);
        Assert.Equal(("RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS"), ((string?)told.Body!["name"], (string?)told.Body["details"]![0]!["issue"]));
        Assert.Single(both, b => b.Status == HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("""{"intent":"CAPTURE"}""", 400, "MISSING_REQUIRED_PARAMETER")]
    [InlineData("""{"intent":"BUY","purchase_units":[{}]}""", 400, "INVALID_PARAMETER_VALUE")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":19.99}}]}""", 400, "INVALID_PARAMETER_SYNTAX")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"1,50"}}]}""", 400, "INVALID_PARAMETER_SYNTAX")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"0"}}]}""", 422, "CANNOT_BE_ZERO_OR_NEGATIVE")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"1.005"}}]}""", 422, "DECIMAL_PRECISION")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"JPY","value":"100.50"}}]}""", 422, "DECIMALS_NOT_SUPPORTED")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"HUF","value":"100.50"}}]}""", 422, "DECIMALS_NOT_SUPPORTED")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"XXX","value":"1"}}]}""", 422, "INVALID_CURRENCY_CODE")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"3","breakdown":{"item_total":{"currency_code":"EUR","value":"2"}}}}]}""", 422, "AMOUNT_MISMATCH")]
    [InlineData("""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"3"}}],"payment_source":{"paypal":{"vault_id":"x"}}}""", 400, "PAYPAL_REQUEST_ID_REQUIRED")]
    [InlineData("""{"intent":""", 400, "MALFORMED_REQUEST_JSON")]
    public async Task What_PayPal_refuses_is_refused(string body, int status, string issue) =>
        Assert.Equal((status, status == 400 ? "INVALID_REQUEST" : "UNPROCESSABLE_ENTITY", issue), await _payPal.RefusedAsync(HttpMethod.Post, "v2/checkout/orders", body));

    [Fact]
    public async Task A_body_has_to_be_called_JSON_even_when_it_is_empty()
    {
        var (status, body, _) = await _payPal.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{await _payPal.ApprovedAsync()}/capture", isJson: false);
        Assert.Equal((HttpStatusCode.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE"), (status, (string?)body!["name"]));
    }

    [Fact]
    public async Task Forints_have_no_decimals_at_PayPal_and_two_in_the_books()
    {
        var order = (string)(await _payPal.CreateAsync("2500", "HUF", custom: "huf"))["id"]!;

        var entry = Assert.Single((await _simulator.Http.GetFromJsonAsync<JsonArray>("/ledger?order=huf"))!)!;
        Assert.Equal(250_000, (long)entry["amountMinor"]!);
        Assert.Equal("2500", (string?)(await _payPal.GetAsync($"v2/checkout/orders/{order}"))["purchase_units"]![0]!["amount"]!["value"]);
    }

    [Fact]
    public async Task A_declined_source_brings_the_payer_back_to_the_page_and_another_one_pays()
    {
        var order = await _payPal.ApprovedAsync("declined", custom: "order-3");

        var (status, refused, _) = await _payPal.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "first");
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "INSTRUMENT_DECLINED"), (status, (string?)refused!["details"]![0]!["issue"]));
        var page = PayPalCaller.Link(refused, "redirect")!;
        var read = await _payPal.GetAsync($"v2/checkout/orders/{order}");
        Assert.Equal(("APPROVED", page), ((string?)read["status"], PayPalCaller.Link(read, "payer-action")));
        Assert.Contains("INSTRUMENT_DECLINED", await _simulator.Http.GetStringAsync(page), StringComparison.Ordinal);

        await PayPalPage.AnswerAsync(page, source: "bank");
        Assert.Equal("COMPLETED", (string?)PayPalCaller.CaptureOf(await _payPal.CaptureAsync(order))["status"]);
        var entry = Assert.Single((await _simulator.Http.GetFromJsonAsync<JsonArray>("/ledger?order=order-3"))!)!;
        Assert.Equal((1, 2, "INSTRUMENT_DECLINED"), ((int)entry["charges"]!, (int)entry["attempts"]!, (string?)entry["all"]![0]!["code"]));
    }

    [Fact]
    public async Task After_ten_refusals_only_another_order_helps()
    {
        var order = await _payPal.ApprovedAsync("declined");
        for (var i = 0; i < 10; i++)
            Assert.Equal("INSTRUMENT_DECLINED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture")).Issue);

        Assert.Equal("MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture")).Issue);
    }

    [Fact]
    public async Task An_order_that_nobody_captures_in_time_expires()
    {
        await using var simulator = SimulatorHost.Start(("Simulator:PayPal:OrdersLive", "00:00:01"));
        using var payPal = new PayPalCaller(simulator);
        var order = await payPal.ApprovedAsync();

        await payPal.UntilAsync($"v2/checkout/orders/{order}", o => (string?)o["status"] == "VOIDED");

        Assert.Equal("ORDER_EXPIRED", (await payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture")).Issue);
        Assert.Contains("CHECKOUT.PAYMENT-APPROVAL.REVERSED", (await payPal.GetAsync("v1/notifications/webhooks-events"))["events"]!.AsArray().Select(e => (string?)e!["event_type"]));
    }

    [Fact]
    public async Task An_invoice_is_paid_once()
    {
        await _payPal.PaidAsync(invoice: "INV-7");
        var second = await _payPal.ApprovedAsync(invoice: "INV-7");

        Assert.Equal((422, "UNPROCESSABLE_ENTITY", "DUPLICATE_INVOICE_ID"), await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{second}/capture"));
    }

    [Theory]
    [InlineData("review", "PENDING_REVIEW", "COMPLETED", 1)]
    [InlineData("echeck", "ECHECK", "DECLINED", 0)]
    public async Task A_completed_order_may_still_be_waiting_for_its_money(string source, string reason, string end, int charges)
    {
        var order = await _payPal.CaptureAsync(await _payPal.ApprovedAsync(source, custom: source));
        var capture = PayPalCaller.CaptureOf(order);
        Assert.Equal(("COMPLETED", "PENDING", reason), ((string?)order["status"], (string?)capture["status"], (string?)capture["status_details"]!["reason"]));
        Assert.Equal("PENDING_CAPTURE", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/captures/{capture["id"]}/refund")).Issue);

        await _payPal.UntilAsync($"v2/payments/captures/{capture["id"]}", c => (string?)c["status"] == end);
        Assert.Equal(charges, (int)(await _simulator.Http.GetFromJsonAsync<JsonArray>($"/ledger?order={source}"))![0]!["charges"]!);
    }

    [Fact]
    public async Task Money_goes_back_in_parts_and_never_more_than_came()
    {
        var capture = await _payPal.PaidAsync(custom: "order-4");
        var path = $"v2/payments/captures/{capture}/refund";

        var part = await _payPal.DoAsync(HttpMethod.Post, path, """{"amount":{"currency_code":"EUR","value":"5.00"},"invoice_id":"R-1","custom_id":"refund-1","note_to_payer":"damaged"}""", "r1");
        Assert.Equal(("COMPLETED", "5.00", "R-1", "refund-1"), ((string?)part["status"], (string?)part["amount"]!["value"], (string?)part["invoice_id"], (string?)part["custom_id"]));
        Assert.EndsWith($"/v2/payments/captures/{capture}", PayPalCaller.Link(part, "up"), StringComparison.Ordinal);
        Assert.Equal("PARTIALLY_REFUNDED", (string?)(await _payPal.GetAsync($"v2/payments/captures/{capture}"))["status"]);
        Assert.Equal("REFUND_AMOUNT_EXCEEDED", (await _payPal.RefusedAsync(HttpMethod.Post, path, PayPalCaller.Money("15.00"))).Issue);
        Assert.Equal("REFUND_CAPTURE_CURRENCY_MISMATCH", (await _payPal.RefusedAsync(HttpMethod.Post, path, PayPalCaller.Money("1.00", "USD"))).Issue);

        var rest = await _payPal.DoAsync(HttpMethod.Post, path, key: "r2");
        Assert.Equal("14.99", (string?)rest["amount"]!["value"]);
        Assert.Equal("REFUNDED", (string?)(await _payPal.GetAsync($"v2/payments/captures/{capture}"))["status"]);
        Assert.Equal((422, "UNPROCESSABLE_ENTITY", "CAPTURE_FULLY_REFUNDED"), await _payPal.RefusedAsync(HttpMethod.Post, path));
        Assert.Equal("COMPLETED", (string?)(await _payPal.GetAsync($"v2/payments/refunds/{rest["id"]}"))["status"]);
        var order = await _payPal.GetAsync($"v2/checkout/orders/{(await _payPal.GetAsync($"v2/payments/captures/{capture}"))["supplementary_data"]!["related_ids"]!["order_id"]}");
        Assert.Equal(2, order["purchase_units"]![0]!["payments"]!["refunds"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("refund-later", null, "COMPLETED", 1999)]
    [InlineData("refund-fails", null, "FAILED", 0)]
    [InlineData("balance", "FAILED", "FAILED", 0)]
    public async Task A_refund_may_be_pending_and_may_fail(string source, string? mock, string end, long refunded)
    {
        var capture = await _payPal.PaidAsync(source, custom: $"{source}-{mock}");

        var refund = await _payPal.DoAsync(HttpMethod.Post, $"v2/payments/captures/{capture}/refund", key: "r", mock: mock);
        Assert.Equal("PENDING", (string?)refund["status"]);

        await _payPal.UntilAsync($"v2/payments/refunds/{refund["id"]}", r => (string?)r["status"] == end);
        Assert.Equal(refunded, (long)(await _simulator.Http.GetFromJsonAsync<JsonArray>($"/ledger?order={source}-{mock}"))![0]!["refundedMinor"]!);
    }

    [Fact]
    public async Task Money_that_is_set_aside_is_taken_or_let_go()
    {
        async Task<string> AuthorizedAsync(string custom)
        {
            var order = await _payPal.ApprovedAsync(intent: "AUTHORIZE", custom: custom);
            Assert.Equal("ACTION_DOES_NOT_MATCH_INTENT", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture")).Issue);
            var held = await _payPal.DoAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/authorize", key: custom);
            Assert.Equal(1999, (long)(await _simulator.Http.GetFromJsonAsync<JsonArray>($"/ledger?order={custom}"))![0]!["authorizedMinor"]!);
            return (string)held["purchase_units"]![0]!["payments"]!["authorizations"]![0]!["id"]!;
        }

        var taken = await AuthorizedAsync("taken");
        Assert.Equal("MAX_CAPTURE_AMOUNT_EXCEEDED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/authorizations/{taken}/capture", PayPalCaller.Money("20.00"))).Issue);
        var capture = await _payPal.DoAsync(HttpMethod.Post, $"v2/payments/authorizations/{taken}/capture", key: "c");
        Assert.Equal(("COMPLETED", "19.99", true), ((string?)capture["status"], (string?)capture["amount"]!["value"], (bool)capture["final_capture"]!));
        Assert.Equal("CAPTURED", (string?)(await _payPal.GetAsync($"v2/payments/authorizations/{taken}"))["status"]);
        Assert.Equal("AUTHORIZATION_ALREADY_CAPTURED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/authorizations/{taken}/capture")).Issue);
        Assert.Equal("PREVIOUSLY_CAPTURED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/authorizations/{taken}/void")).Issue);

        var letGo = await AuthorizedAsync("let-go");
        Assert.Equal("REAUTHORIZATION_NOT_SUPPORTED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/authorizations/{letGo}/reauthorize")).Issue);
        var (status, _, _) = await _payPal.SendAsync(HttpMethod.Post, $"v2/payments/authorizations/{letGo}/void", all: false);
        Assert.Equal(HttpStatusCode.NoContent, status);
        Assert.Equal("PREVIOUSLY_VOIDED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/authorizations/{letGo}/void")).Issue);
        Assert.Equal("AUTHORIZATION_VOIDED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/authorizations/{letGo}/capture")).Issue);
        var entry = (await _simulator.Http.GetFromJsonAsync<JsonArray>("/ledger?order=let-go"))![0]!;
        Assert.Equal((0L, 0L), ((long)entry["authorizedMinor"]!, (long)entry["chargedMinor"]!));
    }

    [Fact]
    public async Task A_source_the_payer_lets_us_keep_pays_the_next_order_without_a_page()
    {
        var order = await _payPal.ApprovedAsync(remembers: true, keeps: true);
        var vault = (await _payPal.CaptureAsync(order))["payment_source"]!["paypal"]!["attributes"]!["vault"]!;
        Assert.Equal("VAULTED", (string?)vault["status"]);
        var token = (string)vault["id"]!;
        Assert.Equal((string?)vault["customer"]!["id"], (string?)(await _payPal.GetAsync($"v3/vault/payment-tokens/{token}"))["customer"]!["id"]);

        var body = """{"payment_source":{"paypal":{"vault_id":"TOKEN"}}}""".Replace("TOKEN", token, StringComparison.Ordinal);
        var next = await _payPal.DoAsync(HttpMethod.Post, "v2/checkout/orders", PayPalCaller.Order(hasSource: false), "next");
        Assert.Equal("CREATED", (string?)next["status"]);
        Assert.Equal("COMPLETED", (string?)PayPalCaller.CaptureOf(await _payPal.CaptureAsync((string)next["id"]!, body: body))["status"]);
        var once = await _payPal.DoAsync(HttpMethod.Post, "v2/checkout/orders", $$$"""{"intent":"CAPTURE","purchase_units":[{"amount":{"currency_code":"EUR","value":"3.00"}}],{{{body[1..]}}}""", "once");
        Assert.Equal("COMPLETED", (string?)PayPalCaller.CaptureOf(once)["status"]);

        Assert.Equal(HttpStatusCode.NoContent, (await _payPal.SendAsync(HttpMethod.Delete, $"v3/vault/payment-tokens/{token}")).Status);
        Assert.Equal(404, (await _payPal.RefusedAsync(HttpMethod.Get, $"v3/vault/payment-tokens/{token}")).Status);
        var third = await _payPal.DoAsync(HttpMethod.Post, "v2/checkout/orders", PayPalCaller.Order(hasSource: false), "third");
        Assert.Equal("TOKEN_ID_NOT_FOUND", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{third["id"]}/capture", body)).Issue);
    }

    [Fact]
    public async Task A_source_the_payer_does_not_let_us_keep_is_not_kept()
    {
        var paid = await _payPal.CaptureAsync(await _payPal.ApprovedAsync(remembers: false, keeps: true));

        Assert.Null(paid["payment_source"]!["paypal"]!["attributes"]);
    }

    [Fact]
    public async Task The_mock_header_plays_any_answer()
    {
        var order = await _payPal.ApprovedAsync();
        var path = $"v2/checkout/orders/{order}/capture";

        Assert.Equal((422, "UNPROCESSABLE_ENTITY", "INSTRUMENT_DECLINED"), await _payPal.RefusedAsync(HttpMethod.Post, path, key: "k", mock: "INSTRUMENT_DECLINED"));
        Assert.Equal((422, "UNPROCESSABLE_ENTITY", "A_CODE_OF_TOMORROW"), await _payPal.RefusedAsync(HttpMethod.Post, path, key: "k", mock: "A_CODE_OF_TOMORROW"));
        Assert.Equal(500, (await _payPal.RefusedAsync(HttpMethod.Post, path, key: "k", mock: "INTERNAL_SERVER_ERROR")).Status);
        Assert.Equal(403, (await _payPal.RefusedAsync(HttpMethod.Get, $"v2/checkout/orders/{order}", mock: "PERMISSION_DENIED")).Status);
        Assert.Equal("FAILED", (string?)PayPalCaller.CaptureOf(await _payPal.CaptureAsync(order, "k", mock: "FAILED"))["status"]);
    }

    [Fact]
    public async Task What_moved_in_a_period_is_listed_page_by_page()
    {
        var capture = await _payPal.PaidAsync(custom: "order-9", invoice: "INV-9");
        var refund = await _payPal.DoAsync(HttpMethod.Post, $"v2/payments/captures/{capture}/refund", PayPalCaller.Money("5.00"), "r");
        await _payPal.PaidAsync("echeck");
        var now = DateTimeOffset.UtcNow;
        string Period(int page) => $"v1/reporting/transactions?start_date={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&end_date={now.AddMinutes(1):yyyy-MM-ddTHH:mm:ssZ}&fields=all&page_size=2&page={page}";

        var (first, second) = (await _payPal.GetAsync(Period(1)), await _payPal.GetAsync(Period(2)));

        Assert.Equal((3, 2), ((int)first["total_items"]!, (int)first["total_pages"]!));
        var all = first["transaction_details"]!.AsArray().Concat(second["transaction_details"]!.AsArray()).Select(t => t!["transaction_info"]!).ToArray();
        var paid = all.Single(t => (string?)t["transaction_id"] == capture);
        Assert.Equal(("T0006", "S", "19.99", "order-9", "INV-9", "ODR"), ((string?)paid["transaction_event_code"], (string?)paid["transaction_status"],
            (string?)paid["transaction_amount"]!["value"], (string?)paid["custom_field"], (string?)paid["invoice_id"], (string?)paid["paypal_reference_id_type"]));
        var back = all.Single(t => (string?)t["transaction_id"] == (string?)refund["id"]);
        Assert.Equal(("T1107", "S", "-5.00", capture), ((string?)back["transaction_event_code"], (string?)back["transaction_status"], (string?)back["transaction_amount"]!["value"], (string?)back["paypal_reference_id"]));
        Assert.NotNull(PayPalCaller.Link(first, "next"));
        Assert.Equal("INVALID_PARAMETER_VALUE", (await _payPal.RefusedAsync(HttpMethod.Get, "v1/reporting/transactions?start_date=2026-01-01T00:00:00Z&end_date=2026-03-01T00:00:00Z")).Issue);
    }

    [Fact]
    public async Task A_dispute_runs_its_course_and_the_money_goes_when_the_payer_wins()
    {
        var capture = await _payPal.PaidAsync(custom: "order-5");
        using var opened = await _simulator.Http.PostAsJsonAsync("/disputes", new { order = "order-5", reason = "UNAUTHORISED" });
        var dispute = (string)(await opened.Content.ReadFromJsonAsync<JsonNode>())!["dispute_id"]!;
        var read = await _payPal.GetAsync($"v1/customer/disputes/{dispute}");
        Assert.Equal(("UNAUTHORISED", "WAITING_FOR_SELLER_RESPONSE", "19.99", capture, "order-5"), ((string?)read["reason"], (string?)read["status"],
            (string?)read["dispute_amount"]!["value"], (string?)read["disputed_transactions"]![0]!["seller_transaction_id"], (string?)read["disputed_transactions"]![0]!["custom"]));
        Assert.NotNull(read["seller_response_due_date"]);
        Assert.Equal("TRANSACTION_DISPUTED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/captures/{capture}/refund")).Issue);

        (await _simulator.Http.PostAsJsonAsync($"/disputes/{dispute}", new { status = "UNDER_REVIEW" })).EnsureSuccessStatusCode();
        (await _simulator.Http.PostAsJsonAsync($"/disputes/{dispute}", new { outcome = "RESOLVED_BUYER_FAVOUR" })).EnsureSuccessStatusCode();

        var ended = await _payPal.GetAsync($"v1/customer/disputes/{dispute}");
        Assert.Equal(("RESOLVED", "RESOLVED_BUYER_FAVOUR", "19.99"), ((string?)ended["status"], (string?)ended["dispute_outcome"]!["outcome_code"], (string?)ended["dispute_outcome"]!["amount_refunded"]!["value"]));
        Assert.Equal("REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/payments/captures/{capture}/refund")).Issue);
        var types = (await _payPal.GetAsync("v1/notifications/webhooks-events?page_size=100"))["events"]!.AsArray().Select(e => (string)e!["event_type"]!).ToArray();
        foreach (var type in (string[])["CUSTOMER.DISPUTE.CREATED", "CUSTOMER.DISPUTE.UPDATED", "CUSTOMER.DISPUTE.RESOLVED", "PAYMENT.CAPTURE.REVERSED"])
            Assert.Contains(type, types);
        using var nowhere = await _simulator.Http.PostAsJsonAsync("/disputes", new { order = "unknown" });
        Assert.Equal(HttpStatusCode.NotFound, nowhere.StatusCode);
    }

    [Fact]
    public async Task Everything_survives_a_restart()
    {
        using var state = new StateFile();
        string order, capture, token;
        await using (var before = SimulatorHost.Start(state.Setting))
        {
            using var payPal = new PayPalCaller(before);
            order = await payPal.ApprovedAsync(remembers: true, keeps: true, custom: "kept");
            var paid = await payPal.CaptureAsync(order, "the-key");
            (capture, token) = ((string)PayPalCaller.CaptureOf(paid)["id"]!, (string)paid["payment_source"]!["paypal"]!["attributes"]!["vault"]!["id"]!);
            await payPal.DoAsync(HttpMethod.Post, $"v2/payments/captures/{capture}/refund", PayPalCaller.Money("1.00"), "refund");
        }

        await using var after = SimulatorHost.Start(state.Setting);
        using var again = new PayPalCaller(after);
        var (status, repeated, _) = await again.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "the-key");
        Assert.Equal((HttpStatusCode.OK, capture, "PARTIALLY_REFUNDED"), (status, (string?)PayPalCaller.CaptureOf(repeated!)["id"], (string?)PayPalCaller.CaptureOf(repeated!)["status"]));
        Assert.Equal(token, (string?)(await again.GetAsync($"v3/vault/payment-tokens/{token}"))["id"]);
        var entry = Assert.Single((await after.Http.GetFromJsonAsync<JsonArray>("/ledger?order=kept"))!)!;
        Assert.Equal((1, 100L), ((int)entry["charges"]!, (long)entry["refundedMinor"]!));
    }
}
