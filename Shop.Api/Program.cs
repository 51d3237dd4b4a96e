using System.Text.Json;
using System.Text.Json.Serialization;
using Shop.Api;
using Shop.Api.Accounts;
using Shop.Api.CardTesting;
using Shop.Api.Carts;
using Shop.Api.Catalog;
using Shop.Api.Checkout;
using Shop.Api.Dashboard;
using Shop.Api.Documentation;
using Shop.Api.Gateways;
using Shop.Api.Operations;
using Shop.Api.Operations.Story;
using Shop.Api.Orders;
using Shop.Api.RateLimits;
using Shop.Api.Telemetry;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddShopDatabase();
builder.Services.AddOptions<ShopTime>().BindConfiguration(ShopTime.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<ShopTelemetry>();
builder.Services.AddExceptionHandler<Busy>().AddExceptionHandler<InvalidText>();
builder.Services.AddDeadlines();
builder.Services.AddRateLimits();
builder.Services.ConfigureHttpJsonOptions(json =>
    json.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false)));
builder.AddCatalog();
builder.Services.AddCarts();
builder.Services.AddCheckout();
builder.Services.AddOrders();
builder.Services.AddAccounts();
builder.Services.AddCardTesting();
builder.Services.AddGateways();
builder.Services.AddAgreement();
builder.Services.AddDashboard();
builder.Services.AddTelemetryIntake();
builder.Services.AddLogSearch();
builder.Services.AddOrderActs();
builder.Services.AddHostedService<ShopListener>();
builder.Services.AddReference();

await using var app = builder.Build();
if (args is ["migrate", ..])
    return await MigrateCommand.RunAsync(app.Services, CancellationToken.None); // bounded by its own patience

app.MapDefaultEndpoints();
app.UseRequestTimeouts();
app.UseAuthentication(); // first: a user's limits are not the address's
app.UseRateLimits();
app.UseAuthorization();
app.MapCatalog();
app.MapCarts();
app.MapCheckout();
app.MapOrders();
app.MapPaymentMethods();
app.MapAccounts();
app.MapOperations();
app.MapTelemetryIntake();
app.MapScriptErrors();
app.MapReference();
await app.RunAsync();
return 0;
