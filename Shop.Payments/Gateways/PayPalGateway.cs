using System.Globalization;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Payments.Gateways;

/// <summary>
/// Translates between our words and PayPal's. An intent is an order of PayPal's; only its captures say whether money was taken, never its
/// own status.
/// </summary>
/// <param name="isCapturedLater">What orders are created for. One from before it was changed is met with the other call.</param>
/// <param name="isLive">Whose money it is; only for what people look up there.</param>
internal sealed class PayPalGateway(PayPalClient client, bool isCapturedLater, bool isLive) : IPaymentGateway
{
    private const string NotForThisIntent = "ACTION_DOES_NOT_MATCH_INTENT";
    private const string NotApproved = "ORDER_NOT_APPROVED";

    public PaymentProvider Provider => PaymentProvider.PayPal;
    public bool CanCancel => false;

    public Task<GatewayAnswer> CreateCustomerAsync(string key, Guid userId, CancellationToken ct) =>
        throw new NotSupportedException("PayPal keeps a method without a customer.");

    public Task<GatewayAnswer> ReadMethodAsync(string paymentToken, CancellationToken ct) =>
        throw new NotSupportedException("PayPal tells nothing of what pays.");

    public async Task<GatewayAnswer> CreateAsync(string key, NewIntent intent, CancellationToken ct)
    {
        if (PayPalMoney.TextOf(intent.AmountMinor, intent.Currency) is not { } value)
            return new GatewayAnswer.NotCharged(Refusal.OurRequest, Reasons.GatewayRefusedRequest) { Facts = new(Code: "AMOUNT_NOT_SUPPORTED") };

        var unit = new PayPalNewUnit(
            $"{intent.OrderId}", intent.OrderNumber is { } number ? $"{number}-{intent.OrderId:N}" : $"{intent.OrderId:N}",
            intent.OrderNumber is { } shown ? $"Order {shown}" : null, new(intent.Currency.ToUpperInvariant(), value));
        var context = new PayPalExperience(intent.ReturnUrl, intent.CancelUrl);
        // With a saved one the source comes with the confirm, or this call would take the money. The addresses are for a shopper who has to
        // agree all the same.
        var order = intent.HasSavedMethod
            ? new PayPalNewOrder(IntentOf(intent), [unit], null, context)
            : new PayPalNewOrder(IntentOf(intent), [unit], new(new(
                ExperienceContext: context with { PaymentMethodPreference = "IMMEDIATE_PAYMENT_REQUIRED" },
                Attributes: intent.SavesMethod ? new(intent.CustomerId is { } customer ? new(customer) : null, new()) : null)), null);

        var reply = await client.PostAsync("v2/checkout/orders", key, order, PayPalJson.Default.PayPalNewOrder, ct);
        if (!reply.IsSuccess)
            return RefusalOf(reply);
        return reply.As(PayPalJson.Default.PayPalOrder) is { Id: { Length: > 0 } id } created
            // With a saved one nobody has to agree; who would rather do that gets an order made for it.
            ? new GatewayAnswer.Created(id, intent.HasSavedMethod ? null : ApprovalOf(created)) { Facts = FactsOf(reply) with { GatewayId = id } } : Nonsense(reply);

        static string IntentOf(NewIntent intent) => intent.IsCapturedLater ? "AUTHORIZE" : "CAPTURE";
    }

    public async Task<GatewayAnswer> ConfirmAsync(string key, string intentId, Confirmation confirmation, CancellationToken ct)
    {
        // What the shopper approved pays for it, or the saved one that is named now.
        var body = new PayPalConfirm(confirmation.PaymentToken == intentId ? null : new(new(VaultId: confirmation.PaymentToken)));
        var verb = isCapturedLater ? "authorize" : "capture";
        var reply = await client.PostAsync(PathOf(intentId, verb), key, body, PayPalJson.Default.PayPalConfirm, ct);
        if (ErrorOf(reply)?.Issue is NotForThisIntent)
        {
            verb = isCapturedLater ? "capture" : "authorize";
            reply = await client.PostAsync(PathOf(intentId, verb), $"{key}:{verb}", body, PayPalJson.Default.PayPalConfirm, ct);
        }

        return await AnswerAsync(reply, intentId, ct);
    }

    public async Task<GatewayAnswer> CaptureAsync(string key, string intentId, CancellationToken ct)
    {
        var (order, read) = await ReadOrderAsync(intentId, ct);
        if (order is null || read is not GatewayAnswer.Authorized || AuthorizationOf(order)?.Id is not { Length: > 0 } authorization)
            return read;

        var reply = await client.PostAsync(
            $"v2/payments/authorizations/{Escaped(authorization)}/capture", key, new PayPalNewCapture(FinalCapture: true),
            PayPalJson.Default.PayPalNewCapture, ct);
        if (!reply.IsSuccess)
            return await AnswerAsync(reply, intentId, ct);
        return reply.As(PayPalJson.Default.PayPalPayment) is { } capture
            ? OutcomeOf([capture]) with { Facts = FactsOf(reply, capture) with { GatewayId = intentId } } : Nonsense(reply);
    }

    public async Task<GatewayAnswer> ReadAsync(string intentId, CancellationToken ct) => (await ReadOrderAsync(intentId, ct)).Answer;

    /// <summary>
    /// Only what is set aside can be given up. Anything else is answered by how it stands: without our confirm nothing is taken, and a confirm
    /// that is under way cannot be called back.
    /// </summary>
    public async Task<GatewayAnswer> CancelAsync(string key, string intentId, CancellationToken ct)
    {
        var (order, read) = await ReadOrderAsync(intentId, ct);
        if (order is null || read is not GatewayAnswer.Authorized || AuthorizationOf(order)?.Id is not { Length: > 0 } authorization)
            return read;

        var reply = await client.PostAsync(
            $"v2/payments/authorizations/{Escaped(authorization)}/void", key, new PayPalConfirm(null), PayPalJson.Default.PayPalConfirm, ct);
        return reply.IsSuccess
            ? new GatewayAnswer.NotCharged(Refusal.Canceled, Reasons.NotConfirmedInTime) { Facts = FactsOf(reply) with { GatewayId = intentId } }
            : await AnswerAsync(reply, intentId, ct);
    }

    public async Task<GatewayAnswer> RefundAsync(string key, NewRefund refund, CancellationToken ct)
    {
        var (order, read) = await ReadOrderAsync(refund.IntentId, ct);
        if (order is null)
            return read;
        if (PaymentsOf(order, p => p.Captures).FirstOrDefault(HasMoney) is not { Id: { Length: > 0 } capture, Amount.CurrencyCode: { } currency })
        {
            return read is GatewayAnswer.Unknown
                ? read : new GatewayAnswer.RefundFailed(null, "nothing was captured") { Facts = read.Facts with { GatewayId = null } };
        }

        if (PayPalMoney.TextOf(refund.AmountMinor, currency) is not { } value)
            return new GatewayAnswer.RefundFailed(null, "AMOUNT_NOT_SUPPORTED");

        // Named twice: PayPal forgets keys after 45 days, and an invoice number never. A refund that failed is sent under another key.
        var reply = await client.PostAsync($"v2/payments/captures/{Escaped(capture)}/refund", key, new PayPalNewRefund(new(currency, value), $"{refund.RefundId}", key),
            PayPalJson.Default.PayPalNewRefund, ct);
        if (reply.IsSuccess)
            return RefundOf(reply);
        if (reply.None is not null || reply.Status != 422 || ErrorOf(reply) is not { Name: not null } error)
            return RefusalOf(reply);

        var (says, reason) = PayPalReasons.Of(error.Issue);
        if (says is PayPalSays.Wait)
            return new GatewayAnswer.Unknown(reason, Fault: false) { Facts = FactsOf(reply) };
        if (says is not PayPalSays.AskTheOrder)
            return new GatewayAnswer.RefundFailed(null, error.Issue!) { Facts = FactsOf(reply) };
        // It may be there already.
        var found = await FindRefundAsync(refund.IntentId, refund.RefundId, ct);
        return found switch
        {
            GatewayAnswer.NoRefund => new GatewayAnswer.RefundFailed(null, error.Issue ?? error.Name) { Facts = FactsOf(reply) },
            GatewayAnswer.NotCharged no => new GatewayAnswer.Unknown(no.Reason, no.IsFault) { Facts = no.Facts },
            _ => found,
        };
    }

    public async Task<GatewayAnswer> ReadRefundAsync(string refundId, CancellationToken ct)
    {
        var reply = await client.GetAsync($"v2/payments/refunds/{Escaped(refundId)}", ct);
        return reply.IsSuccess ? RefundOf(reply) : RefusalOf(reply);
    }

    public async Task<GatewayAnswer> FindRefundAsync(string intentId, Guid refundId, CancellationToken ct)
    {
        var reply = await client.GetAsync(PathOf(intentId), ct);
        if (!reply.IsSuccess)
            return RefusalOf(reply);
        if (reply.As(PayPalJson.Default.PayPalOrder) is not { Id.Length: > 0 } order)
            return Nonsense(reply);

        PayPalPayment[] ours =
        [
            .. PaymentsOf(order, p => p.Refunds).Where(r => RefundIdOf(r.CustomId, r.InvoiceId) == refundId)
                .OrderByDescending(r => r.CreateTime, StringComparer.Ordinal),
        ];
        return (ours.FirstOrDefault(r => r.Status is not ("FAILED" or "CANCELLED")) ?? ours.FirstOrDefault()) is { } refund
            ? RefundOf(refund, reply) : new GatewayAnswer.NoRefund { Facts = FactsOf(reply) };
    }

    public async Task<GatewayAnswer> ReadDisputeAsync(string disputeId, CancellationToken ct)
    {
        var reply = await client.GetAsync($"v1/customer/disputes/{Escaped(disputeId)}", ct);
        if (!reply.IsSuccess)
            return RefusalOf(reply);
        if (reply.As(PayPalJson.Default.PayPalDispute) is not { DisputeId: { Length: > 0 } id, Status: { Length: > 0 } status } dispute
            || PayPalMoney.MinorOf(dispute.DisputeAmount?.Value, dispute.DisputeAmount?.CurrencyCode) is not { } minor)
            return Nonsense(reply);

        // In the first stage buyer and seller talk; once it is a claim, PayPal keeps the money until it has decided.
        var isClaim = dispute.DisputeLifeCycleStage is not "INQUIRY";
        DisputeOutcome? outcome = (status, dispute.DisputeOutcome?.OutcomeCode) switch
        {
            (not "RESOLVED", _) => null,
            (_, "RESOLVED_BUYER_FAVOUR" or "ACCEPTED") => DisputeOutcome.Lost,
            (_, "RESOLVED_SELLER_FAVOUR" or "RESOLVED_WITH_PAYOUT" or "CANCELED_BY_BUYER" or "DENIED") when isClaim => DisputeOutcome.Won,
            _ => DisputeOutcome.Ended,
        };
        var disputed = dispute.DisputedTransactions?.OfType<PayPalDisputed>().FirstOrDefault();
        return new GatewayAnswer.DisputeRead(new(
            id, DisputeKind.Dispute, IntentId: null, disputed?.SellerTransactionId, minor, dispute.DisputeAmount!.CurrencyCode!.ToUpperInvariant(),
            dispute.Reason?.ToLowerInvariant() ?? "other", status.ToLowerInvariant(), isClaim || outcome is DisputeOutcome.Lost, isLive,
            status is "RESOLVED" or "UNDER_REVIEW" or "WAITING_FOR_BUYER_RESPONSE" ? null : TimeOf(dispute.SellerResponseDueDate),
            TimeOf(dispute.CreateTime) ?? DateTimeOffset.UnixEpoch, outcome, Guid.TryParse(disputed?.Custom, out var order) ? order : null))
        {
            Facts = FactsOf(reply) with { GatewayId = id, ChargeId = disputed?.SellerTransactionId, Code = status },
        };

        static DateTimeOffset? TimeOf(string? text) =>
            DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
    }

    /// <summary>Our id of a refund; null when it is none of ours. It is in the number as well, as not every view of a refund shows both.</summary>
    public static Guid? RefundIdOf(string? customId, string? invoiceId)
    {
        if (Guid.TryParse(customId, out var id))
            return id;
        var parts = invoiceId?.Split(':') ?? [];
        return Array.IndexOf(parts, "refund") is var at and >= 0 && at + 1 < parts.Length && Guid.TryParse(parts[at + 1], out id) ? id : null;
    }

    private static string PathOf(string intentId, string? verb = null) =>
        verb is null ? $"v2/checkout/orders/{Escaped(intentId)}" : $"v2/checkout/orders/{Escaped(intentId)}/{verb}";

    private static string Escaped(string id) => Uri.EscapeDataString(id);

    /// <returns>The order where it could be read, and what it says in any case.</returns>
    private async Task<(PayPalOrder? Order, GatewayAnswer Answer)> ReadOrderAsync(string intentId, CancellationToken ct)
    {
        var reply = await client.GetAsync(PathOf(intentId), ct);
        if (!reply.IsSuccess)
            return (null, RefusalOf(reply));
        return reply.As(PayPalJson.Default.PayPalOrder) is { Id.Length: > 0 } order ? (order, OutcomeOf(order, reply)) : (null, Nonsense(reply));
    }

    /// <summary>What a call about the money of an order came to. A refusal that only the order itself can explain is looked up there.</summary>
    private async Task<GatewayAnswer> AnswerAsync(PayPalReply reply, string intentId, CancellationToken ct)
    {
        if (reply.IsSuccess)
            return reply.As(PayPalJson.Default.PayPalOrder) is { Id.Length: > 0 } order ? OutcomeOf(order, reply) : Nonsense(reply);

        var error = ErrorOf(reply);
        if (MeaningOf(reply.Status, error) is not { Says: PayPalSays.AskTheOrder or PayPalSays.Ended or PayPalSays.AskTheShopper } meaning)
            return RefusalOf(reply);

        var (seen, read) = await ReadOrderAsync(intentId, ct);
        GatewayAnswer answer = (meaning.Says, read) switch
        {
            (_, GatewayAnswer.Charged or GatewayAnswer.Authorized or GatewayAnswer.NotCharged { By: Refusal.Canceled }
                or GatewayAnswer.Unknown { Reason: Reasons.PaymentProcessing }) => read,
            // It could not be asked, and that proves nothing about the call before it.
            _ when seen is null => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, read.IsFault),
            (PayPalSays.Ended, _) => new GatewayAnswer.NotCharged(Refusal.Canceled, Reasons.NotConfirmedInTime),
            (PayPalSays.AskTheShopper, GatewayAnswer.Approved) when error?.Issue is NotApproved => // by now it is
                new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: false),
            (PayPalSays.AskTheShopper, _) => new GatewayAnswer.ActionNeeded(LinkOf(error?.Links) ?? ApprovalOf(seen)),
            (_, GatewayAnswer.NotCharged { By: Refusal.Card }) => read,
            // A word of tomorrow, and the order took nothing: a refusal like any other.
            _ when error?.Issue is not { } issue || !PayPalReasons.Knows(issue) => new GatewayAnswer.NotCharged(Refusal.Card, meaning.Reason, IsKnown: false),
            _ => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: false), // it is said to be paid and does not read so yet
        };
        return answer with
        {
            Facts = FactsOf(reply) with { GatewayId = intentId, ChargeId = read.Facts.ChargeId, DeclineCode = read.Facts.Code, Saved = read.Facts.Saved },
        };
    }

    /// <summary>A refusal by itself. Only what PayPal says in its own words proves anything: a proxy's page does not.</summary>
    private static GatewayAnswer RefusalOf(PayPalReply reply)
    {
        if (reply.None is { } none)
            return none;

        GatewayAnswer answer = MeaningOf(reply.Status, ErrorOf(reply)) switch
        {
            { Says: PayPalSays.Declined, Reason: var reason } => new GatewayAnswer.NotCharged(Refusal.Card, reason),
            { Says: PayPalSays.OurAccount, Reason: var reason } => new GatewayAnswer.NotCharged(Refusal.OurKey, reason),
            { Says: PayPalSays.OurRequest or PayPalSays.NoRefund } => new GatewayAnswer.NotCharged(Refusal.OurRequest, Reasons.GatewayRefusedRequest),
            { Says: PayPalSays.Wait, Reason: var reason } => new GatewayAnswer.Unknown(reason, Fault: false),
            { } => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: false),
            null when reply.Status is 429 => new GatewayAnswer.Unknown(Reasons.GatewayRateLimited, Fault: true),
            null => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: reply.Status is not 409), // 409: one like it is still running
        };
        return answer with { Facts = FactsOf(reply) };
    }

    /// <returns>Null where the status alone says all there is, or nobody of PayPal's spoke.</returns>
    private static (PayPalSays Says, string Reason)? MeaningOf(int status, PayPalError? error) => (status, error) switch
    {
        (401, _) => (PayPalSays.OurAccount, Reasons.GatewayRefusedOurKey),
        (< 400 or >= 500 or 409 or 429, _) or (_, null or { Name: not { Length: > 0 } }) => null,
        (_, { Issue: { } issue }) when PayPalReasons.Knows(issue) => PayPalReasons.Of(issue),
        (403, _) => (PayPalSays.OurAccount, Reasons.GatewayRefusedOurKey),
        (422, _) => PayPalReasons.Of(error.Issue),
        _ => (PayPalSays.OurRequest, Reasons.GatewayRefusedRequest),
    };

    private static GatewayAnswer OutcomeOf(PayPalOrder order, PayPalReply reply)
    {
        PayPalPayment[] captures = [.. PaymentsOf(order, p => p.Captures)];
        var authorization = AuthorizationOf(order);
        // One that was declined is history while the order waits for the shopper or for us.
        GatewayAnswer answer = captures.Any(c => !IsDeclined(c)) || (captures is not [] && order.Status is "COMPLETED" or null)
            ? OutcomeOf(captures)
            : (authorization?.Status, order.Status) switch
            {
                (_, "VOIDED") or ("VOIDED" or "EXPIRED", _) => new GatewayAnswer.NotCharged(Refusal.Canceled, Reasons.NotConfirmedInTime),
                ("CREATED", _) => new GatewayAnswer.Authorized(),
                ("PENDING", _) => new GatewayAnswer.Unknown(Reasons.PaymentProcessing, Fault: false),
                ("DENIED", _) => new GatewayAnswer.NotCharged(Refusal.Card, DeclineOf(authorization!)),
                _ when authorization is not null => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: string.IsNullOrEmpty(authorization.Status)),
                (_, "APPROVED") => new GatewayAnswer.Approved(),
                (_, "CREATED" or "SAVED" or "PAYER_ACTION_REQUIRED") => new GatewayAnswer.ActionNeeded(ApprovalOf(order)),
                // Completed and no capture in sight, a word of tomorrow; or no word, and then it is no answer of PayPal's.
                _ => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: string.IsNullOrEmpty(order.Status)),
            };
        return answer with
        {
            Facts = FactsOf(reply, captures.FirstOrDefault(HasMoney) ?? captures.LastOrDefault()) with { GatewayId = order.Id, Saved = SavedOf(order) },
        };
    }

    private static GatewayAnswer OutcomeOf(PayPalPayment[] captures)
    {
        PayPalPayment[] taken = [.. captures.Where(HasMoney)];
        if (taken is [var first, ..])
        {
            var amounts = taken.Select(c => PayPalMoney.MinorOf(c.Amount?.Value, c.Amount?.CurrencyCode)).ToArray();
            return amounts.All(a => a is not null) && taken.All(c => c.Amount!.CurrencyCode == first.Amount!.CurrencyCode)
                ? new GatewayAnswer.Charged(amounts.Sum(a => a!.Value), first.Amount!.CurrencyCode!.ToUpperInvariant())
                : new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true); // and how much?
        }

        if (captures.Any(c => c.Status is "PENDING"))
            return new GatewayAnswer.Unknown(Reasons.PaymentProcessing, Fault: false);
        return captures.FirstOrDefault(c => !IsDeclined(c)) is { } strange
            ? new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: string.IsNullOrEmpty(strange.Status))
            : new GatewayAnswer.NotCharged(Refusal.Card, DeclineOf(captures[^1]));
    }

    private static GatewayAnswer RefundOf(PayPalReply reply) =>
        reply.As(PayPalJson.Default.PayPalPayment) is { } refund ? RefundOf(refund, reply) : Nonsense(reply);

    private static GatewayAnswer RefundOf(PayPalPayment refund, PayPalReply reply)
    {
        GatewayAnswer answer = (refund.Id, refund.Status) switch
        {
            (not { Length: > 0 }, _) => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true),
            (var id, "COMPLETED") => PayPalMoney.MinorOf(refund.Amount?.Value, refund.Amount?.CurrencyCode) is { } minor
                ? new GatewayAnswer.Refunded(id, minor) : new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true),
            (var id, "PENDING") => new GatewayAnswer.RefundPending(id),
            (var id, "FAILED" or "CANCELLED") => new GatewayAnswer.RefundFailed(id, refund.StatusDetails?.Reason ?? refund.Status.ToLowerInvariant()),
            _ => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: string.IsNullOrEmpty(refund.Status)),
        };
        return answer with { Facts = FactsOf(reply) with { GatewayId = refund.Id, Code = refund.StatusDetails?.Reason } };
    }

    private static GatewayAnswer.Unknown Nonsense(PayPalReply reply) => new GatewayAnswer.Unknown(Reasons.OutcomeUnknown, Fault: true) { Facts = FactsOf(reply) };

    /// <summary>Taken, whatever went back since.</summary>
    public static bool HasMoney(PayPalPayment capture) => capture.Status is "COMPLETED" or "PARTIALLY_REFUNDED" or "REFUNDED";

    public static bool IsDeclined(PayPalPayment payment) => payment.Status is "DECLINED" or "FAILED";

    private static string DeclineOf(PayPalPayment payment) =>
        PayPalReasons.OfDecline(payment.ProcessorResponse?.ResponseCode, payment.ProcessorResponse?.PaymentAdviceCode);

    private static PayPalPayment? AuthorizationOf(PayPalOrder order) => PaymentsOf(order, p => p.Authorizations).LastOrDefault();

    private static IEnumerable<PayPalPayment> PaymentsOf(PayPalOrder order, Func<PayPalPayments, IReadOnlyList<PayPalPayment?>?> kind) =>
        order.PurchaseUnits?.SelectMany(unit => unit?.Payments is { } payments ? kind(payments) ?? [] : []).OfType<PayPalPayment>() ?? [];

    /// <summary>PayPal's page for the shopper. What it is called depends on how the order was made.</summary>
    private static string? ApprovalOf(PayPalOrder order) => LinkOf(order.Links);

    private static string? LinkOf(IReadOnlyList<PayPalLink?>? links) =>
        links?.FirstOrDefault(l => l is { Rel: "payer-action" or "approve" or "redirect", Href.Length: > 0 })?.Href;

    private static SavedMethodFacts? SavedOf(PayPalOrder order) => order.PaymentSource?.Paypal?.Attributes?.Vault is { Id: { Length: > 0 } token } vault
        ? new(token, "PayPal", vault.Customer?.Id) : null; // no address: ours to keep

    private static PayPalError? ErrorOf(PayPalReply reply) => reply.Status >= 400 ? reply.As(PayPalJson.Default.PayPalError) : null;

    private static Facts FactsOf(PayPalReply reply, PayPalPayment? capture = null) => ErrorOf(reply) is { } error
        ? new(RequestId: reply.DebugId ?? error.DebugId, HttpStatus: reply.Status, Code: error.Issue ?? error.Name)
        : new(RequestId: reply.DebugId, HttpStatus: reply.Status, Code: capture?.StatusDetails?.Reason,
            NetworkCode: capture?.ProcessorResponse?.ResponseCode, AdviceCode: capture?.ProcessorResponse?.PaymentAdviceCode, ChargeId: capture?.Id);
}
