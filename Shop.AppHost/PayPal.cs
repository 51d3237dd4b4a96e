namespace Shop.AppHost;

/// <summary>The account at PayPal as parameters. <paramref name="IsOffered"/> and <paramref name="IsLive"/> are true or false.</summary>
internal sealed record PayPalParameters(
    IResourceBuilder<ParameterResource> ClientId, IResourceBuilder<ParameterResource> ClientSecret, IResourceBuilder<ParameterResource> WebhookId,
    IResourceBuilder<ParameterResource> IsOffered, IResourceBuilder<ParameterResource> IsLive);

internal static class PayPal
{
    private const string Id = "paypal-client-id";
    private const string Secret = "paypal-client-secret";
    private const string SimulatedId = "simulator-client";
    private const string SimulatedSecret = "simulator-secret";

    /// <summary>Taken from configuration, else what the simulator accepts; a deployment is asked for it, and is live unless told otherwise.</summary>
    public static PayPalParameters AddPayPal(this IDistributedApplicationBuilder builder)
    {
        var isRun = builder.ExecutionContext.IsRunMode;
        return new(
            builder.AddParameter(Id, () => builder.ParameterValue(Id) ?? SimulatedId),
            builder.AddParameter(Secret, () => builder.ParameterValue(Secret) ?? SimulatedSecret, secret: true),
            builder.AddParameter("paypal-webhook-id", () => builder.ParameterValue("paypal-webhook-id") ?? "simulator-webhook"),
            // An empty id is a shop without PayPal. A manifest cannot tell whether a parameter is empty, so there it is asked.
            isRun ? builder.AddParameter("paypal-offered", ClientId(builder).Length > 0 ? "true" : "false") : builder.AddParameter("paypal-offered", "true", publishValueAsDefault: true),
            isRun ? builder.AddParameter("paypal-live", builder.ParameterValue("paypal-live") ?? "false") : builder.AddParameter("paypal-live", "true", publishValueAsDefault: true));
    }

    public static IResourceBuilder<ProjectResource> WithPayPal(this IResourceBuilder<ProjectResource> payments, PayPalParameters payPal) => payments
        .WithEnvironment("Gateways__PayPal__ClientId", payPal.ClientId)
        .WithEnvironment("Gateways__PayPal__ClientSecret", payPal.ClientSecret)
        .WithEnvironment("Gateways__PayPal__WebhookId", payPal.WebhookId)
        .WithEnvironment("Gateways__PayPal__Live", payPal.IsLive);

    /// <summary>An id and a secret of a real account, or neither.</summary>
    public static bool IsSimulated(IDistributedApplicationBuilder builder)
    {
        var isSimulated = ClientId(builder) is SimulatedId;
        return isSimulated == (builder.ParameterValue(Secret) is null or SimulatedSecret) || ClientId(builder).Length == 0 ? isSimulated
            : throw new InvalidOperationException($"Of the parameters {Id} and {Secret} one is set: a real account needs both, the simulator neither.");
    }

    private static string ClientId(IDistributedApplicationBuilder builder) => builder.ParameterValue(Id) ?? SimulatedId;
}
