using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Publishing;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>Writes the body of a resource in the manifest, in place of what its kind would get.</summary>
    public class ManifestPublishingCallbackAnnotation : IResourceAnnotation
    {
        public ManifestPublishingCallbackAnnotation(Action<ManifestPublishingContext>? callback) =>
            Callback = callback is null ? null : context => { callback(context); return Task.CompletedTask; };

        public ManifestPublishingCallbackAnnotation(Func<ManifestPublishingContext, Task>? callback) => Callback = callback;

        public Func<ManifestPublishingContext, Task>? Callback { get; }

        /// <summary>Keeps a resource out of the manifest.</summary>
        public static ManifestPublishingCallbackAnnotation Ignore { get; } = new((Func<ManifestPublishingContext, Task>?)null);
    }
}

namespace Aspire.Hosting
{
    public static partial class ResourceBuilderExtensions
    {
        public static IResourceBuilder<T> WithManifestPublishingCallback<T>(
            this IResourceBuilder<T> builder, Action<ManifestPublishingContext> callback) where T : IResource =>
            builder.WithAnnotation(new ManifestPublishingCallbackAnnotation(callback), ResourceAnnotationMutationBehavior.Replace);

        public static IResourceBuilder<T> WithManifestPublishingCallback<T>(
            this IResourceBuilder<T> builder, Func<ManifestPublishingContext, Task> callback) where T : IResource =>
            builder.WithAnnotation(new ManifestPublishingCallbackAnnotation(callback), ResourceAnnotationMutationBehavior.Replace);
    }
}
