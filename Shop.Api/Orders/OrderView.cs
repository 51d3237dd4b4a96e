using Shop.Api.Gateways;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.People;

namespace Shop.Api.Orders;

/// <summary>An order as its buyer may see it.</summary>
/// <param name="Key">Signed, opens it for a guest; only in the answer to the checkout itself.</param>
/// <param name="Reason">As a shopper may know it: what a bank suspects reads as a plain decline.</param>
/// <param name="Side">Whose side that is: bank, gateway, us, stock or shopper; null while nothing went wrong.</param>
/// <param name="Retryable">Whether paying again the same way can help now.</param>
/// <param name="Retry">What can help; null while nothing went wrong.</param>
/// <param name="ActionUrl">The bank's page, or PayPal's, while they wait for the shopper.</param>
/// <param name="Method">What it is being paid with: card or paypal.</param>
/// <param name="Ways">What it can be paid with now, best first; empty while there is nothing to choose.</param>
/// <param name="NextTryAt">When we ask the gateway again, for a payment that was postponed.</param>
/// <param name="TriesUntil">No try starts later than this; only while we are still trying.</param>
/// <param name="CapturedMinor">What was taken, which after a double payment is more than the total.</param>
/// <param name="RefundedMinor">What of it went back.</param>
/// <param name="Refunds">The oldest first; see <see cref="RefundView"/>.</param>
internal sealed record OrderView(
    long Number, string? Key, DateTimeOffset PlacedAt, OrderStatus Status, PaymentState Payment, string? Reason, MoneyTaken MoneyTaken, string Reference,
    string Currency, long TotalMinor, long TaxMinor, string? ActionUrl, bool Retryable, RetryAdvice? Retry, DateTimeOffset? NextTryAt,
    DateTimeOffset? TriesUntil, IReadOnlyList<OrderLineView> Lines, ShipTo ShipTo, string Email, OrderTexts Texts, IReadOnlyList<TimelineView> Timeline,
    bool OwnedByYou, string Method, IReadOnlyList<string> Ways, long CapturedMinor, long RefundedMinor, IReadOnlyList<RefundView> Refunds, Side? Side);

internal sealed record OrderLineView(
    string Sku, string ProductSlug, string ProductName, string VariantName, string PictureId, int Quantity, long UnitPriceMinor, long TotalMinor)
{
    public static OrderLineView Of(OrderLine line) => new(
        line.Sku, line.ProductSlug, line.ProductName, line.VariantName, line.PictureId, line.Quantity, line.UnitPriceMinor, line.TotalMinor);
}

internal sealed record ShipTo(string Name, string Line1, string? Line2, string PostalCode, string City, string Country);

internal sealed record TimelineView(DateTimeOffset At, string Summary);

/// <summary>An order with all that is told about it, read in one round trip.</summary>
/// <param name="Charges">How many charges were asked for so far; one that went on after the shopper's approval is the same.</param>
/// <param name="DueAt">When the open charge is tried next; null without one.</param>
/// <param name="Charge">How the open charge stands; null without one.</param>
/// <param name="Refund">How the last refund stands, one that failed before the others; null without one.</param>
/// <param name="IsAtBank">See <see cref="BankQuestions.AtBank"/>.</param>
internal sealed record OrderFacts(
    Order Order, Person Person, IReadOnlyList<TimelineEntry> Timeline, int Charges, DateTimeOffset? DueAt, JobState? Charge, RefundState? Refund, bool IsAtBank)
{
    public IReadOnlyList<Refund> Refunds { get; init; } = [];

    /// <summary>Settled: the shopper can be told how it went, or what to do. Otherwise somebody is still at it.</summary>
    public bool IsSettled => IsSettledState(Order.Payment);

    public static bool IsSettledState(PaymentState payment) =>
        payment is PaymentState.Paid or PaymentState.Declined or PaymentState.ActionNeeded or PaymentState.Abandoned;

    private bool IsPostponed => Order.Payment is PaymentState.Deferred && Charge is JobState.Waiting && !Order.IsBeingCancelled;

    /// <param name="methods">What one can pay with right now, best first.</param>
    public OrderView View(IReadOnlyList<PaymentMethodView> methods, Guid? userId, string? key = null) => new(
        Order.Number, key, Order.PlacedAt, Order.Status, Order.Payment, Order.Reason is { } code ? Reasons.ToldAs(code) : null,
        OrderWords.MoneyTakenBy(Order, IsAtBank), Order.Reference, Order.Currency, Order.TotalMinor, Order.TaxMinor, Order.IsBeingCancelled ? null : Order.ActionUrl,
        OrderWords.CanPayAgain(Order, Charges), Order.Reason is { } why ? Reasons.Of(why).Retry : null,
        IsPostponed ? DueAt : null, IsPostponed ? Order.DeadlineAt : null,
        [.. Order.Lines.OrderBy(l => l.Position).Select(OrderLineView.Of)],
        new ShipTo(Person.Name, Person.Line1, Person.Line2, Person.PostalCode, Person.City, Person.Country), Mask(Person.Email),
        OrderWords.Of(Order, Charges, Charge, Refund, IsAtBank), [.. Timeline.Select(t => new TimelineView(t.At, t.Summary))],
        userId is not null && Order.UserId == userId, PaymentMethods.MethodOf(Order.PaysAt),
        [.. OrderWays.Of(Order, Charges, Charge, IsAtBank, methods).Select(m => m.Method)], Order.CapturedMinor, Order.RefundedMinor,
        [.. Refunds.Select(r => RefundView.Of(r, Order))], Order.Reason is { } because ? Reasons.Of(because).Side : null);

    /// <summary>Enough for the buyer to recognise it, too little for anybody else to write to it.</summary>
    internal static string Mask(string email) =>
        email.IndexOf('@', StringComparison.Ordinal) is > 0 and var at ? $"{email[0]}•••{email[at..]}" : "•••";
}
