using Shop.ServiceDefaults;
using Shop.Web.Accounts;
using Shop.Web.Carts;
using Shop.Web.Catalog;
using Shop.Web.Checkout;
using Shop.Web.Operations;
using Shop.Web.Orders;

namespace Shop.Web.Api;

internal static class ApiClients
{
    private static readonly Uri Api = new("https+http://api");

    public static void AddApiClients(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<ApiWaits>().BindConfiguration(ApiWaits.Section).ValidateDataAnnotations()
            .Validate(waits => waits.HasRoomToRepeat, "Each total must be longer than two attempts.")
            .ValidateOnStart();

        var waits = builder.Configuration.GetSection(ApiWaits.Section).Get<ApiWaits>() ?? new();
        services.AddHttpClient<CatalogClient>(UseApi).WithDeadlines(waits.ReadAttempt, waits.ReadTotal);
        services.AddHttpClient<CartClient>(UseApi).WithDeadlines(waits.ReadAttempt, waits.ReadTotal);

        // The personal ones, and no other: the catalogue's pages are shared, and a cart knows nobody.
        services.AddHttpClient<AccountClient>(UseApi).WithDeadlines(waits.ReadAttempt, waits.ReadTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<OrderClient>(UseApi).WithDeadlines(waits.ReadAttempt, waits.ReadTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<OperationsClient>(UseApi).WithDeadlines(waits.ReadAttempt, waits.ReadTotal).AddHttpMessageHandler<VisitorHandler>();
        services.AddHttpClient<CheckoutClient>(UseApi).WithDeadlines(waits.CheckoutAttempt, waits.CheckoutTotal).AddHttpMessageHandler<VisitorHandler>();
    }

    private static void UseApi(HttpClient http) => http.BaseAddress = Api;
}
