using Shop.Web.Catalog;
using Shop.Web.Checkout;

namespace Shop.Web.Components;

internal static class Pages
{
    public static void AddPages(this IServiceCollection services)
    {
        services.AddSingleton<Pictures>();
        services.AddOptions<PageOptions>().BindConfiguration(PageOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<HostedFieldsOptions>().BindConfiguration(HostedFieldsOptions.Section).ValidateDataAnnotations()
            .Validate(o => o.Url is null or { IsAbsoluteUri: true }, "HostedFields:Url must be the absolute address of the gateway's card form.")
            .Validate(o => o.Url is null || o.IsSetUp, "HostedFields:PublishableKey is missing: the card form asks whose shop it is for.")
            .ValidateOnStart();
    }
}
