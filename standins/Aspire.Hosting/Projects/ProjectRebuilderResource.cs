namespace Aspire.Hosting.ApplicationModel;

/// <summary>`dotnet build` of a project, as a hidden process that the project's rebuild command runs.</summary>
internal sealed class ProjectRebuilderResource(string name, ProjectResource project, string projectPath)
    : ExecutableResource(name, "dotnet", Path.GetDirectoryName(projectPath)!), IResourceWithParent<ProjectResource>
{
    public ProjectResource Parent { get; } = project;

    internal static void AddFor(IResourceBuilder<ProjectResource> project, IProjectMetadata metadata)
    {
        var name = $"{project.Resource.Name}-rebuilder";
        if (metadata.IsFileBasedApp || name.Length > ResourceNames.MaxLength)
            return;

        project.ApplicationBuilder.AddResource(new ProjectRebuilderResource(name, project.Resource, metadata.ProjectPath))
            .WithArgs("build", metadata.ProjectPath)
            .WithExplicitStart()
            .ExcludeFromManifest()
            .WithInitialState(new CustomResourceSnapshot
            {
                ResourceType = "Executable",
                State = KnownResourceStates.NotStarted,
                Properties = [],
                IsHidden = true,
            });
    }
}
