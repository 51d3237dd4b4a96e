using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>What the staff see and do about mails. Nothing relays here: what is due stays as the Api left it.</summary>
public sealed class MailOperationsTests(ApiHost api) : IClassFixture<ApiHost>
{
    private async Task<(Order Order, OutboxMessage Mail)> MailAsync(
        OutboxKind kind = OutboxKind.OrderConfirmedMail, JobState state = JobState.Done, bool isSent = true, string payment = nameof(PaymentState.Paid))
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = {payment}, captured_minor = 1250, reason = NULL WHERE id = {order.Id}");
        var mail = OutboxMessage.Of(kind, order.Id, DateTimeOffset.UtcNow);
        (mail.State, mail.Attempts, mail.SentAt, mail.LastError) = (state, 1, isSent ? DateTimeOffset.UtcNow : null, isSent ? null : "SmtpException");
        db.Add(mail);
        await db.SaveChangesAsync();
        return (await db.Orders.AsNoTracking().SingleAsync(o => o.Id == order.Id), mail);
    }

    private async Task<Answer> SeeAsync(string path) => await api.GetAsync(path, (await api.SignedInAsync(Role.Agent)).Bearer);

    private async Task<Answer> AgainAsync(Guid mail, Guid? key = null) => await api.PostAsync(
        $"/operations/mail/{mail}/again", new { why = "The customer asked for it." }, (await api.SignedInAsync(Role.Operator)).Bearer,
        ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));

    private async Task<OutboxMessage> ReadAsync(Guid mail)
    {
        await using var db = api.Open();
        return await db.Outbox.AsNoTracking().SingleAsync(m => m.Id == mail);
    }

    [Theory]
    [InlineData(JobState.Waiting, false, "waiting")]
    [InlineData(JobState.Done, true, "sent")]
    [InlineData(JobState.Done, false, "dropped")]
    [InlineData(JobState.Parked, false, "parked")]
    public async Task A_mail_is_found_by_its_order_and_its_state_and_shows_a_part_of_its_address(JobState state, bool isSent, string shown)
    {
        var (order, mail) = await MailAsync(state: state, isSent: isSent);

        var found = await SeeAsync($"/operations/mail?order={order.Number}&state={shown}");
        var other = await SeeAsync($"/operations/mail?order={order.Number}&state={(shown is "sent" ? "parked" : "sent")}");

        var row = found.Json.GetProperty("items").EnumerateArray().Single();
        Assert.Equal((mail.Id, shown, "g•••@example.org", order.Number), (row.GetProperty("id").GetGuid(), row.GetProperty("state").GetString(),
            row.GetProperty("to").GetString(), row.GetProperty("orderNumber").GetInt64()));
        Assert.Empty(other.Json.GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task The_list_goes_back_page_by_page_and_leaves_none_out()
    {
        await using (var db = api.Open())
        {
            var order = await Any.StoredOrderAsync(db);
            var now = DateTimeOffset.UtcNow;
            db.AddRange(Enumerable.Range(0, 120).Select(i => OutboxMessage.Of(OutboxKind.OrderLinkMail, order.Id, now.AddMilliseconds(-i))));
            await db.SaveChangesAsync();
        }

        List<Guid> seen = [];
        for (var (next, pages) = ((string?)$"{Guid.AllBitsSet}", 0); next is not null && pages < 20; pages++)
        {
            var page = await SeeAsync($"/operations/mail?before={next}");
            seen.AddRange(page.Json.GetProperty("items").EnumerateArray().Select(m => m.GetProperty("id").GetGuid()));
            next = page.Json.GetProperty("next") is { ValueKind: JsonValueKind.String } id ? id.GetString() : null;
        }

        await using var all = api.Open();
        Assert.Equal(await all.Outbox.OrderByDescending(m => m.Id).Select(m => m.Id).ToListAsync(), seen);
    }

    [Fact]
    public async Task A_preview_says_what_the_mail_says_without_whose_it_is_and_opens_nothing()
    {
        var (order, mail) = await MailAsync();

        var preview = await SeeAsync($"/operations/mail/{mail.Id}");

        var (text, html) = (preview["text"]!, preview["html"]!);
        Assert.Equal($"Your order {order.Number} is confirmed", preview["subject"]);
        Assert.All([text, html], body =>
        {
            Assert.Contains("Hello (name),", body, StringComparison.Ordinal);
            Assert.Contains("12.50 EUR", body, StringComparison.Ordinal);
            Assert.Contains(order.Reference, body, StringComparison.Ordinal);
            Assert.All(["A Guest", "Street 1", "10115", "Berlin", "guest@example.org"], words => Assert.DoesNotContain(words, body, StringComparison.Ordinal));
            Assert.DoesNotContain(Any.Links.Make(LinkPurpose.Order, order.Id, mail.CreatedAt)[..20], body, StringComparison.Ordinal);
        });
        Assert.Contains("key=…", text, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, preview.Json.GetProperty("whyNot").ValueKind);
    }

    [Fact]
    public async Task A_preview_of_a_mail_about_an_account_holds_no_link_that_works()
    {
        var somebody = await api.SignedInAsync();
        await using var db = api.Open();
        var mail = OutboxMessage.To(somebody.Id, OutboxKind.ResetPasswordMail, DateTimeOffset.UtcNow);
        db.Add(mail);
        await db.SaveChangesAsync();

        var preview = await SeeAsync($"/operations/mail/{mail.Id}");

        Assert.Contains("/account/reset?token=…", preview["text"]!, StringComparison.Ordinal);
        Assert.DoesNotContain(somebody.Email, preview["text"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sent_mail_is_sent_again_as_another_one_once_per_key()
    {
        var (order, mail) = await MailAsync();
        var key = Guid.NewGuid();

        var (again, same, meanwhile) = (await AgainAsync(mail.Id, key), await AgainAsync(mail.Id, key), await AgainAsync(mail.Id));

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (again.Status, same.Status));
        Assert.Equal((HttpStatusCode.Conflict, "mail_waiting"), (meanwhile.Status, meanwhile.Reason));
        var now = await ReadAsync(mail.Id);
        Assert.Equal((JobState.Waiting, 1, 0, null), (now.State, now.Copy, now.Attempts, now.SentAt));
        Assert.True(now.DueAt > now.CreatedAt && now.DueAt <= DateTimeOffset.UtcNow); // and so it is not put off
        Assert.Equal(now.DueAt, now.AskedAgainAt);
        await using var db = api.Open();
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == order.Id && t.Kind == TimelineKinds.Unparked && !t.ForShopper));
        Assert.Equal(1, await db.Audit.CountAsync(a => a.Subject == $"{order.Number}" && a.Action == AuditActions.MessageRetried));
    }

    [Theory]
    [InlineData(JobState.Parked)]
    [InlineData(JobState.Done)] // dropped, and true again
    public async Task A_mail_that_was_never_sent_stays_the_same_mail_when_it_is_sent_again(JobState state)
    {
        var (_, mail) = await MailAsync(state: state, isSent: false);

        Assert.Equal(HttpStatusCode.NoContent, (await AgainAsync(mail.Id)).Status);

        var now = await ReadAsync(mail.Id);
        Assert.Equal((JobState.Waiting, 0, 0, null), (now.State, now.Copy, now.Attempts, now.LastError));
        Assert.NotNull(now.AskedAgainAt);
    }

    [Fact]
    public async Task What_is_no_longer_true_is_not_sent_again()
    {
        var (_, mail) = await MailAsync(OutboxKind.PaymentFailedMail);

        var refused = await AgainAsync(mail.Id);

        Assert.Equal((HttpStatusCode.Conflict, "mail_obsolete"), (refused.Status, refused.Reason));
        Assert.Equal(JobState.Done, (await ReadAsync(mail.Id)).State);
        Assert.Equal("no longer true: the payment is Paid", (await SeeAsync($"/operations/mail/{mail.Id}"))["whyNot"]);
    }

    [Fact]
    public async Task A_mail_about_an_account_is_asked_for_by_its_owner_and_by_nobody_else()
    {
        var somebody = await api.SignedInAsync();
        await using var db = api.Open();
        var mail = OutboxMessage.To(somebody.Id, OutboxKind.ResetPasswordMail, DateTimeOffset.UtcNow);
        (mail.State, mail.SentAt) = (JobState.Done, DateTimeOffset.UtcNow);
        db.Add(mail);
        await db.SaveChangesAsync();

        Assert.Equal("mail_of_an_account", (await AgainAsync(mail.Id)).Reason);
        Assert.Equal("mail_not_found", (await AgainAsync(Guid.NewGuid())).Reason);
    }
}
