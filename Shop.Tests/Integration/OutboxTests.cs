using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

[Collection(SharedPaymentsShop.Name)]
public sealed class OutboxTests(PaymentsShop shop) : IAsyncLifetime
{
    public Task InitializeAsync() => shop.NoFaultsAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    private static async Task<OutboxMessage> UntilAsync(string database, Guid order, Func<OutboxMessage, bool> isSo)
    {
        OutboxMessage? message = null;
        await Eventually.TrueAsync(async () =>
        {
            await using var db = PostgresServer.Open(database);
            message = await db.Outbox.AsNoTracking().SingleOrDefaultAsync(m => m.OrderId == order);
            return message is not null && isSo(message);
        }, () => $"the message of {order} is {message?.State} after {message?.Attempts} attempts: {message?.LastError}");
        return message!;
    }

    /// <summary>A message that waits, in a database where nothing else happens.</summary>
    private static async Task<(string Database, Guid Order)> PromiseAsync(string email = "guest@example.org")
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        var order = await PaymentsShop.PlaceAsync(database, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await db.Database.ExecuteSqlAsync($"UPDATE shop.people SET email = {email}");
        db.Outbox.Add(OutboxMessage.Of(OutboxKind.OrderConfirmedMail, order.Id, DateTimeOffset.UtcNow));
        await db.SaveChangesAsync();
        return (database, order.Id);
    }

    private WebApplicationFactory<ShopPayments> Relay(string database, int smtpPort, string host = "localhost", string timeScale = "0.001") =>
        new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(web =>
        {
            foreach (var (key, value) in PaymentsShop.Settings(database, shop.SimulatorUrl, smtpPort))
                web.UseSetting(key, value);
            web.UseSetting("Shop:TimeScale", timeScale);
            web.UseSetting("Payments:Queue:Poll", "00:01:00");
            web.UseSetting("Smtp:Host", host);
        });

    [Fact]
    public async Task A_paid_order_is_confirmed_by_one_mail_that_anybody_can_read()
    {
        var placed = await shop.PlaceAsync(quantity: 2);
        var order = await shop.UntilAsync(placed.Id, PaymentState.Paid);

        var sent = await UntilAsync(shop.Database, placed.Id, m => m.State is JobState.Done);

        Assert.NotNull(sent.SentAt);
        var mails = (await shop.Simulator.GetFromJsonAsync<JsonArray>(new Uri("/mails?to=guest@example.org", UriKind.Relative)))!;
        var mail = Assert.Single(mails, m => ((string)m!["subject"]!).Contains($"{order.Number}", StringComparison.Ordinal))!;
        var (text, html) = ((string)mail["text"]!, (string)mail["html"]!);
        Assert.All([text, html], body =>
        {
            Assert.Contains("25.00 EUR", body, StringComparison.Ordinal);
            Assert.Contains($"http://localhost:5000/orders/{order.Number}?key={Any.Links.Make(LinkPurpose.Order, order.Id, sent.CreatedAt)}", body, StringComparison.Ordinal);
        });
        await using var db = shop.Open();
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.MailSent));
    }

    [Fact]
    public async Task A_mail_that_cannot_be_sent_is_tried_eight_times_and_then_shown_to_a_person()
    {
        var (database, order) = await PromiseAsync();
        await using var relay = Relay(database, PostgresServer.FreePort());
        _ = relay.Services;

        var parked = await UntilAsync(database, order, m => m.State is JobState.Parked);

        Assert.Equal(8, parked.Attempts);
        Assert.Contains("SmtpException", parked.LastError, StringComparison.Ordinal);
        await using var db = PostgresServer.Open(database);
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == order && t.Kind == TimelineKinds.Parked));
    }

    [Fact]
    public async Task Without_a_mail_server_messages_wait_where_they_are()
    {
        var (database, order) = await PromiseAsync();
        await using var relay = Relay(database, shop.SmtpPort, host: "");
        using var client = relay.CreateClient();
        (await client.GetAsync(new Uri("/alive", UriKind.Relative))).EnsureSuccessStatusCode();

        var waiting = await UntilAsync(database, order, _ => true);

        Assert.Equal((JobState.Waiting, 0, 0), (waiting.State, waiting.Attempts, waiting.LeaseToken));
    }

    /// <summary>An order whose first card was refused, in a database where nothing else happens, and the mailbox of who placed it.</summary>
    private static async Task<(string Database, Guid Order, string Email)> DeclinedAsync()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        var order = await PaymentsShop.PlaceAsync(database, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        var email = $"{Guid.NewGuid():N}@example.org";
        await db.Database.ExecuteSqlAsync($"UPDATE shop.people SET email = {email}");
        await db.PaymentJobs.ExecuteUpdateAsync(j => j.SetProperty(x => x.State, JobState.Done));
        await ApplyAsync(database, order.Id, new PaymentNews.Refused(Reasons.InsufficientFunds));
        return (database, order.Id, email);
    }

    private static async Task ApplyAsync(string database, Guid order, PaymentNews news)
    {
        await using var db = PostgresServer.Open(database);
        await using var transaction = await db.Database.BeginTransactionAsync();
        var locked = await db.LockOrderAsync(order, CancellationToken.None);
        locked.TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow);
        Assert.True(await db.ApplyPaymentOutcomeAsync(locked, news, DateTimeOffset.UtcNow, CancellationToken.None));
        await transaction.CommitAsync();
    }

    private async Task<JsonArray> MailboxAsync(string email) =>
        (await shop.Simulator.GetFromJsonAsync<JsonArray>(new Uri($"/mails?to={Uri.EscapeDataString(email)}", UriKind.Relative)))!;

    [Fact]
    public async Task A_refused_card_is_told_by_mail_to_whoever_has_not_paid_some_minutes_later()
    {
        var (database, order, email) = await DeclinedAsync();
        await using var relay = Relay(database, shop.SmtpPort);
        _ = relay.Services;

        var sent = await UntilAsync(database, order, m => m.State is JobState.Done);

        Assert.Equal((OutboxKind.PaymentFailedMail, 1), (sent.Kind, sent.Attempts));
        var mail = Assert.Single(await MailboxAsync(email))!;
        Assert.All([(string)mail["text"]!, (string)mail["html"]!], body =>
        {
            Assert.Contains(Reasons.Of(Reasons.InsufficientFunds).Shopper, body, StringComparison.Ordinal);
            Assert.Contains($"?key={Any.Links.Make(LinkPurpose.Order, order, sent.CreatedAt)}", body, StringComparison.Ordinal);
        });
        await using var db = PostgresServer.Open(database);
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == order && t.Kind == TimelineKinds.MailSent && t.ForShopper));
    }

    [Fact]
    public async Task A_refused_card_is_told_how_long_the_goods_are_kept_and_not_how_long_they_might_be()
    {
        var (database, order, email) = await DeclinedAsync();
        await using var db = PostgresServer.Open(database);
        var until = DateTimeOffset.UtcNow.AddMinutes(17);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.stock_holds SET expires_at = {until} WHERE order_id = {order}");
        await using var relay = Relay(database, shop.SmtpPort);
        _ = relay.Services;

        await UntilAsync(database, order, m => m.State is JobState.Done);

        var mail = Assert.Single(await MailboxAsync(email))!;
        Assert.True((await db.Orders.SingleAsync(o => o.Id == order)).DeadlineAt > until.AddMinutes(30));
        Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"You can pay until {until:d MMM yyyy, HH:mm} UTC."), (string)mail["text"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mail_that_can_wait_is_put_off_once_and_costs_no_try()
    {
        var (database, order, email) = await DeclinedAsync();
        await using var relay = Relay(database, shop.SmtpPort, timeScale: "1");
        _ = relay.Services;

        var waiting = await UntilAsync(database, order, m => m.LeaseToken > 0 && m.LeasedUntil < m.CreatedAt);

        Assert.Equal((JobState.Waiting, 0, waiting.CreatedAt.AddMinutes(5)), (waiting.State, waiting.Attempts, waiting.DueAt));
        await using var db = PostgresServer.Open(database);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.outbox SET due_at = created_at + interval '1 millisecond'"); // due by a clock that runs ahead of the relay's
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None); // it polls once a minute here
        await UntilAsync(database, order, m => m.State is JobState.Done);
        Assert.Single(await MailboxAsync(email));
    }

    [Fact]
    public async Task Who_has_left_for_the_bank_is_asked_to_confirm_only_once_they_are_back_without_an_answer()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        var order = (await PaymentsShop.PlaceAsync(database, dueAt: DateTimeOffset.UtcNow.AddHours(1))).Id;
        var email = $"{Guid.NewGuid():N}@example.org";
        await db.Database.ExecuteSqlAsync($"UPDATE shop.people SET email = {email}");
        await db.PaymentJobs.ExecuteUpdateAsync(j => j.SetProperty(x => x.State, JobState.Done));
        await ApplyAsync(database, order, new PaymentNews.ActionAsked("https://bank.example/confirm"));
        await ReportAsync(BankQuestions.LeftForBank);
        await using var relay = Relay(database, shop.SmtpPort);
        _ = relay.Services;

        var early = await UntilAsync(database, order, m => m.LeaseToken > 2); // put off, as every mail that can wait, and looked at since
        Assert.Equal((JobState.Waiting, 0), (early.State, early.Attempts));
        Assert.Empty(await MailboxAsync(email));
        await ReportAsync(BankQuestions.BackWithoutAnswer);
        await UntilAsync(database, order, m => m.State is JobState.Done);

        Assert.Contains("waits for you", (string)Assert.Single(await MailboxAsync(email))!["subject"]!, StringComparison.Ordinal);

        async Task ReportAsync(string what)
        {
            db.Timeline.Add(TimelineEntry.Of(order, DateTimeOffset.UtcNow, TimelineKinds.Browser, "Told by the browser.", forShopper: false, facts: new { what }));
            await db.SaveChangesAsync();
        }
    }

    [Fact]
    public async Task Whoever_has_paid_meanwhile_is_not_told_that_a_card_was_refused()
    {
        var (database, order, email) = await DeclinedAsync();
        await ApplyAsync(database, order, new PaymentNews.Captured(1250, "EUR"));
        await using var relay = Relay(database, shop.SmtpPort);
        _ = relay.Services;

        await Eventually.TrueAsync(async () =>
        {
            await using var db = PostgresServer.Open(database);
            return await db.Outbox.CountAsync(m => m.State == JobState.Done) == 2;
        }, () => "the mails still wait");

        Assert.Contains("is confirmed", (string)Assert.Single(await MailboxAsync(email))!["subject"]!, StringComparison.Ordinal);
        await using var db = PostgresServer.Open(database);
        var dropped = await db.Outbox.SingleAsync(m => m.Kind == OutboxKind.PaymentFailedMail);
        Assert.Equal((null, "no longer true: a later mail tells how it went on"), (dropped.SentAt, dropped.LastError));
        Assert.Equal(1, await db.Timeline.CountAsync(t => t.OrderId == order && t.Kind == TimelineKinds.MailSent));
    }

    [Fact]
    public async Task Of_two_refused_cards_the_last_is_told()
    {
        var (database, order, email) = await DeclinedAsync();
        await ApplyAsync(database, order, new PaymentNews.Refused(Reasons.CardExpired));
        await using var relay = Relay(database, shop.SmtpPort);
        _ = relay.Services;

        await Eventually.TrueAsync(async () =>
        {
            await using var db = PostgresServer.Open(database);
            return await db.Outbox.CountAsync(m => m.State == JobState.Done) == 2;
        }, () => "the mails still wait");

        Assert.Contains(Reasons.Of(Reasons.CardExpired).Shopper, (string)Assert.Single(await MailboxAsync(email))!["text"]!, StringComparison.Ordinal);
    }

    public static TheoryData<PaymentNews, OutboxKind?> Told() => new()
    {
        { new PaymentNews.Refused(Reasons.CardDeclined), OutboxKind.PaymentFailedMail },
        { new PaymentNews.ActionAsked("https://bank.example/confirm"), OutboxKind.ActionNeededMail },
        { new PaymentNews.Closed(Reasons.SoldOutMeanwhile), OutboxKind.CancelledMail },
        { new PaymentNews.Captured(1250, "EUR"), OutboxKind.OrderConfirmedMail },
        { new PaymentNews.AnswerLost(Reasons.OutcomeUnknown), null },
        { new PaymentNews.Postponed(Reasons.GatewayUnreachable, DateTimeOffset.UnixEpoch), null },
    };

    [Theory]
    [MemberData(nameof(Told))]
    public async Task Each_end_of_a_payment_promises_its_mail_in_its_own_transaction(PaymentNews news, OutboxKind? kind)
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        var order = await PaymentsShop.PlaceAsync(database, dueAt: DateTimeOffset.UtcNow.AddHours(1));

        await ApplyAsync(database, order.Id, news);

        await using var db = PostgresServer.Open(database);
        Assert.Equal(kind is { } one ? [one] : [], await db.Outbox.Select(m => m.Kind).ToArrayAsync());
    }

    [Fact]
    public async Task Money_that_comes_for_goods_that_are_gone_promises_no_confirmation()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        var order = await PaymentsShop.PlaceAsync(database, dueAt: DateTimeOffset.UtcNow.AddHours(1));
        await using var db = PostgresServer.Open(database);
        db.Add(new PaymentIntent { OrderId = order.Id, Provider = PaymentProvider.Stripe, AmountMinor = 1250, Currency = "EUR", CreatedAt = DateTimeOffset.UtcNow });
        await db.SaveChangesAsync();
        await ApplyAsync(database, order.Id, new PaymentNews.Closed(Reasons.NotConfirmedInTime));
        await db.Stock.ExecuteUpdateAsync(s => s.SetProperty(x => x.OnHand, 0));

        await ApplyAsync(database, order.Id, new PaymentNews.Captured(1250, "EUR"));

        Assert.Equal([OutboxKind.CancelledMail, OutboxKind.CancelledMail], await db.Outbox.Select(m => m.Kind).ToArrayAsync());
    }

    [Fact]
    public async Task An_erased_person_gets_nothing_and_nobody_is_called()
    {
        var (database, order) = await PromiseAsync(email: "");
        await using var relay = Relay(database, shop.SmtpPort);
        _ = relay.Services;

        var done = await UntilAsync(database, order, m => m.State is JobState.Done);

        Assert.Null(done.SentAt);
        Assert.Equal("the recipient was erased", done.LastError);
    }
}
