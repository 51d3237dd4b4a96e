using System.Text.Json;
using Shop.Api.Operations;
using Shop.Api.Operations.Story;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;
using Answer = Shop.Api.Operations.Story.Answer;

namespace Shop.Tests.Unit;

/// <summary>One list out of all that tells of an order; what is told twice is one, and what is not told is a gap.</summary>
public sealed class OrderStoryTests
{
    private static readonly DateTimeOffset Now = Any.Now;

    private static readonly StoryRows Nothing = new([], [], [], [], [], [], [], [], [], [], [], null, 0, false, null, 0);

    private static Order OrderThat(params PaymentEvent[] after)
    {
        var person = Any.Person();
        var order = new Order
        {
            Id = Guid.NewGuid(), CheckoutKey = Guid.NewGuid(), CheckoutDigest = "any", CartId = Guid.NewGuid(), PersonId = person.Id, Reference = "4T7QK-9XW2M",
            TraceId = "t", Currency = "EUR", TotalMinor = 1250, TaxMinor = 200, PlacedAt = Now.AddMinutes(-20), DeadlineAt = Now.AddMinutes(40),
        };
        foreach (var on in after)
            Assert.True(order.TryApply(on, Now, on is PaymentEvent.Refused ? Reasons.CardDeclined : on is PaymentEvent.AnswerLost ? Reasons.OutcomeUnknown : on is PaymentEvent.Postponed ? Reasons.GatewayFailed : null));
        return order;
    }

    private static TimelineRow Entry(double minutesAgo, string kind, string summary, object? data = null) =>
        new(Guid.CreateVersion7(), Now.AddMinutes(-minutesAgo), kind, null, summary, true, data is null ? null : JsonSerializer.SerializeToElement(data, TimelineEntry.FactsJson), null);

    private static AttemptRow Attempt(double minutesAgo, string operation, string @class, string? requestId, double latencyMs = 12.34, string? key = null, string? proof = null) =>
        new(Guid.CreateVersion7(), Now.AddMinutes(-minutesAgo), PaymentProvider.Stripe, operation, key, @class, null, null, null, null, null, 200, requestId, "pi_1", "ch_1", null, null, null,
            latencyMs, null, proof);

    private static JobRow Job(PaymentJobKind kind, JobState state, double dueInMinutes, double leasedForMinutes = -60) => new(
        Guid.NewGuid(), kind, PaymentProvider.Stripe, state, Now.AddMinutes(dueInMinutes), Now.AddMinutes(leasedForMinutes), 1, 1, Reasons.OutcomeUnknown, Now.AddMinutes(-10));

    [Fact]
    public void A_call_and_the_entry_that_it_led_to_are_one()
    {
        var confirm = Attempt(5, "confirm", "charged", "req_2", key: "order:1:confirm:1");
        var items = Merge.Of(OrderThat(PaymentEvent.Captured), Nothing with
        {
            Timeline = [Entry(6, TimelineKinds.Placed, "Placed."), Entry(4.9, TimelineKinds.Paid, "Paid.", new OutcomeFacts { Operation = "confirm", RequestId = "req_2", Key = "order:1:confirm:1", LatencyMs = 12.3 })],
            Attempts = [Attempt(5.5, "create", "created", "req_1"), confirm],
            Raw = [new(confirm.Id, 1, "POST /v1/payment_intents/pi_1/confirm", RawOutcomes.Answered, 200, null, "{}", 2, 12.3)],
        }, Now);

        Assert.Equal([("order", "Placed."), ("attempt", "Stripe created the payment, which takes nothing yet."), ("attempt", "Paid.")], items.Select(i => (i.Source, i.Summary)));
        Assert.Single(items[2].Answers);
        Assert.Contains(items[2].Facts, f => f is { Name: "chargeId", Value: "ch_1" });
    }

    [Fact]
    public void Two_calls_without_an_answer_are_told_apart_by_how_long_they_waited()
    {
        var items = Merge.Of(OrderThat(PaymentEvent.Started, PaymentEvent.AnswerLost), Nothing with
        {
            Timeline = [Entry(4, TimelineKinds.Unknown, "Unknown.", new OutcomeFacts { Operation = "confirm", Key = "k", LatencyMs = 10000.1 })],
            Attempts = [Attempt(5, "confirm", "unknown", null, 9000, "k"), Attempt(4.1, "confirm", "unknown", null, 10000.12, "k")],
        }, Now);

        Assert.Equal(2, items.Count(i => i.Source is "attempt"));
        Assert.Single(items, i => i is { Source: "attempt", Summary: "Unknown." });
    }

    [Fact]
    public void A_mail_a_webhook_and_an_act_are_told_once_each_with_all_that_is_known()
    {
        var (mail, at) = (Guid.NewGuid(), Now.AddMinutes(-3));
        var items = Merge.Of(OrderThat(PaymentEvent.Captured), Nothing with
        {
            Timeline =
            [
                Entry(5, TimelineKinds.Webhook, "Stripe reported it.", new { @event = "evt_1" }), Entry(4, TimelineKinds.MailSent, "We wrote to you.", new { mail }),
                Entry(3, TimelineKinds.Note, "She called."),
            ],
            Webhooks = [new(PaymentProvider.Stripe, "evt_1", "payment_intent.succeeded", Now.AddMinutes(-5), JobState.Done, 1, null, "the payment is Paid now", Now, null),
                new(PaymentProvider.Stripe, "evt_2", "charge.refunded", Now.AddMinutes(-1), JobState.Parked, 5, "no such charge", null, null, null)],
            Mails = [new(mail, "OrderConfirmedMail", JobState.Done, Now.AddMinutes(-5), Now, Now.AddMinutes(-4), 1, null)],
            Audit = [new(Guid.NewGuid(), at, "Grace", "Agent", "note_added", "She called.", null)],
        }, Now);

        Assert.Equal(["webhook", "mail", "staff", "webhook"], items.Select(i => i.Source));
        Assert.Contains(items[0].Facts, f => f is { Name: "changed" });
        Assert.Equal(("Grace, agent", null), (items[2].By, items[2].Why)); // the note is its own reason
        Assert.Contains("waits for a person", items[3].Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void What_should_be_there_and_is_not_is_a_gap()
    {
        var items = Merge.Of(OrderThat(PaymentEvent.Started, PaymentEvent.AnswerLost), Nothing with
        {
            Timeline = [Entry(10, TimelineKinds.Unknown, "Unknown.")],
            Attempts = [Attempt(9, "read", "unknown", null), Attempt(8, "read", "unknown", null)],
            Jobs = [Job(PaymentJobKind.Charge, JobState.Waiting, dueInMinutes: -5)],
            Gaps = [new("payment_intent.succeeded", Now.AddMinutes(-2), Now, null), new("charge.refunded", Now.AddMinutes(-2), Now, Now)],
            UnknownSince = Now.AddMinutes(-10), AskedSince = 2,
        }, Now);

        var gaps = items.Where(i => i.Source is "gap").Select(i => (i.Kind, i.Summary)).ToList();
        Assert.Equal(3, gaps.Count);
        Assert.Contains(gaps, g => g.Kind is "unknown" && g.Summary.Contains("10 minutes", StringComparison.Ordinal) && g.Summary.Contains("twice", StringComparison.Ordinal));
        Assert.Contains(gaps, g => g.Kind is "silence" && g.Summary.Contains("for 5 minutes nobody", StringComparison.Ordinal));
        Assert.Contains(gaps, g => g.Summary.StartsWith("Webhook payment_intent.succeeded expected by", StringComparison.Ordinal));
    }

    [Fact]
    public void A_gap_that_has_an_entry_is_not_told_a_second_time() => Assert.Single(Merge.Of(OrderThat(PaymentEvent.Captured), Nothing with
    {
        Timeline = [Entry(1, TimelineKinds.WebhookMissing, "Webhook x.y expected by 10:04, not seen.")], Gaps = [new("x.y", Now.AddMinutes(-2), Now, null)],
    }, Now), i => i.Source is "gap");

    [Fact]
    public void A_try_that_was_announced_and_came_much_later_leaves_a_gap_that_is_seen()
    {
        var deferred = Entry(15, TimelineKinds.Deferred, "Later.", new OutcomeFacts { NextTry = Now.AddMinutes(-14) });
        var late = Merge.Of(OrderThat(PaymentEvent.Captured), Nothing with { Timeline = [deferred, Entry(3, TimelineKinds.Paid, "Paid.")] }, Now);
        var inTime = Merge.Of(OrderThat(PaymentEvent.Captured), Nothing with { Timeline = [deferred, Entry(13.9, TimelineKinds.Paid, "Paid.")] }, Now);

        Assert.Single(late, i => i is { Source: "gap", Kind: "silence" });
        Assert.Equal("gap", late[1].Source);
        Assert.DoesNotContain(inTime, i => i.Source is "gap");
    }

    [Fact]
    public void Who_is_being_asked_or_is_not_due_yet_leaves_no_gap() => Assert.DoesNotContain(Merge.Of(OrderThat(PaymentEvent.Started, PaymentEvent.Postponed), Nothing with
    {
        Jobs = [Job(PaymentJobKind.Charge, JobState.Waiting, dueInMinutes: 4), Job(PaymentJobKind.Look, JobState.Waiting, dueInMinutes: -5, leasedForMinutes: 1)],
    }, Now), i => i.Source is "gap");

    [Fact]
    public void The_answer_says_how_it_is_known_and_what_happens_by_itself()
    {
        var declined = OrderThat(PaymentEvent.Started, PaymentEvent.Refused);
        var rows = Nothing with { Attempts = [Attempt(5, "confirm", "not_charged", "req_1", proof: "the confirm was refused")], HeldUntil = Now.AddMinutes(3) };
        var card = Answer.Of(declined, rows, OrderWords.Of(declined, 1), OrderWords.MoneyTakenBy(declined), Now);

        Assert.Equal((Side.Bank, MoneyTaken.No), (card.Side, card.MoneyTaken));
        Assert.Contains("the confirm was refused", card.HowWeKnow, StringComparison.Ordinal);
        Assert.Contains("another card", card.WhatToDo, StringComparison.Ordinal);
        Assert.Equal(Now.AddMinutes(3), Assert.Single(card.Next).At);

        var unknown = OrderThat(PaymentEvent.Started, PaymentEvent.AnswerLost);
        card = Answer.Of(unknown, Nothing with { Jobs = [Job(PaymentJobKind.Charge, JobState.Waiting, 2)] }, OrderWords.Of(unknown, 1), OrderWords.MoneyTakenBy(unknown), Now);
        Assert.Equal(MoneyTaken.Unknown, card.MoneyTaken);
        Assert.Equal([Now.AddMinutes(2), unknown.DeadlineAt], card.Next.Select(n => n.At!.Value));
        Assert.Contains("not to pay again", card.WhatToDo, StringComparison.Ordinal);
    }

    [Fact]
    public void How_often_it_was_asked_is_told_of_all_that_happened_and_not_of_what_is_shown()
    {
        var unknown = OrderThat(PaymentEvent.Started, PaymentEvent.AnswerLost);
        var rows = Nothing with { Attempts = [Attempt(5, "read", "unknown", null)], UnknownSince = Now.AddHours(-9), AskedSince = 250 };

        Assert.Contains("asked again 250 times", Answer.Of(unknown, rows, OrderWords.Of(unknown, 1), MoneyTaken.Unknown, Now).HowWeKnow, StringComparison.Ordinal);
        Assert.Contains("Asked again 250 times", Merge.Of(unknown, rows, Now).Single(i => i.Kind is "unknown").Summary, StringComparison.Ordinal);
    }

    public static TheoryData<PaymentEvent[], bool> Endings() => new()
    {
        { [PaymentEvent.Started, PaymentEvent.Refused], true },
        { [PaymentEvent.Started, PaymentEvent.ActionAsked], true },
        { [PaymentEvent.Started, PaymentEvent.Postponed], true },
        { [PaymentEvent.Started, PaymentEvent.AnswerLost], false },
        { [PaymentEvent.Started], false },
    };

    [Theory]
    [MemberData(nameof(Endings))]
    public void While_an_order_is_being_cancelled_its_customer_reads_what_the_agent_does(PaymentEvent[] past, bool isFree)
    {
        var order = OrderThat(past);
        order.AskToCancel(Now);

        var texts = OrderWords.Of(order, 1, JobState.Waiting);

        Assert.Equal("This order is being cancelled", texts.Headline);
        Assert.Equal(isFree, texts.Explanation.Contains("No money was taken", StringComparison.Ordinal));
        Assert.Contains("don't pay", texts.NextStep, StringComparison.Ordinal);
        Assert.False(OrderWords.CanPayAgain(order, 1));
        Assert.Contains("cancelling this order", Answer.Of(order, Nothing, texts, OrderWords.MoneyTakenBy(order), Now).WhatHappened, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_read_to_a_customer_holds_no_code_and_no_word_of_ours()
    {
        foreach (var order in (Order[])[OrderThat(), OrderThat(PaymentEvent.Started, PaymentEvent.Refused), OrderThat(PaymentEvent.Started, PaymentEvent.AnswerLost), OrderThat(PaymentEvent.Captured)])
        {
            var text = Answer.ForCustomer(order, OrderWords.Of(order, 1), OrderWords.MoneyTakenBy(order));

            Assert.DoesNotContain("_", text, StringComparison.Ordinal);
            Assert.Contains("4T7QK-9XW2M", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("her card 4242 4242 4242 4242 was declined", true)]
    [InlineData("4242-4242-4242-4242", true)]
    [InlineData("378282246310005", true)]
    [InlineData("order 100123 4242 4242 4242 4242", true)]
    [InlineData("4242 4242 4242 4242 12 30", true)]
    [InlineData("4242424242424242123", true)]
    [InlineData("4242  4242 / 4242 - 4242", true)]
    [InlineData("orders 100123 100124 100125", false)]
    [InlineData("order 1000420001234567, which is no card", false)]
    [InlineData("called at 10:04 about order 100042", false)]
    public void A_card_number_is_told_from_other_numbers(string note, bool isCard) => Assert.Equal(isCard, Discretion.HoldsCard(note));
}
