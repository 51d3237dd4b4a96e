using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;

namespace OpenTelemetry.Instrumentation;

/// <summary>
/// Listens to the framework's diagnostic events of one name for the life of a tracer provider. The framework starts and stops
/// the activity itself; the events are the moments at which it may be named and tagged. Compiled into both instrumentations.
/// </summary>
internal abstract class DiagnosticEvents : IObserver<DiagnosticListener>, IObserver<KeyValuePair<string, object?>>, IDisposable
{
    private static readonly ConcurrentDictionary<(Type, string), PropertyInfo?> Properties = new();
    private readonly string _listener;
    private readonly HashSet<string> _events;
    private readonly List<IDisposable> _subscriptions = [];
    private bool _disposed;

    protected DiagnosticEvents(string listener, params string[] events) => (_listener, _events) = (listener, [.. events]);

    public DiagnosticEvents Start()
    {
        Keep(DiagnosticListener.AllListeners.Subscribe(this));
        return this;
    }

    public void Dispose()
    {
        lock (_subscriptions)
        {
            _disposed = true;
            _subscriptions.ForEach(subscription => subscription.Dispose());
            _subscriptions.Clear();
        }
    }

    void IObserver<DiagnosticListener>.OnNext(DiagnosticListener value)
    {
        if (value.Name == _listener)
            Keep(value.Subscribe(this, _events.Contains));
    }

    void IObserver<KeyValuePair<string, object?>>.OnNext(KeyValuePair<string, object?> value)
    {
        // The activity's own name is asked for by IsEnabled, but only its events are written.
        if (Activity.Current is not { } activity || value.Value is not { } payload)
            return;
        try
        {
            OnEvent(value.Key, activity, payload);
        }
#pragma warning disable CA1031 // A callback of the application's must not break the request that it only describes.
        catch (Exception e)
        {
            Debug.WriteLine(e);
        }
#pragma warning restore CA1031
    }

    void IObserver<DiagnosticListener>.OnCompleted() { }
    void IObserver<DiagnosticListener>.OnError(Exception error) { }
    void IObserver<KeyValuePair<string, object?>>.OnCompleted() { }
    void IObserver<KeyValuePair<string, object?>>.OnError(Exception error) { }

    protected abstract void OnEvent(string name, Activity activity, object payload);

    /// <summary>The payloads are types internal to the framework, so their properties are read by name.</summary>
    protected static T? Read<T>(object payload, string property) where T : class =>
        Properties.GetOrAdd((payload.GetType(), property), static key => key.Item1.GetProperty(
            key.Item2, BindingFlags.Instance | BindingFlags.Public | BindingFlags.IgnoreCase))?.GetValue(payload) as T;

    /// <summary>Neither exported nor a reason for its children to be.</summary>
    protected static void Drop(Activity activity)
    {
        activity.IsAllDataRequested = false;
        activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }

    private void Keep(IDisposable subscription)
    {
        lock (_subscriptions)
        {
            if (!_disposed)
            {
                _subscriptions.Add(subscription);
                return;
            }
        }

        subscription.Dispose();
    }
}
