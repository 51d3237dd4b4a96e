using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;

namespace Shop.Simulator.Shoppers;

/// <summary>A part of a drill: some shoppers, and what goes wrong for them.</summary>
/// <param name="Faults">Played while it lasts; null: none.</param>
internal sealed record Act(string Name, IReadOnlyList<Plan> Shoppers, FaultSettings? Faults = null);

/// <summary>"Payments are failing": the banks first, then the shoppers themselves, and the gateways last, because a breaker that opened stays open for a while.</summary>
internal static class DrillStory
{
    // As Stripe's and PayPal's own lists have them: one of each kind that a shop is told.
    private static readonly string[] StripeCodes =
    [
        "insufficient_funds", "generic_decline", "do_not_honor", "expired_card", "incorrect_cvc", "lost_card", "processing_error", "card_velocity_exceeded",
        "try_again_later", "card_not_supported",
    ];

    private static readonly string[] PayPalCodes = ["INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY", "TRANSACTION_REFUSED", "PAYER_ACCOUNT_RESTRICTED", "DECLINED"];

    public static IReadOnlyList<Act> PaymentsFailing(Random random) =>
    [
        new("nothing is wrong",
        [
            Plan.With("pm_card_de"), Plan.With("pm_card_at"), Plan.With("pm_card_fr"), Plan.With("pm_card_mastercard"), Plan.With("pm_card_amex"), Plan.PayPal(),
        ]),
        new("declines of many codes", [.. Shuffled(random, StripeCodes).Select(_ => Plan.With("pm_card_visa"))], Declines(Gateway.Stripe, StripeCodes, random)),
        new("Visa cards from Germany are declined", [.. Enumerable.Repeat(Plan.With("pm_card_de"), 8)], Declines(Gateway.Stripe, ["insufficient_funds"], random)),
        new("other cards are fine meanwhile",
            [Plan.With("pm_card_at"), Plan.With("pm_card_fr"), Plan.With("pm_card_mastercard"), Plan.With("pm_card_visa"), Plan.With("pm_card_amex"), Plan.PayPal("bank")]),
        new("cards that their banks refuse",
        [
            Plan.With("pm_card_chargeDeclinedExpiredCard"), Plan.With("pm_card_chargeDeclinedIncorrectCvc"), Plan.With("pm_card_radarBlock"),
            Plan.With("pm_card_visa_chargeDeclinedLostCard"), Plan.With("pm_card_visa_chargeDeclined", then: "pm_card_mastercard"),
        ]),
        new("the bank asks",
        [
            Plan.With("pm_card_authenticationRequired"), Plan.With("pm_card_authenticationRequired", Answers.Refuses),
            Plan.With("pm_card_authenticationRequired", Answers.WalksAway), Plan.With("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds"),
        ]),
        new("at PayPal",
        [
            Plan.PayPal("declined"), Plan.PayPal("restricted"), Plan.PayPal("echeck"), Plan.PayPal("review"), Plan.PayPal(agrees: Answers.Refuses),
            Plan.PayPal(agrees: Answers.WalksAway),
        ]),
        new("PayPal declines", [.. PayPalCodes.Select(_ => Plan.PayPal())], Declines(Gateway.PayPal, PayPalCodes, random)),
        Broken(Fault.AnswerLost, "confirm", 3, "lost answers"),
        Broken(Fault.AnswerLost, "capture", 2, "lost answers at PayPal", Gateway.PayPal),
        Broken(Fault.Error500Before, "confirm", 1, "Stripe fails"),
        Broken(Fault.Error500After, "confirm", 1, "Stripe fails after the work"),
        Broken(Fault.RateLimited429, "confirm", 1, "too many calls"),
        Broken(Fault.Html502, "confirm", 1, "a proxy in between fails"),
        Broken(Fault.Reset, "confirm", 1, "connections are reset"),
        Broken(Fault.Hang, "confirm", 1, "Stripe hangs"),
        new("outage of both", [Plan.With("pm_card_visa"), Plan.With("pm_card_mastercard"), Plan.PayPal(), Plan.With("pm_card_de")], new()
        {
            Seed = random.Next(),
            Rules = [new() { Fault = Fault.Unavailable503 }, new() { Fault = Fault.Unavailable503, Gateway = Gateway.PayPal }],
        }),
    ];

    private static Act Broken(Fault fault, string operation, int times, string name, Gateway gateway = Gateway.Stripe) => new(
        name, [.. Enumerable.Repeat(gateway is Gateway.PayPal ? Plan.PayPal() : Plan.With("pm_card_visa"), times)],
        new() { Gateway = gateway, DeclineRate = 0, Rules = [new() { Fault = fault, Operation = operation, Count = times }] });

    private static FaultSettings Declines(Gateway gateway, string[] codes, Random random) =>
        new() { Gateway = gateway, Seed = random.Next(), DeclineRate = 1, DeclineCodes = codes };

    private static T[] Shuffled<T>(Random random, T[] items)
    {
        T[] shuffled = [.. items];
        random.Shuffle(shuffled);
        return shuffled;
    }
}
