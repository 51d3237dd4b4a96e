using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;
using Aspire.Hosting.Eventing;

namespace Aspire.Hosting;

internal static class ResourceValues
{
    internal static IEnumerable<IResource> ChildrenOf(IResource parent, DistributedApplicationModel model) =>
        model.Resources.OfType<IResourceWithParent>().Where(c => c.Parent == parent);

    /// <summary>For a server and the databases in it: their parts are known, whether or not they answer yet.</summary>
    internal static async Task RaiseConnectionStringAvailableAsync(
        IResource resource, DistributedApplicationModel model, IDistributedApplicationEventing eventing,
        ResourceNotificationService notifications, IServiceProvider services, CancellationToken ct)
    {
        if (resource is IResourceWithConnectionString source)
        {
            await eventing.PublishAsync(new ConnectionStringAvailableEvent(resource, services), ct);
            var text = await source.GetConnectionStringAsync(ct);
            await notifications.PublishUpdateAsync(resource, s => s.With(KnownProperties.Resource.ConnectionString, text, isSensitive: true));
        }
        foreach (var child in ChildrenOf(resource, model))
            await RaiseConnectionStringAvailableAsync(child, model, eventing, notifications, services, ct);
    }
}
