using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>The profile a project runs with. No name: none.</summary>
internal sealed class LaunchProfileAnnotation(string name, LaunchProfile profile) : IResourceAnnotation
{
    internal string Name { get; } = name;
    internal LaunchProfile Profile { get; } = profile;

    internal static LaunchProfileAnnotation? Of(IResource resource) =>
        resource.TryGetLastAnnotation<LaunchProfileAnnotation>(out var annotation) ? annotation : null;
}

internal static class LaunchProfiles
{
    private static readonly JsonSerializerOptions Lenient = new() { ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    internal static LaunchProfileAnnotation? Select(IProjectMetadata project, ProjectResourceOptions options, IConfiguration configuration)
    {
        if (options.ExcludeLaunchProfile || (project.LaunchSettings ?? Read(project.ProjectPath)) is not { } settings)
            return null;

        if (options.LaunchProfileName is { } asked)
        {
            return settings.Profiles.TryGetValue(asked, out var named)
                ? new LaunchProfileAnnotation(asked, named)
                : throw new DistributedApplicationException($"Launch settings file does not contain '{asked}' profile.");
        }

        var common = configuration["AppHost:DefaultLaunchProfileName"] ?? configuration["DOTNET_LAUNCH_PROFILE"];
        if (common is not null && settings.Profiles.TryGetValue(common, out var profile))
            return new LaunchProfileAnnotation(common, profile);

        return settings.Profiles.FirstOrDefault(p => p.Value.CommandName is "Project" or null or "") is { Value: not null } first
            ? new LaunchProfileAnnotation(first.Key, first.Value)
            : null;
    }

    private static LaunchSettings? Read(string projectPath)
    {
        if (!File.Exists(projectPath))
            throw new DistributedApplicationException($"Project file '{projectPath}' was not found.");

        var path = Path.Combine(Path.GetDirectoryName(projectPath)!, "Properties", "launchSettings.json");
        if (!File.Exists(path))
            return null;
        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize<LaunchSettings>(file, Lenient);
        }
        catch (JsonException e)
        {
            throw new DistributedApplicationException($"Failed to get effective launch profile for project '{projectPath}': {path} is not valid JSON.", e);
        }
    }
}
