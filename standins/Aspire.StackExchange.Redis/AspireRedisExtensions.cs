using Aspire.StackExchange.Redis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry.Trace;
using StackExchange.Redis;

namespace Microsoft.Extensions.Hosting;

public static class AspireRedisExtensions
{
    private const string Section = "Aspire:StackExchange:Redis";

    public static void AddRedisClient(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        AddRedisClientBuilder(builder, connectionName, configureSettings, configureOptions);

    public static AspireRedisClientBuilder AddRedisClientBuilder(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        Add(builder, Section, connectionName, serviceKey: null, configureSettings, configureOptions);

    public static void AddKeyedRedisClient(
        this IHostApplicationBuilder builder,
        string name,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        AddKeyedRedisClientBuilder(builder, name, configureSettings, configureOptions);

    public static AspireRedisClientBuilder AddKeyedRedisClientBuilder(
        this IHostApplicationBuilder builder,
        string name,
        Action<StackExchangeRedisSettings>? configureSettings = null,
        Action<ConfigurationOptions>? configureOptions = null) =>
        Add(builder, $"{Section}:{name}", name, serviceKey: name, configureSettings, configureOptions);

    private static AspireRedisClientBuilder Add(
        IHostApplicationBuilder builder, string section, string connectionName, string? serviceKey,
        Action<StackExchangeRedisSettings>? configureSettings, Action<ConfigurationOptions>? configureOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);

        var configuration = builder.Configuration.GetSection(section);
        var settings = new StackExchangeRedisSettings();
        configuration.Bind(settings);
        if (builder.Configuration.GetConnectionString(connectionName) is { } connectionString)
            settings.ConnectionString = connectionString;
        configureSettings?.Invoke(settings);

        // Options like any others: what else is configured under this name, before or after, has its say too.
        var optionsName = serviceKey ?? Microsoft.Extensions.Options.Options.DefaultName;
        builder.Services.AddSingleton(new ConnectionText(optionsName, settings));
        builder.Services.TryAddTransient<IOptionsFactory<ConfigurationOptions>, ParsedOptionsFactory>();
        builder.Services.Configure<ConfigurationOptions>(optionsName, options =>
        {
            configuration.GetSection("ConfigurationOptions").Bind(options);
            configureOptions?.Invoke(options);
        });

        if (serviceKey is null)
            builder.Services.AddSingleton<IConnectionMultiplexer>(Connect);
        else
            builder.Services.AddKeyedSingleton<IConnectionMultiplexer>(serviceKey, (services, _) => Connect(services));

        if (!settings.DisableTracing)
            builder.Services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource("OpenTelemetry.Instrumentation.StackExchangeRedis"));

        var checkName = serviceKey is null ? "StackExchange.Redis" : $"StackExchange.Redis_{connectionName}";
        if (!settings.DisableHealthChecks && builder.Properties.TryAdd($"Aspire.HealthChecks.{checkName}", true))
            builder.Services.AddHealthChecks().Add(new(checkName, services => new Ping(() => Client(services)), failureStatus: default, tags: default));

        if (!settings.DisableAutoActivation)
            builder.Services.AddSingleton<IHostedService>(services => new Activation(() => Client(services)));

        return new(builder, settings, serviceKey);

        IConnectionMultiplexer Client(IServiceProvider services) => services.GetRequiredKeyedService<IConnectionMultiplexer>(serviceKey);

        ConnectionMultiplexer Connect(IServiceProvider services)
        {
            var options = services.GetRequiredService<IOptionsMonitor<ConfigurationOptions>>().Get(optionsName);
            if (options.EndPoints.Count == 0)
            {
                throw new InvalidOperationException(
                    $"No endpoints specified. Ensure a valid connection string was provided in 'ConnectionStrings:{connectionName}' " +
                    $"or for the '{section}:ConnectionString' configuration key.");
            }

            options.LoggerFactory ??= services.GetService<ILoggerFactory>();
            return ConnectionMultiplexer.Connect(options);
        }
    }

    private sealed record ConnectionText(string Name, StackExchangeRedisSettings Settings);

    /// <summary>Begins with the connection string of the client of that name, where there is one.</summary>
    private sealed class ParsedOptionsFactory(
        IEnumerable<ConnectionText> texts, IEnumerable<IConfigureOptions<ConfigurationOptions>> setups,
        IEnumerable<IPostConfigureOptions<ConfigurationOptions>> postConfigures, IEnumerable<IValidateOptions<ConfigurationOptions>> validations)
        : OptionsFactory<ConfigurationOptions>(setups, postConfigures, validations)
    {
        protected override ConfigurationOptions CreateInstance(string name)
        {
            var text = texts.LastOrDefault(text => text.Name == name)?.Settings.ConnectionString;
            var options = text is null ? base.CreateInstance(name) : ConfigurationOptions.Parse(text);

            // Unless the string says otherwise: a cache that is not there yet is tried again, it does not stop the service.
            if (text?.Contains("abortConnect", StringComparison.OrdinalIgnoreCase) is not true)
                options.AbortOnConnectFail = false;
            return options;
        }
    }

    private sealed class Ping(Func<IConnectionMultiplexer> client) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                // The first to ask for the client connects it, and waits for that.
                await (await Task.Run(client, cancellationToken)).GetDatabase().PingAsync().WaitAsync(cancellationToken);
                return HealthCheckResult.Healthy();
            }
#pragma warning disable CA1031 // Whatever it is, it is the answer.
            catch (Exception e)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, exception: e);
            }
#pragma warning restore CA1031
        }
    }

    /// <summary>Opens the connection while the host goes on starting.</summary>
    private sealed class Activation(Func<IConnectionMultiplexer> client) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            // A failure shows to whoever asks for the client, which is where it can be handled.
            _ = Task.Run(client, CancellationToken.None).ContinueWith(
                task => task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
