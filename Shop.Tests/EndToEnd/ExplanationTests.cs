using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Api.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Queue;
using Shop.Payments.Reconciliation;
using Shop.Simulator.Faults;
using Shop.Simulator.PayPal;
using Shop.Simulator.Stripe;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.EndToEnd;

/// <summary>
/// Every way to fail that the simulator knows is planted, and what we say of it, whose side it was and whether money was taken, is compared with
/// what only the simulator knows.
/// </summary>
public sealed class ExplanationTests(PaymentsShop shop, ITestOutputHelper output) : IClassFixture<PaymentsShop>, IAsyncLifetime
{
    private static readonly PaymentState[] Told = [PaymentState.Declined, PaymentState.Paid, PaymentState.Deferred, PaymentState.Unknown, PaymentState.Abandoned];

    /// <param name="Planted">The only ledger of a call that never arrived.</param>
    private sealed record Case(string Planted, string Side, Guid Order);

    private readonly List<Case> _cases = [];

    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(true);
    }

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private static readonly string[] StripeCodes = [.. CodesOf("stripe-codes.txt", "[declines]").Append("card_decline_rate_limit_exceeded").Append("a_code_of_tomorrow")];

    private static IEnumerable<string> CodesOf(string file, string section) => File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Assets", file))
        .SkipWhile(line => line != section).Skip(1).TakeWhile(line => !line.StartsWith('[')).Where(line => !line.StartsWith('#'))
        .SelectMany(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(code => code is not "do_not_try_again"); // an advice

    [Fact]
    public async Task Every_decline_of_a_bank_is_explained_as_it_was()
    {
        foreach (var code in StripeCodes)
        {
            await shop.FaultsAsync(new { declineRate = 1, declineCodes = new[] { code } });
            await TellAsync($"card: {code}", FailureSide(code), await shop.PlaceAsync());
        }

        await shop.NoFaultsAsync();
        foreach (var card in TestCard.All.Where(c => c is { Refusal: not null, AsksShopper: false }))
            await TellAsync($"test card: {card.Name}", FailureSide(card.Refusal!.DeclineCode ?? card.Refusal.Code), await shop.PlaceAsync(card.Name));

        await CompareAsync();
    }

    [Fact]
    public async Task Every_decline_of_PayPal_is_explained_as_it_was()
    {
        string[] issues =
        [
            "INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY", "TRANSACTION_REFUSED", "PAYER_ACCOUNT_RESTRICTED", "TRANSACTION_LIMIT_EXCEEDED", "COMPLIANCE_VIOLATION",
            "PAYEE_BLOCKED_TRANSACTION", "PAYER_ACCOUNT_LOCKED_OR_CLOSED", "DECLINED_DUE_TO_RELATED_TXN", "PAYMENT_SOURCE_DECLINED_BY_PROCESSOR",
            "AGREEMENT_ALREADY_CANCELLED", "DECLINED", "FAILED",
        ];
        foreach (var issue in issues)
        {
            await shop.FaultsAsync(new { gateway = "paypal", declineRate = 1, declineCodes = new[] { issue } });
            await TellAsync($"PayPal: {issue}", FailureSide(issue), await AgreedAsync());
        }

        await shop.NoFaultsAsync();
        foreach (var source in FundingSource.All.Where(s => s.Outcome is not null && s.PendingEnd is not "COMPLETED"))
            await TellAsync($"PayPal source: {source.Name}", "bank", await AgreedAsync(source.Name));
        foreach (var source in FundingSource.All.Where(s => s is { Outcome: not null and not "PENDING" }))
            await TellAsync($"PayPal source: {source.Name}", "bank", await AgreedAsync(source.Name));

        await CompareAsync();
    }

    public static TheoryData<string> Gateways => ["stripe", "paypal"];

    [Theory]
    [MemberData(nameof(Gateways))]
    public async Task Every_fault_of_a_gateway_is_explained_as_it_was_and_every_unknown_is_settled(string gateway)
    {
        var isPayPal = gateway is "paypal";
        await shop.DeliverWebhooksAsync(isPayPal); // of a payment only our own asking is to tell; that somebody agreed at PayPal, here only a webhook does
        foreach (var fault in Enum.GetValues<Fault>().Where(f => f is not (Fault.Refused or Fault.None)))
        {
            foreach (var operation in isPayPal ? (string[])["create", "capture"] : ["create", "confirm"])
            {
                var name = Shop.Simulator.Page.FaultRow.Name(fault);
                Order order;
                if (operation is "capture")
                {
                    order = await AtPayPalAsync();
                    await shop.FaultsAsync(name, count: 1, operation, gateway);
                    await PayPalPage.AnswerAsync(order.ActionUrl!);
                }
                else
                {
                    await shop.FaultsAsync(name, count: 1, operation, gateway);
                    order = isPayPal ? await shop.PlaceAtPayPalAsync() : await shop.PlaceAsync();
                    if (isPayPal)
                        await PayPalPage.AnswerAsync((await shop.UntilAsync(order.Id, PaymentState.ActionNeeded)).ActionUrl!);
                }

                // It recovers at once: the payment is settled by asking, and paid in the end.
                await shop.UntilAsync(order.Id, PaymentState.Paid);
                await TellAsync($"{gateway}: {name} at {operation}", "gateway", order);
            }
        }

        // Closed altogether, nothing can arrive.
        await shop.FaultsAsync("refused", gateway: gateway);
        var refused = isPayPal ? await shop.PlaceAtPayPalAsync() : await shop.PlaceAsync();
        await shop.UntilAsync(refused.Id, PaymentState.Deferred);
        await TellAsync($"{gateway}: refused", "gateway", refused);
        await shop.NoFaultsAsync();
        if (!isPayPal)
            await shop.UntilAsync(refused.Id, PaymentState.Paid);

        await CompareAsync(tellsWebhook: isPayPal);
    }

    [Fact]
    public async Task What_shoppers_leave_is_explained_as_it_was()
    {
        var refused = await shop.PlaceAsync("pm_card_authenticationRequired");
        await ThreeDSecure.AnswerAsync((await shop.UntilAsync(refused.Id, PaymentState.ActionNeeded)).ActionUrl!, agrees: false);
        await TellAsync("3-D Secure refused", "shopper", refused);

        var left = await shop.PlaceAsync("pm_card_authenticationRequired");
        await shop.UntilAsync(left.Id, PaymentState.ActionNeeded);
        var atPayPal = await AtPayPalAsync();
        var afterwards = await shop.PlaceAsync("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds");
        await ThreeDSecure.AnswerAsync((await shop.UntilAsync(afterwards.Id, PaymentState.ActionNeeded)).ActionUrl!, agrees: true);
        await TellAsync("3-D Secure, then declined", "bank", afterwards);
        foreach (var order in (Order[])[left, atPayPal])
        {
            await shop.ExpireHoldAsync(order.Id);
            await shop.PassDeadlineAsync(order.Id);
        }

        await shop.Services.GetRequiredService<HoldSweep>().SweepAsync(CancellationToken.None);
        foreach (var order in (Order[])[left, atPayPal])
        {
            await shop.UntilAsync(order.Id, PaymentState.Abandoned);
            await TellAsync("not answered in time", "shopper", order);
        }

        await CompareAsync();
    }

    [Fact]
    public async Task When_a_gateway_is_back_an_unknown_payment_is_settled_within_90_seconds()
    {
        const double Scale = 0.1;
        var slack = TimeSpan.FromSeconds(15); // real ones, of a busy machine: work does not become shorter with the waits
        var mine = new PaymentsShop(
        [
            ("Shop:TimeScale", "0.1"), ("Payments:Queue:Poll", "00:00:00.500"), // as in the shop, and so are the breakers
            .. ((string[])["Stripe", "PayPal"]).SelectMany(g => new (string, string)[]
            {
                ($"Gateways:{g}:Break", "00:00:03"), ($"Gateways:{g}:QuietCalls", "3"), ($"Gateways:{g}:BusyCalls", "20"), ($"Gateways:{g}:SteadyCalls", "5"),
            }),
        ]);
        await mine.InitializeAsync();
        try
        {
            await mine.DeliverWebhooksAsync(false); // nobody but our own asking may settle it
            List<Order> atPayPal = [];
            for (var i = 0; i < 2; i++)
                atPayPal.Add(await mine.UntilAsync((await mine.PlaceAtPayPalAsync()).Id, PaymentState.ActionNeeded));
            foreach (var (gateway, takes) in ((string, string)[])[("stripe", "confirm"), ("paypal", "capture")])
                await mine.FaultsAsync(new { gateway, rules = new[] { new { fault = "answer_lost", operation = takes }, new { fault = "unavailable_503", operation = "read" } } });
            List<Order> orders = [await mine.PlaceAsync(), await mine.PlaceAsync(), .. atPayPal];
            await using var db = mine.Open();
            foreach (var order in atPayPal)
            {
                await PayPalPage.AnswerAsync(order.ActionUrl!);
                var approved = await db.PaymentIntents.Where(i => i.OrderId == order.Id).Select(i => i.GatewayId).SingleAsync();
                await mine.PayAgainAsync(order.Id, approved, PaymentProvider.PayPal); // as the shopper's return has it written
            }

            foreach (var order in orders) // one that comes when the breaker is open already is deferred, and never in doubt
                await mine.UntilAsync(order.Id, o => o.Payment is PaymentState.Unknown or PaymentState.Deferred, "a lost answer");

            // Until it is asked as seldom as ever: 5, 10, 20 and then each 30 seconds.
            var outageEnds = DateTimeOffset.UtcNow + TimeSpan.FromSeconds(65) * Scale;
            await Eventually.TrueAsync(() => Task.FromResult(DateTimeOffset.UtcNow >= outageEnds), () => "time stands still");
            Guid[] ids = [.. orders.Select(o => o.Id)];
            var unknown = await db.Orders.AsNoTracking().Where(o => ids.Contains(o.Id) && o.Payment == PaymentState.Unknown).ToListAsync();
            Assert.Equal([PaymentProvider.Stripe, PaymentProvider.PayPal], unknown.Select(o => o.PaysAt).Distinct().Order());
            var back = DateTimeOffset.UtcNow;
            await mine.NoFaultsAsync();

            List<TimeSpan> took = [];
            foreach (var order in unknown)
            {
                await mine.UntilAsync(order.Id, PaymentState.Paid);
                took.Add(await db.Timeline.Where(t => t.OrderId == order.Id && t.Kind == TimelineKinds.Paid).Select(t => t.At).SingleAsync() - back);
                output.WriteLine($"{order.PaysAt}: settled {took[^1].TotalSeconds:0.0} s after its gateway was back, which are {took[^1].TotalSeconds / Scale:0} s of the shop");
            }

            Assert.All(took, t => Assert.True(t <= TimeSpan.FromSeconds(90) * Scale + slack, $"{t}"));
        }
        finally
        {
            await mine.DisposeAsync();
        }
    }

    [Fact]
    public void Nobody_is_asked_so_seldom_that_an_unknown_payment_outlives_90_seconds()
    {
        // The last question just before the gateway is back, the longest pause after it, and a breaker that has just opened again.
        var longest = Enumerable.Range(1, 50).Max(n => Backoff.AfterSilence(n, jitter: 1));

        Assert.True(longest + shop.Services.GetRequiredService<Microsoft.Extensions.Options.IOptionsMonitor<Shop.Payments.Gateways.GatewayOptions>>().Get("Stripe").Break
            < TimeSpan.FromSeconds(90));
    }

    private static string FailureSide(string code) => Shop.Simulator.Gateways.FailureLedger.SideOf(code);

    private async Task<Order> AtPayPalAsync() => await shop.UntilAsync((await shop.PlaceAtPayPalAsync()).Id, PaymentState.ActionNeeded);

    private async Task<Order> AgreedAsync(string source = "balance")
    {
        var order = await AtPayPalAsync();
        await PayPalPage.AnswerAsync(order.ActionUrl!, source: source);
        return order;
    }

    /// <summary>As soon as the shopper can be told how it stands.</summary>
    private async Task TellAsync(string planted, string side, Order order)
    {
        await shop.UntilAsync(order.Id, o => Told.Contains(o.Payment) && o.Reason is not Reasons.PaymentProcessing, $"{planted} to be told");
        _cases.Add(new(planted, side, order.Id));
    }

    /// <param name="tellsWebhook">A payment may be known by it before the lost answer is missed; then there is no failure to tell of.</param>
    private async Task CompareAsync(bool tellsWebhook = false)
    {
        SortedDictionary<string, int> table = [];
        List<string> wrong = [];
        await using var db = shop.Open();
        foreach (var tried in _cases)
        {
            var order = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == tried.Order);
            var reasons = await db.Timeline.Where(t => t.OrderId == order.Id && t.Reason != null).OrderBy(t => t.At).ThenBy(t => t.Id).Select(t => t.Reason!).ToListAsync();
            var said = SyntheticOrders.SaidOf(order, reasons);
            var (ourSide, ourMoney) = (said is null ? "none" : $"{Reasons.Of(said).Side}".ToLowerInvariant(), $"{OrderWords.MoneyTakenBy(order)}".ToLowerInvariant());
            var truth = (await shop.Simulator.GetFromJsonAsync<JsonNode>(new Uri($"/truth?order={order.Id}", UriKind.Relative)))!;
            var (side, money) = ((string?)truth["failure"]?["side"] ?? (tried.Planted.EndsWith("refused", StringComparison.Ordinal) ? tried.Side : "none"), (string)truth["moneyTaken"]!);
            var cell = $"was {side,-8} money {money,-3} | said {ourSide,-8} money {ourMoney}";
            table[cell] = table.GetValueOrDefault(cell) + 1;
            var wasNeverUnknown = tellsWebhook && side is "gateway" && ourSide is "none" && order.Payment is PaymentState.Paid;
            if ((side != ourSide && !wasNeverUnknown) || money != ourMoney || side != tried.Side)
                wrong.Add($"{tried.Planted} (planted {tried.Side}): {cell}, {said}, truth {truth.ToJsonString()}");
        }

        foreach (var (cell, count) in table)
            output.WriteLine($"{count,4} {cell}");
        Assert.True(wrong is [], string.Join('\n', wrong));
    }
}
