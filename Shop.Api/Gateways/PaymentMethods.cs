using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Shop.Data.Payments;

namespace Shop.Api.Gateways;

/// <summary>Troubled: an order is taken and its payment may come later. Unavailable: an operator has stopped it; orders are taken all the same, and wait.</summary>
internal enum MethodState { Available, Troubled, Unavailable }

/// <param name="Text">What a shopper reads; null while there is nothing to say.</param>
/// <param name="SaveText">What they agree to who have it kept for their next order.</param>
internal sealed record PaymentMethodView(string Method, string Provider, MethodState State, string? Text, string SaveText);

/// <param name="Methods">In the order in which they should be offered.</param>
internal sealed record PaymentMethodsView(IReadOnlyList<PaymentMethodView> Methods);

/// <summary>Bound from <c>PaymentMethods</c>.</summary>
internal sealed class PaymentMethodsOptions
{
    public const string Section = "PaymentMethods";

    /// <summary>Payments has an account at PayPal.</summary>
    public bool PayPal { get; init; }

    public IEnumerable<PaymentProvider> Offered => Enum.GetValues<PaymentProvider>().Where(IsOffered);

    public bool IsOffered(PaymentProvider provider) => provider is not PaymentProvider.PayPal || PayPal;
}

/// <summary>What one can pay with right now. Nothing personal, and no trip to the database: it is on the way to every order.</summary>
internal static class PaymentMethods
{
    public static void AddGateways(this IServiceCollection services)
    {
        services.AddOptions<GatewayWatchOptions>().BindConfiguration(GatewayWatchOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<PaymentMethodsOptions>().BindConfiguration(PaymentMethodsOptions.Section).ValidateOnStart();
        services.AddSingleton<GatewayWatch>().AddHostedService(sp => sp.GetRequiredService<GatewayWatch>());
    }

    public static void MapPaymentMethods(this IEndpointRouteBuilder app) =>
        app.MapGet("/payments/methods", GetPaymentMethods).WithName(nameof(GetPaymentMethods)).WithTags("Checkout").AllowAnonymous()
            .WithSummary("What one can pay with, best first: available, troubled (an order is taken, its payment may come later) or unavailable.");

    internal static Ok<PaymentMethodsView> GetPaymentMethods(GatewayWatch watch, HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new PaymentMethodsView(watch.Methods));
    }

    /// <summary>Cards first, as most pay with one; while they are in trouble and PayPal is not, PayPal.</summary>
    internal static IReadOnlyList<PaymentMethodView> Of(IReadOnlyList<GatewaySight> sights, IEnumerable<PaymentProvider> offered)
    {
        (PaymentProvider Provider, MethodState State)[] methods = [.. offered.Select(p => (p, StateOf(sights.FirstOrDefault(s => s.Provider == p))))];
        return
        [
            .. methods.OrderBy(m => m.State).ThenBy(m => m.Provider).Select(m => new PaymentMethodView(
                MethodOf(m.Provider), ProviderName(m.Provider), m.State,
                TextOf(m.Provider, m.State, methods.Where(o => o.State is MethodState.Available).Select(o => (PaymentProvider?)o.Provider).FirstOrDefault()),
                SavedMethod.ConsentTo(m.Provider))),
        ];
    }

    /// <summary>As people call it, and addresses and JSON do.</summary>
    public static string MethodOf(PaymentProvider provider) => provider switch
    {
        PaymentProvider.Stripe => "card",
        PaymentProvider.PayPal => "paypal",
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "A provider without a method."),
    };

    public static string ProviderName(PaymentProvider provider) => provider.ToString().ToLowerInvariant();

    private static MethodState StateOf(GatewaySight? sight) => sight switch
    {
        null => MethodState.Available, // not looked yet: say nothing that is not known
        { Override: OverrideMode.Stopped } => MethodState.Unavailable,
        { Live: 0 } => MethodState.Troubled, // nobody works on payments right now, whatever is forced; orders wait for them
        { Override: OverrideMode.Forced } => MethodState.Available,
        _ => 2 * sight.Troubled >= sight.Live ? MethodState.Troubled : MethodState.Available,
    };

    private static string? TextOf(PaymentProvider provider, MethodState state, PaymentProvider? instead)
    {
        if (state is MethodState.Available)
            return null;

        var (name, other) = provider is PaymentProvider.PayPal ? ("PayPal payments", "a card") : ("Card payments", "PayPal");
        var way = instead is null ? "" : $" You can pay with {other} right away.";
        return state is MethodState.Troubled
            ? $"{(instead is null ? "Payments" : name)} take longer than usual at the moment.{way} You can order: we save your order and take the payment as soon as we can."
            : $"{name} are down at the moment.{way} You can order: your order is saved and we take the payment as soon as they are back, for up to an hour.";
    }
}
