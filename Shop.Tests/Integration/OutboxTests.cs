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

    private WebApplicationFactory<ShopPayments> Relay(string database, int smtpPort, string host = "localhost") =>
        new WebApplicationFactory<ShopPayments>().WithWebHostBuilder(web =>
        {
            foreach (var (key, value) in PaymentsShop.Settings(database, shop.SimulatorUrl, smtpPort))
                web.UseSetting(key, value);
            web.UseSetting("Shop:TimeScale", "0.001");
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
