using System.Net;
using System.Text.RegularExpressions;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Data.People;
using Shop.Payments.Outbox;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed partial class PaymentMailTests
{
    private static readonly MailLinks Links = new(path => $"http://localhost{path}", Any.Links);

    /// <summary>An order that has come as far as the mail says.</summary>
    private static MailFacts Facts(OutboxKind kind, Person? person = null, string reason = Reasons.CardDeclined, int charges = 1, long refunded = 0)
    {
        person ??= Any.Person();
        var order = Any.Order(person, Guid.NewGuid(), ("mug", 2));
        PaymentEvent[] past = kind switch
        {
            OutboxKind.PaymentFailedMail => [PaymentEvent.Started, PaymentEvent.Refused],
            OutboxKind.ActionNeededMail => [PaymentEvent.Started, PaymentEvent.ActionAsked],
            OutboxKind.CancelledMail when refunded is 0 => [PaymentEvent.Started, PaymentEvent.Refused, PaymentEvent.Closed],
            _ => [PaymentEvent.Started, PaymentEvent.Captured],
        };
        foreach (var step in past)
            Assert.True(order.TryApply(step, Any.Now, reason));
        if (refunded > 0)
            order.AddRefund(refunded);
        return new(OutboxMessage.Of(kind, order.Id, Any.Now), person, order, Charges: charges);
    }

    public static TheoryData<OutboxKind> OfOrders() =>
    [
        OutboxKind.OrderConfirmedMail, OutboxKind.PaymentFailedMail, OutboxKind.ActionNeededMail, OutboxKind.CancelledMail, OutboxKind.RefundedMail,
        OutboxKind.OrderLinkMail,
    ];

    [Theory]
    [MemberData(nameof(OfOrders))]
    public void Text_and_html_say_the_same(OutboxKind kind)
    {
        var facts = Facts(kind, refunded: kind is OutboxKind.RefundedMail ? 2500 : 0);

        var letter = Mails.Write(facts, Links);

        var html = Words(letter.Html);
        var link = $"http://localhost/orders/0?key={Any.Links.Make(LinkPurpose.Order, facts.Order!.Id, Any.Now)}";
        Assert.Contains(link, letter.Text, StringComparison.Ordinal);
        Assert.Contains($"href=\"{link}\"", letter.Html, StringComparison.Ordinal);
        foreach (var line in letter.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Where(line => !line.Contains(link, StringComparison.Ordinal)))
            Assert.All(Goods().IsMatch(line) ? Regex.Split(line, ": | \\(") : [line], part => Assert.Contains(part, html, StringComparison.Ordinal));
        Assert.Contains("4T7QK9XW2M", letter.Text, StringComparison.Ordinal);
        Assert.Equal(kind is not OutboxKind.OrderLinkMail, letter.Text.Contains("2 x mug, One size: 25.00 EUR", StringComparison.Ordinal));
    }

    [GeneratedRegex("^(\\d+ x .*|Total): ")]
    private static partial Regex Goods();

    private static string Words(string html) =>
        WebUtility.HtmlDecode(Regex.Replace(Regex.Replace(html, "<style>.*?</style>|</?strong>", "", RegexOptions.Singleline), "<[^>]+>", " "));

    public static TheoryData<string> AllReasons() => [.. Reasons.Every.Select(r => r.Code)];

    [Theory]
    [MemberData(nameof(AllReasons))]
    public void A_failed_payment_is_told_in_the_words_of_the_orders_page(string reason)
    {
        var facts = Facts(OutboxKind.PaymentFailedMail, reason: reason);

        var text = Mails.Write(facts, Links).Text;

        var page = OrderWords.Of(facts.Order!, charges: 1);
        Assert.Contains($"{page.Explanation}\r\n", text, StringComparison.Ordinal);
        Assert.Equal(Reasons.Of(reason).Shopper, page.Explanation);
        if (page.NextStep is { } step)
            Assert.Contains($"{step}\r\n", text, StringComparison.Ordinal);
        Assert.Equal(Reasons.Of(reason).RetryHelps, text.Contains("Pay your order: ", StringComparison.Ordinal));
        Assert.Equal(Reasons.Of(reason).RetryHelps, text.Contains("You can pay until ", StringComparison.Ordinal));
    }

    [Fact]
    public void Whoever_has_no_try_left_is_not_asked_to_pay()
    {
        var text = Mails.Write(Facts(OutboxKind.PaymentFailedMail, charges: OrderWords.MaxCharges), Links).Text;

        Assert.Contains(OrderWords.NoMoreTries, text, StringComparison.Ordinal);
        Assert.DoesNotContain("Pay your order", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2500, "You got your money back", "we have sent 25.00 EUR", "That is the full amount.")]
    [InlineData(1000, "We have sent money back to you", "we have sent 10.00 EUR", "That is a part of the 25.00 EUR that you paid.")]
    public void A_refund_says_how_much_and_whether_it_is_all(long minor, params string[] words)
    {
        var html = Mails.Write(Facts(OutboxKind.RefundedMail, refunded: minor), Links).Html;

        Assert.All(words, part => Assert.Contains(part, html, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(1250, RefundState.Succeeded, "That is a part of the 25.00 EUR that you paid.")]
    [InlineData(2500, RefundState.Succeeded, "With it you have all of your 25.00 EUR back.")]
    [InlineData(1250, RefundState.Failed, null)]
    public void Of_several_refunds_each_mail_is_about_its_own(long refundedSoFar, RefundState state, string? words)
    {
        var facts = Facts(OutboxKind.RefundedMail, refunded: refundedSoFar);
        var refund = new Refund
        {
            Id = Guid.NewGuid(), OrderId = facts.Order!.Id, Provider = PaymentProvider.Stripe, AmountMinor = 1250, Currency = "EUR", Reason = Reasons.RefundOnRequest,
            State = state, CreatedAt = Any.Now,
        };
        refund.Lines.Add(new RefundLine { RefundId = refund.Id, Sku = "mug", Quantity = 1, AmountMinor = 1250 });
        facts = facts with { Refund = refund };

        Assert.Equal(words is null ? "no longer true: the money came back to us" : null, facts.WhyNot(Any.Now));
        var text = Mails.Write(facts, Links).Text;
        Assert.Contains("we have sent 12.50 EUR", text, StringComparison.Ordinal);
        Assert.Contains("1 x mug, One size: 12.50 EUR", text, StringComparison.Ordinal);
        Assert.Contains(words ?? "", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_taken_twice_goes_back_with_the_reason()
    {
        var facts = Facts(OutboxKind.RefundedMail, refunded: 0);
        facts.Order!.AddCapture(2500);
        facts.Order.AddRefund(2500);

        var text = Mails.Write(facts with
        {
            Refund = new Refund
            {
                Id = Guid.NewGuid(), OrderId = facts.Order.Id, Provider = PaymentProvider.PayPal, AmountMinor = 2500, Currency = "EUR", Reason = Reasons.PaidTwice,
                State = RefundState.Succeeded, CreatedAt = Any.Now,
            },
        }, Links).Text;

        Assert.Contains(Reasons.Of(Reasons.PaidTwice).Shopper, text, StringComparison.Ordinal);
        Assert.Contains("a part of the 50.00 EUR", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Money_for_goods_that_are_gone_is_said_to_be_on_its_way_back()
    {
        var facts = Facts(OutboxKind.OrderConfirmedMail) with { Message = OutboxMessage.Of(OutboxKind.CancelledMail, Guid.NewGuid(), Any.Now) };
        facts.Order!.CancelForRefund(Reasons.PaidAfterClosing);

        var letter = Mails.Write(facts, Links);

        Assert.Contains("You get 25.00 EUR back the way you paid.", letter.Text, StringComparison.Ordinal);
        Assert.Contains(Reasons.Of(Reasons.PaidAfterClosing).Shopper, letter.Text, StringComparison.Ordinal);
        Assert.Null(facts.WhyNot(Any.Now));
        facts.Order.AddRefund(2500);
        Assert.Equal("no longer true: the order is Refunded", facts.WhyNot(Any.Now));
    }

    [Theory]
    [InlineData(OutboxKind.PaymentFailedMail, PaymentEvent.Started, "no longer true: the payment is InFlight")]
    [InlineData(OutboxKind.PaymentFailedMail, PaymentEvent.Captured, "no longer true: the payment is Paid")]
    [InlineData(OutboxKind.ActionNeededMail, PaymentEvent.Captured, "no longer true: the payment is Paid")]
    [InlineData(OutboxKind.ActionNeededMail, PaymentEvent.Refused, "no longer true: the payment is Declined")]
    [InlineData(OutboxKind.CancelledMail, PaymentEvent.Captured, "no longer true: the order is Paid")]
    public void What_is_no_longer_true_is_not_sent(OutboxKind kind, PaymentEvent meanwhile, string why)
    {
        var facts = Facts(kind);
        Assert.Null(facts.WhyNot(Any.Now));

        Assert.True(facts.Order!.TryApply(meanwhile, Any.Now, Reasons.CardDeclined));

        Assert.Equal(why, facts.WhyNot(Any.Now));
    }

    [Theory]
    [InlineData(OutboxKind.PaymentFailedMail, true)]
    [InlineData(OutboxKind.ActionNeededMail, true)]
    [InlineData(OutboxKind.CancelledMail, false)]
    [InlineData(OutboxKind.OrderConfirmedMail, false)]
    public void Nobody_is_asked_to_pay_an_order_whose_time_is_up(OutboxKind kind, bool isDropped)
    {
        var facts = Facts(kind);

        Assert.Equal(isDropped, facts.WhyNot(facts.Order!.DeadlineAt) is not null);
    }

    [Theory]
    [InlineData(OutboxKind.PaymentFailedMail, true)]
    [InlineData(OutboxKind.ActionNeededMail, true)]
    [InlineData(OutboxKind.CancelledMail, true)]
    [InlineData(OutboxKind.OrderConfirmedMail, false)] // a refund of a part does not make it untrue
    public void A_later_mail_speaks_for_the_ones_before(OutboxKind kind, bool isDropped) =>
        Assert.Equal(isDropped, (Facts(kind) with { IsOvertaken = true }).WhyNot(Any.Now) is not null);

    [Theory]
    [InlineData(OutboxKind.ActionNeededMail, PaymentProvider.Stripe, true)]
    [InlineData(OutboxKind.ActionNeededMail, PaymentProvider.PayPal, false)] // takes nothing by itself
    [InlineData(OutboxKind.PaymentFailedMail, PaymentProvider.Stripe, false)]
    public void Who_may_have_confirmed_at_the_bank_is_not_asked_to(OutboxKind kind, PaymentProvider provider, bool isTooEarly)
    {
        var facts = Facts(kind);
        facts.Order!.Provider = provider;

        Assert.Equal(isTooEarly, (facts with { IsAtBank = true }).IsTooEarly);
        Assert.False(facts.IsTooEarly);
    }

    [Fact]
    public void A_mail_that_a_person_sent_again_has_a_link_that_works_from_then_on()
    {
        var facts = Facts(OutboxKind.OrderConfirmedMail);
        var later = Any.Now.AddDays(200);

        facts.Message.AskAgain(later);

        Assert.Contains($"key={Any.Links.Make(LinkPurpose.Order, facts.Order!.Id, later)}", Mails.Write(facts, Links).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_is_text_and_never_markup()
    {
        var person = Any.Person();
        person.Name = "<script>alert(1)</script>";

        var html = Mails.Write(Facts(OutboxKind.OrderConfirmedMail, person), Links).Html;

        Assert.DoesNotContain("<script>", html, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;", html, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(OfOrders))]
    public void A_mail_fetches_nothing_and_so_tells_nobody_that_it_was_read(OutboxKind kind)
    {
        var html = Mails.Write(Facts(kind), Links).Html;

        Assert.DoesNotMatch("<img|<link|<script|src=|url\\(|@import", html);
    }

    [Fact]
    public void The_link_to_an_order_that_anybody_can_ask_for_holds_no_name()
    {
        var person = Any.Person();
        person.Name = "Collect your prize";
        var facts = Facts(OutboxKind.OrderLinkMail, person);
        var letter = Mails.Write(facts, Links);

        using var mail = Envelope.Around(letter, facts.Message, person, new MailOptions());

        Assert.All([letter.Text, letter.Html, $"{mail.To[0]}"], part => Assert.DoesNotContain("prize", part, StringComparison.Ordinal));
        Assert.StartsWith("Hello,", letter.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mail_that_is_only_looked_at_opens_nothing()
    {
        var letter = Mails.Write(Facts(OutboxKind.OrderConfirmedMail), new MailLinks(path => path, links: null));

        Assert.Contains("Your order: /orders/0?key=…", letter.Text, StringComparison.Ordinal);
        Assert.DoesNotMatch("key=[A-Za-z0-9_-]", letter.Text + letter.Html);
    }

    [Fact]
    public void A_second_copy_is_the_same_mail_unless_a_person_asked_for_it()
    {
        var facts = Facts(OutboxKind.OrderConfirmedMail);

        Assert.Equal($"<{facts.Message.Id}@shop.example>", IdOf(copy: 0));
        Assert.Equal(IdOf(copy: 0), IdOf(copy: 0));
        Assert.NotEqual(IdOf(copy: 0), IdOf(copy: 1));
        Assert.NotEqual(IdOf(copy: 1), IdOf(copy: 2));

        string? IdOf(int copy)
        {
            facts.Message.Copy = copy;
            using var mail = Envelope.Around(Mails.Write(facts, Links), facts.Message, facts.Person, new MailOptions { ReplyTo = "help@shop.example" });
            Assert.Equal("help@shop.example", mail.ReplyToList.Single().Address);
            return mail.Headers["Message-ID"];
        }
    }

    [Theory]
    [InlineData(0, "0.00 EUR")]
    [InlineData(5, "0.05 EUR")]
    [InlineData(123456, "1234.56 EUR")]
    public void Money_is_written_to_the_cent(long minor, string text) => Assert.Equal(text, Money.Text(minor, "EUR"));
}
