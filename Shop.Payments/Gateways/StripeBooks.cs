using System.Net;
using System.Text;
using System.Text.Json;
using Shop.Data.Payments;
using Shop.Payments.Webhooks;
using Stripe;

namespace Shop.Payments.Gateways;

/// <param name="isLive">Of the other world's events none is ours.</param>
internal sealed class StripeBooks(IStripeClient client, bool isLive, Pace pace, TimeProvider clock) : IGatewayBooks
{
    private const int PageSize = 100;
    private const int Tries = 6;

    private static readonly List<string> Types = [.. StripeEvents.Subscribed];

    private readonly PaymentIntentService _intents = new(client);
    private readonly ChargeService _charges = new(client);
    private readonly RefundService _refunds = new(client);
    private readonly EventService _events = new(client);

    public Task<BookPage> ReadAsync(BookList list, Guid runId, DateTimeOffset from, DateTimeOffset to, string? after, CancellationToken ct)
    {
        var created = new DateRangeOptions { GreaterThanOrEqual = from.UtcDateTime, LessThan = to.UtcDateTime };
        return WhenNotBusyAsync(async () => list switch
        {
            BookList.Charges => PageOf(
                await _charges.ListAsync(new() { Created = created, Limit = PageSize, StartingAfter = after }, cancellationToken: ct),
                c => ItemOf(runId, c)),
            BookList.Refunds => PageOf(
                await _refunds.ListAsync(new() { Created = created, Limit = PageSize, StartingAfter = after }, cancellationToken: ct),
                r => new GatewayItem
                {
                    RunId = runId, Id = r.Id, Kind = "refund", IntentId = r.PaymentIntentId, OurId = StripeGateway.RefundIdOf(r), AmountMinor = r.Amount,
                    RefundedMinor = 0, Currency = r.Currency.ToUpperInvariant(), Status = r.Status, At = Utc(r.Created),
                }),
            _ => PageOf(
                await _intents.ListAsync(new() { Created = created, Limit = PageSize, StartingAfter = after }, cancellationToken: ct),
                i => new GatewayItem
                {
                    RunId = runId, Id = i.Id, Kind = "intent", IntentId = i.Id, OurId = OrderIdOf(i.Metadata), AmountMinor = i.Amount, RefundedMinor = 0,
                    Currency = i.Currency.ToUpperInvariant(), Status = i.Status, At = Utc(i.Created),
                }),
        }, ct);
    }

    public Task<GatewayItem> ReadChargeAsync(string id, string intentId, CancellationToken ct) =>
        WhenNotBusyAsync(async () => ItemOf(Guid.Empty, await _charges.GetAsync(id, cancellationToken: ct)), ct);

    /// <summary>Those that Stripe could not deliver, or has not yet.</summary>
    public Task<(IReadOnlyList<MissedEvent> Events, string? Next)> MissedAsync(DateTimeOffset from, DateTimeOffset to, string? after, CancellationToken ct) =>
        WhenNotBusyAsync<(IReadOnlyList<MissedEvent>, string?)>(async () =>
        {
            var page = await _events.ListAsync(new()
            {
                Created = new DateRangeOptions { GreaterThanOrEqual = from.UtcDateTime, LessThan = to.UtcDateTime }, DeliverySuccess = false, Types = Types,
                Limit = PageSize, StartingAfter = after,
            }, cancellationToken: ct);
            // Stored as the gateway said it, like those that came by themselves.
            using var json = JsonDocument.Parse(page.StripeResponse.Content);
            var raw = json.RootElement.GetProperty("data").EnumerateArray().ToDictionary(e => e.GetProperty("id").GetString()!, e => e.GetRawText());
            return ([.. page.Data.Where(e => e.Livemode == isLive).Select(e => new MissedEvent(e.Id, e.Type, EventSubject.Of(e).IntentId, Encoding.UTF8.GetBytes(raw[e.Id])))],
                page.HasMore ? page.Data[^1].Id : null);
        }, ct);

    private static GatewayItem ItemOf(Guid runId, Charge c) => new()
    {
        RunId = runId, Id = c.Id, Kind = "charge", IntentId = c.PaymentIntentId, OurId = OrderIdOf(c.Metadata), AmountMinor = c.AmountCaptured,
        RefundedMinor = c.AmountRefunded, Currency = c.Currency.ToUpperInvariant(), Status = c.Status, At = Utc(c.Created),
    };

    private static BookPage PageOf<T>(StripeList<T> list, Func<T, GatewayItem> item) where T : IHasId =>
        new([.. list.Data.Select(item)], list.HasMore && list.Data is [.., var last] ? last.Id : null);

    private static Guid? OrderIdOf(Dictionary<string, string>? metadata) =>
        metadata?.GetValueOrDefault("order_id") is { } text && Guid.TryParse(text, out var id) ? id : null;

    private static DateTimeOffset Utc(DateTime at) => new(DateTime.SpecifyKind(at, DateTimeKind.Utc));

    /// <summary>429 only asks us to be slower: 1, 2, 4, 8, 16 seconds. Shoppers' payments share the limit with us.</summary>
    private async Task<T> WhenNotBusyAsync<T>(Func<Task<T>> read, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await read();
            }
            catch (StripeException e) when (e.HttpStatusCode is HttpStatusCode.TooManyRequests && attempt < Tries)
            {
                await Task.Delay(pace.Of(TimeSpan.FromSeconds(1 << (attempt - 1))), clock, ct);
            }
            catch (StripeException e)
            {
                throw new BooksUnreadableException("Stripe's books could not be read.", e);
            }
        }
    }
}
