using System.Reflection;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>What is different under test: free ports, no dashboard, consoles in the log, and the launch profile as configuration.</summary>
internal static class TestingDefaults
{
    private static readonly JsonSerializerOptions _lenient = new() { ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public static void Apply(Assembly appHost, DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        var directory = AppHostIdentity.Metadata(appHost, "apphostprojectpath");
        options.AssemblyName = appHost.GetName().Name;
        options.DisableDashboard = true;
        options.EnableResourceLogging = true;
        settings.ApplicationName = options.AssemblyName;
        settings.EnvironmentName = Environments.Development;
        if (Directory.Exists(directory))
            settings.ContentRootPath = directory;

        var configuration = settings.Configuration ??= new ConfigurationManager();
        var defaults = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        Default("DcpPublisher:ContainerRuntimeInitializationTimeout", "00:00:30");
        Default("DcpPublisher:RandomizePorts", "true");
        Default("DcpPublisher:WaitForResourceCleanup", "true");

        // Nobody listens there: a test that wants telemetry says where to. They come before the profile, whose ports are people's.
        Default("ASPNETCORE_URLS", "http://localhost:8080");
        Default("ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "http://localhost:4317");
        Default("ASPIRE_ALLOW_UNSECURED_TRANSPORT", "true");

        if (FirstProfile(directory) is var (name, profile))
        {
            Default("AppHost:DefaultLaunchProfileName", name);
            foreach (var (key, value) in profile.EnvironmentVariables)
                Default(key, value);

            if (profile.EnvironmentVariables.TryGetValue("DOTNET_ENVIRONMENT", out var environment))
                settings.EnvironmentName = environment;
        }

        configuration.AddInMemoryCollection(defaults);

        void Default(string key, string value)
        {
            if (configuration[key] is null)
                defaults.TryAdd(key, value);
        }
    }

    public static void Apply(IDistributedApplicationBuilder builder)
    {
        builder.Services.AddHttpClient();
        if (!builder.Configuration.GetValue<bool>("ASPIRE_TESTING_DISABLE_HTTP_CLIENT"))
            builder.Services.ConfigureHttpClientDefaults(http => http.AddStandardResilienceHandler());
    }

    private static (string Name, LaunchProfile Profile)? FirstProfile(string? directory)
    {
        var path = Path.Combine(directory ?? "", "Properties", "launchSettings.json");
        if (directory is null || !File.Exists(path))
            return null;

        using var file = File.OpenRead(path);
        var profiles = JsonSerializer.Deserialize<LaunchSettings>(file, _lenient)?.Profiles ?? [];
        var wanted = Environment.GetEnvironmentVariable("DOTNET_LAUNCH_PROFILE");
        return wanted is not null && profiles.TryGetValue(wanted, out var profile) ? (wanted, profile)
            : profiles.FirstOrDefault() is { Value: not null } first ? (first.Key, first.Value)
            : null;
    }
}
