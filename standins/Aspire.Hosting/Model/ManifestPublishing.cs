namespace Aspire.Hosting.ApplicationModel
{
    public class ManifestPublishingCallbackAnnotation : IResourceAnnotation
    {
        public ManifestPublishingCallbackAnnotation(Action<Publishing.ManifestPublishingContext>? callback) =>
            Callback = callback is null ? null : context => { callback(context); return Task.CompletedTask; };

        public ManifestPublishingCallbackAnnotation(Func<Publishing.ManifestPublishingContext, Task>? callback) => Callback = callback;

        public Func<Publishing.ManifestPublishingContext, Task>? Callback { get; }

        /// <summary>Keeps a resource out of the manifest.</summary>
        public static ManifestPublishingCallbackAnnotation Ignore { get; } = new((Func<Publishing.ManifestPublishingContext, Task>?)null);
    }
}

namespace Aspire.Hosting.Publishing
{
    /// <summary>Only a type for signatures here: publishing itself is refused at start.</summary>
    public sealed class ManifestPublishingContext
    {
        internal ManifestPublishingContext()
        {
        }
    }
}
