using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting;

internal static class TransportRules
{
    private const string Allowed = "ASPIRE_ALLOW_UNSECURED_TRANSPORT";

    private static readonly string[] Addresses =
    [
        "ASPNETCORE_URLS",
        "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL",
        "ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL",
        "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL",
    ];

    /// <exception cref="OptionsValidationException">An address of the dashboard is http and nobody has said that this is meant.</exception>
    internal static void Check(IConfiguration configuration, DistributedApplicationOptions options)
    {
        if (options.DisableDashboard)
            return;
        if (Addresses.Any(name => Urls(configuration, name).Any(u => u.StartsWith("https://", StringComparison.OrdinalIgnoreCase))))
        {
            throw new StartRefusedException(
                "The dashboard is served over http here: https needs a trusted development certificate, which the stand-in for Aspire.Hosting does not look for. Start with --launch-profile http");
        }
        if (options.AllowUnsecuredTransport || configuration.GetValue<bool>(Allowed))
            return;

        // Of several application URLs the first is the one that people open.
        var plain = Addresses.FirstOrDefault(name =>
            Urls(configuration, name).FirstOrDefault()?.StartsWith("http://", StringComparison.OrdinalIgnoreCase) is true);
        if (plain is null)
            return;

        var setting = plain == "ASPNETCORE_URLS" ? "applicationUrl" : plain;
        throw new OptionsValidationException(
            setting, typeof(DistributedApplicationOptions),
            [$"The '{setting}' setting must be an https address unless the '{Allowed}' environment variable is set to true. This configuration is commonly set in the launch profile. See https://aka.ms/aspire/allowunsecuredtransport for more details."]);
    }

    private static string[] Urls(IConfiguration configuration, string name) =>
        (configuration[name] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
