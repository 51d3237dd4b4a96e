using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Payments;
using Shop.Payments.Webhooks;

namespace Shop.Payments.Gateways;

/// <summary>
/// PayPal lists no orders. So each of ours is read by its id, and what else moved money is found in its transaction search, which shows a
/// payment some hours late: until then only what we know of is compared.
/// </summary>
internal sealed class PayPalBooks(
    PayPalClient client, IDbContextFactory<ShopDbContext> contexts, Pace pace, TimeProvider clock, ILogger<PayPalBooks> logger) : IGatewayBooks
{
    private const int OrdersPerPage = 50;
    private const int PageSize = 100;
    private const int Tries = 6;

    private static readonly HashSet<string> Types = [.. PayPalEvents.Subscribed];

    public async Task<BookPage> ReadAsync(BookList list, Guid runId, DateTimeOffset from, DateTimeOffset to, string? after, CancellationToken ct) => list switch
    {
        BookList.Charges => await ReadOursAsync(runId, from, to, after, ct),
        BookList.Refunds => await SearchAsync(runId, from, to, after, ct),
        _ => new([], null), // with the charges
    };

    public async Task<GatewayItem> ReadChargeAsync(string id, string intentId, CancellationToken ct) =>
        (await OrderAsync(Guid.Empty, intentId, ct)).FirstOrDefault(i => i.Id == id) ?? throw new BooksUnreadableException($"PayPal's order {intentId} has no capture {id}.");

    public async Task<(IReadOnlyList<MissedEvent> Events, string? Next)> MissedAsync(DateTimeOffset from, DateTimeOffset to, string? after, CancellationToken ct)
    {
        var end = after is null ? to : DateTimeOffset.Parse(after, CultureInfo.InvariantCulture);
        var reply = await GetAsync($"v1/notifications/webhooks-events?page_size={PageSize}&start_time={Time(from)}&end_time={Time(end)}", ct);
        using var json = reply.IsSuccess ? Parsed(reply) : throw Unreadable("events", reply);
        var page = Elements(json.RootElement, "events");
        List<MissedEvent> events = [];
        foreach (var element in page)
        {
            var payload = Encoding.UTF8.GetBytes(element.GetRawText()); // stored as PayPal said it, like those that came by themselves
            if (PayPalWebhook.NameOf(payload) is { } name && Types.Contains(name.Type))
                events.Add(new(name.Id, name.Type, EventSubject.OfPayPal(name.Type, payload).IntentId, payload));
        }

        if (page.Length < PageSize || !DateTimeOffset.TryParse(Text(page[^1], "create_time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var last))
            return (events, null);
        // There is no next page. The newest come first, so the rest ends where this one does: with the whole second, as some of it may be missing.
        var rest = DateTimeOffset.FromUnixTimeSeconds(last.AddTicks(TimeSpan.TicksPerSecond - 1).ToUnixTimeSeconds());
        return (events, Time(rest < end ? rest : end.AddSeconds(-1)));
    }

    private async Task<BookPage> ReadOursAsync(Guid runId, DateTimeOffset from, DateTimeOffset to, string? after, CancellationToken ct)
    {
        var start = after is null ? TimeOrderedId.FirstAt(from) : Guid.Parse(after);
        List<(Guid OrderId, string GatewayId)> page;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            var end = TimeOrderedId.FirstAt(to);
            page = [.. (await db.PaymentIntents
                .Where(i => i.Provider == PaymentProvider.PayPal && i.GatewayId != null && i.OrderId >= start && i.OrderId < end && (after == null || i.OrderId > start))
                .OrderBy(i => i.OrderId).Take(OrdersPerPage).Select(i => new { i.OrderId, i.GatewayId }).ToListAsync(ct)).Select(i => (i.OrderId, i.GatewayId!))];
        }

        List<GatewayItem> items = [];
        foreach (var (_, gatewayId) in page)
            items.AddRange(await OrderAsync(runId, gatewayId, ct));
        return new(items, page.Count == OrdersPerPage ? $"{page[^1].OrderId}" : null);
    }

    /// <summary>What moved money and is not among what we know.</summary>
    private async Task<BookPage> SearchAsync(Guid runId, DateTimeOffset from, DateTimeOffset to, string? after, CancellationToken ct)
    {
        var number = after is null ? 1 : int.Parse(after, CultureInfo.InvariantCulture);
        var reply = await GetAsync(string.Create(CultureInfo.InvariantCulture,
            $"v1/reporting/transactions?start_date={Time(from)}&end_date={Time(to)}&fields=transaction_info&page_size={PageSize}&page={number}"), ct);
        if (reply.Status is StatusCodes.Status403Forbidden)
        {
            logger.TransactionsNotListed(); // the account has to be allowed to; what we know of is compared all the same
            return new([], null);
        }

        using var json = reply.IsSuccess ? Parsed(reply) : throw Unreadable("transactions", reply);
        var found = Elements(json.RootElement, "transaction_details")
            .Select(d => d.TryGetProperty("transaction_info", out var info) && info.ValueKind is JsonValueKind.Object ? info : default)
            .Where(i => i.ValueKind is JsonValueKind.Object && Text(i, "transaction_event_code") is ['T', '0', '0', ..] or ['T', '1', '1', ..])
            .Select(i => (Id: Text(i, "transaction_id"), IsRefund: Text(i, "transaction_event_code") is ['T', '1', '1', ..])).Where(t => t.Id is not null).ToArray();

        List<string> known;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            var ids = found.Select(t => t.Id!).ToArray();
            known = await db.Database.SqlQuery<string>($"SELECT id AS \"Value\" FROM payments.gateway_items WHERE run_id = {runId} AND id = ANY ({ids})").ToListAsync(ct);
        }

        List<GatewayItem> items = [];
        foreach (var (id, isRefund) in found.ExceptBy(known, t => t.Id))
            items.AddRange(await StrangerAsync(runId, id!, isRefund, ct));
        var pages = json.RootElement.TryGetProperty("total_pages", out var total) && total.TryGetInt32(out var count) ? count : 1;
        return new(items.DistinctBy(i => i.Id).ToArray(), number < pages ? $"{number + 1}" : null);
    }

    /// <summary>Of what no order of ours named: the order it belongs to, with all that it holds. Nothing when it is no payment of this kind.</summary>
    private async Task<IReadOnlyList<GatewayItem>> StrangerAsync(Guid runId, string id, bool isRefund, CancellationToken ct)
    {
        var capture = id;
        if (isRefund)
        {
            var refund = await FindAsync($"v2/payments/refunds/{Uri.EscapeDataString(id)}", PayPalJson.Default.PayPalRelated, ct);
            if (refund?.Links?.FirstOrDefault(l => l is { Rel: "up", Href: not null }) is not { Href: { } up })
                return [];
            capture = up.Split('/')[^1];
        }

        return await FindAsync($"v2/payments/captures/{Uri.EscapeDataString(capture)}", PayPalJson.Default.PayPalRelated, ct)
            is { SupplementaryData.RelatedIds.OrderId: { Length: > 0 } order } ? await OrderAsync(runId, order, ct) : [];
    }

    /// <returns>The order, its captures and their refunds; nothing when PayPal has no such order (any more).</returns>
    private async Task<IReadOnlyList<GatewayItem>> OrderAsync(Guid runId, string id, CancellationToken ct)
    {
        if (await FindAsync($"v2/checkout/orders/{Uri.EscapeDataString(id)}", PayPalJson.Default.PayPalOrder, ct) is not { Id: { Length: > 0 } orderId } order)
            return [];

        var at = DateTimeOffset.TryParse(order.CreateTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var created) ? created : clock.GetUtcNow();
        List<GatewayItem> items = [];
        foreach (var unit in order.PurchaseUnits ?? [])
        {
            if (unit is null)
                continue;
            Guid? ours = Guid.TryParse(unit.CustomId, out var named) ? named : null;
            PayPalPayment?[] captures = [.. unit.Payments?.Captures ?? []], refunds = [.. unit.Payments?.Refunds ?? []];
            items.Add(Item(orderId, "intent", unit.Amount, StatusOf(order.Status, captures), at, ours));
            foreach (var capture in captures)
            {
                if (capture is { Id: { } captureId })
                    items.Add(Item(captureId, "charge", capture.Amount, PayPalGateway.HasMoney(capture) ? "succeeded" : "failed", TimeOf(capture), ours, RefundedOf(capture, refunds, captures)));
            }

            foreach (var refund in refunds)
            {
                if (refund is { Id: { } refundId })
                    items.Add(Item(refundId, "refund", refund.Amount, RefundStatusOf(refund.Status), TimeOf(refund), PayPalGateway.RefundIdOf(refund.CustomId, refund.InvoiceId)));
            }
        }

        return items;

        GatewayItem Item(string itemId, string kind, PayPalAmount? amount, string status, DateTimeOffset when, Guid? our, long refunded = 0) => new()
        {
            RunId = runId, Id = itemId, Kind = kind, IntentId = orderId, OurId = our, RefundedMinor = refunded, Status = status, At = when.ToUniversalTime(),
            AmountMinor = PayPalMoney.MinorOf(amount?.Value, amount?.CurrencyCode) ?? throw new BooksUnreadableException($"PayPal's order {orderId} has no amount that we can read."),
            Currency = amount!.CurrencyCode!.ToUpperInvariant(),
        };

        DateTimeOffset TimeOf(PayPalPayment payment) =>
            DateTimeOffset.TryParse(payment.CreateTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var when) ? when : at;
    }

    // In the words of the comparison. What nobody confirmed cannot be paid by anybody: only our confirm takes money.
    // An order is completed as well when its capture waits for a bank, and when that has said no since: then nothing is left to come.
    private static string StatusOf(string? order, PayPalPayment?[] captures) =>
        captures.Any(c => c is not null && PayPalGateway.HasMoney(c)) ? "succeeded"
        : order is not "COMPLETED" || (captures.Length > 0 && captures.All(c => c is not null && PayPalGateway.IsDeclined(c))) ? "canceled" : "processing";

    private static string RefundStatusOf(string? status) => status switch
    {
        "COMPLETED" => "succeeded",
        "FAILED" => "failed",
        "CANCELLED" => "canceled",
        _ => "pending",
    };

    // PayPal takes it off at once, as Stripe does. Which capture a refund was of matters only where there are two, and there never should be.
    private static long RefundedOf(PayPalPayment capture, PayPalPayment?[] refunds, PayPalPayment?[] captures) =>
        capture != captures.FirstOrDefault(c => c is not null && PayPalGateway.HasMoney(c)) ? 0
            : refunds.OfType<PayPalPayment>().Where(r => r.Status is "COMPLETED" or "PENDING").Sum(r => PayPalMoney.MinorOf(r.Amount?.Value, r.Amount?.CurrencyCode) ?? 0);

    private async Task<T?> FindAsync<T>(string path, JsonTypeInfo<T> type, CancellationToken ct) where T : class
    {
        var reply = await GetAsync(path, ct);
        if (reply.Status is StatusCodes.Status404NotFound)
            return null;
        return reply.IsSuccess ? reply.As(type) ?? throw Unreadable(path, reply) : throw Unreadable(path, reply);
    }

    /// <summary>429 only asks us to be slower: 1, 2, 4, 8, 16 seconds. Shoppers' payments share the limit with us.</summary>
    private async Task<PayPalReply> GetAsync(string path, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            var reply = await client.GetAsync(path, ct);
            ct.ThrowIfCancellationRequested();
            if (reply.Status is not StatusCodes.Status429TooManyRequests || attempt == Tries)
                return reply;
            await Task.Delay(pace.Of(TimeSpan.FromSeconds(1 << (attempt - 1))), clock, ct);
        }
    }

    private static BooksUnreadableException Unreadable(string what, PayPalReply reply) =>
        new($"PayPal's {what} could not be read: HTTP {reply.Status} {reply.None?.Facts.Code}, debug id {reply.DebugId}.");

    private static JsonDocument Parsed(PayPalReply reply)
    {
        try
        {
            return JsonDocument.Parse(reply.Body);
        }
        catch (JsonException e)
        {
            throw new BooksUnreadableException("PayPal's list is none.", e);
        }
    }

    private static JsonElement[] Elements(JsonElement of, string name) =>
        of.ValueKind is JsonValueKind.Object && of.TryGetProperty(name, out var array) && array.ValueKind is JsonValueKind.Array ? [.. array.EnumerateArray()] : [];

    private static string? Text(JsonElement of, string name) =>
        of.ValueKind is JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String ? value.GetString() : null;

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
}
