using System.Net;
using System.Text;
using Shop.Data.Orders;

namespace Shop.Data.Outbox;

/// <summary>
/// One column that a telephone shows whole, on tables, as Outlook knows nothing newer. Styles stand at each element, because many mailboxes
/// throw a style sheet away; the sheet only turns the colours round in the dark. No picture and nothing else is fetched: a mail tells nobody
/// that it was read.
/// </summary>
internal static class MailHtml
{
    private const string Table = "role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"";
    private const string Font = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;";

    public static string Of(MailContent content)
    {
        var html = new StringBuilder($$"""
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"><title>{{Encode(content.Subject)}}</title>
            <style>
            :root { color-scheme: light dark; }
            @media (prefers-color-scheme: dark) {
              .page { background: #141512 !important; } .sheet { background: #1f211d !important; }
              .text { color: #efefea !important; } .muted { color: #abafa6 !important; } .line { border-color: #373a34 !important; }
              .button { background: #efefea !important; color: #141512 !important; }
            }
            </style></head>
            <body class="page" style="margin:0;padding:0;background:#f3f3ef">
            <table {{Table}} class="page" style="background:#f3f3ef"><tr><td align="center" style="padding:24px 12px">
            <table {{Table}} class="sheet" style="max-width:560px;background:#fdfdfb;border-top:4px solid {{ColourOf(content.Tone)}};border-radius:12px;{{Font}}font-size:16px;line-height:1.5">
            <tr><td class="text" style="padding:24px 24px 28px;text-align:left;color:#1b1c19">
            <p style="margin:0 0 20px;font-size:18px;font-weight:700;letter-spacing:-.03em">Shop</p>
            <h1 style="margin:0 0 16px;font-size:24px;line-height:1.2;letter-spacing:-.02em">{{Encode(content.Headline)}}</h1>

            """);
        foreach (var paragraph in content.Before)
            Paragraph(paragraph);
        if (content.Goods is { } order)
        {
            html.Append($"<table {Table} style=\"margin:20px 0\">\n");
            foreach (var line in order.Lines.OrderBy(l => l.Position))
                Row($"{line.Quantity} x {Encode(Mails.NameOf(line))}", Money.Text(line.TotalMinor, order.Currency));
            Row($"<strong>Total</strong> {Muted($"(VAT included: {Money.Text(order.TaxMinor, order.Currency)})")}",
                $"<strong>{Money.Text(order.TotalMinor, order.Currency)}</strong>");
            html.Append("</table>\n");
        }

        html.Append($"""
            <p style="margin:24px 0"><a class="button" href="{Encode(content.Link)}" style="display:inline-block;padding:12px 24px;border-radius:24px;background:#1b1c19;color:#fdfdfb;font-weight:600;text-decoration:none">{Encode(content.LinkText)}</a></p>

            """);
        foreach (var paragraph in content.After)
            Paragraph(paragraph);
        if (content.About is { } about)
            html.Append($"<p style=\"margin:20px 0 0;font-size:14px\">{Muted($"Order {about.Number}, reference <strong>{Encode(about.Reference)}</strong>")}</p>\n");
        return html.Append("</td></tr></table></td></tr></table></body></html>\n").ToString();

        void Paragraph(string words) => html.Append($"<p style=\"margin:0 0 12px\">{Encode(words)}</p>\n");

        void Row(string what, string amount) => html.Append($"""
            <tr><td class="text line" style="padding:8px 12px 8px 0;border-bottom:1px solid #dddcd5;color:#1b1c19;vertical-align:top">{what}</td><td class="text line" align="right" style="padding:8px 0;border-bottom:1px solid #dddcd5;color:#1b1c19;vertical-align:top;white-space:nowrap">{amount}</td></tr>

            """);
    }

    private static string Muted(string html) => $"<span class=\"muted\" style=\"color:#5c5f58\">{html}</span>";

    private static string ColourOf(MailTone tone) => tone switch
    {
        MailTone.Good => "#11613d",
        MailTone.Act => "#1b4c8c",
        MailTone.Bad => "#9a1b1b",
        _ => "#7c7f77",
    };

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
