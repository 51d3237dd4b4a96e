using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Text;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.People;

namespace Shop.Payments.Outbox;

/// <summary>What our mails say. Text and HTML are written from the same lines, so neither says more than the other.</summary>
internal static class Mails
{
    private sealed record Content(string Subject, string[] Before, bool WithOrder, string[] After);

    public static MailMessage Write(OutboxMessage message, Order order, Person person, MailOptions options, string orderPage)
    {
        var content = message.Kind switch
        {
            OutboxKind.OrderConfirmedMail => new Content(
                $"Your order {order.Number} is confirmed",
                [
                    $"Hello {person.Name},",
                    $"thank you for your order {order.Number}. We have received your payment of {Money(order.CapturedMinor, order.Currency)}.",
                ],
                WithOrder: true,
                [$"We send it to {person.Name}, {person.Line1}, {person.PostalCode} {person.City}, {person.Country}."]),
            OutboxKind.RefundedMail => new Content(
                $"Your refund for order {order.Number}",
                [
                    $"Hello {person.Name},",
                    $"we have sent {Money(order.RefundedMinor, order.Currency)} for your order {order.Number} back to the card you paid with.",
                    "Your bank usually shows it within 5 to 10 business days.",
                ],
                WithOrder: false,
                order.Reason is { } reason ? [Reasons.Of(reason).Shopper] : []),
            _ => throw new InvalidOperationException($"There are no words for {message.Kind}."),
        };
        string[] after = [.. content.After, $"If you have a question, tell us your reference {order.Reference}."];

        var mail = new MailMessage(new MailAddress(options.From, options.FromName), new MailAddress(person.Email, person.Name))
        {
            Subject = content.Subject, SubjectEncoding = Encoding.UTF8,
        };
        // Sent at least once: a second copy carries the same id, and mailboxes show it once.
        mail.Headers.Add("Message-ID", $"<{message.Id}@{mail.From!.Host}>");
        mail.Headers.Add("Auto-Submitted", "auto-generated");
        Add(Text(content, order, after, orderPage), MediaTypeNames.Text.Plain);
        Add(Html(content, order, after, orderPage), MediaTypeNames.Text.Html);
        return mail;

        void Add(string body, string type) => mail.AlternateViews.Add(AlternateView.CreateAlternateViewFromString(body, Encoding.UTF8, type));
    }

    public static string Money(long minor, string currency) => $"{minor / 100}.{minor % 100:00} {currency}";

    private static string Text(Content content, Order order, string[] after, string orderPage)
    {
        var text = new StringBuilder();
        foreach (var paragraph in content.Before)
            text.Append(paragraph).Append("\r\n\r\n");
        if (content.WithOrder)
        {
            foreach (var line in order.Lines.OrderBy(l => l.Position))
                text.Append($"{line.Quantity} x {NameOf(line)}: {Money(line.TotalMinor, order.Currency)}\r\n");
            text.Append($"Total: {Money(order.TotalMinor, order.Currency)} (VAT included: {Money(order.TaxMinor, order.Currency)})\r\n\r\n");
        }

        foreach (var paragraph in after)
            text.Append(paragraph).Append("\r\n\r\n");
        return text.Append("Your order: ").Append(orderPage).Append("\r\n").ToString();
    }

    private static string Html(Content content, Order order, string[] after, string orderPage)
    {
        var html = new StringBuilder("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
            .Append(Encode(content.Subject)).Append("</title></head><body>");
        foreach (var paragraph in content.Before)
            html.Append("<p>").Append(Encode(paragraph)).Append("</p>");
        if (content.WithOrder)
        {
            html.Append("<table>");
            foreach (var line in order.Lines.OrderBy(l => l.Position))
                html.Append($"<tr><td>{line.Quantity} x {Encode(NameOf(line))}</td><td align=\"right\">{Money(line.TotalMinor, order.Currency)}</td></tr>");
            html.Append($"<tr><td><b>Total</b> (VAT included: {Money(order.TaxMinor, order.Currency)})</td>")
                .Append($"<td align=\"right\"><b>{Money(order.TotalMinor, order.Currency)}</b></td></tr></table>");
        }

        foreach (var paragraph in after)
            html.Append("<p>").Append(Encode(paragraph)).Append("</p>");
        return html.Append($"<p><a href=\"{Encode(orderPage)}\">Your order</a></p></body></html>").ToString();
    }

    private static string NameOf(OrderLine line) => $"{line.ProductName}, {line.VariantName}";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
