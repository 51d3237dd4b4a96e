using Shop.Api.Search;

namespace Shop.Tests.Unit;

public sealed class SearchTermTests
{
    [Theory]
    [InlineData("100042")]
    [InlineData("#100042")]
    [InlineData(" 100 042 ")]
    [InlineData("100.042")]
    public void An_order_number_is_read_however_it_is_written(string typed) => Assert.Equal(100042, SearchTerm.Read(typed).Number);

    [Theory]
    [InlineData("4T7QK-9XW2M")]
    [InlineData("4t7qk 9xw2m")]
    [InlineData("4T7QK9XW2M")]
    public void A_reference_is_read_however_it_is_read_out(string typed)
    {
        var term = SearchTerm.Read(typed);

        Assert.Equal("4T7QK-9XW2M", term.Reference);
        Assert.Equal("a reference", term.Understood[0]);
        Assert.False(term.IsPersonal);
    }

    [Theory]
    [InlineData("4T7QK-9XW2N")] // another one
    [InlineData("4T7QK-9XW2")] // one is missing
    [InlineData("4T7QK-9XW2MM")] // one too many
    [InlineData("4T7KQ-9XW2M")] // two swapped
    [InlineData("4T7QK-9UW2M")] // a letter that none has
    public void A_reference_with_one_slip_in_it_is_among_those_it_could_have_been(string typed) =>
        Assert.Contains("4T7QK-9XW2M", SearchTerm.Read(typed).ReferencesAlike);

    [Fact]
    public void A_reference_with_one_slip_could_have_been_only_so_many() => Assert.InRange(SearchTerm.Read("4T7QK-9XW2M").ReferencesAlike.Length, 100, 400);

    [Theory]
    [InlineData("4T7Q", "4T7Q")]
    [InlineData("4T7QK-9X", "4T7QK-9X")]
    [InlineData("4t7qk9x", "4T7QK-9X")]
    public void The_beginning_of_a_reference_is_one(string typed, string start) => Assert.Equal(start, SearchTerm.Read(typed).ReferenceStart);

    [Theory]
    [InlineData("+49 30 1234567")]
    [InlineData("0049 30 1234567")]
    [InlineData("030 1234567")]
    [InlineData("(030) 123-4567")]
    [InlineData("301234567")]
    public void A_phone_number_ends_alike_whatever_is_dialled_before_it(string typed) => Assert.Contains("765432103", SearchTerm.Read(typed).PhoneBackwards);

    [Fact]
    public void Four_digits_may_be_a_card_a_phone_or_an_order()
    {
        var term = SearchTerm.Read("4242");

        Assert.Equal((4242, "4242", "2424"), (term.Number, term.Last4, term.PhoneBackwards.Single()));
        Assert.True(term.IsPersonal);
        Assert.Equal(3, term.Understood.Count);
    }

    [Theory]
    [InlineData("pi_3NxAbCdEfGh")]
    [InlineData("ch_3NxAbCdEfGh")]
    [InlineData("re_3NxAbCdEfGh")]
    [InlineData("dp_1NxAbCdEfGh")]
    [InlineData("du_1NxAbCdEfGh")]
    [InlineData("req_AbCdEfGhIj")]
    [InlineData("evt_1NxAbCdEfGh")]
    [InlineData("PP-D-12345")]
    [InlineData("5O190127TN364715T")]
    [InlineData("f4d7b7c2d1e90")]
    public void What_gateways_call_their_things_is_known(string typed)
    {
        var term = SearchTerm.Read(typed);

        Assert.Equal(typed, term.GatewayId);
        Assert.False(term.IsPersonal);
    }

    [Fact]
    public void An_address_and_its_parts_are_told_apart()
    {
        Assert.Equal("ada@example.org", SearchTerm.Read(" ada@example.org ").Email);
        Assert.Equal((null, "ada@"), (SearchTerm.Read("ada@").Email, SearchTerm.Read("ada@").Part));
        Assert.Equal("a part of an e-mail address", SearchTerm.Read("@example.org").Understood.Single());
    }

    [Theory]
    [InlineData("sabine1985")]
    [InlineData("anna198512")]
    [InlineData("Christinamiller77")]
    public void What_may_be_a_reference_or_an_id_of_PayPal_may_be_a_mailbox_too(string typed)
    {
        Assert.Equal(typed, SearchTerm.Read(typed).Part);
        Assert.Null(SearchTerm.Read(typed.ToUpperInvariant()).Part); // as references and ids are shown
    }

    [Fact]
    public void A_name_is_its_words_in_any_order()
    {
        Assert.Equal(["Lovelace", "Ada"], SearchTerm.Read("Lovelace,  Ada").Words);
        Assert.Equal(["O’Neill"], SearchTerm.Read("O’Neill").Words);
        Assert.Equal("Ada", SearchTerm.Read("Ada").Part);
    }

    [Fact]
    public void Ids_of_ours_are_known_and_32_digits_may_be_a_trace_as_well()
    {
        var id = Guid.CreateVersion7();

        Assert.Equal((id, null), (SearchTerm.Read($"{id}").Id, SearchTerm.Read($"{id}").TraceId));
        Assert.Equal((id, $"{id:N}"), (SearchTerm.Read($"{id:N}").Id, SearchTerm.Read($"{id:N}").TraceId));
    }

    [Theory]
    [InlineData("%")]
    [InlineData("(((<1>")]
    [InlineData("***")]
    public void What_can_be_nothing_is_nothing(string typed) => Assert.Empty(SearchTerm.Read(typed).Understood);

    [Fact]
    public void What_was_typed_is_never_printed() => Assert.DoesNotContain("ada", $"{SearchTerm.Read("ada@example.org")}", StringComparison.Ordinal);
}
