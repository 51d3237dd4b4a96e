using Shop.Web.Api;

namespace Shop.Web.Orders;

internal sealed class OrderClient(HttpClient http)
{
    public Task<Fetched<OrderView>> GetAsync(long number, string? key, CancellationToken ct) =>
        http.FetchAsync<OrderView>(new HttpRequestMessage(HttpMethod.Get, $"/orders/{number}").WithOrderKey(key), ct);

    /// <summary>Has the gateway asked how a payment stands that waits for the shopper's bank. The order's page tells what came of it.</summary>
    public Task<Written<Done>> LookAsync(long number, string? key, CancellationToken ct) =>
        http.WriteAsync(ApiHttp.Post($"/orders/{number}/look", null, Guid.CreateVersion7()).WithOrderKey(key), ct, whenEmpty: new Done());

    /// <summary>What the shopper's browser saw. Nothing depends on it.</summary>
    public Task<Written<Done>> ReportAsync(long number, string? key, string kind, string? detail, CancellationToken ct) =>
        http.WriteAsync(ApiHttp.Post($"/orders/{number}/events", new { kind, detail }, Guid.CreateVersion7()).WithOrderKey(key), ct, whenEmpty: new Done());

    /// <summary>Answered alike for every address and number; only the order's own address gets a mail.</summary>
    public Task<Written<Done>> SendLinkAsync(long number, string email, CancellationToken ct) =>
        http.WriteAsync(ApiHttp.Post($"/orders/{number}/link", new { email }, Guid.CreateVersion7()), ct, whenEmpty: new Done());
}

/// <summary>
/// <see cref="Key"/> opens a guest's order; only the answer to its checkout holds it. <see cref="OwnedByYou"/>: opened by being signed in.
/// <see cref="Retry"/>: what can help, where something went wrong. The two times are those of a payment that was postponed.
/// <see cref="Method"/>: what it is being paid with, card or paypal. <see cref="Ways"/>: what it can be paid with now, best first.
/// <see cref="CapturedMinor"/> was taken, <see cref="RefundedMinor"/> of it went back.
/// </summary>
public sealed record OrderView(
    long Number, DateTimeOffset PlacedAt, string Status, string MoneyTaken, string Reference, string Currency, long TotalMinor, long TaxMinor,
    bool Retryable, IReadOnlyList<OrderedLine> Lines, ShipTo ShipTo, string Email, OrderTexts Texts, IReadOnlyList<OrderEvent> Timeline,
    string? Key = null, Uri? ActionUrl = null, bool OwnedByYou = false,
    string? Retry = null, DateTimeOffset? NextTryAt = null, DateTimeOffset? TriesUntil = null, string Method = "card", IReadOnlyList<string>? Ways = null,
    IReadOnlyList<RefundOfOrder>? Refunds = null, long CapturedMinor = 0, long RefundedMinor = 0)
{
    /// <summary>Added to the address of the order's page, it leads on to PayPal.</summary>
    public const string GoOn = "&go=paypal";

    // What PayPal's way back says, see the Api's return addresses.
    public const string AgreedAtPayPal = "paypal";
    public const string CanceledAtPayPal = "paypal-canceled";

    /// <summary>Why the Api does not charge what is kept for somebody: nobody is signed in.</summary>
    public const string SignInNeeded = "saved_method_needs_account";

    public bool IsConfirming => Status is "confirming";

    /// <summary>False while news of the payment is to be expected.</summary>
    public bool IsSettled => Status is not ("confirming" or "actionNeeded");

    /// <summary>The shopper was at the bank, and its answer is not known yet.</summary>
    public bool IsAtBank => Status is "actionNeeded" && MoneyTaken is "unknown";

    /// <summary>PayPal waits for the shopper.</summary>
    public bool IsAtPayPal => Method is "paypal" && Action is not null;

    /// <summary>Where the bank, or PayPal, asks its question. Only a web address may become a link.</summary>
    public Uri? Action => Status is "actionNeeded" && ActionUrl is { IsAbsoluteUri: true, Scheme: "https" or "http" } ? ActionUrl : null;
}

public sealed record OrderedLine(
    string Sku, string ProductSlug, string ProductName, string VariantName, string PictureId, int Quantity, long UnitPriceMinor, long TotalMinor);

public sealed record ShipTo(string Name, string Line1, string PostalCode, string City, string Country, string? Line2 = null);

public sealed record OrderTexts(string Headline, string Explanation, string? NextStep = null);

/// <summary><see cref="State"/>: pending, succeeded or failed. <see cref="Lines"/>: what it is for; none when it is an amount and no goods.</summary>
public sealed record RefundOfOrder(long AmountMinor, string State, DateTimeOffset At, string Text, IReadOnlyList<RefundedLine> Lines);

public sealed record RefundedLine(string ProductName, string VariantName, int Quantity);

public sealed record OrderEvent(DateTimeOffset At, string Summary);
