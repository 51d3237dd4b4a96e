using Shop.ServiceDefaults;
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
        services.AddHttpClient<OrderClient>(UseApi).WithDeadlines(waits.ReadAttempt, waits.ReadTotal);
        services.AddHttpClient<OperationsClient>(UseApi).WithDeadlines(waits.ReadAttempt, waits.ReadTotal);
        services.AddHttpClient<CheckoutClient>(UseApi).WithDeadlines(waits.CheckoutAttempt, waits.CheckoutTotal);
    }

    private static void UseApi(HttpClient http) => http.BaseAddress = Api;
}
