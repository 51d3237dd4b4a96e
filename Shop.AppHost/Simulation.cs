using Shop.AppHost.Local;

namespace Shop.AppHost;

/// <summary>The outside world of development and tests. Never part of a deployment.</summary>
internal static class Simulation
{
    private const string StripeKey = "stripe-secret-key";
    private const string PublishableKey = "stripe-publishable-key";
    private const string SimulatedKey = "sk_test_simulator";
    private const string SimulatedPublishableKey = "pk_test_simulator";

    /// <summary>Whose key it is decides where payments go: a real account's goes to the real gateway, and the rest of the simulated world stays.</summary>
    public static IResourceBuilder<ParameterResource> AddStripeKey(this IDistributedApplicationBuilder builder) =>
        builder.AddStripeParameter(StripeKey, SimulatedKey, secret: true);

    public static IResourceBuilder<ParameterResource> AddStripePublishableKey(this IDistributedApplicationBuilder builder) =>
        builder.AddStripeParameter(PublishableKey, SimulatedPublishableKey);

    /// <summary>Taken from configuration, else what the simulator accepts; a deployment is asked for it.</summary>
    private static IResourceBuilder<ParameterResource> AddStripeParameter(
        this IDistributedApplicationBuilder builder, string name, string simulated, bool secret = false) =>
        builder.AddParameter(name, () => builder.ParameterValue(name) ?? simulated, secret: secret);

    /// <summary>Both keys of a real account, or neither. One alone would charge cards there that were entered at the simulator, or the other way round.</summary>
    private static bool IsSimulated(IDistributedApplicationBuilder builder)
    {
        var isSimulated = builder.ParameterValue(StripeKey) is null or SimulatedKey;
        return isSimulated == (builder.ParameterValue(PublishableKey) is null or SimulatedPublishableKey) ? isSimulated
            : throw new InvalidOperationException($"Of the parameters {StripeKey} and {PublishableKey} one is set: a real account needs both, the simulator neither.");
    }

    /// <summary>What the simulated world remembers over a restart.</summary>
    public static string StatePath(IDistributedApplicationBuilder builder) => builder.DataPath("simulator.jsonl");

    public static IResourceBuilder<ProjectResource> AddSimulation(this IDistributedApplicationBuilder builder,
        IResourceBuilder<ProjectResource> api, IResourceBuilder<ProjectResource> payments, IResourceBuilder<ProjectResource> web,
        IResourceBuilder<ParameterResource> webhookSecret, PayPalParameters payPal)
    {
        var simulator = builder.AddProject<Projects.Shop_Simulator>("simulator").AsShopService("Simulator").ExcludeFromManifest()
            .WithEndpoint("smtp", endpoint => (endpoint.UriScheme, endpoint.Transport) = ("smtp", "tcp"));
        var http = simulator.GetEndpoint("http");
        var smtp = simulator.GetEndpoint("smtp");

        simulator
            .WithEnvironment("Simulator__PublicUrl", http)
            .WithEnvironment("Simulator__StatePath", StatePath(builder))
            .WithEnvironment("Simulator__Smtp__Port", smtp.Property(EndpointProperty.TargetPort))
            .WithEnvironment("Simulator__Stripe__Webhook__Url", ReferenceExpression.Create($"{payments.GetEndpoint("http")}/webhooks/stripe"))
            .WithEnvironment("Simulator__Stripe__Webhook__Secret", webhookSecret)
            .WithEnvironment("Simulator__PayPal__Webhook__Url", ReferenceExpression.Create($"{payments.GetEndpoint("http")}/webhooks/paypal"))
            .WithEnvironment("Simulator__PayPal__Webhook__Id", payPal.WebhookId);
        // Two payments in a hundred are declined, as at a real shop; tests that drive the whole shop set it to 0.
        var declines = builder.Configuration["Simulator:Stripe:DeclineRate"] ?? "0.02";
        simulator
            .WithEnvironment("Simulator__Stripe__DeclineRate", declines)
            .WithEnvironment("Simulator__PayPal__DeclineRate", builder.Configuration["Simulator:PayPal:DeclineRate"] ?? declines)
            .WithFaultCommands();
        // Whoever knows it is believed to be a drill: so a deployment, which has no simulator, has none either.
        var synthetic = builder.AddGeneratedSecret("synthetic-secret");
        simulator
            .WithEnvironment("Synthetic__Secret", synthetic)
            .WithEnvironment("Simulator__Shop__Api", api.GetEndpoint("http"))
            .WithEnvironment("Simulator__Shop__Web", web.GetEndpoint("http"));
        api.WithEnvironment("Synthetic__Secret", synthetic);
        web.WithEnvironment("Synthetic__Secret", synthetic).WithEnvironment("Drill__Url", http);
        payments
            .WithEnvironment("Smtp__Host", smtp.Property(EndpointProperty.Host))
            .WithEnvironment("Smtp__Port", smtp.Property(EndpointProperty.Port));
        if (IsSimulated(builder))
        {
            payments.WithEnvironment("Gateways__Stripe__ApiBase", ReferenceExpression.Create($"{http}/stripe"));
            web.WithEnvironment("HostedFields__Url", http);
        }

        if (PayPal.IsSimulated(builder))
        {
            payments
                .WithEnvironment("Gateways__PayPal__ApiBase", ReferenceExpression.Create($"{http}/paypal"))
                .WithEnvironment("Gateways__PayPal__CertificateBase", ReferenceExpression.Create($"{http}/paypal/v1/notifications/certs/"));
        }

        return simulator;
    }

    /// <summary>From an order in /ops to its trace on the dashboard.</summary>
    public static void WithTraceLinks(this IResourceBuilder<ProjectResource> web) =>
        web.WithEnvironment("Dashboard__Url", web.ApplicationBuilder.Configuration["ASPNETCORE_URLS"]?.Split(';')[0]);
}
