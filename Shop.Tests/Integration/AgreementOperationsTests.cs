using System.Net;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Operations;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>What counts as a payment, and how it ended, told from the rows that the payments left.</summary>
public sealed class AgreementOperationsTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UtcNow.AddHours(-12);
    private string _database = "";

    public async Task InitializeAsync() => _database = await PostgresServer.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    private ShopDbContext Open() => PostgresServer.Open(_database);

    private sealed record Charge(
        string? Reason = null, string[]? Answers = null, PaymentProvider Provider = PaymentProvider.Stripe, string? Token = "pm_1", string? LastReason = null, int Hours = 0,
        bool IsSaved = false);

    /// <summary>An order with its charges in turn, each with the answers it was given: "charged", or a no with its reason; "cancel " or "read " before it: to that.</summary>
    private async Task OrderAsync(PaymentState ended, string? reason, params Charge[] charges)
    {
        await using var db = Open();
        var order = await Any.StoredOrderAsync(db);
        await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteDeleteAsync();
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = {ended.ToString()}, reason = {reason} WHERE id = {order.Id}");
        for (var i = 0; i < charges.Length; i++)
        {
            var (charge, at) = (charges[i], Start.AddHours(charges[i].Hours).AddMinutes(10 * i));
            db.Add(new PaymentJob
            {
                Id = Guid.CreateVersion7(at), OrderId = order.Id, Kind = PaymentJobKind.Charge, Provider = charge.Provider, PaymentToken = charge.Token,
                State = JobState.Done, DueAt = at, CreatedAt = at, LastReason = charge.LastReason,
            });
            foreach (var (answer, n) in (charge.Answers ?? []).Select((answer, n) => (answer, n)))
            {
                var (operation, said) = answer.Split(' ') is [var asked, var reply] ? (asked, reply) : ("confirm", answer);
                db.Add(new PaymentAttempt
                {
                    Id = Guid.CreateVersion7(), OrderId = order.Id, Provider = charge.Provider, Operation = operation, LatencyMs = 1, At = at.AddSeconds(n + 1),
                    Class = said is "charged" or "unknown" ? said : "not_charged", Reason = said is "charged" or "unknown" ? null : said,
                });
            }
        }

        await db.SaveChangesAsync();
        if (charges.Any(c => c.IsSaved)) // whose method it is does not matter here
        {
            await db.Database.OpenConnectionAsync();
            await db.Database.ExecuteSqlAsync($"SET session_replication_role = replica");
            await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET saved_method_id = gen_random_uuid(), payment_token = NULL WHERE order_id = {order.Id}");
            await db.Database.ExecuteSqlAsync($"RESET session_replication_role");
        }
    }

    private async Task<PaymentEnds> EndsAsync(PaymentProvider provider = PaymentProvider.Stripe)
    {
        await using var db = Open();
        return await AgreementEndpoints.EndsAsync(db, provider, Start.AddMinutes(-1), Start.AddHours(6), CancellationToken.None);
    }

    [Fact]
    public async Task What_a_drill_broke_is_held_against_nobody()
    {
        await OrderAsync(PaymentState.Paid, null, new Charge(Answers: ["charged"]));
        var real = await EndsAsync();
        await OrderAsync(PaymentState.Deferred, Reasons.GatewayFailed, new Charge(Answers: [Reasons.GatewayFailed]));
        await using var db = Open();
        Assert.NotEqual(real, await EndsAsync());

        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET is_synthetic = true WHERE payment = 'Deferred'");

        Assert.Equal(real, await EndsAsync());
    }

    [Fact]
    public async Task A_payment_that_was_tried_several_times_is_one()
    {
        await OrderAsync(PaymentState.Paid, null, new Charge(Answers: [Reasons.GatewayUnreachable, "unknown", "charged"]));
        await OrderAsync(PaymentState.Abandoned, Reasons.GatewayDownTooLong, new Charge(Answers: [Reasons.GatewayUnreachable, Reasons.GatewayUnreachable]));

        Assert.Equal(new PaymentEnds(WentThrough: 1, Failed: 1), await EndsAsync());
    }

    [Fact]
    public async Task Each_card_that_a_shopper_tries_is_a_payment_of_its_own()
    {
        await OrderAsync(PaymentState.Paid, null, new Charge(Answers: [Reasons.InsufficientFunds]), new Charge(Answers: ["charged"]));
        await OrderAsync(PaymentState.Declined, Reasons.CardDeclined,
            new Charge(Answers: [Reasons.CardDetailsWrong]), new Charge(LastReason: Reasons.AuthenticationNeeded), new Charge(Answers: [Reasons.CardDeclined]));

        Assert.Equal(new PaymentEnds(WentThrough: 1, Declined: 2, ByShoppers: 2), await EndsAsync());
    }

    [Fact]
    public async Task A_decline_stays_one_when_the_shopper_leaves_and_the_order_is_closed()
    {
        const string Closed = Reasons.NotConfirmedInTime;
        await OrderAsync(PaymentState.Abandoned, Closed,
            new Charge(Answers: [Reasons.CardDeclined, $"read {Reasons.CardDeclined}", $"cancel {Closed}", $"read {Closed}"], LastReason: Reasons.CardDeclined));
        await OrderAsync(PaymentState.Abandoned, Closed, new Charge(Answers: [$"cancel {Reasons.AuthenticationFailed}"], LastReason: Reasons.InsufficientFunds));
        await OrderAsync(PaymentState.Abandoned, Closed, new Charge(Answers: [Reasons.CardExpired]), new Charge(Answers: [Reasons.CardDetailsWrong, $"cancel {Closed}"]));
        await OrderAsync(PaymentState.Abandoned, Closed, new Charge());
        await OrderAsync(PaymentState.Abandoned, Reasons.AuthenticationAbandoned, new Charge(Answers: [$"cancel {Closed}"], LastReason: Reasons.AuthenticationNeeded));

        Assert.Equal(new PaymentEnds(Declined: 3, ByShoppers: 3), await EndsAsync());
    }

    [Fact]
    public async Task What_is_not_decided_is_not_counted_and_what_finishes_a_payment_is_none()
    {
        await OrderAsync(PaymentState.Unknown, Reasons.OutcomeUnknown, new Charge(Answers: ["unknown"]));
        await OrderAsync(PaymentState.Paid, null, new Charge(LastReason: Reasons.AuthenticationNeeded), new Charge(Token: null, Answers: ["charged"])); // captured after the bank's question
        await OrderAsync(PaymentState.Abandoned, Reasons.NotTriedInTime, new Charge());
        await OrderAsync(PaymentState.Paid, null, new Charge(Answers: ["charged"], Hours: 7)); // another period

        Assert.Equal(new PaymentEnds(WentThrough: 1, ByUs: 1, Open: 1), await EndsAsync());
    }

    [Fact]
    public async Task One_with_a_saved_card_is_a_payment_like_any_other()
    {
        await OrderAsync(PaymentState.Paid, null, new Charge(Answers: ["charged"], IsSaved: true));
        await OrderAsync(PaymentState.Paid, null, new Charge(Answers: [Reasons.CardDeclined], IsSaved: true), new Charge(Answers: ["charged"], IsSaved: true));

        Assert.Equal(new PaymentEnds(WentThrough: 2, Declined: 1), await EndsAsync());
    }

    [Fact]
    public async Task A_payment_that_moved_to_the_other_gateway_failed_at_the_first()
    {
        await OrderAsync(PaymentState.Paid, null,
            new Charge(Answers: [Reasons.GatewayUnreachable]),
            new Charge(Provider: PaymentProvider.PayPal, Token: null, LastReason: Reasons.AuthenticationNeeded), // left for its page
            new Charge(Provider: PaymentProvider.PayPal, Token: "5O1", Answers: ["charged"]));
        await OrderAsync(PaymentState.Abandoned, Reasons.GatewayDownTooLong, new Charge(Provider: PaymentProvider.PayPal, Token: null));

        Assert.Equal(new PaymentEnds(Failed: 1), await EndsAsync());
        Assert.Equal(new PaymentEnds(WentThrough: 1, Failed: 1), await EndsAsync(PaymentProvider.PayPal));
    }

    [Fact]
    public async Task It_is_asked_of_an_index()
    {
        await using var db = Open();
        await db.Database.OpenConnectionAsync();
        await db.Database.ExecuteSqlRawAsync("SET enable_seqscan = off");
        var plan = await db.Database.SqlQueryRaw<string>("""
            EXPLAIN SELECT 1 FROM payments.payment_jobs j WHERE j.kind = 'Charge' AND j.provider = 'Stripe' AND j.created_at >= now() - interval '30 days' AND j.created_at < now()
            """).ToListAsync();

        Assert.Contains(plan, line => line.Contains("ix_payment_jobs_charges", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_api_says_it_for_a_day_a_week_and_a_month_or_for_a_period()
    {
        await using var api = await ApiHost.OverAsync(_database);
        var agent = await api.SignedInAsync(Role.Agent);
        await OrderAsync(PaymentState.Paid, null, new Charge(Answers: ["charged"]));
        await OrderAsync(PaymentState.Paid, null, new Charge(Answers: ["charged"], Hours: -48));

        var stripe = (await api.GetAsync("/operations/agreement", agent.Bearer)).Json.GetProperty("items").EnumerateArray().Single();
        var none = (await api.GetAsync("/operations/agreement?from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z", agent.Bearer)).Json.GetProperty("items").EnumerateArray().Single();

        Assert.Equal("stripe", stripe.GetProperty("provider").GetString());
        Assert.Equal([1, 2, 2], stripe.GetProperty("periods").EnumerateArray().Select(p => p.GetProperty("ends").GetProperty("wentThrough").GetInt32()));
        Assert.All(stripe.GetProperty("periods").EnumerateArray(), p => Assert.Equal("tooFewToTell", p.GetProperty("verdict").GetString()));
        Assert.StartsWith("Stripe: no payment", Assert.Single(none.GetProperty("periods").EnumerateArray()).GetProperty("sentence").GetString(), StringComparison.Ordinal);
        var backwards = await api.GetAsync("/operations/agreement?from=2020-02-01T00:00:00Z&to=2020-01-01T00:00:00Z", agent.Bearer);
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "period_invalid"), (backwards.Status, backwards.Reason));
    }
}
