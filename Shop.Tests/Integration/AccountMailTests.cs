using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Data.People;
using Shop.Payments.Outbox;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>From the promise in the outbox, over the real relay and SMTP, to what stands in the mailbox.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class AccountMailTests(PaymentsShop shop) : IAsyncLifetime
{
    public Task InitializeAsync() => shop.NoFaultsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    private async Task<ShopUser> UserAsync(bool confirmed = true, bool hasPassword = true, Role role = Role.Shopper)
    {
        await using var db = shop.Open();
        var now = DateTimeOffset.UtcNow;
        var user = ShopUser.Of(Person.WithAccount($"reader-{Guid.NewGuid():N}@example.org", "Ada <b>Reader</b>", now), role, now);
        (user.EmailConfirmed, user.PasswordHash) = (confirmed, hasPassword ? "any" : null);
        db.Add(user);
        await db.SaveChangesAsync();
        return user;
    }

    private async Task<OutboxMessage> SentAsync(OutboxMessage message)
    {
        await using (var db = shop.Open())
        {
            db.Add(message);
            await db.SaveChangesAsync();
            await Shop.Data.Notices.NotifyAsync(db, Shop.Data.Notices.Work, "", CancellationToken.None);
        }

        OutboxMessage? sent = null;
        await Eventually.TrueAsync(async () =>
        {
            await using var db = shop.Open();
            sent = await db.Outbox.AsNoTracking().SingleAsync(m => m.Id == message.Id);
            return sent.State is JobState.Done;
        }, () => $"{message.Kind} is {sent?.State}: {sent?.LastError}");
        return sent!;
    }

    private async Task<JsonNode?[]> MailsAsync(string to) =>
        [.. (await shop.Simulator.GetFromJsonAsync<JsonArray>(new Uri($"/mails?to={Uri.EscapeDataString(to)}", UriKind.Relative)))!];

    [Theory]
    [InlineData(OutboxKind.ConfirmEmailMail, "/account/confirm?token=", LinkPurpose.ConfirmEmail)]
    [InlineData(OutboxKind.ResetPasswordMail, "/account/reset?token=", LinkPurpose.ResetPassword)]
    [InlineData(OutboxKind.InvitationMail, "/account/reset?token=", LinkPurpose.Invitation)]
    public async Task A_mail_with_a_link_proves_its_reader_and_a_second_copy_is_the_same_mail(OutboxKind kind, string page, LinkPurpose purpose)
    {
        var user = await UserAsync(confirmed: kind is not OutboxKind.ConfirmEmailMail, hasPassword: kind is not OutboxKind.InvitationMail, Role.Agent);

        var sent = await SentAsync(OutboxMessage.To(user.Id, kind, DateTimeOffset.UtcNow));
        await using (var db = shop.Open())
            await db.Outbox.Where(m => m.Id == sent.Id).ExecuteUpdateAsync(m => m.SetProperty(x => x.Kind, kind).SetProperty(x => x.State, JobState.Waiting));
        await using (var db = shop.Open())
            await Shop.Data.Notices.NotifyAsync(db, Shop.Data.Notices.Work, "", CancellationToken.None);
        await Eventually.TrueAsync(async () => (await MailsAsync(user.Person.Email)).Length == 2, () => "the second copy did not come");

        var mails = await MailsAsync(user.Person.Email);
        var (text, html) = ((string)mails[0]!["text"]!, (string)mails[0]!["html"]!);
        var token = Regex.Match(text, $"http://localhost:5000{Regex.Escape(page)}([A-Za-z0-9_-]+)").Groups[1].Value;
        Assert.Equal(LinkState.Good, Any.Links.Check(purpose, token, DateTimeOffset.UtcNow, user.SecurityStamp!));
        Assert.Equal((user.Id, LinkState.Expired), (SignedLinks.SubjectOf(token)!.Value,
            Any.Links.Check(purpose, token, sent.CreatedAt + SignedLinks.LifetimeOf(purpose), user.SecurityStamp!)));
        Assert.Contains($"href=\"http://localhost:5000{page}{token}\"", html, StringComparison.Ordinal);
        Assert.Equal((text, html), ((string)mails[1]!["text"]!, (string)mails[1]!["html"]!));
        Assert.Equal(kind is not OutboxKind.ConfirmEmailMail, text.Contains("Ada", StringComparison.Ordinal)); // who is not proven gets no stranger's words
        Assert.DoesNotContain("<b>", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OutboxKind.AlreadyRegisteredMail)]
    [InlineData(OutboxKind.PasswordChangedMail)]
    [InlineData(OutboxKind.LockedOutMail)]
    [InlineData(OutboxKind.SecondFactorChangedMail)]
    [InlineData(OutboxKind.InvitationMail)]
    public async Task A_mail_that_only_tells_leads_to_signing_in(OutboxKind kind)
    {
        var user = await UserAsync(role: Role.Operator);

        await SentAsync(OutboxMessage.To(user.Id, kind, DateTimeOffset.UtcNow));

        var mail = Assert.Single(await MailsAsync(user.Person.Email))!;
        Assert.All([(string)mail["text"]!, (string)mail["html"]!], body => Assert.Contains("http://localhost:5000/account/sign-in", body, StringComparison.Ordinal));
        Assert.DoesNotContain("token=", (string)mail["text"]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OutboxKind.ConfirmEmailMail)]
    [InlineData(OutboxKind.ResetPasswordMail)]
    [InlineData(OutboxKind.AlreadyRegisteredMail)]
    [InlineData(OutboxKind.PasswordChangedMail)]
    [InlineData(OutboxKind.LockedOutMail)]
    [InlineData(OutboxKind.SecondFactorChangedMail)]
    public void Until_the_address_is_confirmed_a_mail_holds_no_name_that_a_stranger_chose(OutboxKind kind)
    {
        var user = ShopUser.Of(Person.WithAccount("reader@example.org", "Collect your prize", Any.Now), Role.Shopper, Any.Now);
        var message = OutboxMessage.To(user.Id, kind, Any.Now);

        Assert.DoesNotContain("prize", All(), StringComparison.Ordinal);
        user.EmailConfirmed = true;
        Assert.Equal(kind is not OutboxKind.ConfirmEmailMail, Bodies().Contains("Hello Collect your prize,", StringComparison.Ordinal));

        Letter Letter() => Mails.Write(new MailFacts(message, user.Person, Account: user), new MailLinks(path => path, Any.Links));
        string Bodies() => Letter() is var letter ? $"{letter.Text}\n{letter.Html}" : "";

        string All()
        {
            using var mail = Envelope.Around(Letter(), message, user.Person, new MailOptions());
            return $"{mail.To[0]}\n{mail.Subject}\n{Bodies()}";
        }
    }

    [Fact]
    public async Task Somebody_erased_gets_nothing()
    {
        var user = await UserAsync();
        await using (var db = shop.Open())
            await db.People.Where(p => p.Id == user.Id).ExecuteUpdateAsync(p => p.SetProperty(x => x.Email, "").SetProperty(x => x.AccountEmail, (string?)null));

        var message = await SentAsync(OutboxMessage.To(user.Id, OutboxKind.PasswordChangedMail, DateTimeOffset.UtcNow));

        Assert.Null(message.SentAt);
        Assert.Empty(await MailsAsync(user.Person.Email));
    }
}
