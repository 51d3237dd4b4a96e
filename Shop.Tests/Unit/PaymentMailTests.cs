using System.Net.Mail;
using System.Text;
using Shop.Data.Outbox;
using Shop.Data.People;
using Shop.Payments.Outbox;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class PaymentMailTests
{
    private static (MailMessage Mail, string Text, string Html) Write(string name = "A Guest", OutboxKind kind = OutboxKind.OrderConfirmedMail)
    {
        var person = Any.Person();
        person.Name = name;
        var order = Any.Order(person, Guid.NewGuid(), ("mug", 2));
        var mail = Mails.Write(OutboxMessage.Of(kind, order.Id, Any.Now), order, person, new MailOptions(), "http://localhost/orders/1?key=k");
        return (mail, Read(mail.AlternateViews[0]), Read(mail.AlternateViews[1]));

        static string Read(AttachmentBase view)
        {
            using var reader = new StreamReader(view.ContentStream, Encoding.UTF8);
            return reader.ReadToEnd();
        }
    }

    [Fact]
    public void Text_and_html_say_the_same()
    {
        var (mail, text, html) = Write();

        using (mail)
        {
            string[] facts = ["2 x mug, One size", "25.00 EUR", "3.99 EUR", "4T7QK9XW2M", "10115 Berlin", "http://localhost/orders/1?key=k"];
            Assert.All(facts, fact => Assert.Contains(fact, text, StringComparison.Ordinal));
            Assert.All(facts, fact => Assert.Contains(fact, html, StringComparison.Ordinal));
            Assert.EndsWith("@shop.example>", mail.Headers["Message-ID"], StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_name_is_text_and_never_markup()
    {
        var (mail, _, html) = Write("<script>alert(1)</script>");

        using (mail)
        {
            Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
            Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_link_to_an_order_that_anybody_can_ask_for_holds_no_name()
    {
        var (mail, text, html) = Write("Collect your prize", OutboxKind.OrderLinkMail);

        using (mail)
            Assert.All([text, html, $"{mail.To[0]}"], part => Assert.DoesNotContain("prize", part, StringComparison.Ordinal));
        Assert.StartsWith("Hello,", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "0.00 EUR")]
    [InlineData(5, "0.05 EUR")]
    [InlineData(123456, "1234.56 EUR")]
    public void Money_is_written_to_the_cent(long minor, string text) => Assert.Equal(text, Mails.Money(minor, "EUR"));
}
