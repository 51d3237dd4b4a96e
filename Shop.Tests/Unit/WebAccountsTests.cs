using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Shop.Data.Orders;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;
using Shop.Web.Accounts;

namespace Shop.Tests.Unit;

/// <summary>Signing in and what follows from it, as forms, cookies and redirects.</summary>
[Collection(Propagation.Name)]
public sealed class WebAccountsTests : IDisposable
{
    private const string SignedIn = "session=s-token";
    private const string Browser = "Mozilla/5.0 (X11; Linux x86_64) Chrome/140";

    private const string Ada = """
        { "email": "ada@example.org", "name": "Ada Example", "roles": ["shopper"], "secondFactor": false, "recoveryCodesLeft": 0, "isStaff": false,
          "secondFactorProven": false }
        """;

    private const string Pending = """{ "status": 403, "reason": "second_factor_required" }""";

    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly PlainVisitor _visitor;

    public WebAccountsTests()
    {
        _shop = new(_api);
        _visitor = new(_shop);
    }

    [Theory]
    [InlineData("done", "/account")]
    [InlineData("second_factor", "/account/second-factor")]
    [InlineData("set_up_second_factor", "/account/second-factor/set-up")]
    public async Task A_session_is_kept_in_a_cookie_that_no_script_and_no_other_site_can_use(string next, string location)
    {
        _api.On("/account/sign-in", $$"""{ "token": "new-token", "expiresAt": "2030-01-15T12:00:00Z", "next": "{{next}}" }""");

        var page = await SignInAsync("/account/sign-in");

        Assert.Equal(HttpStatusCode.SeeOther, page.Status);
        Assert.EndsWith(location, page.Header("Location"), StringComparison.Ordinal);
        Assert.Equal("session=new-token; expires=Tue, 15 Jan 2030 12:00:00 GMT; path=/; samesite=lax; httponly", page.Header("Set-Cookie"));
    }

    [Fact]
    public async Task Of_a_session_that_had_ended_already_it_is_said()
    {
        var id = Guid.NewGuid();
        _api.On($"/account/sessions/{id}/revoke", """{ "status": 404, "reason": "session_not_found" }""", HttpStatusCode.NotFound);

        var page = await _visitor.PostAsync($"/account/sessions/{id}/revoke", []);

        Assert.Equal(HttpStatusCode.NotFound, page.Status);
        Assert.Contains("This session has ended already", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_kept_is_removed_on_a_page_that_asks_once_more()
    {
        const string Id = "0190d5a1-7b1c-7000-8000-000000000001";
        _api.On("/account/payment-methods", $$"""
                { "methods": [{ "id": "{{Id}}", "method": "card", "provider": "stripe", "label": "Visa •4242", "savedAt": "2026-01-15T12:00:00Z" }] }
                """)
            .On($"/account/payment-methods/{Id}/remove", "", HttpStatusCode.NoContent);

        var list = await _visitor.GetAsync("/account/payment-methods");
        var question = await _visitor.GetAsync($"/account/payment-methods/{Id}/remove");
        var other = await _visitor.GetAsync($"/account/payment-methods/{Guid.NewGuid()}/remove");
        var removed = await _visitor.PostAsync($"/account/payment-methods/{Id}/remove", [("_handler", "remove"), ("Key", Id)]);

        Assert.Contains($"href=\"/account/payment-methods/{Id}/remove\"", list.Html, StringComparison.Ordinal);
        Assert.Contains("<h1>Remove Visa •4242?</h1>", question.Html, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, other.Status);
        Assert.EndsWith("/account/payment-methods?notice=removed", removed.Header("Location"), StringComparison.Ordinal);
        Assert.Equal(Id, Assert.Single(_api.Seen.Last().Headers.GetValues("Idempotency-Key"))); // pressed twice, it is once
    }

    [Theory]
    [InlineData("/account/sessions/revoke-others", "href=\"/account/sessions\"")]
    [InlineData("/cart/lines", "href=\"/cart\"")]
    public async Task What_may_have_been_done_all_the_same_leads_to_where_it_is_seen(string address, string link)
    {
        _api.IsDown = true;

        var page = await _visitor.PostAsync(address, [("Sku", "mug-1"), ("Quantity", "1")]);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, page.Status);
        Assert.Contains($"<a class=\"button\" {link}", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_standing_of_an_order_has_words()
    {
        foreach (var status in Enum.GetValues<OrderStatus>().Select(s => JsonNamingPolicy.CamelCase.ConvertName($"{s}")))
        {
            _api.On("/account/orders", $$"""
                { "items": [{ "number": 100042, "placedAt": "2026-01-15T12:00:00Z", "status": "{{status}}", "totalMinor": 1250, "currency": "EUR", "itemCount": 1 }] }
                """);

            var page = await _visitor.GetAsync("/account/orders", cookie: "session=t1");

            var words = Regex.Match(page.Html, "<span class=\"badge [a-z]+\">([^<]+)</span>").Groups[1].Value;
            Assert.NotEqual("", words);
            Assert.DoesNotMatch("[A-Z]", words); // a word for programs
        }
    }

    [Fact]
    public void Over_https_the_cookie_never_travels_without()
    {
        var context = new DefaultHttpContext { Request = { Scheme = "https" } };

        SessionCookie.Write(context, "t", new DateTimeOffset(2030, 1, 15, 12, 0, 0, TimeSpan.Zero));

        Assert.Contains("; secure;", context.Response.Headers.SetCookie.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/ops/queue?notice=due", "/ops/queue?notice=due")]
    [InlineData("/", "/")]
    [InlineData("https://evil.example/", null)]
    [InlineData("//evil.example", null)]
    [InlineData("/\\evil.example", null)]
    [InlineData("/\t/evil.example", null)]
    [InlineData("~/x", null)]
    [InlineData("javascript:alert(1)", null)]
    [InlineData("account", null)]
    [InlineData("", null)]
    [InlineData(null, null)]
    public void A_sign_in_leads_nowhere_but_to_our_own_pages(string? asked, string? led)
    {
        Assert.Equal(led, ReturnUrl.Local(asked));
        Assert.Equal(led is null ? "" : $"?returnUrl={Uri.EscapeDataString(led)}", ReturnUrl.Query(asked));
    }

    [Theory]
    [InlineData("/ops/queue", "/ops/queue")]
    [InlineData("//evil.example/", "/account")]
    public async Task After_the_sign_in_comes_what_was_asked_for(string asked, string shown)
    {
        _api.On("/account/sign-in", """{ "token": "new-token", "expiresAt": "2030-01-15T12:00:00Z", "next": "done" }""");

        var page = await SignInAsync($"/account/sign-in?returnUrl={Uri.EscapeDataString(asked)}");

        Assert.Equal(new Uri(new("http://localhost"), shown), new Uri(new("http://localhost"), page.Header("Location")));
    }

    [Theory]
    [InlineData(HttpStatusCode.Unauthorized, "sign_in_failed", HttpStatusCode.UnprocessableEntity, "We could not sign you in")]
    [InlineData(HttpStatusCode.TooManyRequests, "too_many_requests", HttpStatusCode.TooManyRequests, "Please wait a few minutes")]
    [InlineData(HttpStatusCode.InternalServerError, "", HttpStatusCode.ServiceUnavailable, "We did not hear back in time")]
    public async Task A_failed_sign_in_is_told_in_words_that_fit_every_cause(HttpStatusCode status, string reason, HttpStatusCode shown, string words)
    {
        _api.On("/account/sign-in", $$"""{ "status": {{(int)status}}, "reason": "{{reason}}" }""", status);

        var page = await SignInAsync("/account/sign-in");

        Assert.Equal(shown, page.Status);
        Assert.Contains(words, page.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"ada@example.org\"", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("the password I use", page.Html, StringComparison.Ordinal);
        Assert.Null(page.Header("Set-Cookie"));
    }

    [Theory]
    [InlineData("/account")]
    [InlineData("/account/orders?before=100042")]
    [InlineData("/account/sessions")]
    [InlineData("/account/payment-methods")]
    [InlineData("/account/payment-methods/0190d5a1-7b1c-7000-8000-000000000001/remove")]
    [InlineData("/account/second-factor")]
    [InlineData("/account/second-factor/set-up")]
    [InlineData("/account/second-factor/recovery-codes")]
    [InlineData("/account/second-factor/turn-off")]
    [InlineData("/ops")]
    [InlineData("/ops/orders/100042")]
    [InlineData("/ops/queue")]
    [InlineData("/ops/mail?state=parked")]
    [InlineData("/ops/mail/0190d5a1-7b1c-7000-8000-000000000001")]
    [InlineData("/ops/audit?who=ada")]
    [InlineData("/ops/staff")]
    [InlineData("/ops/staff/0190d5a1-7b1c-7000-8000-000000000001/disable")]
    public async Task Whoever_is_not_signed_in_is_asked_to_and_comes_back(string address)
    {
        RefuseAll(HttpStatusCode.Unauthorized, "unauthenticated");

        var page = await _visitor.GetAsync(address, cookie: SignedIn);

        Assert.Equal(HttpStatusCode.Found, page.Status);
        Assert.Equal($"/account/sign-in?returnUrl={Uri.EscapeDataString(address)}", page.Header("Location"));
        Assert.StartsWith("session=; expires=Thu, 01 Jan 1970", page.Header("Set-Cookie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_has_a_second_factor_to_prove_is_led_there()
    {
        RefuseAll(HttpStatusCode.Forbidden, "second_factor_required");

        var page = await _visitor.GetAsync("/ops/queue", cookie: SignedIn);

        Assert.Equal((HttpStatusCode.Found, "/account/second-factor?returnUrl=%2Fops%2Fqueue"), (page.Status, page.Header("Location")));
        Assert.Null(page.Header("Set-Cookie"));
    }

    [Fact]
    public async Task Whoever_may_not_is_told_so()
    {
        RefuseAll(HttpStatusCode.Forbidden, "forbidden");

        var page = await _visitor.GetAsync("/ops/staff", cookie: SignedIn);

        Assert.Equal((HttpStatusCode.Forbidden, "no-store"), (page.Status, page.Header("Cache-Control")));
        Assert.Contains("your role does not include this", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("another website", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://localhost/ops/queue?notice=due", "?returnUrl=%2Fops%2Fqueue%3Fnotice%3Ddue")]
    [InlineData("http://evil.example/ops/queue", "")]
    [InlineData("nonsense", "")]
    public async Task A_button_pressed_too_late_leads_back_to_its_page(string referer, string query)
    {
        RefuseAll(HttpStatusCode.Unauthorized, "unauthenticated");

        var page = await _visitor.PostAsync(
            "/ops/outbox/0190d5a1-7b1c-7000-8000-000000000002/retry", [("Why", "it works again")], cookie: SignedIn, header: ("Referer", referer));

        Assert.Equal((HttpStatusCode.SeeOther, $"/account/sign-in{query}"), (page.Status, page.Header("Location")));
    }

    [Fact]
    public async Task The_Api_hears_who_asks_for_a_personal_page_and_for_no_other()
    {
        _api.On("/account", Ada).On("/cart", CannedApi.FullCart).On("/catalog/products/mug", CannedApi.Mug)
            .On("/catalog/products/mug/availability", """{ "items": [] }""");

        var account = await _visitor.GetAsync("/account", cookie: SignedIn, header: ("User-Agent", Browser));
        var product = await _visitor.GetAsync("/products/mug", cookie: SignedIn, header: ("User-Agent", Browser));
        await _visitor.GetAsync("/cart", cookie: SignedIn);

        Assert.Equal("no-store", account.Header("Cache-Control"));
        Assert.Equal("public, max-age=30", product.Header("Cache-Control"));
        Assert.Contains("<a class=\"account-link\" href=\"/account\">Account</a>", product.Html, StringComparison.Ordinal);
        var personal = Assert.Single(_api.Seen, request => request.Headers.Authorization is not null);
        Assert.Equal(("/account", "Bearer s-token", Browser),
            (personal.RequestUri!.AbsolutePath, $"{personal.Headers.Authorization}", $"{personal.Headers.UserAgent}"));
    }

    [Fact]
    public async Task A_mail_program_that_opens_the_link_confirms_nothing()
    {
        _api.On("/account/confirm", "", HttpStatusCode.NoContent);

        var opened = await _visitor.GetAsync("/account/confirm?token=t1");
        Assert.Empty(_api.Seen);
        var confirmed = await _visitor.PostAsync("/account/confirm?token=t1", [("_handler", "confirm")]);

        Assert.Contains("Confirm my address", opened.Html, StringComparison.Ordinal);
        Assert.Contains("You can sign in now", confirmed.Html, StringComparison.Ordinal);
        Assert.Equal("""{"token":"t1"}""", _api.LastBody["/account/confirm"]);
    }

    [Theory]
    [InlineData("/account/confirm?token=t1", "confirm", "/account/confirm")]
    [InlineData("/account/reset?token=t1", "reset", "/account/password/reset")]
    public async Task An_old_link_says_so_and_offers_a_new_one(string address, string handler, string asked)
    {
        _api.On(asked, """{ "status": 410, "reason": "link_expired" }""", HttpStatusCode.Gone);

        var page = await _visitor.PostAsync(address, [("_handler", handler), ("Password", "a few words of mine")]);

        Assert.Equal(HttpStatusCode.Gone, page.Status);
        Assert.Contains("This link has expired", page.Html, StringComparison.Ordinal);
        Assert.Contains("Send me a new", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_with_a_registration_is_said_beside_its_field()
    {
        _api.On("/account/register", """
            { "status": 422, "reason": "validation_failed", "errors": { "password": ["This is one of the passwords that are tried first."] } }
            """, HttpStatusCode.UnprocessableEntity);

        var page = await _visitor.PostAsync("/account/register",
            [("_handler", "register"), ("Name", "Ada"), ("Email", "ada@example.org"), ("Password", "password1234")]);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, page.Status);
        Assert.Contains("id=\"Password-error\">This is one of", page.Html, StringComparison.Ordinal);
        Assert.Contains("aria-describedby=\"Password-hint Password-error\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"account/register#Password\"", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("password1234", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/account/register", "register", "/account/register")]
    [InlineData("/account/forgot", "forgot", "/account/password/forgot")]
    [InlineData("/account/confirm", "resend", "/account/confirm/resend")]
    public async Task No_form_tells_whether_an_address_is_known(string address, string handler, string asked)
    {
        _api.On(asked, "{}", HttpStatusCode.Accepted);

        var page = await _visitor.PostAsync(address,
            [("_handler", handler), ("Name", "Ada"), ("Email", "ada@example.org"), ("Password", "a few words of mine")]);

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("Look into your mailbox", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_is_half_signed_in_enters_a_code_or_sets_up_the_app()
    {
        _api.On("/account", Pending, HttpStatusCode.Forbidden)
            .On("/account/second-factor", """{ "status": 401, "reason": "code_wrong" }""", HttpStatusCode.Unauthorized);

        var asked = await _visitor.GetAsync("/account/second-factor?returnUrl=%2Fops%2Fqueue", cookie: SignedIn);
        var wrong = await _visitor.PostAsync("/account/second-factor?returnUrl=%2Fops%2Fqueue", [("_handler", "prove"), ("Code", "000000")], cookie: SignedIn);
        _api.On("/account/second-factor", """{ "token": "rotated", "expiresAt": "2030-01-15T12:00:00Z" }""");
        var right = await _visitor.PostAsync("/account/second-factor?returnUrl=%2Fops%2Fqueue", [("_handler", "prove"), ("Code", "123456")], cookie: SignedIn);

        Assert.Contains("autocomplete=\"one-time-code\"", asked.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/account/second-factor/set-up?returnUrl=%2Fops%2Fqueue\"", asked.Html, StringComparison.Ordinal);
        Assert.Contains("This code is not right", wrong.Html, StringComparison.Ordinal);
        Assert.EndsWith("/ops/queue", right.Header("Location"), StringComparison.Ordinal);
        Assert.StartsWith("session=rotated;", right.Header("Set-Cookie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_code_at_the_set_up_keeps_the_key_that_the_app_has_already()
    {
        _api.On("/account", Pending, HttpStatusCode.Forbidden)
            .On("/account/second-factor/begin", """{ "secret": "ABCD EFGH", "uri": "otpauth://totp/Shop:ada?secret=ABCDEFGH&issuer=Shop" }""")
            .On("/account/second-factor/enable", """{ "status": 422, "reason": "code_wrong" }""", HttpStatusCode.UnprocessableEntity);

        var begun = await _visitor.PostAsync("/account/second-factor/set-up", [("_handler", "begin")], cookie: SignedIn);
        var wrong = await _visitor.PostAsync("/account/second-factor/set-up",
            [("_handler", "enable"), ("Secret", "ABCD EFGH"), ("Uri", "otpauth://totp/Shop:ada?secret=ABCDEFGH&issuer=Shop"), ("Code", "000000")], cookie: SignedIn);

        foreach (var page in (Page[])[begun, wrong])
        {
            Assert.Contains("<code class=\"secret\" id=\"secret\">ABCD EFGH</code>", page.Html, StringComparison.Ordinal);
            Assert.Contains("<svg class=\"qr\"", page.Html, StringComparison.Ordinal);
            Assert.DoesNotContain("style=", page.Html, StringComparison.Ordinal);
        }

        Assert.Contains("This code is not right", wrong.Html, StringComparison.Ordinal);
        Assert.Equal("{\"password\":null}", _api.LastBody["/account/second-factor/begin"]);
    }

    [Fact]
    public async Task Recovery_codes_are_shown_with_the_new_session()
    {
        _api.On("/account", Ada).On("/account/second-factor/enable",
            """{ "token": "rotated", "expiresAt": "2030-01-15T12:00:00Z", "recoveryCodes": ["AAAA-BBBB", "CCCC-DDDD"] }""");

        var page = await _visitor.PostAsync("/account/second-factor/set-up?returnUrl=%2Fops",
            [("_handler", "enable"), ("Secret", "ABCD"), ("Uri", "otpauth://totp/Shop:ada?secret=ABCD"), ("Code", "123456")], cookie: SignedIn);

        Assert.StartsWith("session=rotated;", page.Header("Set-Cookie"), StringComparison.Ordinal);
        Assert.Contains("<code>CCCC-DDDD</code>", page.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"/ops\"", page.Html, StringComparison.Ordinal);
        Assert.Equal("no-store", page.Header("Cache-Control"));
    }

    [Fact]
    public async Task A_shopper_says_the_password_once_more_before_a_second_factor()
    {
        _api.On("/account", Ada);

        var page = await _visitor.PostAsync("/account/second-factor/set-up", [("_handler", "begin"), ("CurrentPassword", "")], cookie: SignedIn);

        Assert.Contains("id=\"CurrentPassword-error\"", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain(_api.Seen, request => request.Method == HttpMethod.Post);
    }

    [Theory]
    [InlineData(false, "signed_out")]
    [InlineData(true, "signed_out_here")]
    public async Task Signing_out_is_done_in_this_browser_in_any_case(bool isApiDown, string notice)
    {
        _api.On("/account/sign-out", "", HttpStatusCode.NoContent);
        _api.IsDown = isApiDown;

        var page = await _visitor.PostAsync("/account/sign-out", [], cookie: SignedIn);

        Assert.Equal($"/account/sign-in?notice={notice}", page.Header("Location"));
        Assert.StartsWith("session=; expires=Thu, 01 Jan 1970", page.Header("Set-Cookie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_out_by_another_site_is_refused()
    {
        var page = await _visitor.PostAsync("/account/sign-out", [], cookie: SignedIn, header: ("Sec-Fetch-Site", "cross-site"));

        Assert.Equal(HttpStatusCode.Forbidden, page.Status);
        Assert.Null(page.Header("Set-Cookie"));
        Assert.Empty(_api.Seen);
    }

    [Fact]
    public async Task A_checkout_is_filled_in_for_whoever_is_signed_in()
    {
        _api.On("/account", Ada).On("/cart", CannedApi.FullCart);

        var page = await _visitor.GetAsync("/checkout", cookie: $"cart=t1; {SignedIn}");

        Assert.Contains("value=\"ada@example.org\"", page.Html, StringComparison.Ordinal);
        Assert.Contains("value=\"Ada Example\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkout_waits_for_nobodys_account()
    {
        using var never = new SemaphoreSlim(0);
        _api.On("/account", Ada, after: never).On("/cart", CannedApi.FullCart);

        var page = await _visitor.GetAsync("/checkout", cookie: $"cart=t1; {SignedIn}");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Contains("id=\"checkout\"", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_ended_session_does_not_stop_a_checkout_and_is_forgotten()
    {
        _api.On("/account", """{ "status": 401, "reason": "unauthenticated" }""", HttpStatusCode.Unauthorized).On("/cart", CannedApi.FullCart);

        var page = await _visitor.GetAsync("/checkout", cookie: $"cart=t1; {SignedIn}");

        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.StartsWith("session=; expires=Thu, 01 Jan 1970", page.Header("Set-Cookie"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_owner_sees_the_order_without_its_key()
    {
        _api.On("/orders/100042", CannedApi.Paid.Replace("\"retryable\": false", "\"retryable\": false, \"ownedByYou\": true", StringComparison.Ordinal))
            .On("/orders/100042/payments", """{ "status": 409, "reason": "out_of_stock" }""", HttpStatusCode.Conflict);

        var page = await _visitor.GetAsync("/orders/100042", cookie: SignedIn);
        var paid = await _visitor.PostAsync("/orders/100042/payments", [("Key", $"{Guid.NewGuid()}"), ("PaymentToken", "pm_2")], cookie: SignedIn);

        Assert.Contains("All your orders", page.Html, StringComparison.Ordinal);
        Assert.Null(page.Header("Set-Cookie"));
        Assert.Equal("/orders/100042?notice=out_of_stock", paid.Header("Location"));
        Assert.All(_api.Seen, request => Assert.Equal("Bearer s-token", $"{request.Headers.Authorization}"));
        Assert.DoesNotContain(_api.Seen, request => request.Headers.Contains("X-Order-Key"));
    }

    [Fact]
    public async Task An_orders_old_link_offers_a_new_one_by_mail()
    {
        _api.On("/orders/100042", """{ "status": 410, "reason": "link_expired" }""", HttpStatusCode.Gone)
            .On("/orders/100042/link", "{}", HttpStatusCode.Accepted);

        var expired = await _visitor.GetAsync("/orders/100042?key=old");
        var sent = await _visitor.PostAsync("/orders/100042/link", [("_handler", "link"), ("Email", "ada@example.org")]);

        Assert.Equal(HttpStatusCode.Gone, expired.Status);
        Assert.Contains("action=\"/orders/100042/link\"", expired.Html, StringComparison.Ordinal);
        Assert.Contains("name=\"_handler\" value=\"link\"", expired.Html, StringComparison.Ordinal);
        Assert.Contains("If order 100042 was placed with", sent.Html, StringComparison.Ordinal);
        Assert.Equal("""{"email":"ada@example.org"}""", _api.LastBody["/orders/100042/link"]);
    }

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
        _api.Dispose();
    }

    private Task<Page> SignInAsync(string address) =>
        _visitor.PostAsync(address, [("_handler", "sign-in"), ("Email", "ada@example.org"), ("Password", "the password I use")]);

    private void RefuseAll(HttpStatusCode status, string reason)
    {
        foreach (var path in (string[])
            ["/account", "/account/orders", "/account/sessions", "/account/payment-methods", "/operations/mail", "/operations/mail/0190d5a1-7b1c-7000-8000-000000000001", "/operations/dashboard", "/operations/patterns", "/operations/errors", "/operations/orders", "/operations/orders/100042/story", "/operations/orders/100042/money",
             "/operations/queue", "/operations/audit", "/operations/staff", "/operations/outbox/0190d5a1-7b1c-7000-8000-000000000002/retry"])
            _api.On(path, $$"""{ "status": {{(int)status}}, "reason": "{{reason}}" }""", status);
    }
}
