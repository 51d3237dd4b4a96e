using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

[Collection(SharedPaymentsShop.Name)]
public sealed class DisputeTests(PaymentsShop shop) : IAsyncLifetime
{
    public async Task InitializeAsync()
    {
        await shop.NoFaultsAsync();
        await shop.DeliverWebhooksAsync(true);
    }

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private async Task<(Order Order, Dispute Dispute)> DisputedAsync(string card)
    {
        var placed = await shop.PlaceAsync(card);
        var dispute = await UntilAsync(placed.Id, _ => true);
        return (await shop.UntilAsync(placed.Id, PaymentState.Paid), dispute);
    }

    private async Task<Dispute> UntilAsync(Guid order, Func<Dispute, bool> isSo)
    {
        Dispute? dispute = null;
        await shop.UntilAsync(async db => (dispute = await db.Disputes.AsNoTracking().SingleOrDefaultAsync(d => d.OrderId == order)) is { } found && isSo(found),
            "the dispute never stood like that");
        return dispute!;
    }

    private Task EvidenceAsync(Dispute dispute, string text) => shop.AtGatewayAsync($"disputes/{dispute.GatewayId}", ("evidence[uncategorized_text]", text));

    private async Task<List<(string Kind, bool ForShopper)>> StoryAsync(Guid order)
    {
        await using var db = shop.Open();
        return [.. (await db.Timeline.Where(t => t.OrderId == order && (t.Kind.StartsWith("dispute.") || t.Kind == TimelineKinds.FraudWarned)).OrderBy(t => t.Id)
            .Select(t => new { t.Kind, t.ForShopper }).ToListAsync()).Select(t => (t.Kind, t.ForShopper))];
    }

    /// <summary>All events about a dispute have been taken up.</summary>
    private async Task QuietAsync(Order order, int events)
    {
        var intent = await IntentAsync(order);
        await shop.UntilAsync(async db => await db.WebhookReceipts.CountAsync(w => w.IntentId == intent
            && (w.Type.StartsWith("charge.dispute") || w.Type.StartsWith("radar")) && w.State == JobState.Done) >= events, $"there were never {events} events");
    }

    private async Task<string> IntentAsync(Order order)
    {
        await using var db = shop.Open();
        return (await db.PaymentIntents.Where(i => i.OrderId == order.Id).Select(i => i.GatewayId).SingleAsync())!;
    }

    [Fact]
    public async Task A_dispute_is_on_its_order_with_its_deadline_and_is_told_once()
    {
        var (order, dispute) = await DisputedAsync("pm_card_createDispute");

        Assert.Equal((DisputeKind.Dispute, 1250, "EUR", "fraudulent", "needs_response", true, false),
            (dispute.Kind, dispute.AmountMinor, dispute.Currency, dispute.Reason, dispute.Status, dispute.TakesMoney, dispute.IsLive));
        Assert.Equal(9, (int)(dispute.RespondBy!.Value - dispute.OpenedAt).TotalDays);
        order = await shop.UntilAsync(order.Id, o => o.DisputedMinor == 1250, "a dispute");
        Assert.Equal((OrderStatus.Disputed, Reasons.PaymentDisputed), (order.Status, order.Reason));
        await QuietAsync(order, 2); // created and funds_withdrawn
        Assert.Equal([(TimelineKinds.DisputeOpened, true)], await StoryAsync(order.Id));
    }

    [Fact]
    public async Task A_dispute_that_is_won_takes_it_back()
    {
        var (order, dispute) = await DisputedAsync("pm_card_createDispute");

        await EvidenceAsync(dispute, "winning_evidence");

        dispute = await UntilAsync(order.Id, d => d.ClosedAt is not null);
        Assert.Equal((DisputeOutcome.Won, "won", null), (dispute.Outcome, dispute.Status, dispute.RespondBy));
        order = await shop.UntilAsync(order.Id, o => o.DisputedMinor == 0, "no dispute");
        Assert.Equal((OrderStatus.Paid, null), (order.Status, order.Reason));
        await QuietAsync(order, 5);
        Assert.Equal(TimelineKinds.DisputeClosed, (await StoryAsync(order.Id))[^1].Kind);
    }

    [Fact]
    public async Task A_dispute_that_is_lost_stays_and_says_so()
    {
        var (order, dispute) = await DisputedAsync("pm_card_createDisputeProductNotReceived");

        await shop.AtGatewayAsync($"disputes/{dispute.GatewayId}/close");

        Assert.Equal(DisputeOutcome.Lost, (await UntilAsync(order.Id, d => d.ClosedAt is not null)).Outcome);
        order = await shop.UntilAsync(order.Id, o => o.Reason == Reasons.DisputeLost, "lost");
        Assert.Equal((OrderStatus.Disputed, 1250), (order.Status, order.DisputedMinor));
    }

    [Fact]
    public async Task What_waits_for_the_bank_has_no_deadline_for_us()
    {
        var (order, dispute) = await DisputedAsync("pm_card_createDispute");

        await EvidenceAsync(dispute, "A parcel was delivered.");

        Assert.Equal((null, null), await UntilAsync(order.Id, d => d.Status == "under_review") is var d ? (d.RespondBy, d.ClosedAt) : default);
        await shop.UntilAsync(async _ => (await StoryAsync(order.Id)).Contains((TimelineKinds.DisputeChanged, false)), "it was never told");
    }

    [Fact]
    public async Task An_inquiry_takes_nothing_and_is_none_of_the_shoppers_business()
    {
        var (order, dispute) = await DisputedAsync("pm_card_createDisputeInquiry");
        Assert.Equal((false, true), (dispute.TakesMoney, dispute.RespondBy is not null));

        await EvidenceAsync(dispute, "winning_evidence");

        Assert.Equal(DisputeOutcome.Ended, (await UntilAsync(order.Id, d => d.ClosedAt is not null)).Outcome);
        await using var db = shop.Open();
        order = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == order.Id);
        Assert.Equal((OrderStatus.Paid, 0), (order.Status, order.DisputedMinor));
        Assert.DoesNotContain(await StoryAsync(order.Id), t => t.ForShopper);
    }

    [Fact]
    public async Task A_fraud_warning_is_open_until_the_payment_is_refunded()
    {
        var (order, warning) = await DisputedAsync("pm_card_createIssuerFraudRecord");
        Assert.Equal((DisputeKind.FraudWarning, 1250, "made_with_stolen_card", null, null), (warning.Kind, warning.AmountMinor, warning.Reason, warning.RespondBy, warning.ClosedAt));
        Assert.Equal(OrderStatus.Paid, order.Status);

        await shop.AtGatewayAsync("refunds", ("payment_intent", await IntentAsync(order)));

        Assert.Equal(DisputeOutcome.Ended, (await UntilAsync(order.Id, d => d.ClosedAt is not null)).Outcome);
        Assert.Equal([(TimelineKinds.FraudWarned, false), (TimelineKinds.DisputeClosed, false)], await StoryAsync(order.Id));
    }

    [Fact]
    public async Task Events_that_come_again_late_or_in_any_order_change_nothing()
    {
        var (order, dispute) = await DisputedAsync("pm_card_createDispute");
        await EvidenceAsync(dispute, "winning_evidence");
        order = await shop.UntilAsync(order.Id, o => o is { DisputedMinor: 0, Reason: null }, "won");
        await QuietAsync(order, 5);
        var (intent, story) = (await IntentAsync(order), await StoryAsync(order.Id));

        await using (var db = shop.Open())
        {
            await db.WebhookReceipts.Where(w => w.IntentId == intent && w.Type.StartsWith("charge.dispute")) // the first one, last of all
                .ExecuteUpdateAsync(set => set.SetProperty(w => w.State, JobState.Waiting).SetProperty(w => w.DueAt, DateTimeOffset.UtcNow).SetProperty(w => w.LastError, (string?)null));
            await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        }

        await shop.UntilAsync(async db => !await db.WebhookReceipts.AnyAsync(w => w.IntentId == intent && w.State == JobState.Waiting), "they were never taken up");
        await using var books = shop.Open();
        Assert.Equal("won", (await books.Disputes.SingleAsync(d => d.OrderId == order.Id)).Status);
        Assert.Equal((0, OrderStatus.Paid), await books.Orders.SingleAsync(o => o.Id == order.Id) is var o ? (o.DisputedMinor, o.Status) : default);
        Assert.Equal(story, await StoryAsync(order.Id));
        Assert.All(await books.WebhookReceipts.Where(w => w.IntentId == intent && w.Type.StartsWith("charge.dispute")).ToListAsync(),
            w => Assert.Equal("it is won, as before", w.LastError));
    }

    [Fact]
    public async Task A_dispute_of_a_payment_that_we_do_not_know_is_kept_with_its_deadline()
    {
        await shop.DeliverWebhooksAsync(false);
        var placed = await shop.PlaceAsync("pm_card_createDispute");
        await shop.UntilAsync(placed.Id, PaymentState.Paid);
        await using (var db = shop.Open()) // another shop's, as far as we know
            await db.PaymentIntents.Where(i => i.OrderId == placed.Id).ExecuteUpdateAsync(set => set.SetProperty(i => i.GatewayId, $"pi_{Guid.NewGuid():N}"));
        await shop.DeliverWebhooksAsync(true);
        var before = DateTimeOffset.UtcNow.AddMinutes(-1);
        var id = await DisputeIdAsync();

        await shop.AtGatewayAsync($"disputes/{id}", ("metadata[note]", "x")); // makes an event

        await shop.UntilAsync(db => db.Disputes.AnyAsync(d => d.GatewayId == id && d.OrderId == null && d.RespondBy > before), "it was never kept");

        async Task<string> DisputeIdAsync()
        {
            var ledger = await System.Net.Http.Json.HttpClientJsonExtensions.GetFromJsonAsync<System.Text.Json.Nodes.JsonArray>(
                shop.Simulator, new Uri($"/ledger?order={placed.Id}", UriKind.Relative));
            return (string)ledger![0]!["all"]![0]!["dispute"]!;
        }
    }

    [Theory]
    [InlineData("RESOLVED_SELLER_FAVOUR", DisputeOutcome.Won, 0, null)]
    [InlineData("RESOLVED_BUYER_FAVOUR", DisputeOutcome.Lost, 1250, Reasons.DisputeLost)]
    public async Task A_dispute_at_PayPal_is_kept_and_ends_in_the_same_way(string decision, DisputeOutcome outcome, long disputedMinor, string? reason)
    {
        var placed = await shop.PlaceAtPayPalAsync();
        await PayPalPage.AnswerAsync((await shop.UntilAsync(placed.Id, PaymentState.ActionNeeded)).ActionUrl!, source: "disputed");
        var dispute = await UntilAsync(placed.Id, d => d.OrderId is not null);
        Assert.Equal((PaymentProvider.PayPal, 1250, "merchandise_or_service_not_received", "waiting_for_seller_response", true),
            (dispute.Provider, dispute.AmountMinor, dispute.Reason, dispute.Status, dispute.RespondBy is not null));
        await shop.UntilAsync(placed.Id, o => o is { Payment: PaymentState.Paid, Status: OrderStatus.Disputed }, "a dispute");

        using var body = System.Net.Http.Json.JsonContent.Create(new { outcome = decision });
        (await shop.Simulator.PostAsync(new Uri($"/disputes/{dispute.GatewayId}", UriKind.Relative), body)).EnsureSuccessStatusCode();

        Assert.Equal(outcome, (await UntilAsync(placed.Id, d => d.ClosedAt is not null)).Outcome);
        await shop.UntilAsync(placed.Id, o => o.DisputedMinor == disputedMinor && o.Reason == reason, "an end");
    }

    [Fact]
    public async Task The_list_has_the_next_deadline_first_and_leads_to_order_and_gateway()
    {
        var (order, dispute) = await DisputedAsync("pm_card_createDispute");
        await using var api = await ApiHost.OverAsync(shop.Database);
        var agent = await api.SignedInAsync(Role.Agent);
        await using (var db = shop.Open()) // time passes
            await db.Disputes.Where(d => d.Id == dispute.Id).ExecuteUpdateAsync(set => set.SetProperty(d => d.RespondBy, DateTimeOffset.UtcNow.AddHours(50)));

        var list = (await api.GetAsync("/operations/disputes", agent.Bearer)).Json.GetProperty("open").EnumerateArray().ToList();

        var first = list[0];
        Assert.Equal((dispute.GatewayId, order.Number, 2, $"https://dashboard.stripe.com/test/disputes/{dispute.GatewayId}"),
            (first.GetProperty("gatewayId").GetString(), first.GetProperty("orderNumber").GetInt64(), first.GetProperty("daysLeft").GetInt32(), first.GetProperty("page").GetString()));
        var refused = await api.PostAsync($"/operations/orders/{order.Number}/refunds", new { why = "They asked." }, agent.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        Assert.Equal("order_disputed", refused.Reason);
        Assert.Single((await api.GetAsync($"/operations/orders/{order.Number}/money", agent.Bearer)).Json.GetProperty("disputes").EnumerateArray());
    }
}
