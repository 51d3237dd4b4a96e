using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json.Serialization;
using Shop.Data.Orders;
using Shop.Data.Payments;

namespace Shop.Api.Operations;

/// <summary>Which share of payments each gateway is agreed to put through.</summary>
internal sealed class AgreementOptions
{
    public const string Section = "Agreement";

    [Range(0.5, 0.9999)] public double Stripe { get; init; } = 0.98;
    [Range(0.5, 0.9999)] public double PayPal { get; init; } = 0.98;

    public double Of(PaymentProvider provider) => provider is PaymentProvider.PayPal ? PayPal : Stripe;
}

internal enum AgreementVerdict { Kept, NotKept, TooFewToTell }

/// <summary>How the payments of a period ended at one gateway. A payment that was tried several times is one.</summary>
/// <param name="Declined">By banks.</param>
/// <param name="Failed">At the gateway.</param>
/// <param name="ByShoppers">Not counted: mistyped, or left at the bank.</param>
/// <param name="ByUs">Not counted: our errors, our stops, goods that were gone.</param>
/// <param name="Open">Not counted: not decided yet.</param>
internal sealed record PaymentEnds(int WentThrough = 0, int Declined = 0, int Failed = 0, int ByShoppers = 0, int ByUs = 0, int Open = 0)
{
    public int Counted => WentThrough + Declined + Failed;

    /// <param name="reason">Why they did not go through; null while nobody can say.</param>
    public PaymentEnds Add(bool isCharged, string? reason, int count) => (isCharged, reason) switch
    {
        (true, _) => this with { WentThrough = WentThrough + count },
        (_, null) => this with { Open = Open + count },
        _ when !Reasons.IsKnown(reason) => this with { ByUs = ByUs + count },
        _ => Reasons.Of(reason).Side switch
        {
            Side.Bank => this with { Declined = Declined + count },
            Side.Gateway => this with { Failed = Failed + count },
            Side.Shopper => this with { ByShoppers = ByShoppers + count },
            _ => this with { ByUs = ByUs + count },
        },
    };
}

/// <summary>Whether a gateway keeps what was agreed, as far as a number of payments can tell.</summary>
/// <param name="Lower">Of 1, with <see cref="Upper"/> the 95 % interval of Wilson: where the true share lies, as far as these payments tell.</param>
internal sealed record Agreement(
    [property: JsonIgnore] PaymentProvider Provider, DateTimeOffset From, DateTimeOffset To, double Agreed, PaymentEnds Ends, double Lower, double Upper)
{
    private const double Z = 1.959963984540054; // leaves 2.5 % on either side

    public static Agreement Of(PaymentProvider provider, DateTimeOffset from, DateTimeOffset to, double agreed, PaymentEnds ends)
    {
        var (lower, upper) = Interval(ends.WentThrough, ends.Counted);
        return new(provider, from, to, agreed, ends, lower, upper);
    }

    /// <summary>Wilson's score interval: honest for few payments and for shares near 100 %, where the usual one is neither.</summary>
    internal static (double Lower, double Upper) Interval(int successes, int of)
    {
        if (of == 0)
            return (0, 1);

        var share = (double)successes / of;
        var scale = 1 + (Z * Z / of);
        var middle = (share + (Z * Z / (2 * of))) / scale;
        var half = Z * Math.Sqrt((share * (1 - share) / of) + (Z * Z / (4.0 * of * of))) / scale;
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    public AgreementVerdict Verdict => Upper < Agreed ? AgreementVerdict.NotKept : Lower >= Agreed ? AgreementVerdict.Kept : AgreementVerdict.TooFewToTell;

    public string Sentence
    {
        get
        {
            if (Ends.Counted == 0)
                return $"{Provider}: no payment has ended in this time, so nobody can tell whether the agreed {Percent(Agreed)} % is kept.";

            var share = (double)Ends.WentThrough / Ends.Counted;
            var judged = Verdict switch
            {
                AgreementVerdict.Kept => $"the agreed {Percent(Agreed)} % is kept",
                AgreementVerdict.NotKept => $"below the agreed {Percent(Agreed)} %",
                _ => $"too few to tell whether the agreed {Percent(Agreed)} % is kept",
            };
            return string.Create(CultureInfo.InvariantCulture, $"{Provider}: {Ends.WentThrough:N0} of {Ends.Counted:N0} {(Ends.Counted == 1 ? "payment" : "payments")} went through ")
                + string.Create(CultureInfo.InvariantCulture, $"({100 * share:F1} %; 95 % interval {100 * Lower:F1}–{100 * Upper:F1} %): {judged}. ")
                + string.Create(CultureInfo.InvariantCulture, $"{Ends.Declined:N0} {(Ends.Declined == 1 ? "was" : "were")} declined by banks, {Ends.Failed:N0} failed at the gateway.");
        }
    }

    private static string Percent(double share) => (100 * share).ToString("0.##", CultureInfo.InvariantCulture);
}
