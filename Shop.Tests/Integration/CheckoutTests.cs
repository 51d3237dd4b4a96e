using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class CheckoutTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static string Sku(string name) => $"{name}-{Guid.NewGuid():N}"[..20];

    [Fact]
    public async Task A_checkout_is_answered_paid_as_soon_as_the_outcome_is_known()
    {
        var sku = Sku("paid");
        await api.StockAsync(5, sku);
        var guest = await api.GuestAsync((sku, 2));

        var working = api.WorkAsync(ApiHost.Paid);
        var answer = await guest.CheckoutAsync();
        await working;

        Assert.Equal((HttpStatusCode.OK, "paid", "yes"), (answer.Status, answer["status"], answer["moneyTaken"]));
        Assert.Equal($"/orders/{answer["number"]}", answer.Headers["Location"]);
        Assert.Equal(("2500", "399", "EUR", ""), (answer["totalMinor"], answer["taxMinor"], answer["currency"], answer["reason"]));
        Assert.Equal("g•••@example.org", answer["email"]);
        Assert.Matches("^[0-9A-Z]{5}-[0-9A-Z]{5}$", answer["reference"]);
        Assert.Equal(75, answer["key"]!.Length); // signed, and stored nowhere
        Assert.Equal("Berlin", answer.Json.GetProperty("shipTo").GetProperty("city").GetString());
        Assert.Equal(2, answer.Json.GetProperty("timeline").GetArrayLength());
        Assert.Equal("0", (await guest.SeeCartAsync())["version"]); // an order's cart is no cart any more
    }

    [Fact]
    public async Task A_decline_says_why_and_what_to_do()
    {
        var sku = Sku("declined");
        await api.StockAsync(5, sku);
        var guest = await api.GuestAsync((sku, 1));

        var working = api.WorkAsync(new PaymentNews.Refused(Reasons.InsufficientFunds));
        var answer = await guest.CheckoutAsync();
        await working;

        Assert.Equal((HttpStatusCode.OK, "declined", "no", "insufficient_funds", "True"),
            (answer.Status, answer["status"], answer["moneyTaken"], answer.Reason, answer["retryable"]));
        Assert.Equal(Reasons.Of(Reasons.InsufficientFunds).Shopper, answer.Json.GetProperty("texts").GetProperty("explanation").GetString());
    }

    [Fact]
    public async Task Action_needed_gives_the_link_to_the_bank()
    {
        var sku = Sku("action");
        await api.StockAsync(5, sku);
        var guest = await api.GuestAsync((sku, 1));

        var working = api.WorkAsync(new PaymentNews.ActionAsked("https://bank.example/confirm"));
        var answer = await guest.CheckoutAsync();
        await working;

        Assert.Equal((HttpStatusCode.OK, "actionNeeded", "https://bank.example/confirm"), (answer.Status, answer["status"], answer["actionUrl"]));
    }

    [Fact]
    public async Task Without_a_worker_the_order_is_saved_and_says_so()
    {
        await using var host = await ApiHost.StartAsync(ApiHost.ShortWait);
        await host.StockAsync(5, "saved");
        var guest = await host.GuestAsync(("saved", 1));

        var answer = await guest.CheckoutAsync();

        Assert.Equal((HttpStatusCode.Accepted, "confirming", "none", "unknown"), (answer.Status, answer["status"], answer["payment"], answer["moneyTaken"]));
        await using var db = host.Open();
        var order = await db.Orders.SingleAsync(o => o.Number == long.Parse(answer["number"]!));
        Assert.Equal(1, await db.PaymentJobs.CountAsync(j => j.OrderId == order.Id && j.Kind == PaymentJobKind.Charge && j.PaymentToken == "pm_card_visa"));
        Assert.Equal(1, await db.Holds.CountAsync(h => h.OrderId == order.Id));
        Assert.Equal(answer["reference"], order.Reference);
    }

    [Fact]
    public async Task Twenty_identical_posts_at_once_make_one_order_and_get_the_same_answer()
    {
        var sku = Sku("twenty");
        await api.StockAsync(50, sku);
        var guest = await api.GuestAsync((sku, 1));
        var key = Guid.NewGuid();

        var working = api.WorkAsync(ApiHost.Paid);
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => guest.CheckoutAsync(key)));
        await working;

        // Each brings a link of its own to the same order: it says until when it opens it.
        Assert.All(answers, a => Assert.Equal((HttpStatusCode.OK, answers[0]["number"], "paid"), (a.Status, a["number"], a["status"])));
        await using var db = api.Open();
        Assert.Equal(1, await db.OrderLines.CountAsync(l => l.Sku == sku));
        Assert.Equal(49, (await db.Stock.SingleAsync(s => s.Sku == sku)).OnHand);
    }

    [Fact]
    public async Task Two_tabs_with_two_keys_make_one_order_shown_to_both()
    {
        var sku = Sku("tabs");
        await api.StockAsync(50, sku);
        var guest = await api.GuestAsync((sku, 1));

        var working = api.WorkAsync(ApiHost.Paid);
        var answers = await Task.WhenAll(guest.CheckoutAsync(), guest.CheckoutAsync());
        await working;
        var late = await guest.CheckoutAsync();

        Assert.All([.. answers, late], a => Assert.Equal((HttpStatusCode.OK, answers[0]["number"]), (a.Status, a["number"])));
    }

    [Fact]
    public async Task A_used_key_with_another_body_is_told_the_order_it_made()
    {
        var sku = Sku("reused");
        await api.StockAsync(50, sku);
        var guest = await api.GuestAsync((sku, 1));
        var key = Guid.NewGuid();
        var working = api.WorkAsync(ApiHost.Paid);
        var first = await guest.CheckoutAsync(key);
        await working;

        var otherAddress = await guest.CheckoutAsync(key, form => form["city"] = "Hamburg");
        var otherToken = await guest.CheckoutAsync(key, form => form["paymentToken"] = "pm_another");

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "key_reused", first["number"]), (otherAddress.Status, otherAddress.Reason, otherAddress["orderNumber"]));
        Assert.Contains($"order {first["number"]}", otherAddress["detail"], StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, first["number"]), (otherToken.Status, otherToken["number"])); // the same order, the card entered twice
    }

    [Fact]
    public async Task The_same_form_without_its_cart_is_the_same_order_and_with_another_cart_is_not()
    {
        var sku = Sku("cookie");
        await api.StockAsync(50, sku);
        var guest = await api.GuestAsync((sku, 1));
        var key = Guid.NewGuid();
        var working = api.WorkAsync(ApiHost.Paid);
        var first = await guest.CheckoutAsync(key);
        await working;

        guest.Token = null; // the storefront has taken the cookie back with its first answer
        var again = await guest.CheckoutAsync(key);
        await guest.AddAsync(sku); // the same goods, the same total, the same version, but a cart of today
        var another = await guest.CheckoutAsync(key);

        Assert.Equal((HttpStatusCode.OK, first["number"]), (again.Status, again["number"]));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "key_reused", first["number"]), (another.Status, another.Reason, another["orderNumber"]));
    }

    [Fact]
    public async Task A_checkout_that_created_nothing_leaves_its_key_free()
    {
        var sku = Sku("free");
        await api.StockAsync(0, sku);
        var guest = await api.GuestAsync((sku, 1));
        var key = Guid.NewGuid();
        Assert.Equal("out_of_stock", (await guest.CheckoutAsync(key)).Reason);

        await using (var db = api.Open())
            await db.Stock.Where(s => s.Sku == sku).ExecuteUpdateAsync(s => s.SetProperty(x => x.OnHand, 5));
        var working = api.WorkAsync(ApiHost.Paid);
        var answer = await guest.CheckoutAsync(key);
        await working;

        Assert.Equal(HttpStatusCode.OK, answer.Status);
    }

    [Fact]
    public async Task Fifty_guests_for_three_items_make_three_orders()
    {
        await using var host = await ApiHost.StartAsync(ApiHost.ShortWait);
        await host.StockAsync(3, "rush");
        var guests = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => host.GuestAsync(("rush", 1))));

        var answers = await Task.WhenAll(guests.Select(g => g.CheckoutAsync()));

        Assert.Equal(3, answers.Count(a => a.Status == HttpStatusCode.Accepted));
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.Accepted), a =>
        {
            Assert.Equal((HttpStatusCode.Conflict, "out_of_stock"), (a.Status, a.Reason));
            Assert.Equal(["rush"], a.Json.GetProperty("skus").EnumerateArray().Select(s => s.GetString()));
        });
        await using var db = host.Open();
        Assert.Equal(3, (await db.Stock.SingleAsync()).Held);
    }

    [Fact]
    public async Task A_changed_price_is_shown_before_it_is_charged()
    {
        var sku = Sku("price");
        await api.StockAsync(5, sku);
        var guest = await api.GuestAsync((sku, 2));
        await using (var db = api.Open())
            await db.Variants.Where(v => v.Sku == sku).ExecuteUpdateAsync(v => v.SetProperty(x => x.PriceMinor, 1300));

        var answer = await guest.CheckoutAsync();

        Assert.Equal((HttpStatusCode.Conflict, "price_changed", "2600"), (answer.Status, answer.Reason, answer["totalMinor"]));
    }

    [Fact]
    public async Task A_cart_that_was_changed_in_another_tab_is_looked_at_again()
    {
        var sku = Sku("changed");
        await api.StockAsync(5, sku);
        var guest = await api.GuestAsync((sku, 1));
        var form = guest.Form();
        await guest.AddAsync(sku);

        var answer = await api.PostAsync("/checkout", form, ("X-Cart", guest.Token), ("Idempotency-Key", $"{Guid.NewGuid()}"));

        Assert.Equal((HttpStatusCode.Conflict, "cart_changed"), (answer.Status, answer.Reason));
    }

    [Theory]
    [InlineData("email", "no-at-sign")]
    [InlineData("email", "a@b")]
    [InlineData("email", null)]
    [InlineData("name", "")]
    [InlineData("line1", "   ")]
    [InlineData("city", null)]
    [InlineData("postalCode", "1011")]
    [InlineData("country", "US")]
    [InlineData("cartVersion", null)]
    [InlineData("totalMinor", null)]
    [InlineData("paymentToken", "4242424242424242")]
    [InlineData("provider", "cash")]
    public async Task What_is_wrong_with_a_form_is_said_by_field(string field, string? value)
    {
        await api.StockAsync(5, $"form-{field}-{value}".Trim());
        var guest = await api.GuestAsync(($"form-{field}-{value}".Trim(), 1));

        var answer = await guest.CheckoutAsync(but: form => form[field] = value);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), (answer.Status, answer.Reason));
        Assert.Equal([field], answer.Json.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Without_a_key_or_a_cart_nothing_is_ordered()
    {
        var sku = Sku("nothing");
        await api.StockAsync(5, sku);
        var guest = await api.GuestAsync((sku, 1));

        var keyless = await api.PostAsync("/checkout", guest.Form(), ("X-Cart", guest.Token));
        var cartless = await api.PostAsync("/checkout", guest.Form(), ("Idempotency-Key", $"{Guid.NewGuid()}"));
        await guest.SetAsync(sku, 0, 1);
        var emptied = await guest.CheckoutAsync();

        Assert.Equal((HttpStatusCode.BadRequest, "idempotency_key_missing"), (keyless.Status, keyless.Reason));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "cart_empty"), (cartless.Status, cartless.Reason));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "cart_empty"), (emptied.Status, emptied.Reason));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(50)]
    public async Task A_checkout_is_five_round_trips_whatever_the_number_of_lines(int lines)
    {
        await using var host = await ApiHost.StartAsync(("Checkout:Poll", "00:00:10"), ("GatewayWatch:Poll", "00:10:00")); // the polls' own questions are not the checkout's
        var skus = Enumerable.Range(0, lines).Select(i => $"trip-{i:00}").ToArray();
        await host.StockAsync(10, [.. skus, "warm"]);
        var warm = await host.GuestAsync(("warm", 1));
        var warming = host.WorkAsync(ApiHost.Paid);
        await warm.CheckoutAsync();
        await warming;
        var guest = await host.GuestAsync([.. skus.Select(s => (s, 1))]);

        host.Wire.Reset();
        var working = host.WorkAsync(ApiHost.Paid); // on its own connection, past the wire
        var answer = await guest.CheckoutAsync();
        var trips = host.Wire.RoundTrips;
        await working;

        Assert.Equal((HttpStatusCode.OK, lines), (answer.Status, answer.Json.GetProperty("lines").GetArrayLength()));
        Assert.Equal(5, trips); // read, place, commit, notify, read
    }

    [Fact]
    public async Task Stock_rows_that_stay_locked_make_us_busy_and_nothing_is_ordered()
    {
        await using var host = await ApiHost.StartAsync(ApiHost.ShortWait, ("Timeouts:Lock", "00:00:00.200"));
        await host.StockAsync(5, "locked");
        var guest = await host.GuestAsync(("locked", 1));
        await using var blocker = host.Open();
        await using var transaction = await blocker.Database.BeginTransactionAsync();
        await blocker.Database.ExecuteSqlAsync($"SELECT FROM shop.stock_items FOR UPDATE");

        var key = Guid.NewGuid();
        var busy = await guest.CheckoutAsync(key);
        await transaction.RollbackAsync();
        var again = await guest.CheckoutAsync(key);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "busy"), (busy.Status, busy.Reason));
        Assert.True(int.Parse(busy.Headers["Retry-After"]) > 0);
        Assert.Equal(HttpStatusCode.Accepted, again.Status);
    }

    [Fact]
    public async Task A_twin_that_hangs_is_told_apart_from_a_busy_shop()
    {
        await using var host = await ApiHost.StartAsync(ApiHost.ShortWait, ("Timeouts:Lock", "00:00:00.200"));
        await host.StockAsync(5, "twin");
        var guest = await host.GuestAsync(("twin", 1));
        var key = Guid.NewGuid();

        // Another process has written the order and not yet committed it.
        await using var twin = host.Open();
        await using var transaction = await twin.Database.BeginTransactionAsync();
        var person = Any.Person();
        twin.Add(person);
        await twin.SaveChangesAsync();
        await twin.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.orders (id, checkout_key, checkout_digest, cart_id, person_id, reference, trace_id, payment, fulfilment, currency,
                total_minor, tax_minor, captured_minor, refunded_minor, disputed_minor, placed_at, deadline_at)
            VALUES (gen_random_uuid(), {key}, '', gen_random_uuid(), {person.Id}, '', '', 'None', 'Open', 'EUR', 1, 0, 0, 0, 0, now(), now())
            """);

        var running = await guest.CheckoutAsync(key);
        await transaction.RollbackAsync();
        var again = await guest.CheckoutAsync(key);

        Assert.Equal((HttpStatusCode.Conflict, "checkout_running"), (running.Status, running.Reason));
        Assert.Equal(HttpStatusCode.Accepted, again.Status);
    }

    [Fact]
    public async Task A_database_that_is_away_is_a_503_and_comes_back()
    {
        await using var host = await ApiHost.StartAsync(ApiHost.ShortWait);
        await host.StockAsync(5, "away");
        var guest = await host.GuestAsync(("away", 1));

        host.Wire.IsDown = true;
        host.Wire.CutAll();
        var away = await guest.CheckoutAsync();
        host.Wire.IsDown = false;

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "busy"), (away.Status, away.Reason));
        await ApiHost.UntilAsync(async () => (await guest.CheckoutAsync()).Status == HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task An_outcome_whose_notice_was_lost_is_found_by_the_poll()
    {
        await using var host = await ApiHost.StartAsync();
        await host.StockAsync(5, "unheard");
        var guest = await host.GuestAsync(("unheard", 1));

        var checkout = guest.CheckoutAsync();
        await ApiHost.UntilAsync(async () =>
        {
            await using var db = host.Open();
            return await db.Orders.AnyAsync();
        });
        await using (var db = host.Open())
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Paid', captured_minor = total_minor");
        var answer = await checkout;

        Assert.Equal((HttpStatusCode.OK, "paid"), (answer.Status, answer["status"]));
    }

    [Fact]
    public async Task Twenty_checkouts_wait_for_their_outcome_on_a_pool_of_three()
    {
        await using var host = await ApiHost.StartAsync(("Connections:ApiShoppers", "3"));
        await host.StockAsync(100, "waiting");
        var guests = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => host.GuestAsync(("waiting", 1))));

        var checkouts = guests.Select(g => g.CheckoutAsync()).ToArray();
        await ApiHost.UntilAsync(async () =>
        {
            await using var db = host.Open();
            return await db.Orders.CountAsync() == guests.Length;
        });
        var reading = await host.GetAsync("/catalog/products/waiting/availability"); // all wait, and there is a connection to be had
        for (var i = 0; i < guests.Length; i++)
            await host.WorkAsync(ApiHost.Paid);
        var answers = await Task.WhenAll(checkouts);

        Assert.Equal(HttpStatusCode.OK, reading.Status);
        Assert.Equal("80", $"{reading.Json.GetProperty("items")[0].GetProperty("available")}");
        Assert.All(answers, a => Assert.Equal((HttpStatusCode.OK, "paid"), (a.Status, a["status"])));
    }
}
