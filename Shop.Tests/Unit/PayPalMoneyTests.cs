using Shop.Payments.Gateways;

namespace Shop.Tests.Unit;

public sealed class PayPalMoneyTests
{
    public static TheoryData<string> EveryCurrency() => [.. PayPalMoney.Currencies];

    [Theory, MemberData(nameof(EveryCurrency))]
    public void An_amount_that_is_written_is_read_back_to_the_unit(string currency)
    {
        var dice = new Random(7);
        var written = 0;
        foreach (var minor in Enumerable.Range(0, 2000).Select(i => i < 1000 ? i : dice.NextInt64(0, 99_999_999_999)))
        {
            if (PayPalMoney.TextOf(minor, currency) is not { } text)
                continue; // a part of what PayPal takes only whole
            Assert.Equal(minor, PayPalMoney.MinorOf(text, currency));
            Assert.DoesNotContain(',', text);
            written++;
        }

        Assert.InRange(written, 10, 2000);
    }

    [Theory]
    [InlineData(1250, "EUR", "12.50")]
    [InlineData(1250, "eur", "12.50")]
    [InlineData(5, "USD", "0.05")]
    [InlineData(100, "GBP", "1.00")]
    [InlineData(500, "JPY", "500")]
    [InlineData(125000, "HUF", "1250")]
    [InlineData(125050, "HUF", null)] // half a forint
    [InlineData(125050, "TWD", null)]
    [InlineData(1250, "KWD", null)]
    [InlineData(1250, "", null)]
    public void Each_currency_has_the_decimals_that_PayPal_gives_it(long minor, string currency, string? text) =>
        Assert.Equal(text, PayPalMoney.TextOf(minor, currency));

    [Theory]
    [InlineData("12.5", "EUR", 1250L)]
    [InlineData("12", "EUR", 1200L)]
    [InlineData("12.500", "EUR", 1250L)]
    [InlineData("-12.50", "EUR", -1250L)]
    [InlineData("12.505", "EUR", null)]
    [InlineData("12,50", "EUR", null)]
    [InlineData("1.250,00", "EUR", null)]
    [InlineData("1,250.00", "EUR", null)]
    [InlineData("1e3", "EUR", null)]
    [InlineData(" 12.50", "EUR", null)]
    [InlineData("0.5", "JPY", null)]
    [InlineData("99999999999999999999999999", "EUR", null)]
    [InlineData("12.50", "KWD", null)]
    [InlineData("12.50", null, null)]
    [InlineData("", "EUR", null)]
    [InlineData(null, "EUR", null)]
    public void Only_a_plain_amount_is_one(string? text, string? currency, long? minor) => Assert.Equal(minor, PayPalMoney.MinorOf(text, currency));
}
