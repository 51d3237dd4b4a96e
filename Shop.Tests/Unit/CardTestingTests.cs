using System.ComponentModel.DataAnnotations;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class CardTestingTests
{
    private static readonly CardTestingOptions Production = new();

    private static Velocity Of(SourceKind kind, int declines, int paid = 0, int open = 0) => Velocity.Of(
        [new SourceCount(kind, [], paid, declines, open, declines > 0 ? Any.Now.AddMinutes(-20) : null)], Production, Any.Now);

    [Theory]
    [InlineData(SourceKind.Address, 0, VelocityTier.None, 0)]
    [InlineData(SourceKind.Address, 1, VelocityTier.Wary, 0)]
    [InlineData(SourceKind.Address, 5, VelocityTier.Slowed, 2)]
    [InlineData(SourceKind.Address, 6, VelocityTier.Slowed, 4)]
    [InlineData(SourceKind.Address, 9, VelocityTier.Slowed, 32)]
    [InlineData(SourceKind.Address, 10, VelocityTier.Refused, 2400)] // until the oldest of them is an hour old
    [InlineData(SourceKind.Email, 2, VelocityTier.Wary, 0)]
    [InlineData(SourceKind.Email, 3, VelocityTier.Slowed, 2)]
    [InlineData(SourceKind.Account, 7, VelocityTier.Slowed, 32)]
    [InlineData(SourceKind.Account, 8, VelocityTier.Refused, 2400)]
    [InlineData(SourceKind.Email, 8, VelocityTier.Slowed, 60)] // anybody can type it
    [InlineData(SourceKind.Email, 80, VelocityTier.Slowed, 60)]
    public void Declines_are_looked_at_then_slowed_then_refused(SourceKind kind, int declines, VelocityTier tier, double seconds)
    {
        var velocity = Of(kind, declines);

        Assert.Equal((tier, seconds), (velocity.Tier, velocity.Wait.TotalSeconds));
    }

    [Fact]
    public void A_crowd_behind_one_address_that_buys_more_than_it_is_declined_is_not_slowed()
    {
        Assert.Equal(VelocityTier.Wary, Of(SourceKind.Address, declines: 20, paid: 80).Tier);
        Assert.Equal(VelocityTier.Refused, Of(SourceKind.Address, declines: 20, paid: 2).Tier);
        Assert.Equal(VelocityTier.Refused, Of(SourceKind.Address, declines: 20, paid: 2, open: 78).Tier); // who fires at once is no crowd
    }

    [Fact]
    public void Many_at_once_are_looked_at_again_and_that_is_all() =>
        Assert.Equal((VelocityTier.Wary, TimeSpan.Zero), (Of(SourceKind.Address, 0, open: 50).Tier, Of(SourceKind.Address, 0, open: 50).Wait));

    [Fact]
    public void The_worst_source_decides()
    {
        var velocity = Velocity.Of(
            [new(SourceKind.Address, [1], 0, 1, 0, Any.Now), new(SourceKind.Email, [2], 0, 4, 0, Any.Now), new(SourceKind.Account, [3], 0, 8, 0, Any.Now)],
            Production, Any.Now);

        Assert.Equal((VelocityTier.Refused, SourceKind.Account), (velocity.Tier, velocity.By!.Kind));
    }

    [Theory]
    [InlineData(SourceKind.Address, 4, VelocityTier.Slowed)]
    [InlineData(SourceKind.Address, 5, VelocityTier.Refused)]
    [InlineData(SourceKind.Account, 3, VelocityTier.Refused)]
    public void An_email_address_is_refused_only_where_the_address_or_the_account_is_suspect_too(SourceKind other, int declines, VelocityTier tier)
    {
        var velocity = Velocity.Of([new(SourceKind.Email, [1], 0, 8, 0, Any.Now), new(other, [2], 0, declines, 0, Any.Now)], Production, Any.Now);

        Assert.Equal((tier, SourceKind.Email), (velocity.Tier, velocity.By!.Kind));
    }

    [Fact]
    public void No_wait_is_longer_than_the_longest() =>
        Assert.Equal(TimeSpan.FromMinutes(1), Velocity.Of(
            [new(SourceKind.Email, [], 0, 90, 0, Any.Now)], new CardTestingOptions { RefusePerson = 100 }, Any.Now).Wait);

    [Fact]
    public void A_decline_is_what_a_bank_says_about_a_card()
    {
        Assert.All([Reasons.CardDeclined, Reasons.InsufficientFunds, Reasons.CardDetailsWrong, Reasons.CardRefusedForGood, Reasons.PaymentMethodUnusable],
            code => Assert.Contains(code, ChargeSources.Declines));
        Assert.DoesNotContain(ChargeSources.Declines, code => code is Reasons.GatewayUnreachable or Reasons.AuthenticationNeeded
            or Reasons.NotConfirmedInTime or Reasons.TooManyDeclines or Reasons.OurError);
    }

    [Fact]
    public void Limits_that_contradict_each_other_are_refused()
    {
        var options = new CardTestingOptions { SlowPerson = 9 }; // of 8 that are refused

        Assert.False(Validator.TryValidateObject(options, new ValidationContext(options), [], validateAllProperties: true));
    }
}
