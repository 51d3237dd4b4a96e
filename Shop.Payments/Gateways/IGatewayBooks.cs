using Shop.Data.Payments;

namespace Shop.Payments.Gateways;

internal enum BookList { Charges, Refunds, Intents }

/// <param name="Next">Where the next page begins; null after the last one.</param>
internal sealed record BookPage(IReadOnlyList<GatewayItem> Items, string? Next);

internal sealed record MissedEvent(string Id, string Type, string? IntentId, byte[] Payload);

/// <summary>A gateway's own books, page by page: for comparing, never for deciding about a payment. What could not be read is thrown.</summary>
internal interface IGatewayBooks
{
    /// <param name="to">Exclusive.</param>
    Task<BookPage> ReadAsync(BookList list, Guid runId, DateTimeOffset from, DateTimeOffset to, string? after, CancellationToken ct);

    /// <summary>One charge as it is now.</summary>
    /// <param name="intentId">The intent it was made for.</param>
    Task<GatewayItem> ReadChargeAsync(string id, string intentId, CancellationToken ct);

    /// <summary>Events of our own world, live or test, that may not have come by themselves; a gateway keeps them for 30 days.</summary>
    Task<(IReadOnlyList<MissedEvent> Events, string? Next)> MissedAsync(DateTimeOffset from, DateTimeOffset to, string? after, CancellationToken ct);
}

/// <summary>The gateway's books could not be read; what was read of them proves nothing.</summary>
internal sealed class BooksUnreadableException(string message, Exception? inner = null) : Exception(message, inner);
