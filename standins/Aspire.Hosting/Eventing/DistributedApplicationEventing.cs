using System.Collections.Concurrent;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Eventing;

internal sealed class DistributedApplicationEventing : IDistributedApplicationEventing
{
    private readonly ConcurrentDictionary<Type, DistributedApplicationEventSubscription[]> subscriptions = new();

    public DistributedApplicationEventSubscription Subscribe<T>(Func<T, CancellationToken, Task> callback) where T : IDistributedApplicationEvent
    {
        var subscription = new DistributedApplicationEventSubscription((e, ct) => callback((T)e, ct));
        subscriptions.AddOrUpdate(typeof(T), [subscription], (_, known) => [.. known, subscription]);
        return subscription;
    }

    public DistributedApplicationEventSubscription Subscribe<T>(IResource resource, Func<T, CancellationToken, Task> callback)
        where T : IDistributedApplicationResourceEvent =>
        Subscribe<T>((e, ct) => e.Resource == resource ? callback(e, ct) : Task.CompletedTask);

    public void Unsubscribe(DistributedApplicationEventSubscription subscription)
    {
        foreach (var type in subscriptions.Keys)
            subscriptions.AddOrUpdate(type, [], (_, known) => [.. known.Where(s => s != subscription)]);
    }

    public Task PublishAsync<T>(T @event, CancellationToken cancellationToken = default) where T : IDistributedApplicationEvent =>
        PublishAsync(@event, EventDispatchBehavior.BlockingSequential, cancellationToken);

    public async Task PublishAsync<T>(T @event, EventDispatchBehavior dispatchBehavior, CancellationToken cancellationToken = default)
        where T : IDistributedApplicationEvent
    {
        if (!subscriptions.TryGetValue(typeof(T), out var called))
            return;

        switch (dispatchBehavior)
        {
            case EventDispatchBehavior.BlockingSequential:
                await Sequentially();
                break;
            case EventDispatchBehavior.BlockingConcurrent:
                await Task.WhenAll(called.Select(s => s.Callback(@event, cancellationToken)));
                break;
            case EventDispatchBehavior.NonBlockingSequential:
                _ = Task.Run(Sequentially, CancellationToken.None);
                break;
            case EventDispatchBehavior.NonBlockingConcurrent:
                foreach (var s in called)
                    _ = Task.Run(() => s.Callback(@event, cancellationToken), CancellationToken.None);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(dispatchBehavior));
        }

        async Task Sequentially()
        {
            foreach (var s in called)
                await s.Callback(@event, cancellationToken);
        }
    }
}
