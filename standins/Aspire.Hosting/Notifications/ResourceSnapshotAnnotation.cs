using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.ApplicationModel
{
    public sealed class ResourceSnapshotAnnotation(CustomResourceSnapshot initialSnapshot) : IResourceAnnotation
    {
        public CustomResourceSnapshot InitialSnapshot { get; } = initialSnapshot;
    }
}

namespace Aspire.Hosting
{
    public static class CustomResourceExtensions
    {
        public static IResourceBuilder<TResource> WithInitialState<TResource>(
            this IResourceBuilder<TResource> builder, CustomResourceSnapshot initialSnapshot)
            where TResource : IResource
        {
            ArgumentNullException.ThrowIfNull(builder);
            return builder.WithAnnotation(new ResourceSnapshotAnnotation(initialSnapshot), ResourceAnnotationMutationBehavior.Replace);
        }
    }
}
