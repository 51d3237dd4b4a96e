using System.Diagnostics;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>
/// Hears what a DistributedApplicationBuilder says of its making, from this flow of execution alone: several tests may make one at the
/// same time.
/// </summary>
internal sealed class BuilderEvents : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private static readonly AsyncLocal<BuilderEvents?> _here = new();

    private readonly List<IDisposable> _subscriptions = [];

    public Action<DistributedApplicationOptions, HostApplicationBuilderSettings> Constructing { get; init; } = static (_, _) => { };
    public Action<IDistributedApplicationBuilder> Constructed { get; init; } = static _ => { };
    public Action<IDistributedApplicationBuilder> Building { get; init; } = static _ => { };
    public Action<DistributedApplication> Built { get; init; } = static _ => { };

    /// <summary>What this thread does from now on, and all it starts.</summary>
    public void ListenHere()
    {
        _here.Value = this;
        _subscriptions.Add(DiagnosticListener.AllListeners.Subscribe(this));
    }

    public void Dispose()
    {
        if (_here.Value == this)
            _here.Value = null;

        foreach (var subscription in _subscriptions)
            subscription.Dispose();
    }

    void IObserver<DiagnosticListener>.OnNext(DiagnosticListener value)
    {
        if (value.Name == DistributedApplicationBuilder.DiagnosticName)
            _subscriptions.Add(value.Subscribe(this));
    }

    void IObserver<KeyValuePair<string, object?>>.OnNext(KeyValuePair<string, object?> value)
    {
        if (_here.Value != this)
            return;

        switch (value)
        {
            case (DistributedApplicationBuilder.Constructing, (DistributedApplicationOptions options, HostApplicationBuilderSettings settings)):
                Constructing(options, settings);
                break;
            case (DistributedApplicationBuilder.Constructed, IDistributedApplicationBuilder builder):
                Constructed(builder);
                break;
            case (DistributedApplicationBuilder.Building, IDistributedApplicationBuilder builder):
                Building(builder);
                break;
            case (DistributedApplicationBuilder.Built, DistributedApplication application):
                Built(application);
                break;
            default:
                break;
        }
    }

    void IObserver<DiagnosticListener>.OnCompleted()
    {
    }

    void IObserver<DiagnosticListener>.OnError(Exception error)
    {
    }

    void IObserver<KeyValuePair<string, object?>>.OnCompleted()
    {
    }

    void IObserver<KeyValuePair<string, object?>>.OnError(Exception error)
    {
    }
}
