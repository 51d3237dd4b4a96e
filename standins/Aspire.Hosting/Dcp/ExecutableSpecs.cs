using System.Reflection;
using System.Text.Json.Nodes;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Dcp;

internal static class ExecutableSpecs
{
    internal static JsonObject Create(IResource resource, ResourceConfiguration configuration, AppHostIdentity appHost)
    {
        var (command, directory, args) = resource switch
        {
            ProjectResource project => Project(project, configuration, appHost),
            ExecutableResource executable => (executable.Command, executable.WorkingDirectory, configuration.Arguments.Select(a => a.Value)),
            _ => throw new InvalidOperationException($"'{resource.Name}' is not a process."),
        };
        return new JsonObject
        {
            ["executablePath"] = command,
            ["workingDirectory"] = directory,
            ["args"] = new JsonArray([.. args.Select(a => JsonValue.Create(a))]),
            ["env"] = Environment(configuration),
            ["executionType"] = "Process",
            ["ambientEnvironment"] = new JsonObject { ["behavior"] = "Inherit" },
        };
    }

    internal static JsonArray Environment(ResourceConfiguration configuration) =>
        [.. configuration.Environment.Select(v => new JsonObject { ["name"] = v.Key, ["value"] = v.Value })];

    internal static IProjectMetadata Metadata(ProjectResource project) => project.Annotations.OfType<IProjectMetadata>().Last();

    /// <summary>
    /// The built assembly directly: a `dotnet run` around it costs 70 MB and most of a second, for each project. Where the AppHost does
    /// not know the assembly (a project it does not reference), `dotnet run` finds it.
    /// </summary>
    private static (string Command, string Directory, IEnumerable<string> Args) Project(
        ProjectResource project, ResourceConfiguration configuration, AppHostIdentity appHost)
    {
        var metadata = Metadata(project);
        var own = configuration.Arguments.Select(a => a.Value);
        var directory = Path.GetDirectoryName(metadata.ProjectPath)!;
        if (TargetPath(appHost.Assembly, metadata.ProjectPath) is { } assembly && File.Exists(assembly))
            return ("dotnet", directory, [assembly, .. own]);

        string[] separator = configuration.Arguments.Count > 0 ? ["--"] : [];
        string[] build = metadata.SuppressBuild ? ["--no-build"] : [];
        return ("dotnet", directory, ["run", "--project", metadata.ProjectPath, .. build, "--no-launch-profile", .. separator, .. own]);
    }

    private static string? TargetPath(Assembly? appHost, string projectPath) =>
        AppHostIdentity.Metadata(appHost, $"projecttargetpath:{projectPath}");
}
