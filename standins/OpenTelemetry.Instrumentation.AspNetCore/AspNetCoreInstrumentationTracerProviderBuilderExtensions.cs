using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using OpenTelemetry.Instrumentation.AspNetCore;

namespace OpenTelemetry.Trace;

public static class AspNetCoreInstrumentationTracerProviderBuilderExtensions
{
    public static TracerProviderBuilder AddAspNetCoreInstrumentation(this TracerProviderBuilder builder) =>
        AddAspNetCoreInstrumentation(builder, name: null, configureAspNetCoreTraceInstrumentationOptions: null);

    public static TracerProviderBuilder AddAspNetCoreInstrumentation(
        this TracerProviderBuilder builder,
        Action<AspNetCoreTraceInstrumentationOptions>? configureAspNetCoreTraceInstrumentationOptions) =>
        AddAspNetCoreInstrumentation(builder, name: null, configureAspNetCoreTraceInstrumentationOptions);

    public static TracerProviderBuilder AddAspNetCoreInstrumentation(
        this TracerProviderBuilder builder,
        string? name,
        Action<AspNetCoreTraceInstrumentationOptions>? configureAspNetCoreTraceInstrumentationOptions)
    {
        ArgumentNullException.ThrowIfNull(builder);
        name ??= Options.DefaultName;

        builder.ConfigureServices(services =>
        {
            if (configureAspNetCoreTraceInstrumentationOptions is not null)
                services.Configure(name, configureAspNetCoreTraceInstrumentationOptions);
            services.TryAddEnumerable(
                ServiceDescriptor.Singleton<IConfigureOptions<AspNetCoreTraceInstrumentationOptions>, FromConfiguration>());
        });

        if (builder is IDeferredTracerProviderBuilder deferred)
        {
            deferred.Configure((services, sources) =>
            {
                var options = services.GetRequiredService<IOptionsMonitor<AspNetCoreTraceInstrumentationOptions>>().Get(name);
                sources.AddSource("Microsoft.AspNetCore");
                if (options.EnableAspNetCoreSignalRSupport)
                    sources.AddSource("Microsoft.AspNetCore.SignalR.Server");
                if (options.EnableRazorComponentsSupport)
                    sources.AddSource("Microsoft.AspNetCore.Components", "Microsoft.AspNetCore.Components.Server.Circuits");
            });
        }

        return builder.AddInstrumentation(services => new ServerSpans(
            services.GetRequiredService<IOptionsMonitor<AspNetCoreTraceInstrumentationOptions>>().Get(name)).Start());
    }

    private sealed class FromConfiguration(IConfiguration configuration) : IConfigureNamedOptions<AspNetCoreTraceInstrumentationOptions>
    {
        public void Configure(AspNetCoreTraceInstrumentationOptions options) => Configure(Options.DefaultName, options);

        public void Configure(string? name, AspNetCoreTraceInstrumentationOptions options) => options.DisableUrlQueryRedaction =
            bool.TryParse(configuration["OTEL_DOTNET_EXPERIMENTAL_ASPNETCORE_DISABLE_URL_QUERY_REDACTION"], out var disabled) && disabled;
    }
}
