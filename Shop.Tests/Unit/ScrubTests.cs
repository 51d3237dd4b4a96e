using System.Text;
using System.Text.Json;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>What of a gateway's answer people may read. Planted in them: a person, a card, a secret.</summary>
public sealed class ScrubTests
{
    private static readonly string[] Planted =
    [
        "Lovelace", "ada@example.org", "+4930", "1234567", "10115", "Unter den Linden", "192.168.", "2001:db8", "4242424242424242", "_secret_", "sk_test", "tok_visa", "A21AA",
        "eyJhbGciOi", "fp_Xt5EWLLDS7FJjR1c", "SIMPAYER",
    ];

    private const string Stripe = """
        { "error": { "code": "card_declined", "decline_code": "insufficient_funds", "advice_code": "try_again_later", "message": "Your card of ada@example.org has insufficient funds.",
          "type": "card_error", "charge": "ch_3NxAbC", "doc_url": "https://stripe.com/docs/error-codes/card-declined", "ip": "192.168.1.7",
          "payment_intent": { "id": "pi_3NxAbC", "object": "payment_intent", "amount": 1250, "currency": "eur", "client_secret": "pi_3NxAbC_secret_abc", "status": "requires_payment_method",
            "receipt_email": "ada@example.org", "metadata": { "order_id": "0190d5a1-7b1c-7000-8000-000000000001", "note": "Ada Lovelace" }, "description": "For Ada Lovelace",
            "shipping": { "name": "Ada Lovelace", "address": { "line1": "Unter den Linden 1", "postal_code": "10115" }, "phone": "+49301234567" } },
          "payment_method": { "id": "pm_1", "type": "card", "billing_details": { "email": "ada@example.org", "name": "Ada Lovelace", "phone": null },
            "card": { "brand": "visa", "last4": "9995", "country": "US", "fingerprint": "fp_Xt5EWLLDS7FJjR1c", "exp_year": 2030, "number": "4242424242424242" } },
          "unheard_of": "tomorrow Ada Lovelace", "count_of_tomorrow": 301234567, "token": "tok_visa", "flag_of_tomorrow": true } }
        """;

    private const string PayPal = """
        { "name": "UNPROCESSABLE_ENTITY", "message": "The requested action could not be performed.", "debug_id": "f4d7b7c2d1e90",
          "details": [{ "issue": "INSTRUMENT_DECLINED", "description": "The instrument presented was declined. Ask ada@example.org." }],
          "payer": { "name": { "given_name": "Ada", "surname": "Lovelace" }, "email_address": "ada@example.org", "payer_id": "SIMPAYER12345" },
          "payment_source": { "paypal": { "email_address": "ada@example.org", "account_id": "SIMPAYER12345", "name": { "surname": "Lovelace" } } },
          "purchase_units": [{ "amount": { "currency_code": "EUR", "value": "12.50" }, "payee": { "email_address": "ada@example.org" },
            "payments": { "captures": [{ "id": "5O190127TN364715T", "status": "DECLINED", "processor_response": { "response_code": "5120" } }] } }],
          "links": [{ "href": "https://www.paypal.com/checkoutnow?token=5O1&ba_token=A21AAxyz" }], "access_token": "A21AAEabcdef" }
        """;

    private static string Of(string body, bool isWhole = true) => Scrub.Body(Encoding.UTF8.GetBytes(body), isWhole);

    private static void HoldsNothingPlanted(string text)
    {
        foreach (var secret in Planted)
            Assert.DoesNotContain(secret, text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void What_explains_a_decline_stays_and_the_person_goes()
    {
        var text = Of(Stripe);

        HoldsNothingPlanted(text);
        foreach (var kept in (string[])["card_declined", "insufficient_funds", "try_again_later", "has insufficient funds", "ch_3NxAbC", "pi_3NxAbC", "1250", "requires_payment_method",
            "0190d5a1-7b1c-7000-8000-000000000001", "visa", "9995", "\"US\"", "\"flag_of_tomorrow\": true"])
            Assert.Contains(kept, text, StringComparison.Ordinal);
    }

    [Fact]
    public void So_it_is_with_PayPal()
    {
        var text = Of(PayPal);

        HoldsNothingPlanted(text);
        foreach (var kept in (string[])["UNPROCESSABLE_ENTITY", "f4d7b7c2d1e90", "INSTRUMENT_DECLINED", "was declined", "12.50", "5O190127TN364715T", "DECLINED", "5120"])
            Assert.Contains(kept, text, StringComparison.Ordinal);
    }

    [Fact]
    public void Wherever_an_answer_breaks_off_nothing_of_the_person_is_left()
    {
        foreach (var whole in (string[])[Stripe, PayPal])
        {
            for (var length = 1; length < whole.Length; length += 7)
                HoldsNothingPlanted(Of(whole[..length], isWhole: false));
        }

        Assert.Contains("insufficient_funds", Of(Stripe[..400], isWhole: false), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<html><body><h1>502 Bad Gateway</h1> ada@example.org from 192.168.1.7 and 2001:db8:0:1::7, card 4242 4242 4242 4242</body></html>", "502 Bad Gateway")]
    [InlineData("upstream connect error; Authorization: Bearer sk_test_abcdef", "upstream connect error")]
    [InlineData("<html><head><title>504 Gateway Time-out</title></head><body>Ada Lovelace, Unter den Linden 1, 10115 Berlin</body></html>", "504 Gateway Time-out")]
    [InlineData("<p>Ada Lovelace, Unter den Linden 1</p>", "")]
    [InlineData("no healthy upstream\nAda Lovelace, Unter den Linden 1, 10115 Berlin", "no healthy upstream")]
    [InlineData("", "")]
    public void A_page_of_a_proxy_is_shown_as_what_it_was(string body, string kept)
    {
        var text = Of(body);

        HoldsNothingPlanted(text);
        Assert.DoesNotContain("4242", text, StringComparison.Ordinal);
        Assert.Contains(kept, text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "error": { "name": "LOVELACE", "code": "card_declined" } }""")]
    [InlineData("""{ "name": "LOVELACE", "code": "card_declined" }""")] // not PayPal's, whose errors have a debug_id
    [InlineData("""{ "debug_id": "f4d7", "code": "card_declined", "holder": { "name": "LOVELACE" } }""")]
    [InlineData("""{ "code": "card_declined", "message": "The name 'Lovelace' and the code '10115' do not match." }""")]
    [InlineData("""{ "code": "card_declined", "message": "The card of Ada Lovelace, Unter den Linden 1, was declined." }""")]
    [InlineData("""{ "code": "card_declined", "message": "Ada Lovelace has no such card." }""")]
    public void A_name_is_taken_out_wherever_it_stands(string body)
    {
        foreach (var text in (string[])[Of(body), Of(body, isWhole: false), Of(body[..^2], isWhole: false)])
        {
            HoldsNothingPlanted(text);
            Assert.Contains("card_declined", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("No such payment_intent: 'pi_3NxAbC'", "'pi_3NxAbC'")]
    [InlineData("Received unknown parameter: 'payment_method_options'", "'payment_method_options'")]
    [InlineData("This PaymentIntent could not be confirmed. Try it at Stripe again.", "This PaymentIntent could not be confirmed. Try it at Stripe again.")]
    public void What_a_gateway_says_of_its_own_things_stays(string message, string kept) =>
        Assert.Contains(kept, JsonSerializer.Deserialize<Dictionary<string, string>>(Of(JsonSerializer.Serialize(new { message })))!["message"], StringComparison.Ordinal);

    [Theory]
    [InlineData("\u001f\u0000\u0000binary\u0000")]
    [InlineData("{ \"code\": \"card_declined\", \u0000 ")]
    [InlineData("""{ "code": "card_declined", "message": "Half of \ud800 it." }""")]
    [InlineData("""{ "code": "card_declined", "half \ud800 of it": 1 }""")]
    [InlineData("""{ "code": "card_declined", "message": "None \u0000 of it." }""")]
    public void Nothing_that_a_gateway_sends_keeps_an_outcome_from_being_written(string body)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        foreach (var outcome in (string[])[RawOutcomes.Answered, RawOutcomes.Cut])
        {
            var answer = new Heard("POST /v1", outcome, 402, new Dictionary<string, string>(), bytes, bytes.Length, TimeSpan.Zero, Any.Now).ToAnswer(Guid.NewGuid(), 1);

            Assert.NotNull(answer.Body);
            Assert.DoesNotContain('\0', answer.Body);
            Assert.DoesNotContain(answer.Body, char.IsSurrogate);
            Assert.Equal(body.StartsWith('{'), answer.Body.Contains("card_declined", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_header_with_anything_odd_in_it_is_left_out()
    {
        Assert.Equal("req_abc", Scrub.Header("req_abc"));
        Assert.Null(Scrub.Header("ada@example.org"));
    }
}
