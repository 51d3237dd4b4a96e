using System.Text;
using Shop.Data.Orders;

namespace Shop.Data.Outbox;

internal static class MailText
{
    public static string Of(MailContent content)
    {
        var text = new StringBuilder();
        foreach (var paragraph in content.Before)
            text.Append(paragraph).Append("\r\n\r\n");
        if (content.Goods is { } order)
        {
            foreach (var line in order.Lines.OrderBy(l => l.Position))
                text.Append($"{line.Quantity} x {Mails.NameOf(line)}: {Money.Text(line.TotalMinor, order.Currency)}\r\n");
            text.Append($"Total: {Money.Text(order.TotalMinor, order.Currency)} (VAT included: {Money.Text(order.TaxMinor, order.Currency)})\r\n\r\n");
        }

        text.Append($"{content.LinkText}: {content.Link}\r\n\r\n");
        foreach (var paragraph in content.After)
            text.Append(paragraph).Append("\r\n\r\n");
        if (content.About is { } about)
            text.Append($"Order {about.Number}, reference {about.Reference}\r\n");
        return text.ToString();
    }
}
