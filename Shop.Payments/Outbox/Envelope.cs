using System.Net.Mail;
using System.Net.Mime;
using System.Text;
using Shop.Data.Outbox;
using Shop.Data.People;

namespace Shop.Payments.Outbox;

internal static class Envelope
{
    public static MailMessage Around(Letter letter, OutboxMessage message, Person reader, MailOptions options)
    {
        var to = letter.NamesReader ? new MailAddress(reader.Email, reader.Name) : new MailAddress(reader.Email);
        var mail = new MailMessage(new MailAddress(options.From, options.FromName), to) { Subject = letter.Subject, SubjectEncoding = Encoding.UTF8 };
        if (options.ReplyTo is { Length: > 0 } answers)
            mail.ReplyToList.Add(answers);
        // Sent at least once: a second copy carries the same id, and mailboxes show it once. One that a person asked for is to be seen.
        var id = message.Copy is 0 ? $"{message.Id}" : $"{message.Id}.{message.Copy}";
        mail.Headers.Add("Message-ID", $"<{id}@{mail.From!.Host}>");
        mail.Headers.Add("Auto-Submitted", "auto-generated");
        Add(letter.Text, MediaTypeNames.Text.Plain);
        Add(letter.Html, MediaTypeNames.Text.Html);
        return mail;

        void Add(string body, string type) => mail.AlternateViews.Add(AlternateView.CreateAlternateViewFromString(body, Encoding.UTF8, type));
    }
}
