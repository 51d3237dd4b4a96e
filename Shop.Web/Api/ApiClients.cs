using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;
using Shop.Web.Accounts;
using Shop.Web.Carts;
using Shop.Web.Catalog;
using Shop.Web.Checkout;
using Shop.Web.Operations;
using Shop.Web.Orders;
using Shop.Web.Telemetry;

namespace Shop.Web.Api;

internal static class ApiClients
{
    private static readonly Uri Api = new("https+http://api");

    public static void AddApiClients(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        // No page is cut off while the Api may still answer it: by then a card may be charged.
        services.AddOptions<HostOptions>().Configure<IOptions<Timeouts>>((host, timeouts) => host.ShutdownTimeout = timeouts.Value.CallerShutdown);
        services.AddHttpContextAccessor().AddTransient<ClientAddress>();
        services.AddHttpClient<CatalogClient>(UseApi).AsApi();
        services.AddHttpClient<CartClient>(UseApi).AsApi();
        services.AddHttpClient<ScriptErrorClient>(UseApi).AsApi();

        // The personal ones, and no other: the catalogue's pages are shared, and a cart knows nobody.
        services.AddHttpClient<AccountClient>(UseApi).AsApi().AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<OrderClient>(UseApi).AsApi().AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<OperationsClient>(UseApi).AsApi(t => t.ReportAttempt, t => t.ReportTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<ReconciliationClient>(UseApi).AsApi(t => t.ReportAttempt, t => t.ReportTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<MailClient>(UseApi).AsApi(t => t.ReportAttempt, t => t.ReportTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<SearchClient>(UseApi).AsApi(t => t.ReportAttempt, t => t.ReportTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<MoneyClient>(UseApi).AsApi(t => t.ReportAttempt, t => t.ReportTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<LogClient>(UseApi).AsApi(t => t.ReportAttempt, t => t.ReportTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<PatternsClient>(UseApi).AsApi(t => t.ReportAttempt, t => t.ReportTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<DrillClient>().WithDeadlines(t => t.Attempt, t => t.Total);
        services.AddHttpClient<CheckoutClient>(UseApi).AsApi(t => t.LongAttempt, t => t.LongTotal).AddHttpMessageHandler<VisitorHandler>();
    }

    private static IHttpClientBuilder AsApi(this IHttpClientBuilder http, Func<Timeouts, TimeSpan>? attempt = null, Func<Timeouts, TimeSpan>? total = null) =>
        http.AddHttpMessageHandler<ClientAddress>().WithDeadlines(attempt ?? (t => t.Attempt), total ?? (t => t.Total));

    private static void UseApi(HttpClient http) => http.BaseAddress = Api;
}
