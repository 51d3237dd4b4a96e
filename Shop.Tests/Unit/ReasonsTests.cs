using System.Reflection;
using Shop.Data.Orders;

namespace Shop.Tests.Unit;

public sealed class ReasonsTests
{
    private static string[] Codes =>
        [.. typeof(Reasons).GetFields(BindingFlags.Public | BindingFlags.Static).Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!)];

    public static TheoryData<string> EveryCode() => [.. Codes];

    [Theory, MemberData(nameof(EveryCode))]
    public void Every_reason_has_words_for_shopper_agent_and_engineer(string code)
    {
        var reason = Reasons.Of(code);

        Assert.All([reason.Shopper, reason.Agent, reason.Engineer], words =>
        {
            Assert.True(words.Length > 10, words);
            Assert.EndsWith(".", words, StringComparison.Ordinal);
        });
        Assert.DoesNotContain("stolen", reason.Shopper, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("fraud", reason.Shopper, StringComparison.OrdinalIgnoreCase);
    }

    [Theory, MemberData(nameof(EveryCode))]
    public void A_shopper_is_told_that_no_money_was_taken_exactly_when_we_know_it(string code)
    {
        var reason = Reasons.Of(code);
        string[] promises = ["No money was taken", "No money is taken", "You have not been charged"];

        Assert.Equal(reason.MoneyTaken is MoneyTaken.No, promises.Any(p => reason.Shopper.Contains(p, StringComparison.Ordinal)));
    }

    [Fact]
    public void The_taxonomy_holds_what_it_names_and_nothing_else() =>
        Assert.Equal(Codes.Order(), Reasons.Every.Select(r => r.Code).Order());

    [Fact]
    public void A_word_outside_the_taxonomy_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Reasons.Of("no_such_reason"));
}
