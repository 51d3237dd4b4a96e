using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Operations.Story;

/// <summary>The same facts as the customer has, in the words of somebody who is asked.</summary>
internal static class Answer
{
    public static AnswerCard Of(Order order, StoryRows rows, OrderTexts texts, MoneyTaken taken, DateTimeOffset now)
    {
        var why = order.Reason is { } code && Reasons.IsKnown(code) ? Reasons.Of(code) : null;
        return new(
            WhatHappened(order, rows, why), why?.Side, taken, HowWeKnow(order, rows, taken), WhatToDo(order, rows, why), $"{texts.Headline}. {texts.Explanation}",
            [.. rows.Mails.OrderBy(m => m.CreatedAt).Select(m => new StoryMail(m.Id, Merge.MailOf(m.Kind), Merge.StateOf(m), m.SentAt ?? m.CreatedAt, m.LastError))],
            Since(order, rows), Next(order, rows, now));
    }

    private static string WhatHappened(Order order, StoryRows rows, Reason? why)
    {
        if (rows.Jobs.Any(j => j is { Kind: PaymentJobKind.Charge, State: JobState.Parked }))
            return $"We stopped trying by ourselves: the payment waits for a person. {why?.Agent}".TrimEnd();
        var words = order switch
        {
            { IsBeingCancelled: true } => "Somebody of ours is cancelling this order; it ends when the gateway has called the payment off.",
            { Status: OrderStatus.Refunded } => "The payment went through, and all of it was sent back.",
            { Status: OrderStatus.RefundDue } => "The payment went through, the order is cancelled, and the money is on its way back.",
            { Payment: PaymentState.Paid, RefundedMinor: > 0 } => $"The payment went through; {Money.Text(order.RefundedMinor, order.Currency)} of it went back.",
            { Payment: PaymentState.Paid, DisputedMinor: 0 } => "The payment went through.",
            { Payment: PaymentState.InFlight } => "The payment is being made right now.",
            { Payment: PaymentState.None } => "The order is placed, and its payment has not been tried yet.",
            _ => null,
        };
        return words ?? why?.Agent ?? "Nothing went wrong.";
    }

    private static string HowWeKnow(Order order, StoryRows rows, MoneyTaken taken)
    {
        var charged = rows.Attempts.LastOrDefault(a => a.Class is "charged");
        var last = rows.Attempts.LastOrDefault(a => a.Operation is not "refund");
        switch (taken)
        {
            case MoneyTaken.Yes when charged is not null:
                return $"{charged.Provider} said so when asked ({charged.Operation}, {Merge.Time(charged.At)}): {charged.ChargeId ?? charged.GatewayId}.";
            case MoneyTaken.Yes:
                return "It is booked as taken; the attempts that tell of it are older than what is shown.";
            case MoneyTaken.No when order.CapturedMinor > 0:
                return order.DisputedMinor > 0 ? "The bank, or PayPal, gave it back to the customer." : "It was taken and has gone back: see the refunds.";
            case MoneyTaken.No when rows.Attempts.LastOrDefault(a => a.Proof is not null) is { Proof: { } proof } proven:
                return $"Proven: {proof} ({proven.Provider}, {Merge.Time(proven.At)}).";
            case MoneyTaken.No:
                return "No payment was sent to a gateway that could have taken it.";
            case var _ when last is null:
                return "Nothing is written down yet of what a gateway said.";
            default:
                return $"The answer is missing. {last.Provider} was last asked at {Merge.Time(last.At)} ({last.Operation}: {last.Code ?? last.Class}); asked again {Merge.Times(rows.AskedSince)}.";
        }
    }

    private static string WhatToDo(Order order, StoryRows rows, Reason? why) => order switch
    {
        _ when rows.Jobs.Any(j => j.State is JobState.Parked) => "An operator has to look at it: the queue shows what it waits for. Tell the customer that a person is at it.",
        { IsBeingCancelled: true } => "Nothing: wait for it to end.",
        { Payment: PaymentState.Unknown or PaymentState.InFlight } => "Ask the customer not to pay again. We keep asking until it is known; you may have it asked at once.",
        { Payment: PaymentState.Deferred } => "Nothing is needed from the customer: it is tried again by itself. You may have it tried at once, or keep the goods for longer.",
        { Payment: PaymentState.ActionNeeded } => "Ask the customer to open the order's page and confirm the payment, or to pay another way.",
        { Status: OrderStatus.Disputed } => "Answer the dispute at the gateway before its deadline; do not refund.",
        { Status: OrderStatus.RefundDue } => "Nothing: the money goes back by itself.",
        { Payment: PaymentState.Paid } => "Nothing.",
        { Payment: PaymentState.Abandoned } => "The customer can order again; nothing of this order will be charged.",
        _ => why?.Retry switch
        {
            RetryAdvice.OtherCard => "Ask the customer to open the order's page and pay with another card, or another way.",
            RetryAdvice.SameCardLater => "Ask the customer to try again in a few minutes, or with another card.",
            RetryAdvice.FixDetails => "Ask the customer to enter the card again: something was mistyped.",
            RetryAdvice.ConfirmAtBank => "Ask the customer to pay again and to confirm it at the bank.",
            RetryAdvice.Wait => "Wait: we are at it.",
            RetryAdvice.ContactUs => "An engineer has to look at it.",
            _ => "Nothing can be done about this payment; the customer can place a new order.",
        },
    };

    /// <summary>The last thing that changed how the order stands.</summary>
    private static DateTimeOffset Since(Order order, StoryRows rows)
    {
        string[] changing =
        [
            TimelineKinds.Placed, TimelineKinds.PaymentStarted, TimelineKinds.Paid, TimelineKinds.Declined, TimelineKinds.ActionNeeded, TimelineKinds.Unknown,
            TimelineKinds.Deferred, TimelineKinds.Closed, TimelineKinds.Refunded, TimelineKinds.RefundFailed, TimelineKinds.DisputeOpened, TimelineKinds.DisputeClosed,
        ];
        return rows.Timeline.LastOrDefault(t => changing.Contains(t.Kind))?.At ?? order.PlacedAt;
    }

    private static List<StoryNext> Next(Order order, StoryRows rows, DateTimeOffset now)
    {
        List<StoryNext> next =
        [
            .. rows.Jobs.Where(j => j.State is JobState.Waiting).OrderBy(j => j.DueAt).Select(j => new StoryNext(
                j.LeasedUntil > now ? null : j.DueAt,
                j.LeasedUntil > now ? $"Somebody is at it right now: the {Merge.Name(j)}."
                : j.Kind is PaymentJobKind.Charge && order.Payment is PaymentState.Unknown ? $"{j.Provider} is asked again what became of the payment."
                : j.Kind is PaymentJobKind.Charge ? $"The payment is tried at {j.Provider}."
                : $"The {Merge.Name(j)}, at {j.Provider}.")),
        ];
        next.AddRange(rows.Mails.Where(m => m.State is JobState.Waiting).Select(m => new StoryNext(m.DueAt, $"{Merge.MailOf(m.Kind)} is sent, if it is still true then.")));
        if (order.Payment is not (PaymentState.Paid or PaymentState.Abandoned))
        {
            if (rows.HeldUntil is { } held && held < order.DeadlineAt && order.Payment is PaymentState.Declined or PaymentState.ActionNeeded)
                next.Add(new(rows.HeldUntil, "The goods are kept until then; after that the order is closed, and nothing is taken."));
            else
                next.Add(new(order.DeadlineAt, order.Payment is PaymentState.Unknown ? "The payment is called off at the gateway, if it is still unknown then, and the order closed." : "What is not paid by then is called off at the gateway and closed."));
        }

        return next;
    }

    /// <summary>To be read to a customer, or sent: no code, nothing of the staff, and nothing that a bank keeps to itself.</summary>
    public static string ForCustomer(Order order, OrderTexts texts, MoneyTaken taken)
    {
        var money = taken switch
        {
            MoneyTaken.No when order.CapturedMinor > 0 => "Your money has gone back to you.",
            MoneyTaken.No => "No money was taken.",
            MoneyTaken.Yes => $"{Money.Text(order.CapturedMinor, order.Currency)} was taken.",
            _ => "We do not know yet whether money was taken, and we are finding out. Please don't pay again.",
        };
        string?[] sentences = [$"Your order {order.Number}: {texts.Headline}.", texts.Explanation, texts.Explanation.Contains("money was taken", StringComparison.OrdinalIgnoreCase) && taken is MoneyTaken.No ? null : money, texts.NextStep, $"Reference: {order.Reference}"];
        return string.Join('\n', sentences.OfType<string>().Where(s => s.Length > 0).Distinct());
    }
}
