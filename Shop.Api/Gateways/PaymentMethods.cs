using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Data.Payments;

namespace Shop.Api.Gateways;

/// <summary>Troubled: an order is taken and its payment may come later. Unavailable: an operator has stopped it; orders are taken all the same, and wait.</summary>
internal enum MethodState { Available, Troubled, Unavailable }

/// <param name="Text">What a shopper reads; null while there is nothing to say.</param>
internal sealed record PaymentMethodView(string Method, string Provider, MethodState State, string? Text);

internal sealed record PaymentMethodsView(IReadOnlyList<PaymentMethodView> Methods);

/// <summary>What one can pay with right now. Nothing personal, and no trip to the database: it is on the way to every order.</summary>
internal static class PaymentMethods
{
    public static void AddGateways(this IServiceCollection services)
    {
        services.AddOptions<GatewayWatchOptions>().BindConfiguration(GatewayWatchOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<GatewayWatch>().AddHostedService(sp => sp.GetRequiredService<GatewayWatch>());
    }

    public static void MapPaymentMethods(this IEndpointRouteBuilder app) =>
        app.MapGet("/payments/methods", GetPaymentMethods).WithName(nameof(GetPaymentMethods)).WithTags("Checkout").AllowAnonymous()
            .WithSummary("What one can pay with: available, troubled (an order is taken, its payment may come later) or unavailable.");

    internal static Ok<PaymentMethodsView> GetPaymentMethods(GatewayWatch watch, HttpContext http)
    {
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(Of(watch.Sights));
    }

    internal static PaymentMethodsView Of(IReadOnlyList<GatewaySight> sights) => new(
    [
        .. Enum.GetValues<PaymentProvider>().Where(p => p is PaymentProvider.Stripe).Select(provider =>
        {
            var state = StateOf(sights.FirstOrDefault(s => s.Provider == provider));
            return new PaymentMethodView(MethodOf(provider), provider.ToString().ToLowerInvariant(), state, TextOf(state));
        }),
    ]);

    private static MethodState StateOf(GatewaySight? sight) => sight switch
    {
        null => MethodState.Available, // not looked yet: say nothing that is not known
        { Override: OverrideMode.Stopped } => MethodState.Unavailable,
        { Live: 0 } => MethodState.Troubled, // nobody works on payments right now, whatever is forced; orders wait for them
        { Override: OverrideMode.Forced } => MethodState.Available,
        _ => 2 * sight.Troubled >= sight.Live ? MethodState.Troubled : MethodState.Available,
    };

    private static string MethodOf(PaymentProvider provider) => provider switch
    {
        PaymentProvider.Stripe => "card",
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "A provider without a method."),
    };

    private static string? TextOf(MethodState state) => state switch
    {
        MethodState.Troubled => "Payments take longer than usual at the moment. You can order: we save your order and take the payment as soon as we can.",
        MethodState.Unavailable => 
            "Card payments are down at the moment. You can order: your order is saved and we take the payment as soon as they are back, for up to an hour.",
        _ => null,
    };
}
