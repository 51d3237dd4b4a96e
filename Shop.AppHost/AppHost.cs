using Shop.AppHost;
using Shop.AppHost.Local;

var builder = DistributedApplication.CreateBuilder(args);

// Containers where an engine answers (always when publishing), otherwise this machine's own postgres and redis-server.
var (postgres, shopdb) = builder.AddShopDatabase("postgres", "shopdb");
var cache = builder.AddShopCache("cache");

// A real account is these three parameters of each gateway; while they are not set, development pays at the simulator.
var stripeKey = builder.AddStripeKey();
var stripePublishableKey = builder.AddStripePublishableKey();
var webhookSecret = builder.AddKnownSecret("stripe-webhook-secret");
var payPal = builder.AddPayPal();

// By it the API knows the storefront when that sends its log lines.
var serviceSecret = builder.AddGeneratedSecret("service-secret");

// Signs the links in our mails; who the first admin is counts only while nobody can sign in yet.
var linkSecret = builder.AddGeneratedSecret("link-secret");
var adminEmail = builder.AddParameter("admin-email", () => builder.ParameterValue("admin-email") ?? "admin@shop.example");
var adminPassword = builder.AddKnownSecret("admin-password");

var migrate = builder.AddProject<Projects.Shop_Api>("migrate", launchProfileName: null).WithoutTelemetryRetry()
    .WithArgs("migrate")
    .WithEnvironment("Seed__Catalogue", builder.ExecutionContext.IsRunMode ? "true" : "false")
    .WithEnvironment("Accounts__FirstAdmin__Email", adminEmail)
    .WithEnvironment("Accounts__FirstAdmin__Password", adminPassword)
    .WithReference(shopdb).WaitFor(shopdb);

var api = builder.AddProject<Projects.Shop_Api>("api").AsShopService("API", ("/reference", "API reference"))
    .WithReference(shopdb).WaitFor(shopdb)
    .WithReference(cache)
    .WithEnvironment("Links__Secret", linkSecret)
    .WithEnvironment("Services__Secret", serviceSecret)
    .WithEnvironment("PaymentMethods__PayPal", payPal.IsOffered)
    .WaitForCompletion(migrate);

var payments = builder.AddProject<Projects.Shop_Payments>("payments").AsShopService("Payments")
    .WithExternalHttpEndpoints() // for the gateways' webhooks
    .WithReference(shopdb).WaitFor(shopdb)
    .WaitForCompletion(migrate)
    .WithEnvironment("Links__Secret", linkSecret)
    .WithEnvironment("Gateways__Stripe__ApiKey", stripeKey)
    .WithEnvironment("Gateways__Stripe__WebhookSecret", webhookSecret)
    .WithPayPal(payPal);

var web = builder.AddProject<Projects.Shop_Web>("web").AsShopService("Storefront", ("/ops", "Operations"))
    .WithExternalHttpEndpoints()
    .WithReference(api).WaitFor(api)
    .WithEnvironment("Services__Secret", serviceSecret)
    .WithEnvironment("HostedFields__PublishableKey", stripePublishableKey);

// Where shoppers come from their bank and from their mails: TLS ends in front of a deployment, and nowhere on this machine.
payments.WithEnvironment("Payments__StorefrontUrl", web.GetEndpoint(builder.ExecutionContext.IsPublishMode ? "https" : "http"));

if (builder.ExecutionContext.IsRunMode)
{
    var simulator = builder.AddSimulation(api, payments, web, webhookSecret, payPal);
    web.WithTraceLinks();
    postgres.WithResetCommand(shopdb, migrate, Simulation.StatePath(builder), simulator, api, payments, web);
}
else
{
    payments.WithMailServer();
}

builder.Build().Run();
