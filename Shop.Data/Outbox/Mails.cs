using System.Globalization;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.People;

namespace Shop.Data.Outbox;

/// <summary>A mail as it is read; who sends it puts it into an envelope.</summary>
/// <param name="NamesReader">Whether the name is that of who reads the address.</param>
public sealed record Letter(string Subject, string Text, string Html, bool NamesReader);

/// <summary>What a mail says, before it is text or HTML.</summary>
/// <param name="Goods">The order whose lines stand between the paragraphs.</param>
/// <param name="About">The order it is about, for its number and its reference.</param>
internal sealed record MailContent(
    MailTone Tone, string Subject, string Headline, IReadOnlyList<string> Before, Order? Goods, IReadOnlyList<string> After, string LinkText, string Link,
    Order? About = null);

internal enum MailTone { Plain, Good, Act, Bad }

/// <summary>
/// The addresses in a mail. Nothing of a link is stored: its time runs from the promise of the mail, or from when a person asked for it again, so
/// that a repetition of our own has the same link, and one that was asked for has a link that works.
/// </summary>
/// <param name="page">The address of a path of the storefront.</param>
/// <param name="links">Null: the mail is only looked at, and its links open nothing.</param>
public sealed class MailLinks(Func<string, string> page, SignedLinks? links)
{
    private const string Hidden = "…";

    public string Page(string path) => page(path);

    public string Order(OutboxMessage message, Order order) =>
        $"{page($"/orders/{order.Number}")}?key={links?.Make(LinkPurpose.Order, order.Id, IssuedAt(message)) ?? Hidden}";

    public string Account(OutboxMessage message, ShopUser user, string path, LinkPurpose purpose) =>
        $"{page(path)}?token={links?.Make(purpose, user.Id, IssuedAt(message), user.SecurityStamp!) ?? Hidden}"; // base64url needs no escaping

    private static DateTimeOffset IssuedAt(OutboxMessage message) => message.AskedAgainAt ?? message.CreatedAt;
}

/// <summary>
/// What our mails say. Text and HTML are written from the same lines, so neither says more than the other; how an order stands is told in the
/// words of its page.
/// </summary>
public static class Mails
{
    private const string Stranger = "Hello,";

    /// <summary>What a step of a payment has told to the shopper; null for a step that changes nothing for them.</summary>
    public static OutboxKind? About(PaymentEvent step) => step switch
    {
        PaymentEvent.Refused => OutboxKind.PaymentFailedMail,
        PaymentEvent.ActionAsked => OutboxKind.ActionNeededMail,
        PaymentEvent.Closed => OutboxKind.CancelledMail,
        _ => null, // paid: only if the goods are still there, see ApplyPaymentOutcome
    };

    /// <summary>
    /// Whoever has just been told on the page needs no mail, and may be paying with another card already: these are sent some minutes later,
    /// to those for whom they are still true.
    /// </summary>
    public static bool CanWait(OutboxKind kind) => kind is OutboxKind.PaymentFailedMail or OutboxKind.ActionNeededMail or OutboxKind.CancelledMail;

    public static Letter Write(MailFacts facts, MailLinks links)
    {
        var content = facts.Account is { } user ? AboutAccount(facts, user, links) : AboutOrder(facts, facts.Order!, links);
        return new(content.Subject, MailText.Of(content), MailHtml.Of(content), facts.Account?.EmailConfirmed ?? facts.Message.Kind is not OutboxKind.OrderLinkMail);
    }

    private static MailContent AboutOrder(MailFacts facts, Order order, MailLinks links)
    {
        var (kind, link, words) = (facts.Message.Kind, links.Order(facts.Message, order), facts.Words);
        string[] steps = words.NextStep is { } next ? [words.Explanation, next] : [words.Explanation];
        return kind switch
        {
            OutboxKind.OrderConfirmedMail => new(
                MailTone.Good, $"Your order {order.Number} is confirmed", words.Headline,
                [Hello(), $"thank you for your order {order.Number} of {Money.Text(order.TotalMinor, order.Currency)}.", .. steps], order,
                [$"We send it to {Address(facts.Person)}.", Question], "Your order", link, order),
            OutboxKind.PaymentFailedMail => new(
                MailTone.Bad, $"Your payment for order {order.Number} did not go through", words.Headline, [Hello(), .. steps], order,
                [.. Until("pay", facts.IsPayable), Question], facts.IsPayable ? "Pay your order" : "Your order", link, order),
            OutboxKind.ActionNeededMail => new(
                MailTone.Act, $"Your payment for order {order.Number} waits for you", words.Headline, [Hello(), .. steps], order,
                [.. Until("do so", true), "If you have done it meanwhile, you need not do anything.", Question], "Go on with the payment", link, order),
            OutboxKind.CancelledMail when order.CapturedMinor > 0 => new(
                MailTone.Act, $"Your order {order.Number} is cancelled, and your money is on its way back", words.Headline,
                [Hello(), words.Explanation, $"You get {Money.Text(order.CapturedMinor - order.RefundedMinor, order.Currency)} back the way you paid.", .. steps[1..]], order,
                [Question], "Your order", link, order),
            OutboxKind.CancelledMail => new(
                MailTone.Plain, $"Your order {order.Number} was closed", words.Headline, [Hello(), .. steps], order, [Question], "Your order", link, order),
            OutboxKind.RefundedMail => Refunded(facts, order, link),
            // Without the name: anybody can have this mail sent, and whoever ordered wrote what they liked as a name.
            OutboxKind.OrderLinkMail => new(
                MailTone.Plain, $"The link to your order {order.Number}", "The link to your order",
                [Stranger, $"here is the link to your order {order.Number} that was asked for. Whoever has it can see the order, so keep it to yourself."],
                null, [Question], "Your order", link, order),
            _ => throw new InvalidOperationException($"There are no words for {kind}."),
        };

        string Hello() => $"Hello {facts.Person.Name},";

        string[] Until(string what, bool isPossible) =>
            isPossible ? [$"You can {what} until {Moment(facts.OpenUntil)}. After that we close the order, and nothing is taken."] : [];
    }

    private static MailContent Refunded(MailFacts facts, Order order, string link)
    {
        var amount = facts.Refund?.AmountMinor ?? order.RefundedMinor;
        var (isAll, completes) = (amount == order.CapturedMinor, order.RefundedMinor == order.CapturedMinor);
        // What for, where it is not for everything.
        var pieces = (facts.Refund?.Lines ?? []).Join(order.Lines, r => r.Sku, l => l.Sku, (r, l) => (Refunded: r, Line: l)).OrderBy(p => p.Line.Position)
            .Select(p => $"{p.Refunded.Quantity} x {NameOf(p.Line)}: {Money.Text(p.Refunded.AmountMinor, order.Currency)}");
        // A code of before the taxonomy has no words; of the two that say no more than the mail itself, none are needed.
        var because = (facts.Refund?.Reason ?? order.Reason) is { } code && Reasons.IsKnown(code)
            && code is not (Reasons.RefundOnRequest or Reasons.RefundedAtGateway) ? Reasons.Of(code).Shopper : null;
        return new(
            MailTone.Good, $"Your refund for order {order.Number}", completes ? facts.Words.Headline : "We have sent money back to you",
            [
                $"Hello {facts.Person.Name},", $"we have sent {Money.Text(amount, order.Currency)} for your order {order.Number} back the way you paid.",
                .. isAll ? [] : pieces,
                isAll ? "That is the full amount."
                    : completes ? $"With it you have all of your {Money.Text(order.CapturedMinor, order.Currency)} back."
                    : $"That is a part of the {Money.Text(order.CapturedMinor, order.Currency)} that you paid.",
                "It usually shows within 5 to 10 business days.",
            ],
            isAll ? order : null, [.. because is null ? Array.Empty<string>() : [because], Question], "Your order", link, order);
    }

    private const string Question = "If you have a question, just answer this mail.";

    private static MailContent AboutAccount(MailFacts facts, ShopUser user, MailLinks links)
    {
        var (message, signIn) = (facts.Message, links.Page("/account/sign-in"));
        // Until the address is confirmed, the name is a stranger's text that would go out under ours.
        var hello = user.EmailConfirmed ? $"Hello {facts.Person.Name}," : Stranger;
        return message.Kind switch
        {
            OutboxKind.ConfirmEmailMail => Of(
                "Please confirm your e-mail address",
                [
                    Stranger,
                    "somebody, probably you, asked for an account at our shop with this address. If it was you, please confirm it. The link works once, within 24 hours.",
                ],
                ["If it was not you, you need not do anything: without the link there is no account."],
                "Confirm your address", Link("/account/confirm", LinkPurpose.ConfirmEmail)),
            OutboxKind.AlreadyRegisteredMail => Of(
                "You already have an account",
                [hello, "somebody, probably you, asked for an account with this address. You already have one: just sign in, or ask for a new password there."],
                ["If it was not you, you need not do anything: nothing has changed."], "Sign in", signIn),
            OutboxKind.ResetPasswordMail => Of(
                "Choose a new password",
                [hello, "you can choose a new password for your account now. The link works once, within one hour."],
                ["If you did not ask for it, you need not do anything: your password stays as it is."],
                "Choose a new password", Link("/account/reset", LinkPurpose.ResetPassword)),
            OutboxKind.PasswordChangedMail => Of(
                "Your password was changed",
                [hello, "the password of your account was changed, and other devices were signed out."],
                ["If it was not you, please ask for a new password at once, and tell us."], "Sign in", signIn),
            OutboxKind.LockedOutMail => Of(
                "Your account is locked for a few minutes",
                [hello, "somebody failed several times with the password or the code of your account, so for a few minutes we look at none. After that it works as before."],
                ["If it was not you, your password may have been guessed at. It still protects you; choose a longer one if you doubt it. A new password also ends the lock: use \"Forgot your password?\" where you sign in."], "Sign in", signIn),
            OutboxKind.SecondFactorChangedMail => Of(
                "Your second factor was changed",
                [hello, "the second factor of your account, the app or its recovery codes, was set up, renewed or removed."],
                ["If it was not you, please change your password at once, and tell us."], "Sign in", signIn),
            // The name is what an admin typed.
            OutboxKind.InvitationMail when user.PasswordHash is null => Of(
                "You are invited to the staff of our shop",
                [$"Hello {facts.Person.Name},", $"you are invited to work at our shop as {RoleOf(user)}. Please choose a password. The link works once, within 7 days."],
                ["After that you set up a second factor: have your phone with an authenticator app at hand."],
                "Choose your password", Link("/account/reset", LinkPurpose.Invitation)),
            OutboxKind.InvitationMail => Of(
                "You are invited to the staff of our shop",
                [hello, $"from now on your account is also for your work at our shop as {RoleOf(user)}. Please sign in again."],
                ["You will be asked for a second factor: have your phone with an authenticator app at hand."], "Sign in", signIn),
            _ => throw new InvalidOperationException($"There are no words for {message.Kind}."),
        };

        string Link(string path, LinkPurpose purpose) => links.Account(message, user, path, purpose);

        static MailContent Of(string subject, string[] before, string[] after, string linkText, string link) =>
            new(MailTone.Plain, subject, subject, before, null, after, linkText, link);
    }

    internal static string NameOf(OrderLine line) => $"{line.ProductName}, {line.VariantName}";

    private static string Address(Person person) => string.Join(", ", ((string?[])
        [person.Name, person.Line1, person.Line2, $"{person.PostalCode} {person.City}", person.Country]).Where(part => part is { Length: > 0 }));

    // In UTC, as the pages say it without a script: nobody knows where a mail is read.
    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("d MMM yyyy, HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string RoleOf(ShopUser user) => user.Role switch { Role.Agent => "an agent", Role.Operator => "an operator", _ => "an admin" };
}
