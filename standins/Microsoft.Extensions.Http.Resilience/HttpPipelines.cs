using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Registry;

namespace Microsoft.Extensions.Http.Resilience;

/// <summary>All pipelines of the process, one per name and selected instance, rebuilt when their options change.</summary>
internal sealed class HttpPipelines : IAsyncDisposable
{
    private readonly ResiliencePipelineRegistry<Key> _registry = new(new ResiliencePipelineRegistryOptions<Key>
    {
        BuilderComparer = EqualityComparer<Key>.Create((a, b) => a?.Name == b?.Name, key => key.Name.GetHashCode(StringComparison.Ordinal)),
        BuilderNameFormatter = key => key.Name,
        InstanceNameFormatter = key => key.Instance,
    });

    private readonly IServiceProvider _services;

    public HttpPipelines(IServiceProvider services, IEnumerable<HttpPipeline> pipelines)
    {
        _services = services;
        var events = new PipelineEvents(services.GetRequiredService<ILoggerFactory>().CreateLogger("Polly"));
        foreach (var pipeline in pipelines)
        {
            _registry.TryAddBuilder<HttpResponseMessage>(new(pipeline.Name, ""), (builder, context) =>
            {
                builder.TimeProvider = services.GetService<TimeProvider>();
                builder.TelemetryListener = events;
                pipeline.Configure(builder, new ResilienceHandlerContext(services, context));
            });
        }
    }

    public Func<HttpRequestMessage, ResiliencePipeline<HttpResponseMessage>> For(string name)
    {
        if (_services.GetRequiredService<IOptionsMonitor<HttpPipelineSelector>>().Get(name).Factory is not { } factory)
        {
            var single = _registry.GetPipeline<HttpResponseMessage>(new(name, ""));
            return _ => single;
        }

        var instanceOf = factory(_services);
        return request => _registry.GetPipeline<HttpResponseMessage>(new(name, instanceOf(request)));
    }

    public ValueTask DisposeAsync() => _registry.DisposeAsync();

    internal sealed record Key(string Name, string Instance);
}

internal sealed record HttpPipeline(string Name, Action<ResiliencePipelineBuilder<HttpResponseMessage>, ResilienceHandlerContext> Configure);

internal sealed class HttpPipelineSelector
{
    public Func<IServiceProvider, Func<HttpRequestMessage, string>>? Factory { get; set; }
}

internal static class HttpPipelineServices
{
    public static void AddHttpPipeline(
        this IServiceCollection services, string name, Action<ResiliencePipelineBuilder<HttpResponseMessage>, ResilienceHandlerContext> configure)
    {
        services.AddLogging();
        services.TryAddSingleton<HttpPipelines>();
        services.AddSingleton(new HttpPipeline(name, configure));
    }
}

public sealed class ResilienceHandlerContext
{
    private readonly Polly.Registry.ConfigureBuilderContext<HttpPipelines.Key> _context;

    internal ResilienceHandlerContext(IServiceProvider services, Polly.Registry.ConfigureBuilderContext<HttpPipelines.Key> context) =>
        (ServiceProvider, _context) = (services, context);

    public IServiceProvider ServiceProvider { get; }

    public string BuilderName => _context.PipelineKey.Name;

    public string InstanceName => _context.PipelineKey.Instance;

    public TOptions GetOptions<TOptions>(string? name = null) => ServiceProvider.GetRequiredService<IOptionsMonitor<TOptions>>().Get(name);

    public void EnableReloads<TOptions>(string? name = null)
    {
        // Disposed with the pipeline that the token outdates, so not before its successor has been built.
#pragma warning disable CA2000
        var changed = new CancellationTokenSource();
#pragma warning restore CA2000
        var registration = ServiceProvider.GetRequiredService<IOptionsMonitor<TOptions>>().OnChange((_, changedName) =>
        {
            if (changedName == (name ?? Options.Options.DefaultName))
                changed.Cancel();
        });
        _context.AddReloadToken(changed.Token);
        _context.OnPipelineDisposed(() => registration?.Dispose());
    }

    public void OnPipelineDisposed(Action callback) => _context.OnPipelineDisposed(callback);
}
