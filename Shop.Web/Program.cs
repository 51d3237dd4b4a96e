using Shop.ServiceDefaults;
using Shop.Web;
using Shop.Web.Accounts;
using Shop.Web.Api;
using Shop.Web.Carts;
using Shop.Web.Catalog;
using Shop.Web.Checkout;
using Shop.Web.Components;
using Shop.Web.Edge;
using Shop.Web.Operations;
using Shop.Web.Orders;
using Shop.Web.Telemetry;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.IgnoreInboundTraces(); // references are made of trace ids, and a stranger must not choose ours
builder.AddRecords();
builder.AddApiClients();
builder.Services.AddRazorComponents();
builder.Services.AddSharedPages();
builder.Services.AddPages();
builder.Services.AddAccounts();
builder.Services.AddOperations();
builder.Services.AddExceptionHandler<UnhandledExceptionReport>(); // the page tells a reference that can be found

var app = builder.Build();
app.MapDefaultEndpoints();
app.UsePageHeaders();
app.UseHeadRequests();
app.UseExceptionHandler("/status/500", createScopeForErrors: true);
app.UseStatusCodePagesWithReExecute("/status/{0}", createScopeForStatusCodePages: true);
app.UseSameOriginGuard();
app.UseEntryGate();
app.UseRouting();
app.UseOutputCache();

app.MapStaticAssets();
app.MapCatalog();
app.MapCart();
app.MapOrders();
app.MapAccounts();
app.MapOperations();
app.MapScriptErrors();
app.MapRazorComponents<App>().DisableAntiforgery().WithStaticAssets(); // SameOriginGuard does that work
app.Run();
