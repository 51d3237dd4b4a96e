using Shop.Data.Payments;
using Shop.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Outbox;
using Shop.Payments.Patterns;
using Shop.Payments.Queue;
using Shop.Payments.Reconciliation;
using Shop.Payments.Reports;
using Shop.Payments.Telemetry;
using Shop.Payments.Webhooks;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddDatabase();

builder.Services.AddOptions<PaceOptions>().BindConfiguration(PaceOptions.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddSingleton<Pace>();
builder.Services.AddSingleton<CrashPoints>();
builder.Services.AddSingleton<PaymentTelemetry>();
builder.Services.AddSingleton<WatchTelemetry>();

builder.Services.AddGateways(builder.Configuration);
builder.Services.AddQueue();
builder.Services.AddWebhooks();
builder.Services.AddOutbox();
builder.Services.AddHoldSweep();
builder.Services.AddPendingSweep();
builder.Services.AddWebhookWatch();
builder.Services.AddReconciliation();
builder.Services.AddTelemetryDays();
builder.Services.AddReports();
builder.Services.AddPatterns();
builder.Services.AddPeriodicJobs();

var app = builder.Build();
app.MapDefaultEndpoints();
app.MapWebhooks();
app.Run();
