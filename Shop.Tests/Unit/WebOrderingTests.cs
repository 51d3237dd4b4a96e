using System.Net;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>From the cart to the order's page, as forms and redirects.</summary>
[Collection(Propagation.Name)]
public sealed class WebOrderingTests : IDisposable
{
    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly PlainVisitor _visitor;

    public WebOrderingTests()
    {
        _shop = new(_api);
        _visitor = new(_shop);
    }

    [Fact]
    public async Task A_form_from_another_site_changes_nothing()
    {
        var page = await _visitor.PostAsync("/cart/lines", [("Sku", "mug-1"), ("Quantity", "1")], header: ("Sec-Fetch-Site", "cross-site"));

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Contains("The request came from another website", page.Html, StringComparison.Ordinal);
        Assert.Empty(_api.Seen);
        Assert.Single(_shop.Log.Events, id => id == 3001);
    }

    [Fact]
    public async Task A_first_thing_in_the_cart_is_remembered_by_a_cookie_no_script_reads()
    {
        _api.On("/cart/lines", CannedApi.NewCart);

        var page = await _visitor.PostAsync("/cart/lines", [("Sku", "mug-1"), ("Quantity", "1")]);

        Assert.Equal((HttpStatusCode.SeeOther, "/cart"), (page.Status, page.Header("Location")));
        Assert.Equal("cart=t1; max-age=2592000; path=/; samesite=lax; httponly", page.Header("Set-Cookie"));
        Assert.True(Guid.TryParse(Assert.Single(Assert.Single(_api.Seen).Headers.GetValues("Idempotency-Key")), out _));
    }

    [Fact]
    public async Task A_checkout_leads_to_its_order_and_leaves_the_key_where_a_bank_can_return_to()
    {
        _api.On("/checkout", CannedApi.Paid).On("/orders/100042", CannedApi.Paid);

        var placed = await _visitor.PostAsync("/checkout", Form("pm_1abc"), cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.SeeOther, placed.Status);
        Assert.EndsWith("/orders/100042?key=k-secret", placed.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("order=k-secret; max-age=2592000; path=/orders/100042; samesite=lax; httponly, placed=100042; max-age=3600; path=/checkout; samesite=lax; httponly",
            placed.Header("Set-Cookie"));
        var order = await _visitor.GetAsync("/orders/100042", cookie: "order=k-secret");
        Assert.Contains("<h1>Paid, thank you.</h1>", order.Html, StringComparison.Ordinal);
        Assert.Equal("no-store", order.Header("Cache-Control"));
        Assert.DoesNotContain("data-live", order.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_without_its_key_does_not_exist()
    {
        _api.On("/orders/100042", CannedApi.Paid);

        Assert.Equal(HttpStatusCode.NotFound, (await _visitor.GetAsync("/orders/100042")).Status);
        Assert.Empty(_api.Seen);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_return_from_the_bank_has_the_payment_looked_at_and_leaves_no_secret_in_the_address(bool isApiSlow)
    {
        using var never = new SemaphoreSlim(0);
        _api.On("/orders/100042/look", "", HttpStatusCode.NoContent, after: isApiSlow ? never : null);

        var page = await _visitor.GetAsync("/orders/100042?payment_intent=pi_1&payment_intent_client_secret=pi_1_secret_2", cookie: "order=k-secret");

        Assert.Equal(HttpStatusCode.Found, page.Status);
        Assert.EndsWith("/orders/100042?from=bank", page.Header("Location"), StringComparison.Ordinal);
        var look = Assert.Single(_api.Seen);
        Assert.Equal(("POST", "/orders/100042/look"), (look.Method.Method, look.RequestUri!.PathAndQuery));
        Assert.Equal("k-secret", Assert.Single(look.Headers.GetValues("X-Order-Key")));
        Assert.True(Guid.TryParse(Assert.Single(look.Headers.GetValues("Idempotency-Key")), out _));
    }

    [Theory]
    [InlineData("no", "", true, true)]
    [InlineData("no", "?from=bank", true, true)] // looked at, and the bank still asks
    [InlineData("unknown", "", true, false)] // in another window, perhaps
    [InlineData("unknown", "?from=bank", false, false)]
    public async Task Whoever_is_back_from_the_bank_is_not_sent_there_again_while_its_answer_is_looked_for(
        string moneyTaken, string query, bool isOffered, bool isMainThing)
    {
        _api.On("/orders/100042", CannedApi.Paid.Replace("\"status\": \"paid\"", "\"status\": \"actionNeeded\"", StringComparison.Ordinal)
            .Replace("\"moneyTaken\": \"yes\"", $"\"moneyTaken\": \"{moneyTaken}\"", StringComparison.Ordinal)
            .Replace("\"actionUrl\": null", "\"actionUrl\": \"https://bank.example/confirm\"", StringComparison.Ordinal)
            .Replace("\"retryable\": false", "\"retryable\": true", StringComparison.Ordinal));

        var page = await _visitor.GetAsync($"/orders/100042{query}", cookie: "order=k-secret");

        Assert.Equal(moneyTaken is "unknown", page.Html.Contains("not confirmed yet", StringComparison.Ordinal));
        Assert.Equal(isOffered, page.Html.Contains("Confirm with your bank", StringComparison.Ordinal));
        Assert.Equal(isOffered, page.Html.Contains("Pay with another card instead", StringComparison.Ordinal));
        Assert.Equal(isMainThing, page.Html.Contains("<a class=\"button\" href=\"https://bank.example/confirm\"", StringComparison.Ordinal));
        Assert.Contains("data-live", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/orders/100042/events")]
    [InlineData("/orders/100042/payments")]
    [InlineData("/checkout/events")]
    [InlineData("/cart/lines")]
    [InlineData("/cart/lines/mug-1")]
    public async Task What_is_no_form_is_refused_without_an_error_in_the_log(string address)
    {
        foreach (var content in new HttpContent?[] { new StringContent("{}", System.Text.Encoding.UTF8, "application/json"), null })
            Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await _visitor.PostAsync(address, content, cookie: "cart=t1; order=k-secret")).Status);

        Assert.Empty(_api.Seen);
        Assert.Empty(_shop.Log.Failures);
    }

    [Fact]
    public async Task After_a_lost_answer_the_very_same_form_is_offered_again()
    {
        _api.IsDown = true;

        var page = await _visitor.PostAsync("/checkout", Form("pm_1abc"), cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Contains("never charges twice", page.Html, StringComparison.Ordinal);
        foreach (var (name, value) in Form("pm_1abc"))
            Assert.Contains($"<input type=\"hidden\" name=\"{name}\" value=\"{value}\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_checkout_keeps_what_was_typed_and_says_what_to_do()
    {
        _api.On("/cart", CannedApi.FullCart)
            .On("/checkout", """{ "status": 409, "reason": "out_of_stock", "reference": "4T7QK-9XW2M", "skus": ["mug-1"] }""", HttpStatusCode.Conflict);

        var page = await _visitor.PostAsync("/checkout", Form("pm_1abc"), cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("Not enough left of: Mug (Grey)", page.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"Lindenallee 7\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("4T7QK-9XW2M", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_is_told_without_the_cart_when_that_takes_longer_than_the_proxy_waits()
    {
        using var never = new SemaphoreSlim(0);
        _api.On("/cart", CannedApi.FullCart, after: never)
            .On("/checkout", """{ "status": 409, "reason": "out_of_stock", "reference": "4T7QK-9XW2M" }""", HttpStatusCode.Conflict);
        await using var shop = new CannedStorefront(_api,
            ("Timeouts:Lock", "00:00:00.1"), ("Timeouts:Statement", "00:00:00.2"), ("Timeouts:Command", "00:00:01"),
            ("Timeouts:Transaction", "00:00:01.05"), ("Timeouts:Outcome", "00:00:00"), ("Timeouts:LongRequest", "00:00:01.1"),
            ("Timeouts:LongAttempt", "00:00:01.2"), ("Timeouts:LongTotal", "00:00:02.5"),
            ("Timeouts:Attempt", "00:02:00"), ("Timeouts:Total", "00:05:00"), ("Timeouts:Proxy", "00:06:00")); // the cart's own limit comes much later
        using var visitor = new PlainVisitor(shop);

        var page = await visitor.PostAsync("/checkout", Form("pm_1abc"), cookie: "cart=t1").WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains("value=\"Lindenallee 7\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("4T7QK-9XW2M", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_card_number_in_the_form_goes_nowhere()
    {
        _api.On("/cart", CannedApi.FullCart);

        var page = await _visitor.PostAsync("/checkout", Form("4242424242424242"), cookie: "cart=t1");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.DoesNotContain("4242424242424242", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Seen, request => request.RequestUri!.AbsolutePath == "/checkout");
    }

    [Fact]
    public async Task A_payment_tried_too_often_is_told_on_the_orders_page()
    {
        _api.On("/orders/100042", CannedApi.Paid.Replace("\"status\": \"paid\"", "\"status\": \"declined\"", StringComparison.Ordinal))
            .On("/orders/100042/payments", """{ "status": 409, "reason": "too_many_tries" }""", HttpStatusCode.Conflict);

        var refused = await _visitor.PostAsync("/orders/100042/payments?key=k", PayAgainForm());
        var order = await _visitor.GetAsync(refused.Header("Location")!);

        Assert.Contains("tried as often as we can", order.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paying_again_is_waited_for_as_long_as_a_checkout()
    {
        using var outcome = new SemaphoreSlim(0);
        using var never = new SemaphoreSlim(0);
        _api.On("/orders/100042/payments", CannedApi.Paid, after: outcome).On("/orders/100042", CannedApi.Paid, after: never);
        await using var shop = new CannedStorefront(_api,
            ("Timeouts:Lock", "00:00:00.1"), ("Timeouts:Statement", "00:00:00.2"), ("Timeouts:Command", "00:00:01"), ("Timeouts:Connect", "00:00:01"),
            ("Timeouts:Request", "00:00:01.05"), ("Timeouts:Attempt", "00:00:01.1"), ("Timeouts:Total", "00:00:02.3"));
        using var visitor = new PlainVisitor(shop);

        var paying = visitor.PostAsync("/orders/100042/payments?key=k", PayAgainForm());
        var read = await visitor.GetAsync("/orders/100042/status?key=k");
        outcome.Release();
        var paid = await paying;

        Assert.Equal(HttpStatusCode.ServiceUnavailable, read.Status); // a read has given up by now
        Assert.Equal((HttpStatusCode.SeeOther, "/orders/100042?key=k"), (paid.Status, paid.Header("Location")));
        Assert.Single(_api.Seen, request => request.RequestUri!.AbsolutePath == "/orders/100042/payments");
    }

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
        _api.Dispose();
    }

    private const string BothWays = """{ "methods": [{ "method": "card", "provider": "stripe", "state": "available", "text": null, "saveText": "Keep this card." }, { "method": "paypal", "provider": "paypal", "state": "available", "text": null, "saveText": "Keep this PayPal." }] }""";

    private const string Account = """
        { "email": "ada@example.org", "name": "Ada", "roles": [], "secondFactor": false, "recoveryCodesLeft": 0, "isStaff": false, "secondFactorProven": false }
        """;

    private const string SavedCard = "0190d5a1-7b1c-7000-8000-00000000000a";
    private const string SavedPayPal = "0190d5a1-7b1c-7000-8000-00000000000b";

    private const string Kept = $$"""
        { "methods": [{ "id": "{{SavedCard}}", "method": "card", "provider": "stripe", "label": "Visa •4242", "savedAt": "2026-01-15T12:00:00Z" },
          { "id": "{{SavedPayPal}}", "method": "paypal", "provider": "paypal", "label": "PayPal", "savedAt": "2026-01-15T12:00:00Z" }] }
        """;

    private static string Order(string status, string method = "paypal", string ways = "", string? actionUrl = null, string moneyTaken = "no") => CannedApi.Paid
        .Replace("\"status\": \"paid\"", $"\"method\": \"{method}\", \"ways\": [{ways}], \"status\": \"{status}\"", StringComparison.Ordinal)
        .Replace("\"moneyTaken\": \"yes\"", $"\"moneyTaken\": \"{moneyTaken}\"", StringComparison.Ordinal)
        .Replace("\"actionUrl\": null", actionUrl is null ? "\"actionUrl\": null" : $"\"actionUrl\": \"{actionUrl}\"", StringComparison.Ordinal);

    private const string Approve = "https://paypal.example/checkoutnow?token=5O1";
    private const string CardOrPayPal = "\"card\", \"paypal\"";

    private static int At(string html, string part) => html.IndexOf(part, StringComparison.Ordinal);

    [Theory]
    [InlineData("card", "paypal")]
    [InlineData("paypal", "card")]
    public async Task The_ways_to_pay_stand_in_the_order_that_the_api_gives_and_the_first_is_chosen(string first, string second)
    {
        _api.On("/cart", CannedApi.FullCart).On("/payments/methods", $$"""
            { "methods": [{ "method": "{{first}}", "state": "available" }, { "method": "{{second}}", "state": "troubled", "text": "It takes longer." }] }
            """);

        var page = await _visitor.GetAsync("/checkout", cookie: "cart=t1");

        Assert.InRange(At(page.Html, $"name=\"Way\" value=\"{first}\" checked"), 0, At(page.Html, $"name=\"Way\" value=\"{second}\""));
        Assert.DoesNotContain($"value=\"{second}\" checked", page.Html, StringComparison.Ordinal);
        Assert.Contains("It takes longer.", page.Html, StringComparison.Ordinal);
        Assert.Contains("You agree to the payment at PayPal in the next step.", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("type=\"checkbox\"", page.Html, StringComparison.Ordinal); // a guest has nowhere to keep anything
    }

    [Fact]
    public async Task Who_is_signed_in_chooses_among_what_is_kept_and_reads_what_keeping_means()
    {
        _api.On("/cart", CannedApi.FullCart).On("/payments/methods", BothWays).On("/account", Account).On("/account/payment-methods", Kept);

        var page = await _visitor.GetAsync("/checkout", cookie: "cart=t1; session=s");

        string[] order = [$"value=\"card:{SavedCard}\" checked", "value=\"card\"", "Keep this card.", $"value=\"paypal:{SavedPayPal}\"", "value=\"paypal\"", "Keep this PayPal.", "name=\"Fallback\""];
        Assert.Equal(order.Select(part => At(page.Html, part)).Order(), order.Select(part => At(page.Html, part)));
        Assert.All(order, part => Assert.NotEqual(-1, At(page.Html, part)));
        Assert.Contains("Visa •4242", page.Html, StringComparison.Ordinal);
    }

    public static TheoryData<string, (string, string)[], string> Chosen() => new()
    {
        { "card", [("SaveCard", "yes")], """ "provider":"stripe","paymentToken":"pm_1","savedMethod":null,"saveMethod":true,"fallbackMethod":null """ },
        { "card", [("SavePayPal", "yes"), ("Fallback", SavedPayPal)], $""" "provider":"stripe","paymentToken":"pm_1","savedMethod":null,"saveMethod":false,"fallbackMethod":"{SavedPayPal}" """ },
        { "paypal", [("SavePayPal", "yes"), ("Fallback", SavedPayPal)], """ "provider":"paypal","paymentToken":null,"savedMethod":null,"saveMethod":true,"fallbackMethod":null """ },
        { $"card:{SavedCard}", [("SaveCard", "yes")], $""" "provider":"stripe","paymentToken":null,"savedMethod":"{SavedCard}","saveMethod":false,"fallbackMethod":null """ },
        { $"paypal:{SavedPayPal}", [], $""" "provider":"paypal","paymentToken":null,"savedMethod":"{SavedPayPal}","saveMethod":false,"fallbackMethod":null """ },
    };

    [Theory]
    [MemberData(nameof(Chosen))]
    public async Task What_was_chosen_is_what_is_paid_with(string way, (string, string)[] more, string sent)
    {
        _api.On("/checkout", CannedApi.Paid);

        var placed = await _visitor.PostAsync("/checkout", [.. Form("pm_1"), ("Way", way), .. more], cookie: "cart=t1; session=s");

        Assert.Equal(HttpStatusCode.SeeOther, placed.Status);
        Assert.EndsWith($"{sent.Trim()}}}", _api.LastBody["/checkout"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_pays_with_PayPal_is_led_on_to_it_and_finds_the_way_back()
    {
        _api.On("/checkout", Order("actionNeeded", actionUrl: Approve, ways: CardOrPayPal)).On("/orders/100042", Order("actionNeeded", actionUrl: Approve, ways: CardOrPayPal))
            .On("/cart", """{ "version": 4, "itemCount": 0, "currency": "EUR", "totalMinor": 0, "lines": [] }""");

        var placed = await _visitor.PostAsync("/checkout", [.. Form(""), ("Way", "paypal")], cookie: "cart=t1");
        var order = await _visitor.GetAsync(placed.Header("Location")!);
        var later = await _visitor.GetAsync("/orders/100042?key=k-secret");
        var back = await _visitor.GetAsync("/checkout", cookie: "cart=t1; placed=100042");

        Assert.EndsWith("/orders/100042?key=k-secret&go=paypal", placed.Header("Location"), StringComparison.Ordinal);
        Assert.Contains($"<meta http-equiv=\"refresh\" content=\"0; url={Approve}\"", order.Html, StringComparison.Ordinal);
        Assert.All([order, later], page => Assert.Contains($"href=\"{Approve}\" rel=\"noreferrer\" data-enhance-nav=\"false\">Go on to PayPal</a>", page.Html, StringComparison.Ordinal));
        Assert.DoesNotContain("http-equiv=\"refresh\"", later.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("data-leaves-for-bank", order.Html, StringComparison.Ordinal); // nothing is unknown while they are there
        Assert.Contains("href=\"/orders/100042\"", back.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?from=paypal&token=5O1&PayerID=P1", "paypal", true)]
    [InlineData("?from=paypal-canceled&token=5O1", "paypal-canceled", false)]
    public async Task A_return_from_PayPal_is_looked_at_and_keeps_nothing_in_the_address(string query, string from, bool isLookedAt)
    {
        _api.On("/orders/100042/look", "", HttpStatusCode.NoContent).On("/orders/100042", Order("confirming", moneyTaken: "unknown"));

        var page = await _visitor.GetAsync($"/orders/100042{query}", cookie: "order=k-secret");

        Assert.Equal(HttpStatusCode.Found, page.Status);
        Assert.EndsWith($"/orders/100042?from={from}", page.Header("Location"), StringComparison.Ordinal);
        Assert.Equal(isLookedAt, _api.Seen.Any(request => request.RequestUri!.AbsolutePath == "/orders/100042/look"));
    }

    [Theory]
    [InlineData("?from=paypal&token=t")]
    [InlineData("?from=elsewhere&token=t")]
    [InlineData("?from=%2F%2Fevil.example&PayerID=t")]
    public async Task An_address_that_is_none_of_ours_leads_nowhere_else(string query)
    {
        using var never = new SemaphoreSlim(0);
        _api.On("/orders/100042/look", "", HttpStatusCode.NoContent, after: never).On("/orders/100042", Order("paid", moneyTaken: "yes"));

        var page = await _visitor.GetAsync($"/orders/100042{query}", cookie: "order=k-secret");

        if (page.Status is HttpStatusCode.Found)
            Assert.EndsWith("/orders/100042?from=paypal", page.Header("Location"), StringComparison.Ordinal);
        else
            Assert.Equal(HttpStatusCode.OK, page.Status);
    }

    [Fact]
    public async Task Who_did_not_agree_at_PayPal_reads_that_nothing_was_taken_and_goes_on_either_way()
    {
        _api.On("/orders/100042", Order("actionNeeded", actionUrl: Approve, ways: CardOrPayPal));

        var page = await _visitor.GetAsync("/orders/100042?from=paypal-canceled", cookie: "order=k-secret");
        var other = await _visitor.GetAsync("/orders/100042?pay=again", cookie: "order=k-secret");

        Assert.Contains("You did not agree to the payment at PayPal, and nothing was taken.", page.Html, StringComparison.Ordinal);
        Assert.Contains("Go on to PayPal", page.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/orders/100042?pay=again\">Pay another way</a>", page.Html, StringComparison.Ordinal);
        Assert.Contains("name=\"Way\" value=\"card\" checked", other.Html, StringComparison.Ordinal);
        Assert.Contains("name=\"Way\" value=\"paypal\"", other.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("data-live=", other.Html, StringComparison.Ordinal); // the form is not taken away
    }

    [Fact]
    public async Task After_a_no_at_PayPal_another_way_there_is_one_press()
    {
        _api.On("/orders/100042", Order("declined", ways: CardOrPayPal)).On("/orders/100042/payments", Order("actionNeeded", actionUrl: Approve));

        var page = await _visitor.GetAsync("/orders/100042?key=k", cookie: "order=k-secret");
        var asked = await _visitor.PostAsync("/orders/100042/payments?key=k", [("Key", $"{Guid.NewGuid()}"), ("Way", "paypal")]);

        Assert.Contains("<button type=\"submit\">Choose another way at PayPal</button>", page.Html, StringComparison.Ordinal);
        Assert.Contains("Pay another way", page.Html, StringComparison.Ordinal);
        Assert.Equal("/orders/100042?key=k&go=paypal", asked.Header("Location"));
        Assert.Equal("""{"provider":"paypal","paymentToken":null,"savedMethod":null,"saveMethod":false}""", _api.LastBody["/orders/100042/payments"]);
    }

    [Theory]
    [InlineData("\"paypal\"", true)]
    [InlineData("", false)]
    public async Task An_order_that_waits_for_its_gateway_offers_the_other_one(string ways, bool isOffered)
    {
        _api.On("/orders/100042", Order("confirming", method: "card", ways: ways));

        var page = await _visitor.GetAsync("/orders/100042", cookie: "order=k-secret");
        var form = await _visitor.GetAsync("/orders/100042?pay=again", cookie: "order=k-secret");

        Assert.Equal(isOffered, page.Html.Contains("Pay another way", StringComparison.Ordinal));
        Assert.Contains("data-live=", page.Html, StringComparison.Ordinal);
        Assert.Equal(isOffered, form.Html.Contains("name=\"Way\" value=\"paypal\"", StringComparison.Ordinal));
        Assert.Equal(!isOffered, form.Html.Contains("data-live=", StringComparison.Ordinal));
        Assert.DoesNotContain("<card-fields", form.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("refundDue", "yes", 1250, 0, "€12.50 taken, and owed to you")]
    [InlineData("refundDue", "yes", 1250, 250, "€12.50 paid, €2.50 of it sent back, €10.00 owed to you")]
    [InlineData("paid", "yes", 2500, 1250, "€25.00 paid, €12.50 of it sent back")] // taken twice
    [InlineData("paid", "yes", 1250, 0, "€12.50 paid")]
    [InlineData("refunded", "no", 2500, 2500, "€25.00 sent back")]
    [InlineData("refundDue", "yes", 0, 0, "€12.50 taken, and owed to you")] // an Api of before
    public async Task The_page_says_what_was_taken_and_what_of_it_is_owed(string status, string moneyTaken, long captured, long refunded, string words)
    {
        _api.On("/orders/100042", Order(status, moneyTaken: moneyTaken).Replace(
            "\"retryable\": false", $"\"retryable\": false, \"capturedMinor\": {captured}, \"refundedMinor\": {refunded}", StringComparison.Ordinal));

        var page = await _visitor.GetAsync("/orders/100042", cookie: "order=k-secret");

        Assert.Contains($"<dd>{words}</dd>", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_not_signed_in_any_more_is_led_to_sign_in_and_keeps_what_they_chose()
    {
        _api.On("/orders/100042/payments", """{ "reason": "saved_method_needs_account", "status": 422, "reference": "R1" }""", HttpStatusCode.UnprocessableEntity)
            .On("/orders/100042", Order("declined", method: "card", ways: CardOrPayPal).Replace("\"retryable\"", "\"ownedByYou\": true, \"retryable\"", StringComparison.Ordinal))
            .On("/payments/methods", BothWays).On("/account", Account).On("/account/payment-methods", Kept);

        var sent = await _visitor.PostAsync("/orders/100042/payments?key=k-secret", [("Key", $"{Guid.NewGuid()}"), ("Way", $"paypal:{SavedPayPal}")], cookie: "session=s");
        var told = await _visitor.GetAsync(sent.Header("Location")!);
        var again = await _visitor.GetAsync($"/orders/100042?pay=again&way=paypal%3A{SavedPayPal}", cookie: "order=k-secret; session=s");

        Assert.Contains("way=paypal", sent.Header("Location"), StringComparison.Ordinal);
        Assert.Contains("You are not signed in any more", told.Html, StringComparison.Ordinal);
        Assert.Contains(
            $"href=\"/account/sign-in?returnUrl={Uri.EscapeDataString($"/orders/100042?pay=again&way={Uri.EscapeDataString($"paypal:{SavedPayPal}")}")}\"", told.Html,
            StringComparison.Ordinal);
        Assert.Contains($"value=\"paypal:{SavedPayPal}\" checked", again.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_sent_back_is_listed()
    {
        _api.On("/orders/100042", CannedApi.Paid.Replace("\"retryable\": false", """
            "retryable": false, "capturedMinor": 1250, "refundedMinor": 300, "refunds": [{ "amountMinor": 300, "state": "succeeded", "at": "2026-01-16T12:00:00Z", "text": "We have sent it back.",
              "lines": [{ "productName": "Mug", "variantName": "Grey", "quantity": 2 }] },
              { "amountMinor": 200, "state": "pending", "at": "2026-01-17T12:00:00Z", "text": "We are sending it back.", "lines": [] }]
            """, StringComparison.Ordinal));

        var page = await _visitor.GetAsync("/orders/100042", cookie: "order=k-secret");

        Assert.Contains("We have sent it back.", page.Html, StringComparison.Ordinal);
        Assert.Contains("Mug (Grey) × 2", page.Html, StringComparison.Ordinal);
        Assert.Contains("We are sending it back.", page.Html, StringComparison.Ordinal);
        Assert.Contains("€12.50 paid, €3.00 of it sent back", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("card", "pm_1", "card")]
    [InlineData("paypal", null, "paypal")]
    [InlineData("card:0190d5a1-7b1c-7000-8000-00000000000a", null, "card")]
    [InlineData("nothing", "pm_1", "card")] // a page of before
    public async Task A_refused_checkout_keeps_the_choice(string way, string? card, string method)
    {
        _api.On("/cart", CannedApi.FullCart).On("/payments/methods", BothWays).On("/account/payment-methods", Kept)
            .On("/checkout", """{ "status": 409, "reason": "price_changed" }""", HttpStatusCode.Conflict);

        var page = await _visitor.PostAsync("/checkout", [.. Form(card ?? ""), ("Way", way)], cookie: "cart=t1; session=s");

        Assert.Equal(HttpStatusCode.Conflict, page.Status);
        Assert.Contains($"value=\"{(way is "nothing" ? "card" : way)}\" checked", page.Html, StringComparison.Ordinal);
        Assert.Contains($"\"provider\":\"{(method is "card" ? "stripe" : "paypal")}\"", _api.LastBody["/checkout"], StringComparison.Ordinal);
    }

    private static (string, string)[] PayAgainForm() => [("Key", $"{Guid.NewGuid()}"), ("PaymentToken", "pm_2")];

    private static (string, string)[] Form(string card) =>
    [
        ("_handler", "checkout"), ("Key", "0190d5a1-7b1c-7000-8000-000000000001"), ("CartVersion", "3"), ("TotalMinor", "1250"), ("PaymentToken", card),
        ("Email", "ada@example.org"), ("Name", "Ada Example"), ("Line1", "Lindenallee 7"), ("PostalCode", "10115"), ("City", "Berlin"),
    ];
}
