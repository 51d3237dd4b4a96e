using System.Net;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Card testing at the Api. There is no Redis in these tests: what counts is in Postgres.</summary>
public sealed class VelocityTests(VelocityTests.LimitedApi limited) : IClassFixture<VelocityTests.LimitedApi>
{
    private readonly ApiHost api = limited.Api;

    [Fact]
    public async Task Somebody_with_many_cards_and_many_carts_is_slowed_and_then_stopped_before_an_order_is_placed()
    {
        await api.StockAsync(100, "tested");
        List<Answer> answers = [];
        for (var card = 0; card < 14; card++) // each time another e-mail address, another card, another cart
            answers.Add(await BuyAsync("tested", "203.0.113.1", $"thief-{card}@example.org", declined: true));

        Assert.Equal(10, answers.Count(a => a.Status is HttpStatusCode.Accepted));
        Assert.All(answers.Skip(10), refused =>
        {
            Assert.Equal((HttpStatusCode.TooManyRequests, "too_many_declined_payments"), (refused.Status, refused.Reason));
            Assert.InRange(int.Parse(refused.Headers["Retry-After"]), 1, 3600);
            Assert.False(string.IsNullOrEmpty(refused["reference"]));
        });
        await using var db = api.Open();
        var jobs = await db.PaymentJobs.Where(j => db.OrderLines.Any(l => l.OrderId == j.OrderId && l.Sku == "tested")).OrderBy(j => j.CreatedAt).ToListAsync();
        Assert.Equal([0, 0, 0, 0, 0, 2, 4, 8, 16, 32], jobs.Select(j => (int)(j.DueAt - j.CreatedAt).TotalSeconds));
        Assert.Equal([false, .. Enumerable.Repeat(true, 9)], jobs.Select(j => j.Wary));
        Assert.Equal(90, await db.Stock.Where(s => s.Sku == "tested").Select(s => s.OnHand - s.Held).SingleAsync());

        Assert.Equal(HttpStatusCode.Accepted, (await BuyAsync("tested", "203.0.113.2", "neighbour@example.org")).Status);
        var seen = await api.GetAsync("/operations/card-testing", (await api.SignedInAsync(Role.Agent)).Bearer);
        var source = seen.Json.GetProperty("sources").EnumerateArray().First(s => s.GetProperty("refused").GetInt32() is 4);
        Assert.Equal(("address", 10, 10, 5), (source.GetProperty("kind").GetString(), source.GetProperty("charges").GetInt32(),
            source.GetProperty("declines").GetInt32(), source.GetProperty("slowed").GetInt32()));
        Assert.DoesNotContain("203.0.113", seen.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("thief", seen.Text, StringComparison.Ordinal);
        Assert.True(await db.ChargeSources.AllAsync(s => s.Hash.Length == 16));
    }

    [Fact]
    public async Task Somebody_who_mistyped_once_pays_with_another_card_and_notices_nothing()
    {
        await api.StockAsync(5, "honest");
        var declined = await BuyAsync("honest", "203.0.113.20", "honest@example.org", declined: true);

        var again = await api.PostAsync($"/orders/{declined["number"]}/payments", new { paymentToken = "pm_other", provider = "stripe" },
            ("X-Order-Key", declined["key"]), ("Idempotency-Key", $"{Guid.NewGuid()}"), ("X-Forwarded-For", "203.0.113.20"));

        Assert.Equal(HttpStatusCode.Accepted, again.Status);
        await using var db = api.Open();
        var number = long.Parse(declined["number"]!);
        var jobs = await db.PaymentJobs.Where(j => db.Orders.Any(o => o.Id == j.OrderId && o.Number == number)).OrderBy(j => j.CreatedAt).ToListAsync();
        Assert.Equal((false, true, TimeSpan.Zero), (jobs[0].Wary, jobs[1].Wary, jobs[1].DueAt - jobs[1].CreatedAt));
        var kinds = await db.ChargeSources.Where(s => s.JobId == jobs[1].Id).Select(s => s.Kind).ToListAsync();
        Assert.Equal([SourceKind.Address, SourceKind.Email], kinds.Order());
    }

    [Fact]
    public async Task One_e_mail_address_in_all_its_spellings_is_one_source_from_wherever_it_comes()
    {
        await api.StockAsync(100, "mailbox");
        for (var i = 0; i < 8; i++)
            Assert.Equal(HttpStatusCode.Accepted, (await BuyAsync("mailbox", $"203.0.113.{100 + i}", $"Some.Body+{i}@Example.org", declined: true)).Status);

        // It may be a stranger's: alone it makes a payment wait, and no more.
        Assert.Equal(60, await WaitOfAsync(await BuyAsync("mailbox", "203.0.113.150", "some.body@example.org")));
        Assert.Equal(0, await WaitOfAsync(await BuyAsync("mailbox", "203.0.113.150", "other.body@example.org")));

        for (var i = 0; i < 5; i++)
            await BuyAsync("mailbox", "203.0.113.151", $"mailbox-{i}@example.org", declined: true);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await BuyAsync("mailbox", "203.0.113.151", "some.body@example.org")).Status);
        Assert.Equal(HttpStatusCode.Accepted, (await BuyAsync("mailbox", "203.0.113.151", "nobody.yet@example.org")).Status);
    }

    [Theory]
    [InlineData(2, HttpStatusCode.Accepted, VelocityTier.Slowed)]
    [InlineData(3, HttpStatusCode.TooManyRequests, VelocityTier.Refused)]
    public async Task What_is_kept_of_paying_again_needs_no_second_connection(int declines, HttpStatusCode status, VelocityTier tier)
    {
        await using var small = await ApiHost.StartAsync(
            ("CardTesting:Lifted", "false"), ("CardTesting:SlowAddress", "2"), ("CardTesting:RefuseAddress", "3"), ("Connections:ApiShoppers", "1"),
            ("ForwardedHeaders_Enabled", "true"), ("Timeouts:Outcome", "00:00:00.050"));
        await small.StockAsync(10, "small");
        List<Answer> bought = [];
        for (var i = 0; i < declines; i++)
            bought.Add(await BuyAsync(small, "small", "203.0.113.90", $"small-{i}@example.org", declined: true));
        await using var db = small.Open();
        await db.VelocityEvents.ExecuteDeleteAsync();

        var again = await small.PostAsync($"/orders/{bought[0]["number"]}/payments", new { paymentToken = "pm_other", provider = "stripe" },
            ("X-Order-Key", bought[0]["key"]), ("Idempotency-Key", $"{Guid.NewGuid()}"), ("X-Forwarded-For", "203.0.113.90"));

        Assert.Equal(status, again.Status);
        Assert.Equal([tier], await db.VelocityEvents.Select(v => v.Tier).ToListAsync());
    }

    [Fact]
    public async Task Paying_again_is_limited_like_buying()
    {
        await api.StockAsync(100, "again");
        var first = await BuyAsync("again", "203.0.113.60", "again-0@example.org", declined: true);
        for (var i = 1; i < 10; i++)
            await BuyAsync("again", "203.0.113.60", $"again-{i}@example.org", declined: true);

        var refused = await api.PostAsync($"/orders/{first["number"]}/payments", new { paymentToken = "pm_other", provider = "stripe" },
            ("X-Order-Key", first["key"]), ("Idempotency-Key", $"{Guid.NewGuid()}"), ("X-Forwarded-For", "203.0.113.61")); // he has moved on

        Assert.Equal("too_many_declined_payments", refused.Reason);
        var seen = await api.GetAsync($"/orders/{first["number"]}", ("X-Order-Key", first["key"]));
        Assert.Equal("declined", seen["status"]); // as it was
    }

    [Fact]
    public async Task An_office_that_buys_a_lot_is_not_slowed_by_its_declines()
    {
        await api.StockAsync(100, "office");
        for (var i = 0; i < 25; i++)
            Assert.Equal(HttpStatusCode.Accepted, (await BuyAsync("office", "203.0.113.80", $"colleague-{i}@example.org", declined: i % 2 is 0, paid: i % 2 is 1)).Status);

        await using var db = api.Open();
        var jobs = await db.PaymentJobs.Where(j => db.OrderLines.Any(l => l.OrderId == j.OrderId && l.Sku == "office")).ToListAsync();
        Assert.All(jobs, job => Assert.Equal(job.CreatedAt, job.DueAt));
    }

    private async Task<int> WaitOfAsync(Answer placed)
    {
        Assert.Equal(HttpStatusCode.Accepted, placed.Status);
        var number = long.Parse(placed["number"]!);
        await using var db = api.Open();
        var job = await db.PaymentJobs.SingleAsync(j => db.Orders.Any(o => o.Id == j.OrderId && o.Number == number));
        return (int)(job.DueAt - job.CreatedAt).TotalSeconds;
    }

    private Task<Answer> BuyAsync(string sku, string address, string email, bool declined = false, bool paid = false) =>
        BuyAsync(api, sku, address, email, declined, paid);

    private static async Task<Answer> BuyAsync(ApiHost api, string sku, string address, string email, bool declined = false, bool paid = false)
    {
        var guest = await api.GuestAsync((sku, 1));
        var form = guest.Form();
        form["email"] = email;
        var answer = await api.PostAsync(
            "/checkout", form, ("X-Cart", guest.Token), ("Idempotency-Key", $"{Guid.NewGuid()}"), ("X-Forwarded-For", address));
        if ((declined || paid) && answer["number"] is { } text)
        {
            var number = long.Parse(text);
            await using var db = api.Open();
            await db.PaymentJobs.Where(j => db.Orders.Any(o => o.Id == j.OrderId && o.Number == number)).ExecuteUpdateAsync(j => j
                .SetProperty(x => x.State, JobState.Done).SetProperty(x => x.LastReason, declined ? Reasons.CardDeclined : null));
            if (paid)
                await db.Orders.Where(o => o.Number == number).ExecuteUpdateAsync(o => o.SetProperty(x => x.Payment, PaymentState.Paid));
            if (declined)
            {
                await db.Orders.Where(o => o.Number == number).ExecuteUpdateAsync(o => o
                    .SetProperty(x => x.Payment, PaymentState.Declined).SetProperty(x => x.Reason, Reasons.CardDeclined));
            }
        }

        return answer;
    }

    public sealed class LimitedApi : IAsyncLifetime
    {
        public ApiHost Api { get; private set; } = null!;

        public async Task InitializeAsync() => Api = await ApiHost.StartAsync(
            ("CardTesting:Lifted", "false"), ("ForwardedHeaders_Enabled", "true"), ("Timeouts:Outcome", "00:00:00.050"));

        public Task DisposeAsync() => Api.DisposeAsync().AsTask();
    }
}
