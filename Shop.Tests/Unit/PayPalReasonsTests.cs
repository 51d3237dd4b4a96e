using System.Diagnostics.Metrics;
using Shop.Data.Orders;
using Shop.Payments.Gateways;

namespace Shop.Tests.Unit;

public sealed class PayPalReasonsTests
{
    // What a shop meets, by PayPal's guides; some of it is in no enumeration of the documents.
    private const string Met = """
        INSTRUMENT_DECLINED PAYMENT_SOURCE_DECLINED_BY_PROCESSOR TRANSACTION_REFUSED PAYER_CANNOT_PAY PAYER_ACCOUNT_RESTRICTED
        PAYER_ACCOUNT_LOCKED_OR_CLOSED CARD_EXPIRED TRANSACTION_LIMIT_EXCEEDED COMPLIANCE_VIOLATION PAYEE_BLOCKED_TRANSACTION PAYER_ACTION_REQUIRED
        ORDER_NOT_APPROVED ORDER_EXPIRED ORDER_ALREADY_CAPTURED ORDER_COMPLETION_IN_PROGRESS DUPLICATE_INVOICE_ID
        MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED CAPTURE_FULLY_REFUNDED REFUND_AMOUNT_EXCEEDED REFUND_CAPTURE_CURRENCY_MISMATCH
        REFUND_TIME_LIMIT_EXCEEDED REFUND_FAILED_INSUFFICIENT_FUNDS PENDING_CAPTURE TRANSACTION_DISPUTED REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK
        MAX_NUMBER_OF_REFUNDS_EXCEEDED PARTIAL_REFUND_NOT_ALLOWED MISSING_REQUIRED_PARAMETER INVALID_PARAMETER_SYNTAX MALFORMED_REQUEST_JSON
        PAYPAL_REQUEST_ID_REQUIRED PERMISSION_DENIED PAYEE_ACCOUNT_RESTRICTED INVALID_RESOURCE_ID PREVIOUS_REQUEST_IN_PROGRESS DECIMAL_PRECISION
        DECIMALS_NOT_SUPPORTED
        """;

    private static string[] Documented(string section) => Words(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Assets", "paypal-issues.txt")).Split($"[{section}]")[1].Split('[')[0]);

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    [Theory]
    [InlineData("create", 100)]
    [InlineData("order", 4)]
    [InlineData("capture", 70)]
    [InlineData("authorize", 60)]
    [InlineData("capture-authorization", 20)]
    [InlineData("void", 4)]
    [InlineData("refund", 25)]
    public void Every_documented_issue_of_a_call_we_make_has_a_deliberate_place_in_the_taxonomy(string call, int atLeast)
    {
        var issues = Documented(call);

        Assert.True(issues.Length >= atLeast, $"{issues.Length} issues");
        Assert.DoesNotContain(issues, issue => !PayPalReasons.Knows(issue));
        Assert.All(issues, issue => Assert.True(Reasons.IsKnown(PayPalReasons.Of(issue).Reason), issue));
    }

    [Fact]
    public void Every_issue_that_a_shop_meets_is_known() => Assert.DoesNotContain(Words(Met), issue => !PayPalReasons.Knows(issue));

    [Fact]
    public void A_decline_never_leaves_the_shopper_without_a_way_to_pay_nor_speaks_of_their_card()
    {
        foreach (var issue in Documented("capture").Concat(Documented("authorize")))
        {
            if (PayPalReasons.Of(issue) is not { Says: PayPalSays.Declined, Reason: var code })
                continue;
            var reason = Reasons.Of(code);
            Assert.True((MoneyTaken.No, true) == (reason.MoneyTaken, reason.RetryHelps), $"{issue}: {code}");
            Assert.Contains("PayPal", reason.Shopper, StringComparison.Ordinal);
            Assert.DoesNotContain("your card", reason.Shopper, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("TRANSACTION_REFUSED")]
    [InlineData("COMPLIANCE_VIOLATION")]
    [InlineData("PAYEE_BLOCKED_TRANSACTION")]
    [InlineData("TRANSACTION_BLOCKED_BY_PAYEE")]
    public void What_PayPal_suspects_is_for_agents_and_engineers_alone(string issue)
    {
        var suspected = Reasons.Of(PayPalReasons.Of(issue).Reason);
        var plain = Reasons.Of(PayPalReasons.Of("PAYER_CANNOT_PAY").Reason);

        Assert.Equal(
            (plain.Shopper, plain.Code, plain.Retry, plain.Side, plain.MoneyTaken),
            (suspected.Shopper, Reasons.ToldAs(suspected.Code), suspected.Retry, suspected.Side, suspected.MoneyTaken));
        Assert.NotEqual(plain.Agent, suspected.Agent);
        Assert.Contains(issue, suspected.Engineer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("9500", null, Reasons.PayPalRefusedForGood)]
    [InlineData("5120", "03", Reasons.PayPalRefusedForGood)]
    [InlineData("5120", null, Reasons.PayPalFundingDeclined)]
    [InlineData(null, null, Reasons.PayPalFundingDeclined)]
    public void A_processors_suspicion_is_for_good(string? response, string? advice, string reason) => Assert.Equal(reason, PayPalReasons.OfDecline(response, advice));

    [Fact]
    public void Of_an_issue_of_tomorrow_the_order_is_asked_and_it_is_counted()
    {
        var counted = 0L;
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == StripeReasons.UnknownCodes) l.EnableMeasurementEvents(i); } };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();

        Assert.Equal((PayPalSays.AskTheOrder, Reasons.PayPalDeclined), PayPalReasons.Of("OF_TOMORROW"));
        Assert.Equal((PayPalSays.AskTheOrder, Reasons.PayPalDeclined), PayPalReasons.Of(null));

        Assert.True(counted >= 2, $"{counted} counted"); // other tests may run beside this one
    }
}
