using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Aspire.Hosting;

/// <summary>Which project this AppHost is. The hashes name what outlives a run: volumes, persistent containers.</summary>
internal sealed record AppHostIdentity(Assembly? Assembly, string Directory, string ProjectName)
{
    internal string AppHostPath => Path.Join(Directory, ProjectName);
#pragma warning disable CA1308 // The real hash is of lower case.
    internal string PathSha256 => Sha256(AppHostPath.ToLowerInvariant());
#pragma warning restore CA1308
    internal string ProjectNameSha256 => Sha256(ProjectName);

    internal static AppHostIdentity Of(DistributedApplicationOptions options)
    {
        var assembly = options.AssemblyName is { } name
            ? AppDomain.CurrentDomain.GetAssemblies().FirstOrDefault(a => a.GetName().Name == name) ?? Assembly.Load(name)
            : Assembly.GetEntryAssembly();
        return new AppHostIdentity(
            assembly,
            options.ProjectDirectory ?? Metadata(assembly, "apphostprojectpath") ?? System.IO.Directory.GetCurrentDirectory(),
            Metadata(assembly, "apphostprojectname") ?? assembly?.GetName().Name ?? "AppHost");
    }

    internal string? Metadata(string key) => Metadata(Assembly, key);

    internal static string? Metadata(Assembly? assembly, string key) => assembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
        .FirstOrDefault(a => string.Equals(a.Key, key, StringComparison.OrdinalIgnoreCase))?.Value;

    private static string Sha256(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
