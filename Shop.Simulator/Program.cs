using System.Reflection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.FileProviders;
using Shop.Simulator;
using Shop.Simulator.Authenticator;
using Shop.Simulator.Elements;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;
using Shop.Simulator.Mail;
using Shop.Simulator.Page;
using Shop.Simulator.PayPal;
using Shop.Simulator.Shoppers;
using Shop.Simulator.State;
using Shop.Simulator.Stripe;
using Shop.Simulator.Webhooks;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();

builder.Services.AddOptions<SimulatorOptions>().BindConfiguration(SimulatorOptions.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddOptions<SmtpOptions>().BindConfiguration(SmtpOptions.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddOptions<StripeOptions>().BindConfiguration(StripeOptions.Section).ValidateDataAnnotations()
    .Validate(o => o.AllWebhooks.All(w => w.IsValid), "A webhook needs an absolute http(s) Url and a Secret.").ValidateOnStart();
builder.Services.AddOptions<PayPalOptions>().BindConfiguration(PayPalOptions.Section).ValidateDataAnnotations()
    .Validate(o => o.AllWebhooks.All(w => w.IsValid), "A webhook needs an absolute http(s) Url and an Id.").ValidateOnStart();

builder.Services.AddShoppers();
builder.Services.AddSingleton<Journal>();
builder.Services.AddSingleton<Account>();
builder.Services.AddSingleton<Mailbox>();
builder.Services.AddSingleton<Phone>();
builder.Services.AddSingleton<FaultBoxes>();
builder.Services.AddSingleton<RequestLog>();
builder.Services.AddSingleton<StripeApi>();
builder.Services.AddSingleton<Signatures>();
builder.Services.AddSingleton<PayPalApi>();
builder.Services.AddSingleton<SmtpSink>();
builder.Services.AddSingleton<GatewayListeners>();
builder.Services.AddHostedService(services => services.GetRequiredService<SmtpSink>());
builder.Services.AddHostedService(services => services.GetRequiredService<GatewayListeners>());
builder.Services.AddHostedService<WebhookSender>();
builder.Services.AddHostedService<Clearing>();
builder.Services.AddRazorComponents();

var app = builder.Build();

app.MapDefaultEndpoints();
app.UseStaticFiles(new StaticFileOptions
{
    FileProvider = new EmbeddedFileProvider(Assembly.GetExecutingAssembly(), "Shop.Simulator.Assets"), RequestPath = "/assets",
});
app.MapStripe();
app.MapPayPal();
app.MapPayPalCheckout();
app.MapElements();
app.MapControl();
app.MapDrills();
app.MapAuthenticator();
app.MapGet("/", (string? order) => new RazorComponentResult<DeveloperPage>(new { Order = order is "" ? null : order }));
app.MapGet("/overview", (string? order) => new RazorComponentResult<Overview>(new { Order = order is "" ? null : order }));

app.Run();
