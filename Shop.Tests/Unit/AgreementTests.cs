using System.Globalization;
using Shop.Api.Operations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class AgreementTests
{
    private static Agreement Of(int wentThrough, int declined = 0, int failed = 0, double agreed = 0.98) =>
        Agreement.Of(PaymentProvider.Stripe, Any.Now.AddDays(-1), Any.Now, agreed, new PaymentEnds(wentThrough, declined, failed));

    // Wilson's interval at 95 %, as statistics texts and packages give it.
    [Theory]
    [InlineData(964, 1000, "0.9506 0.9739")]
    [InlineData(81, 263, "0.2553 0.3662")] // Newcombe 1998, table I
    [InlineData(15, 148, "0.0624 0.1605")]
    [InlineData(0, 20, "0.0000 0.1611")]
    [InlineData(1, 29, "0.0061 0.1718")]
    [InlineData(20, 20, "0.8389 1.0000")]
    [InlineData(1, 1, "0.2065 1.0000")]
    public void The_interval_is_the_known_one(int successes, int of, string interval)
    {
        var (lower, upper) = Agreement.Interval(successes, of);

        Assert.Equal(interval, string.Create(CultureInfo.InvariantCulture, $"{lower:F4} {upper:F4}"));
    }

    [Fact]
    public void A_gateway_that_does_not_keep_what_was_agreed_is_told_in_one_sentence() => Assert.Equal(
        "Stripe: 964 of 1,000 payments went through (96.4 %; 95 % interval 95.1–97.4 %): below the agreed 98 %. 25 were declined by banks, 11 failed at the gateway.",
        Of(964, 25, 11).Sentence);

    [Fact]
    public void One_that_keeps_it_too() => Assert.Equal(
        "Stripe: 9,900 of 10,000 payments went through (99.0 %; 95 % interval 98.8–99.2 %): the agreed 98 % is kept. 99 were declined by banks, 1 failed at the gateway.",
        Of(9900, 99, 1).Sentence);

    [Fact]
    public void And_so_is_that_nobody_can_tell() => Assert.Equal(
        ["Stripe: 1 of 1 payment went through (100.0 %; 95 % interval 20.7–100.0 %): too few to tell whether the agreed 98.5 % is kept. 0 were declined by banks, 0 failed at the gateway.",
            "Stripe: no payment has ended in this time, so nobody can tell whether the agreed 98 % is kept."],
        [Of(1, agreed: 0.985).Sentence, Of(0).Sentence]);

    [Theory]
    [InlineData(0, 0, "TooFewToTell")]
    [InlineData(9, 1, "TooFewToTell")] // 90 % of ten payments is no proof of anything
    [InlineData(90, 10, "NotKept")]
    [InlineData(187, 0, "TooFewToTell")]
    [InlineData(189, 0, "Kept")]
    public void A_verdict_needs_enough_payments(int wentThrough, int failed, string verdict) =>
        Assert.Equal(verdict, $"{Of(wentThrough, 0, failed).Verdict}");

    [Fact]
    public void Only_banks_and_gateways_count_against_it()
    {
        var ends = new PaymentEnds().Add(true, null, 10).Add(false, Reasons.InsufficientFunds, 2).Add(false, Reasons.GatewayDownTooLong, 3)
            .Add(false, Reasons.CardDetailsWrong, 4).Add(false, Reasons.AuthenticationAbandoned, 5).Add(false, Reasons.NotTriedInTime, 6)
            .Add(false, Reasons.SoldOutMeanwhile, 7).Add(false, null, 8);

        Assert.Equal(new PaymentEnds(10, 2, 3, 9, 13, 8), ends);
        Assert.Equal(15, ends.Counted);
    }
}
