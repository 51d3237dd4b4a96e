using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Webhooks;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Events that do not come by themselves.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class WebhookWatchTests(PaymentsShop shop) : IAsyncLifetime
{
    private const string Succeeded = "payment_intent.succeeded";

    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(false);
    }

    public Task DisposeAsync() => shop.DeliverWebhooksAsync(false);

    private WebhookWatch Watch => shop.Services.GetRequiredService<WebhookWatch>();

    private Task<int> NoteAsync() => Watch.NoteMissingAsync(null, CancellationToken.None);

    private async Task<List<string>> StoryAsync(Guid order)
    {
        await using var db = shop.Open();
        return await db.Timeline.Where(t => t.OrderId == order && (t.Kind == TimelineKinds.WebhookMissing || t.Kind == TimelineKinds.WebhookLate))
            .OrderBy(t => t.At).ThenBy(t => t.Id).Select(t => t.Summary).ToListAsync();
    }

    /// <summary>The endpoint at the gateway leads nowhere.</summary>
    private async Task DeliverNowhereAsync() => (await shop.Simulator.PutAsJsonAsync(new Uri("/settings", UriKind.Relative), new
    {
        webhooks = new object[] { new { url = "http://127.0.0.1:9/", secret = PaymentsShop.WebhookSecret } },
    })).EnsureSuccessStatusCode();

    /// <summary>A quarter of an hour goes by.</summary>
    private async Task<Order> PaidAWhileAgoAsync()
    {
        var placed = await shop.PlaceAsync();
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await using var db = shop.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET paid_at = paid_at - interval '15 minutes' WHERE id = {placed.Id}");
        return placed;
    }

    [Fact]
    public async Task An_event_that_did_not_come_is_noted_once_in_the_story_of_its_order()
    {
        var placed = await PaidAWhileAgoAsync();

        await NoteAsync();
        await NoteAsync();

        var said = Assert.Single(await StoryAsync(placed.Id));
        Assert.Matches($"^Webhook {Succeeded} expected by \\d\\d:\\d\\d UTC, not seen\\.$", said);
        await using var db = shop.Open();
        Assert.Null((await db.WebhookGaps.SingleAsync(g => g.OrderId == placed.Id)).ArrivedAt);
        Assert.False(await db.Timeline.AnyAsync(t => t.OrderId == placed.Id && t.Kind == TimelineKinds.WebhookMissing && t.ForShopper));
    }

    [Fact]
    public async Task An_event_that_came_in_time_is_missed_by_nobody()
    {
        await shop.DeliverWebhooksAsync(true);
        var placed = await PaidAWhileAgoAsync();
        await using var db = shop.Open();
        var intent = await db.PaymentIntents.Where(i => i.OrderId == placed.Id).Select(i => i.GatewayId).SingleAsync();
        await shop.UntilAsync(d => d.WebhookReceipts.AnyAsync(w => w.IntentId == intent && w.Type == Succeeded), "it never came");

        await NoteAsync();

        Assert.Empty(await StoryAsync(placed.Id));
    }

    [Fact]
    public async Task Events_that_were_not_delivered_are_fetched_once_and_processed_as_if_they_had_come()
    {
        await DeliverNowhereAsync();
        var placed = await shop.PlaceAsync("pm_card_authenticationRequired");
        var asked = await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded);
        await ThreeDSecure.AnswerAsync(asked.ActionUrl!, agrees: true);
        await using var db = shop.Open();
        var intent = await db.PaymentIntents.Where(i => i.OrderId == placed.Id).Select(i => i.GatewayId).SingleAsync();

        await shop.UntilAsync(async d => // younger ones are left alone for five minutes, which are three seconds here
        {
            await Watch.FetchAsync(null, CancellationToken.None);
            return await d.WebhookReceipts.AnyAsync(w => w.IntentId == intent && w.Type == Succeeded);
        }, "it was never fetched");

        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        Assert.Equal(0, await Watch.FetchAsync(null, CancellationToken.None));
        var receipt = await db.WebhookReceipts.AsNoTracking().SingleAsync(w => w.IntentId == intent && w.Type == Succeeded);
        Assert.NotNull(receipt.FetchedAt);
        Assert.Equal(1, (await shop.LedgerAsync(placed.Id)).Charges);
    }

    [Fact]
    public async Task An_event_that_was_fetched_ends_the_gap_and_the_story_tells_it()
    {
        await DeliverNowhereAsync();
        var placed = await PaidAWhileAgoAsync();
        await NoteAsync();

        await shop.UntilAsync(async d =>
        {
            await Watch.WatchAsync(null, CancellationToken.None);
            return await d.WebhookGaps.AnyAsync(g => g.OrderId == placed.Id && g.ArrivedAt != null);
        }, "the gap never ended");

        Assert.Collection(await StoryAsync(placed.Id), first => Assert.Contains("not seen", first, StringComparison.Ordinal),
            second => Assert.Contains("was fetched from the gateway", second, StringComparison.Ordinal));
    }

    [Fact]
    public async Task More_events_than_one_run_may_read_are_fetched_by_the_next_ones_and_no_run_before_the_last_counts()
    {
        await DeliverNowhereAsync();
        var placed = await PaidAWhileAgoAsync();
        await using var db = shop.Open();
        var intent = await db.PaymentIntents.Where(i => i.OrderId == placed.Id).Select(i => i.GatewayId).SingleAsync();
        for (var i = 0; i < 110; i++) // younger ones: the gateway tells of them first, a hundred on a page
        {
            await shop.AtGatewayAsync("payment_intents", ("amount", "100"), ("currency", "eur"), ("confirm", "true"), ("payment_method", "pm_card_visa"),
                ("return_url", "http://localhost/"), ("automatic_payment_methods[enabled]", "true"));
        }

        var watch = ActivatorUtilities.CreateInstance<WebhookWatch>(shop.Services, Options.Create(new WebhookWatchOptions { MaxPages = 1 }));
        var vain = 0;
        await shop.UntilAsync(async d =>
        {
            try
            {
                await watch.FetchAsync(null, CancellationToken.None);
            }
            catch (InvalidOperationException)
            {
                vain++;
            }

            return vain > 0 && await d.WebhookReceipts.AnyAsync(w => w.IntentId == intent && w.Type == Succeeded);
        }, "it was never fetched");
    }

    [Fact]
    public async Task What_is_missing_is_noted_although_the_gateway_can_not_be_asked()
    {
        var placed = await PaidAWhileAgoAsync();
        await shop.FaultsAsync("unavailable_503", operation: "read");

        await Assert.ThrowsAsync<InvalidOperationException>(() => Watch.WatchAsync(null, CancellationToken.None));
        await shop.NoFaultsAsync();

        Assert.Single(await StoryAsync(placed.Id));
    }
}
