using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Microsoft.Playwright;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;

namespace Shop.Tests.EndToEnd;

/// <summary>People and their accounts, in a real browser, with the mails that really came.</summary>
[Collection(RunningShop.Collection)]
public sealed class AccountFlowTests(RunningShop shop)
{
    private const string Password = "a long walk in the rain";

    [Fact]
    public async Task A_shopper_registers_confirms_buys_and_finds_the_order_in_the_account()
    {
        var email = NewEmail();
        await using var visitor = await VisitAsync();
        await RegisterAsync(visitor, email);
        await SignInAsync(visitor, email);
        await Assertions.Expect(visitor.Page.Locator("main")).ToContainTextAsync(email);

        await CheckOutAsync(visitor);
        await Assertions.Expect(visitor.Page.Locator("#Email")).ToHaveValueAsync(email);
        await Assertions.Expect(visitor.Page.Locator("#Name")).ToHaveValueAsync("Ada Example");
        await visitor.Page.FillAsync("#Line1", "Lindenallee 7");
        await visitor.Page.FillAsync("#PostalCode", "10115");
        await visitor.Page.FillAsync("#City", "Berlin");
        await PayAsync(visitor);
        var number = NumberOn(visitor);

        await visitor.Page.GotoAsync("/account/orders");
        await Assertions.Expect(visitor.Page.Locator(".rows")).ToContainTextAsync($"Order {number}");
        await visitor.Page.Context.ClearCookiesAsync(new() { Name = "order" }); // the key of the order's page
        await visitor.Page.ClickAsync($"text=Order {number}");
        await Assertions.Expect(visitor.Page.Locator(".answer.good")).ToBeVisibleAsync();
        await visitor.Page.GotoAsync("/account");
        await SignOutAsync(visitor);
        var response = await visitor.Page.GotoAsync($"/orders/{number}");

        Assert.Equal(404, response!.Status);
        Assert.Single(visitor.Errors); // that one
    }

    [Fact]
    public async Task A_forgotten_password_is_replaced_and_whoever_was_signed_in_is_out()
    {
        var email = NewEmail();
        await using var visitor = await VisitAsync(width: 390);
        await RegisterAsync(visitor, email);
        await SignInAsync(visitor, email);
        await using var other = await VisitAsync();
        await other.Page.GotoAsync("/account/forgot");
        await SubmitAsync(other, ("Email", email));
        await Assertions.Expect(other.Page.Locator("h1")).ToHaveTextAsync("Look into your mailbox");

        await other.Page.GotoAsync($"{await shop.LinkMailedAsync(email, "/account/reset")}");
        await SubmitAsync(other, ("Password", "another walk in the snow"));
        await Assertions.Expect(other.Page.Locator("main")).ToContainTextAsync("Your new password is set");

        await visitor.Page.GotoAsync("/account");
        await Assertions.Expect(visitor.Page).ToHaveURLAsync(new Uri(shop.Web, "/account/sign-in?returnUrl=%2Faccount").AbsoluteUri);
        await SubmitAsync(visitor, ("Email", email), ("Password", Password));
        await Assertions.Expect(visitor.Page.Locator(".notice.bad")).ToContainTextAsync("We could not sign you in");
        await SubmitAsync(visitor, ("Email", email), ("Password", "another walk in the snow"));
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Your account");
    }

    [Fact]
    public async Task A_session_that_is_revoked_elsewhere_is_out_at_once()
    {
        var email = NewEmail();
        await using var phone = await VisitAsync(width: 390);
        await RegisterAsync(phone, email);
        await SignInAsync(phone, email);
        await using var desk = await VisitAsync();
        await SignInAsync(desk, email);

        await desk.Page.GotoAsync("/account/sessions");
        await Assertions.Expect(desk.Page.Locator(".rows li")).ToHaveCountAsync(2);
        await desk.Page.Locator(".rows button").ClickAsync();
        await Assertions.Expect(desk.Page.Locator("main")).ToContainTextAsync("That session is signed out");
        await phone.Page.GotoAsync("/account/orders");

        await Assertions.Expect(phone.Page.Locator("h1")).ToHaveTextAsync("Sign in");
        Assert.DoesNotContain(await phone.Page.Context.CookiesAsync(), cookie => cookie.Name == "session");
        Assert.Empty(phone.Errors);
        Assert.Empty(desk.Errors);
    }

    [Fact]
    public async Task After_too_many_wrong_passwords_even_the_right_one_is_refused_in_the_same_words()
    {
        var email = NewEmail();
        await using var visitor = await VisitAsync();
        await RegisterAsync(visitor, email);
        await visitor.Page.GotoAsync("/account/sign-in");
        await SubmitAsync(visitor, ("Email", email), ("Password", "wrong"));
        var words = await visitor.Page.Locator(".notice.bad").TextContentAsync();
        for (var more = 1; more < 5; more++)
            await SubmitAsync(visitor, ("Email", email), ("Password", "wrong"));

        await SubmitAsync(visitor, ("Email", email), ("Password", Password));

        Assert.Equal(words, await visitor.Page.Locator(".notice.bad").TextContentAsync());
        Assert.Contains("accept none for a few minutes", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_admin_sets_up_a_second_factor_comes_back_with_a_recovery_code_and_finds_it_in_the_audit()
    {
        await using (var db = shop.OpenDatabase()) // another test may have been here first
            await db.Users.Where(u => u.Role == Role.Admin).ExecuteUpdateAsync(u => u.SetProperty(x => x.TwoFactorEnabled, false));
        await using var visitor = await VisitAsync();
        await visitor.Page.GotoAsync("/ops/audit");
        await SubmitAsync(visitor, ("Email", RunningShop.AdminEmail), ("Password", RunningShop.AdminPassword));
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Set up your second factor");
        await SubmitAsync(visitor);
        await Assertions.Expect(visitor.Page.Locator(".qr")).ToBeVisibleAsync();
        await SubmitAsync(visitor, ("Code", Authenticator.CodeOf((await visitor.Page.Locator("#secret").TextContentAsync())!)));
        await Assertions.Expect(visitor.Page.Locator(".codes li")).ToHaveCountAsync(10);
        var codes = await visitor.Page.Locator(".codes code").AllTextContentsAsync();
        await visitor.Page.ClickAsync("text=I have kept them");
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Audit");
        await SignOutAsync(visitor);

        await visitor.Page.GotoAsync("/ops");
        await SubmitAsync(visitor, ("Email", RunningShop.AdminEmail), ("Password", RunningShop.AdminPassword));
        await UseRecoveryCodeAsync(visitor, codes[3]);
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Today");
        await visitor.Page.ClickAsync("text=Audit");
        await Assertions.Expect(visitor.Page.Locator("table.audit")).ToContainTextAsync("signed in");
        await visitor.Page.SelectOptionAsync("select[name=action]", "second_factor_enabled");
        await visitor.Page.ClickAsync("main button:has-text('Search')");
        await Assertions.Expect(visitor.Page).ToHaveURLAsync(new Regex("action=second_factor_enabled"));
        await Assertions.Expect(visitor.Page.Locator("table.audit tbody tr").First).ToContainTextAsync("second factor enabled");
        await Assertions.Expect(visitor.Page.Locator("table.audit")).Not.ToContainTextAsync("signed in");

        await SignOutAsync(visitor);
        await visitor.Page.GotoAsync("/ops");
        await SubmitAsync(visitor, ("Email", RunningShop.AdminEmail), ("Password", RunningShop.AdminPassword));
        await UseRecoveryCodeAsync(visitor, codes[3]);
        await Assertions.Expect(visitor.Page.Locator(".notice.bad")).ToContainTextAsync("a recovery code works once");
    }

    [Fact]
    public async Task An_orders_link_that_has_expired_is_replaced_by_mail()
    {
        var email = NewEmail();
        await using var guest = await VisitAsync();
        await CheckOutAsync(guest);
        await guest.FillAddressAsync();
        await guest.Page.FillAsync("#Email", email);
        await PayAsync(guest);
        var number = NumberOn(guest);
        await using var db = shop.OpenDatabase();
        var order = await db.Orders.Where(o => o.Number == number).Select(o => o.Id).SingleAsync();
        var old = Any.Links.Make(LinkPurpose.Order, order, DateTimeOffset.UtcNow - SignedLinks.LifetimeOf(LinkPurpose.Order) - TimeSpan.FromHours(1));

        await using var later = await VisitAsync(width: 390);
        await later.Page.GotoAsync($"/orders/{number}?key={old}");
        await Assertions.Expect(later.Page.Locator("h1")).ToHaveTextAsync("This link has expired");
        await SubmitAsync(later, ("Email", email));
        await Assertions.Expect(later.Page.Locator("h1")).ToHaveTextAsync("Look into your mailbox");
        await later.Page.GotoAsync($"{await shop.LinkMailedAsync(email, $"/orders/{number}")}");

        await Assertions.Expect(later.Page.Locator(".answer.good")).ToBeVisibleAsync();
    }

    private static string NewEmail() => $"ada-{Guid.NewGuid():N}@example.org";

    private Task<BrowserSession> VisitAsync(int width = 1280) => BrowserSession.OpenAsync(shop.Web, width);

    private async Task RegisterAsync(BrowserSession visitor, string email)
    {
        await visitor.Page.GotoAsync("/account/register");
        await SubmitAsync(visitor, ("Name", "Ada Example"), ("Email", email), ("Password", Password));
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Look into your mailbox");
        await visitor.Page.GotoAsync($"{await shop.LinkMailedAsync(email, "/account/confirm")}");
        await SubmitAsync(visitor);
        await Assertions.Expect(visitor.Page.Locator("main")).ToContainTextAsync("You can sign in now");
    }

    private static async Task SignInAsync(BrowserSession visitor, string email)
    {
        await visitor.Page.GotoAsync("/account/sign-in");
        await SubmitAsync(visitor, ("Email", email), ("Password", Password));
        await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveTextAsync("Your account");
    }

    private static async Task SignOutAsync(BrowserSession visitor)
    {
        await visitor.Page.ClickAsync("text=Sign out");
        await Assertions.Expect(visitor.Page.Locator("main")).ToContainTextAsync("You are signed out");
    }

    /// <summary>Fills in the page's form, presses its button, and is on the page that answers it.</summary>
    private static async Task SubmitAsync(BrowserSession visitor, params (string Field, string Value)[] fields)
    {
        foreach (var (field, value) in fields)
            await visitor.Page.FillAsync($"#{field}", value);
        await visitor.Page.EvaluateAsync("document.documentElement.dataset.sent = ''");
        await visitor.Page.Locator("main form.stack button[type=submit]").First.ClickAsync();
        await visitor.Page.WaitForSelectorAsync("html:not([data-sent]) body h1");
    }

    private static async Task UseRecoveryCodeAsync(BrowserSession visitor, string code)
    {
        await visitor.Page.ClickAsync("text=I do not have my app at hand");
        await Assertions.Expect(visitor.Page.Locator("label[for=Code]")).ToHaveTextAsync("Recovery code");
        await SubmitAsync(visitor, ("Code", code));
    }

    /// <summary>With goods that no other test buys.</summary>
    private async Task CheckOutAsync(BrowserSession visitor)
    {
        var sku = $"e2e-{Guid.NewGuid():N}"[..16];
        await using (var db = shop.OpenDatabase())
            await Any.StockAsync(db, 5, sku);
        await visitor.Page.GotoAsync($"/products/{sku}");
        await visitor.Page.ClickAsync("text=Add to cart");
        await visitor.Page.ClickAsync("text=Check out");
    }

    private static async Task PayAsync(BrowserSession visitor)
    {
        var frame = visitor.Page.FrameLocator("iframe");
        await frame.Locator("#number").FillAsync("4242 4242 4242 4242");
        await frame.Locator("#expiry").FillAsync("12 / 34");
        await frame.Locator("#cvc").FillAsync("123");
        await visitor.Page.Locator("#checkout button[type=submit]").ClickAsync();
        await Assertions.Expect(visitor.Page.Locator(".answer.good")).ToBeVisibleAsync(new() { Timeout = 30_000 });
    }

    private static long NumberOn(BrowserSession visitor) =>
        long.Parse(new Uri(visitor.Page.Url).Segments[^1].Trim('/'), System.Globalization.CultureInfo.InvariantCulture);
}
