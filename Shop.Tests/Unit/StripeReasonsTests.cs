using System.Diagnostics.Metrics;
using Shop.Data.Orders;
using Shop.Payments.Gateways;

namespace Shop.Tests.Unit;

public sealed class StripeReasonsTests
{
    private static string[] Documented(string section) =>
    [
        .. File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Assets", "stripe-codes.txt"))
            .Split($"[{section}]")[1].Split('[')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
    ];

    [Theory]
    [InlineData("declines")]
    [InlineData("errors")]
    public void Every_documented_code_has_a_deliberate_place_in_the_taxonomy(string section)
    {
        var codes = Documented(section);

        Assert.True(codes.Length > 40);
        Assert.DoesNotContain(codes, code => !StripeReasons.Knows(code));
        Assert.All(codes, code => Assert.True(Reasons.IsKnown(StripeReasons.Of(code, null)), code));
    }

    // A bank that said no has said no: whatever code it chose, no money was taken, and the shopper has a way on.
    [Fact]
    public void A_decline_never_leaves_the_shopper_without_a_way_to_pay()
    {
        foreach (var decline in Documented("declines"))
        {
            foreach (var advice in (string?[])[null, .. Documented("advice"), "advice_of_tomorrow"])
            {
                var reason = Reasons.Of(StripeReasons.Of("card_declined", decline, advice));

                Assert.True((MoneyTaken.No, true) == (reason.MoneyTaken, reason.RetryHelps), $"{decline} with {advice}: {reason.Code}");
                Assert.Contains(reason.Side, (Side[])[Side.Bank, Side.Gateway, Side.Shopper]);
            }
        }
    }

    [Theory]
    [InlineData("insufficient_funds", "do_not_try_again", null, Reasons.CardRefusedForGood)]
    [InlineData("incorrect_cvc", "do_not_try_again", null, Reasons.CardRefusedForGood)]
    [InlineData("generic_decline", "do_not_try_again", null, Reasons.CardRefusedForGood)]
    [InlineData("code_of_tomorrow", "do_not_try_again", null, Reasons.CardRefusedForGood)]
    [InlineData("generic_decline", null, "03", Reasons.CardRefusedForGood)]
    [InlineData("generic_decline", null, "21", Reasons.CardRefusedForGood)]
    [InlineData("expired_card", "do_not_try_again", null, Reasons.CardExpired)] // asks for another card already, and says why
    [InlineData("generic_decline", "try_again_later", null, Reasons.CardDeclined)]
    [InlineData(null, "try_again_later", null, Reasons.BankTemporarilyUnavailable)]
    [InlineData("code_of_tomorrow", null, "24", Reasons.BankTemporarilyUnavailable)]
    [InlineData("insufficient_funds", "try_again_later", null, Reasons.InsufficientFunds)]
    [InlineData("stolen_card", "try_again_later", null, Reasons.CardRefusedForGood)]
    [InlineData("generic_decline", "confirm_card_data", null, Reasons.CardDetailsWrong)]
    [InlineData("generic_decline", "do_not_try_again", "24", Reasons.CardRefusedForGood)]
    public void Advice_weighs_more_than_a_general_code(string? declineCode, string? advice, string? network, string reason) =>
        Assert.Equal(reason, StripeReasons.Of("card_declined", declineCode, advice, network));

    [Fact]
    public void A_code_of_tomorrow_reads_as_a_plain_decline_and_is_counted()
    {
        var counted = 0L;
        using var listener = new MeterListener { InstrumentPublished = (i, l) => { if (i.Name == StripeReasons.UnknownCodes) l.EnableMeasurementEvents(i); } };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();

        Assert.Equal(Reasons.CardDeclined, StripeReasons.Of("card_declined", "code_of_tomorrow"));
        Assert.Equal(Reasons.CardDeclined, StripeReasons.Of("error_of_tomorrow", null));
        Assert.Equal(Reasons.CardDeclined, StripeReasons.Of(null, null));

        Assert.True(counted >= 3, $"{counted} counted"); // other tests may run beside this one
    }

    [Theory]
    [InlineData("lost_card")]
    [InlineData("stolen_card")]
    [InlineData("fraudulent")]
    [InlineData("pickup_card")]
    [InlineData("merchant_blacklist")]
    public void What_a_bank_suspects_is_for_agents_and_engineers_alone(string declineCode)
    {
        var suspected = Reasons.Of(StripeReasons.Of("card_declined", declineCode, "do_not_try_again"));
        var plain = Reasons.Of(StripeReasons.Of("card_declined", "generic_decline", "try_again_later")); // as both really come

        Assert.Equal(
            (plain.Shopper, plain.Code, plain.Retry, plain.Side, plain.MoneyTaken),
            (suspected.Shopper, Reasons.ToldAs(suspected.Code), suspected.Retry, suspected.Side, suspected.MoneyTaken));
        Assert.NotEqual(plain.Agent, suspected.Agent);
        Assert.Contains(declineCode is "merchant_blacklist" ? "blocked" : declineCode, suspected.Engineer, StringComparison.Ordinal);
    }
}
