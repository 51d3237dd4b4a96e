using System.Net;
using System.Net.Mail;
using System.Net.Mime;
using System.Text;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.People;

namespace Shop.Payments.Outbox;

/// <summary>What our mails say. Text and HTML are written from the same lines, so neither says more than the other.</summary>
internal static class Mails
{
    /// <param name="Goods">The order whose lines stand between the paragraphs.</param>
    private sealed record Content(string Subject, string[] Before, Order? Goods, string[] After, string LinkText, string Link);

    public static MailMessage Write(OutboxMessage message, Order order, Person person, MailOptions options, string orderPage)
    {
        string[] question = [$"If you have a question, tell us your reference {order.Reference}."];
        var content = message.Kind switch
        {
            OutboxKind.OrderConfirmedMail => new Content(
                $"Your order {order.Number} is confirmed",
                [
                    Hello(person),
                    $"thank you for your order {order.Number}. We have received your payment of {Money(order.CapturedMinor, order.Currency)}.",
                ],
                order,
                [$"We send it to {person.Name}, {person.Line1}, {person.PostalCode} {person.City}, {person.Country}.", .. question],
                "Your order", orderPage),
            OutboxKind.RefundedMail => new Content(
                $"Your refund for order {order.Number}",
                [
                    Hello(person),
                    $"we have sent {Money(order.RefundedMinor, order.Currency)} for your order {order.Number} back to the card you paid with.",
                    "Your bank usually shows it within 5 to 10 business days.",
                ],
                null, [.. order.Reason is { } reason ? [Reasons.Of(reason).Shopper] : Array.Empty<string>(), .. question], "Your order", orderPage),
            // Without the name: anybody can have this mail sent, and whoever ordered wrote what they liked as a name.
            OutboxKind.OrderLinkMail => new Content(
                $"The link to your order {order.Number}",
                [Stranger, $"here is the link to your order {order.Number} that was asked for. Whoever has it can see the order, so keep it to yourself."],
                null, question, "Your order", orderPage),
            _ => throw new InvalidOperationException($"There are no words for {message.Kind}."),
        };
        return Letter(message, content, To(person, isTheirs: message.Kind is not OutboxKind.OrderLinkMail), options);
    }

    /// <summary>Nothing of a link is stored: its time runs from the promise of the mail, so one that is sent again is the same one.</summary>
    public static MailMessage Write(OutboxMessage message, ShopUser user, MailOptions options, SignedLinks links, Func<string, string> page)
    {
        var person = user.Person;
        var signIn = page("/account/sign-in");
        // Until the address is confirmed, the name is a stranger's text that would go out under ours.
        var hello = user.EmailConfirmed ? Hello(person) : Stranger;
        var content = message.Kind switch
        {
            OutboxKind.ConfirmEmailMail => new Content(
                "Please confirm your e-mail address",
                [
                    Stranger,
                    "somebody, probably you, asked for an account at our shop with this address. If it was you, please confirm it. The link works once, within 24 hours.",
                ],
                null, ["If it was not you, you need not do anything: without the link there is no account."],
                "Confirm your address", Link("/account/confirm", LinkPurpose.ConfirmEmail)),
            OutboxKind.AlreadyRegisteredMail => new Content(
                "You already have an account",
                [hello, "somebody, probably you, asked for an account with this address. You already have one: just sign in, or ask for a new password there."],
                null, ["If it was not you, you need not do anything: nothing has changed."], "Sign in", signIn),
            OutboxKind.ResetPasswordMail => new Content(
                "Choose a new password",
                [hello, "you can choose a new password for your account now. The link works once, within one hour."],
                null, ["If you did not ask for it, you need not do anything: your password stays as it is."],
                "Choose a new password", Link("/account/reset", LinkPurpose.ResetPassword)),
            OutboxKind.PasswordChangedMail => new Content(
                "Your password was changed",
                [hello, "the password of your account was changed, and other devices were signed out."],
                null, ["If it was not you, please ask for a new password at once, and tell us."], "Sign in", signIn),
            OutboxKind.LockedOutMail => new Content(
                "Your account is locked for a few minutes",
                [hello, "somebody failed several times with the password or the code of your account, so for a few minutes we look at none. After that it works as before."],
                null, ["If it was not you, your password may have been guessed at. It still protects you; choose a longer one if you doubt it. A new password also ends the lock: use \"Forgot your password?\" where you sign in."], "Sign in", signIn),
            OutboxKind.SecondFactorChangedMail => new Content(
                "Your second factor was changed",
                [hello, "the second factor of your account, the app or its recovery codes, was set up, renewed or removed."],
                null, ["If it was not you, please change your password at once, and tell us."], "Sign in", signIn),
            // The name is what an admin typed.
            OutboxKind.InvitationMail when user.PasswordHash is null => new Content(
                "You are invited to the staff of our shop",
                [Hello(person), $"you are invited to work at our shop as {RoleOf(user)}. Please choose a password. The link works once, within 7 days."],
                null, ["After that you set up a second factor: have your phone with an authenticator app at hand."],
                "Choose your password", Link("/account/reset", LinkPurpose.Invitation)),
            OutboxKind.InvitationMail => new Content(
                "You are invited to the staff of our shop",
                [hello, $"from now on your account is also for your work at our shop as {RoleOf(user)}. Please sign in again."],
                null, ["You will be asked for a second factor: have your phone with an authenticator app at hand."], "Sign in", signIn),
            _ => throw new InvalidOperationException($"There are no words for {message.Kind}."),
        };
        return Letter(message, content, To(person, isTheirs: user.EmailConfirmed), options);

        string Link(string path, LinkPurpose purpose) =>
            $"{page(path)}?token={links.Make(purpose, user.Id, message.CreatedAt, user.SecurityStamp!)}"; // base64url needs no escaping
    }

    public static string Money(long minor, string currency) => $"{minor / 100}.{minor % 100:00} {currency}";

    private const string Stranger = "Hello,";

    private static string Hello(Person person) => $"Hello {person.Name},";

    /// <param name="isTheirs">Whether the name is that of who reads the address.</param>
    private static MailAddress To(Person person, bool isTheirs) => isTheirs ? new(person.Email, person.Name) : new(person.Email);

    private static string RoleOf(ShopUser user) => user.Role switch { Role.Agent => "an agent", Role.Operator => "an operator", _ => "an admin" };

    private static MailMessage Letter(OutboxMessage message, Content content, MailAddress to, MailOptions options)
    {
        var mail = new MailMessage(new MailAddress(options.From, options.FromName), to) { Subject = content.Subject, SubjectEncoding = Encoding.UTF8 };
        // Sent at least once: a second copy carries the same id, and mailboxes show it once.
        mail.Headers.Add("Message-ID", $"<{message.Id}@{mail.From!.Host}>");
        mail.Headers.Add("Auto-Submitted", "auto-generated");
        Add(Text(content), MediaTypeNames.Text.Plain);
        Add(Html(content), MediaTypeNames.Text.Html);
        return mail;

        void Add(string body, string type) => mail.AlternateViews.Add(AlternateView.CreateAlternateViewFromString(body, Encoding.UTF8, type));
    }

    private static string Text(Content content)
    {
        var text = new StringBuilder();
        foreach (var paragraph in content.Before)
            text.Append(paragraph).Append("\r\n\r\n");
        if (content.Goods is { } order)
        {
            foreach (var line in order.Lines.OrderBy(l => l.Position))
                text.Append($"{line.Quantity} x {NameOf(line)}: {Money(line.TotalMinor, order.Currency)}\r\n");
            text.Append($"Total: {Money(order.TotalMinor, order.Currency)} (VAT included: {Money(order.TaxMinor, order.Currency)})\r\n\r\n");
        }

        foreach (var paragraph in content.After)
            text.Append(paragraph).Append("\r\n\r\n");
        return text.Append(content.LinkText).Append(": ").Append(content.Link).Append("\r\n").ToString();
    }

    private static string Html(Content content)
    {
        var html = new StringBuilder("<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>")
            .Append(Encode(content.Subject)).Append("</title></head><body>");
        foreach (var paragraph in content.Before)
            html.Append("<p>").Append(Encode(paragraph)).Append("</p>");
        if (content.Goods is { } order)
        {
            html.Append("<table>");
            foreach (var line in order.Lines.OrderBy(l => l.Position))
                html.Append($"<tr><td>{line.Quantity} x {Encode(NameOf(line))}</td><td align=\"right\">{Money(line.TotalMinor, order.Currency)}</td></tr>");
            html.Append($"<tr><td><b>Total</b> (VAT included: {Money(order.TaxMinor, order.Currency)})</td>")
                .Append($"<td align=\"right\"><b>{Money(order.TotalMinor, order.Currency)}</b></td></tr></table>");
        }

        foreach (var paragraph in content.After)
            html.Append("<p>").Append(Encode(paragraph)).Append("</p>");
        return html.Append($"<p><a href=\"{Encode(content.Link)}\">{Encode(content.LinkText)}</a></p></body></html>").ToString();
    }

    private static string NameOf(OrderLine line) => $"{line.ProductName}, {line.VariantName}";

    private static string Encode(string text) => WebUtility.HtmlEncode(text);
}
