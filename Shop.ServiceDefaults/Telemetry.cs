using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Shop.ServiceDefaults.Records;

namespace Shop.ServiceDefaults;

public static class Telemetry
{
    /// <summary>
    /// For a service that strangers call: their <c>traceparent</c> and baggage are not ours to continue. What it calls itself
    /// still gets its own.
    /// </summary>
    public static TBuilder IgnoreInboundTraces<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        builder.Services.Replace(ServiceDescriptor.Singleton<DistributedContextPropagator>(new OutboundOnly()));
        Sdk.SetDefaultTextMapPropagator(new OutboundOnlyTextMap(Propagators.DefaultTextMapPropagator)); // of the whole process
        return builder;
    }

    internal static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        ProcessMemory.Publish();
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });

        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter("Shop.*", "Npgsql"))
            .WithTracing(tracing => tracing
                .AddSource("Shop.*", "Npgsql")
                .AddAspNetCoreInstrumentation(options =>
                {
                    options.Filter = IsStory;
                    options.EnableRazorComponentsSupport = false; // with static rendering a page is its request; this would be a second trace of it
                })
                .AddHttpClientInstrumentation());

        if (string.IsNullOrEmpty(builder.Configuration["OTEL_SERVICE_NAME"]))
            telemetry.ConfigureResource(resource => resource.AddService(builder.Environment.ApplicationName));
        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            telemetry.UseOtlpExporter();
    }

    // Probes, other services' records and files (scripts, styles, pictures) would bury what people did.
    private static bool IsStory(HttpContext context) =>
        !context.Request.Path.StartsWithSegments(Health.AlivePath) && !context.Request.Path.StartsWithSegments(Health.ReadyPath)
        && context.Request.Path != RecordsExtensions.Path && !Path.HasExtension(context.Request.Path.Value);

    /// <summary>The server asks this one.</summary>
    private sealed class OutboundOnly : DistributedContextPropagator
    {
        private readonly DistributedContextPropagator _w3c = CreateDefaultPropagator();

        public override IReadOnlyCollection<string> Fields => _w3c.Fields;

        public override void Inject(Activity? activity, object? carrier, PropagatorSetterCallback? setter) => _w3c.Inject(activity, carrier, setter);

        public override void ExtractTraceIdAndState(object? carrier, PropagatorGetterCallback? getter, out string? traceId, out string? traceState) =>
            (traceId, traceState) = (null, null);

        public override IEnumerable<KeyValuePair<string, string?>>? ExtractBaggage(object? carrier, PropagatorGetterCallback? getter) => null;
    }

    /// <summary>And the instrumentation asks this one again.</summary>
    private sealed class OutboundOnlyTextMap(TextMapPropagator inner) : TextMapPropagator
    {
        public override ISet<string>? Fields => inner.Fields;

        public override PropagationContext Extract<T>(PropagationContext context, T carrier, Func<T, string, IEnumerable<string>?> getter) => context;

        public override void Inject<T>(PropagationContext context, T carrier, Action<T, string, string> setter) => inner.Inject(context, carrier, setter);
    }
}
