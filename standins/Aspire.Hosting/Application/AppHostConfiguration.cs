using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

internal static class AppHostConfiguration
{
    internal static readonly Dictionary<string, string> SwitchMappings = new()
    {
        ["--operation"] = "AppHost:Operation",
        ["--publisher"] = "Publishing:Publisher",
        ["--output-path"] = "Pipeline:OutputPath",
        ["--step"] = "Pipeline:Step",
        ["--log-level"] = "Pipeline:LogLevel",
        ["--include-exception-details"] = "Pipeline:IncludeExceptionDetails",
        ["--clear-cache"] = "Pipeline:ClearCache",
        ["--yes"] = "Pipeline:Yes",
        ["--dcp-cli-path"] = "DcpPublisher:CliPath",
        ["--dcp-container-runtime"] = "DcpPublisher:ContainerRuntime",
        ["--dcp-dependency-check-timeout"] = "DcpPublisher:DependencyCheckTimeout",
        ["--dcp-dashboard-path"] = "DcpPublisher:DashboardPath",
    };

    internal static DistributedApplicationExecutionContext ExecutionContext(IConfiguration configuration)
    {
        var publisher = configuration["Publishing:Publisher"];
        var publishes = string.Equals(configuration["AppHost:Operation"], "publish", StringComparison.OrdinalIgnoreCase)
            || (configuration["AppHost:Operation"] is null && publisher is not null);
        return new DistributedApplicationExecutionContext(
            publishes ? DistributedApplicationOperation.Publish : DistributedApplicationOperation.Run)
        {
            PublisherName = publisher ?? "",
        };
    }

    internal static void AddIdentity(
        ConfigurationManager configuration, AppHostIdentity identity, DistributedApplicationOptions options, IHostEnvironment environment,
        DistributedApplicationExecutionContext context) =>
        configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AppHost:Directory"] = identity.Directory,
            ["AppHost:Path"] = identity.AppHostPath,
            ["AppHost:FilePath"] = identity.AppHostPath,
            ["AppHost:DashboardApplicationName"] = options.DashboardApplicationName ?? environment.ApplicationName,
            ["AppHost:Sha256"] = context.IsPublishMode ? identity.ProjectNameSha256 : identity.PathSha256,
            ["AppHost:PathSha256"] = identity.PathSha256,
            ["AppHost:ProjectNameSha256"] = identity.ProjectNameSha256,
        });

    /// <summary>
    /// The OTLP and API keys are kept in the user secrets because they are part of the environment of resources that outlive a run; the
    /// browser's token and the resource service's key are new each time.
    /// </summary>
    internal static void AddDashboardKeys(ConfigurationManager configuration, UserSecrets secrets)
    {
        if (configuration.GetValue<bool>("ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS"))
        {
            configuration.AddInMemoryCollection([new("AppHost:ResourceService:AuthMode", "Unsecured")]);
            return;
        }

        secrets.GetOrAdd("AppHost:OtlpApiKey", NewToken);
        secrets.GetOrAdd("AppHost:DashboardApiKey", NewToken);
        configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["AppHost:BrowserToken"] = configuration["ASPIRE_DASHBOARD_FRONTEND_BROWSERTOKEN"] ?? NewToken(),
            ["AppHost:ResourceService:AuthMode"] = "ApiKey",
            ["AppHost:ResourceService:ApiKey"] = configuration["ASPIRE_DASHBOARD_RESOURCESERVICE_APIKEY"] ?? NewToken(),
        });
    }

    private static string NewToken() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
