using System.Globalization;
using Shop.Web.Api;

namespace Shop.Web.Operations;

/// <summary>What goes back, what banks take back, and whether gateways keep what was agreed.</summary>
internal sealed class MoneyClient(HttpClient http)
{
    public Task<Fetched<OrderMoney>> GetMoneyAsync(long number, CancellationToken ct) => http.FetchAsync<OrderMoney>($"/operations/orders/{number}/money", ct);

    public Task<Fetched<DisputeList>> GetDisputesAsync(CancellationToken ct) => http.FetchAsync<DisputeList>("/operations/disputes", ct);

    public Task<Fetched<OpenDisputes>> CountDisputesAsync(CancellationToken ct) => http.FetchAsync<OpenDisputes>("/operations/disputes/count", ct);

    public Task<Fetched<AgreementList>> GetAgreementAsync(CancellationToken ct) => http.FetchAsync<AgreementList>("/operations/agreement", ct);

    /// <summary>All that is left, where <paramref name="wish"/> names neither lines nor an amount.</summary>
    public Task<Written<Done>> RefundAsync(long number, RefundChoice wish, bool restock, string why, Guid key, CancellationToken ct) => http.WriteAsync(
        ApiHttp.Post($"/operations/orders/{number}/refunds", new { lines = wish.Lines, amountMinor = wish.AmountMinor, restock, why }, key), ct, whenEmpty: new Done());
}

/// <summary><see cref="Refusal"/>: order_disputed, order_not_paid or refund_nothing_left; null when there can be a refund.</summary>
public sealed record OrderMoney(
    string Currency, long CapturedMinor, long RefundedMinor, long DisputedMinor, long LeftMinor, bool MayRestock, IReadOnlyList<RefundableLine> Lines,
    IReadOnlyList<RefundRow> Refunds, IReadOnlyList<DisputeRow> Disputes, string? Refusal = null);

/// <summary><see cref="AmountsMinor"/>: what goes back for one piece, for two, and so on.</summary>
public sealed record RefundableLine(string Sku, string ProductName, string VariantName, int Quantity, int QuantityLeft, IReadOnlyList<long> AmountsMinor);

/// <summary><see cref="State"/>: pending, succeeded, failed or replaced. <see cref="Job"/>: waiting, parked or done.</summary>
public sealed record RefundRow(
    Guid Id, long AmountMinor, string Currency, string State, string Provider, string Reason, DateTimeOffset AskedAt, IReadOnlyList<RefundShare> Lines,
    string? Job = null, string? GatewayId = null, string? AskedBy = null, string? Why = null, DateTimeOffset? SettledAt = null);

public sealed record RefundShare(string Sku, int Quantity, long AmountMinor);

public sealed record DisputeList(IReadOnlyList<DisputeRow> Open, IReadOnlyList<DisputeRow> Closed);

public sealed record OpenDisputes(int Count, int? DaysLeft = null)
{
    public string TimeLeft => DisputeRow.TimeOf(DaysLeft);
}

/// <summary><see cref="Kind"/>: dispute or fraudWarning. <see cref="Outcome"/>: won, lost or ended; null while it is open.</summary>
public sealed record DisputeRow(
    string Kind, string Provider, string GatewayId, long AmountMinor, string Currency, string Reason, string Status, bool TakesMoney, DateTimeOffset OpenedAt,
    string Page, long? OrderNumber = null, DateTimeOffset? RespondBy = null, int? DaysLeft = null, DateTimeOffset? ClosedAt = null, string? Outcome = null)
{
    public string Words => (Kind, TakesMoney) switch
    {
        ("fraudWarning", _) => "fraud warning",
        (_, true) => "dispute",
        _ => "inquiry",
    };

    public string TimeLeft => TimeOf(DaysLeft);

    internal static string TimeOf(int? daysLeft) => daysLeft switch
    {
        null => "–",
        < 0 => "too late",
        0 => "today",
        1 => "1 day",
        var days => $"{days} days",
    };
}

public sealed record AgreementList(IReadOnlyList<GatewayAgreement> Items);

public sealed record GatewayAgreement(string Provider, IReadOnlyList<AgreedPeriod> Periods);

/// <summary><see cref="Verdict"/>: kept, notKept or tooFewToTell.</summary>
public sealed record AgreedPeriod(DateTimeOffset From, DateTimeOffset To, string Verdict, string Sentence)
{
    public string Words => (int)Math.Round((To - From).TotalDays) is 1 ? "24 hours" : $"{Math.Round((To - From).TotalDays)} days";
}

/// <summary>What a person wants to send back: pieces of lines, an amount, or all that is left.</summary>
public sealed record RefundChoice(IReadOnlyList<RefundPieces>? Lines = null, long? AmountMinor = null)
{
    public const string What = "what";
    public const string All = "all";
    public const string ByLine = "lines";
    public const string ByAmount = "amount";

    /// <summary>The field of a line's pieces.</summary>
    public static string FieldOf(string sku) => $"q.{sku}";

    /// <summary>Null when it says nothing that could be sent back.</summary>
    internal static RefundChoice? Of(IQueryCollection query) => query[What].ToString() switch
    {
        All => new(),
        ByAmount when AmountOf(query["amount"].ToString()) is { } amount => new(AmountMinor: amount),
        ByLine when query.Where(q => q.Key.StartsWith("q.", StringComparison.Ordinal)
                && int.TryParse(q.Value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var pieces) && pieces > 0)
            .Select(q => new RefundPieces(q.Key[2..], int.Parse(q.Value.ToString(), CultureInfo.InvariantCulture))).ToList() is [_, ..] lines => new(lines),
        _ => null,
    };

    /// <summary>What would go back; null when there is not so much left.</summary>
    public long? AmountOf(OrderMoney money) => this switch
    {
        { AmountMinor: { } amount } => amount <= money.LeftMinor ? amount : null,
        { Lines: { } lines } => lines.Sum(l => money.Lines.FirstOrDefault(m => m.Sku == l.Sku)?.AmountsMinor.ElementAtOrDefault(l.Quantity - 1) is > 0 and var part
            ? part : money.LeftMinor + 1) is var sum && sum <= money.LeftMinor ? sum : null,
        _ => money.LeftMinor is > 0 and var left ? left : null,
    };

    /// <summary>12.50, or 12,50 as some write it.</summary>
    private static long? AmountOf(string text) => decimal.TryParse(text.Trim().Replace(',', '.'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount)
        && amount is > 0 and < 1_000_000_000 && amount * 100 == decimal.Truncate(amount * 100) ? (long)(amount * 100) : null;
}

public sealed record RefundPieces(string Sku, int Quantity);
