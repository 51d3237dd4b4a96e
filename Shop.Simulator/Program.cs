using Shop.Simulator;
using Shop.Simulator.Faults;
using Shop.Simulator.State;
using Shop.Simulator.Stripe;

var builder = WebApplication.CreateBuilder(args);
builder.Services.AddOptions<SimulatorOptions>().BindConfiguration(SimulatorOptions.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddOptions<StripeOptions>().BindConfiguration(StripeOptions.Section).ValidateDataAnnotations()
    .Validate(o => o.AllWebhooks.All(w => w.IsValid), "A webhook needs an absolute http(s) Url and a Secret.").ValidateOnStart();
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton<Journal>();
builder.Services.AddSingleton<FaultBox>();
builder.Services.AddSingleton<RequestLog>();
builder.Services.AddSingleton<Account>();
builder.Services.AddSingleton<StripeApi>();

var app = builder.Build();
app.MapStripe();
app.Run();
