using System.Diagnostics;
using Shop.ServiceDefaults;

namespace Shop.Tests.Unit;

public sealed class ServiceDefaultsReferenceTests
{
    [Theory]
    [InlineData("00000000000000000000000000000001", "00000-00000")]
    [InlineData("ffffffffffffffffffffffffffffffff", "ZZZZZ-ZZZZZ")]
    [InlineData("00000000000040000000000000000000", "00000-00001")] // bit 50, the last one that counts
    [InlineData("00000000000020000000000000000000", "00000-00000")] // bit 51
    [InlineData("cb7b64d3090a6aad64106f1f0f1cec35", "SDXP9-MR919")]
    public void The_first_fifty_bits_of_the_trace_become_ten_characters(string traceId, string reference) =>
        Assert.Equal(reference, Reference.Of(ActivityTraceId.CreateFromString(traceId)));

    [Theory]
    [InlineData("4T7QK-9XW2M")]
    [InlineData("4t7qk9xw2m")]
    [InlineData("  4T7QK 9XW2M ")]
    [InlineData("4-T7-QK9-XW2M")]
    public void What_a_person_types_is_understood(string typed)
    {
        Assert.True(Reference.TryParse(typed, out var canonical));
        Assert.Equal("4T7QK-9XW2M", canonical);
    }

    [Fact]
    public void Letters_that_look_like_digits_are_digits()
    {
        Assert.True(Reference.TryParse("oO0iIlL1ab", out var canonical));
        Assert.Equal("00011-111AB", canonical);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("4T7QK-9XW2")]
    [InlineData("4T7QK-9XW2MM")]
    [InlineData("4T7QK-9XW2U")] // no U in the alphabet
    [InlineData("4T7QK_9XW2M")]
    public void Anything_else_is_refused(string? typed)
    {
        Assert.False(Reference.TryParse(typed, out var canonical));
        Assert.Null(canonical);
    }

    [Fact]
    public void Every_reference_reads_back_as_itself()
    {
        for (var i = 0; i < 1000; i++)
        {
            var reference = Reference.Of(ActivityTraceId.CreateRandom());
            Assert.True(Reference.TryParse(reference.ToLowerInvariant(), out var canonical));
            Assert.Equal(reference, canonical);
        }
    }

    [Fact]
    public void Outside_of_a_trace_there_is_no_reference()
    {
        Activity.Current = null;

        Assert.Null(Reference.Current);
    }

    [Theory]
    [InlineData("")]
    [InlineData("OutOfStock")]
    [InlineData("out of stock")]
    [InlineData("out_of_stock_")]
    public void A_reason_is_a_word_for_programs(string reason) =>
        Assert.Throws<ArgumentException>(() => Problems.Refuse(409, reason, "Not enough in stock."));
}
