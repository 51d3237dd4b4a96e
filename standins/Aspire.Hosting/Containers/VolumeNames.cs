using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

internal static class VolumeNames
{
    /// <summary>Named after the application and its place, so that two copies of a repository do not share their data.</summary>
    internal static string Of<T>(IResourceBuilder<T> builder, string suffix) where T : IResource
    {
        var hash = builder.ApplicationBuilder.Configuration["AppHost:Sha256"]![..10];
        var application = string.Concat(builder.ApplicationBuilder.Environment.ApplicationName.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' ? c : '_'));
#pragma warning disable CA1308 // Volume names are written in lower case.
        return $"{application}-{hash}-{builder.Resource.Name}-{suffix}".ToLowerInvariant();
#pragma warning restore CA1308
    }
}
