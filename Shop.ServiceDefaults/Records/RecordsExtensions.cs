using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Shop.ServiceDefaults.Records;

public static class RecordsExtensions
{
    /// <summary>Where a service without a database of its own sends its batches, and no request that makes a line or a trace.</summary>
    public const string Path = "/telemetry";

    /// <summary>Holds the secret that services know each other by.</summary>
    public const string SecretHeader = "X-Shop-Service";

    /// <summary>Lines, points and errors of this process are kept by what <paramref name="keep"/> makes.</summary>
    public static TBuilder AddRecords<TBuilder>(this TBuilder builder, Func<IServiceProvider, KeepRecords> keep) where TBuilder : IHostApplicationBuilder
    {
        builder.Services.AddOptions<RecordOptions>().BindConfiguration(RecordOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<RecordBuffer>();
        builder.Services.AddSingleton<ILoggerProvider, RecordLogs>();
        builder.Services.AddSingleton(keep);
        builder.Services.AddHostedService<RecordShipper>();
        builder.Services.AddHostedService<SeriesListener>();
        return builder;
    }

    /// <summary>For an endpoint whose requests are not worth a line.</summary>
    public static TBuilder WithoutRequestLine<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(RequestLog.Silent);
}
