using System.Collections.Immutable;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Dcp;

/// <summary>What the dashboard and WaitFor see of a process or container.</summary>
internal static class ResourceSnapshots
{
    internal static CustomResourceSnapshot Initial(IResource resource, CustomResourceSnapshot s) => resource switch
    {
        ProjectResource project => (s with { ResourceType = "Project" })
            .With(KnownProperties.Project.Path, ExecutableSpecs.Metadata(project).ProjectPath)
            .With(KnownProperties.Project.LaunchProfile, LaunchProfileAnnotation.Of(project)?.Name),
        ExecutableResource executable => (s with { ResourceType = "Executable" })
            .With(KnownProperties.Executable.Path, executable.Command)
            .With(KnownProperties.Executable.WorkDir, executable.WorkingDirectory),
        ContainerResource container => (s with { ResourceType = "Container", Volumes = [.. ContainerSpecs.Volumes(container)] })
            .With(KnownProperties.Container.Image, ContainerSpecs.Image(container))
            .With(KnownProperties.Container.Lifetime, (ContainerSpecs.IsPersistent(container) ? ContainerLifetime.Persistent : ContainerLifetime.Session).ToString()),
        _ => s,
    };

    internal static CustomResourceSnapshot Starting(CustomResourceSnapshot s) => s with
    {
        State = KnownResourceStates.Starting,
        ExitCode = null,
        StartTimeStamp = null,
        StopTimeStamp = null,
    };

    internal static CustomResourceSnapshot Configured(IResource resource, ResourceConfiguration configuration, CustomResourceSnapshot s)
    {
        var args = configuration.Arguments.Select(a => a.Value).ToImmutableArray();
        var secret = configuration.Arguments.Select(a => a.IsSecret ? 1 : 0).ToImmutableArray();
        s = s.With(KnownProperties.Resource.AppArgs, args).With(KnownProperties.Resource.AppArgsSensitivity, secret);
        return resource switch
        {
            ContainerResource container => s
                .With(KnownProperties.Container.Args, args, isSensitive: true)
                .With(KnownProperties.Container.Command, container.Entrypoint)
                .With(KnownProperties.Container.Ports, container.Annotations.OfType<EndpointAnnotation>()
                    .Select(e => e.TargetPort).OfType<int>().ToImmutableArray()),
            _ => s.With(KnownProperties.Executable.Args, args, isSensitive: true),
        };
    }

    internal static CustomResourceSnapshot Apply(
        DcpObject seen, IReadOnlyCollection<string> ownVariables, ImmutableArray<UrlSnapshot> urls, CustomResourceSnapshot s)
    {
        var status = seen.Status!;
        var state = StateOf(status);
        s = s with
        {
            State = state ?? s.State,
            ExitCode = status.ExitCode ?? s.ExitCode,
            StartTimeStamp = status.StartupTimestamp?.UtcDateTime ?? s.StartTimeStamp,
            StopTimeStamp = status.FinishTimestamp?.UtcDateTime ?? s.StopTimeStamp,
            Urls = [.. urls.Select(u => u with { IsInactive = (state ?? s.State)?.Text != KnownResourceStates.Running })],
        };
        if (status.EffectiveEnv is { Length: > 0 } variables)
            s = s with { EnvironmentVariables = [.. variables.Select(v => new EnvironmentVariableSnapshot(v.Name, v.Value, ownVariables.Contains(v.Name)))] };
        if (status.Pid is { } pid)
            s = s.With(KnownProperties.Executable.Pid, pid.ToString(CultureInfo.InvariantCulture));
        if (status.ContainerId is { Length: > 0 } container)
            s = s.With(KnownProperties.Container.Id, container);
        if (status.EffectiveArgs is { } args && seen.Kind == DcpKind.Executable.Name)
            s = s.With(KnownProperties.Executable.Args, args.ToImmutableArray(), isSensitive: true);
        return s;
    }

    internal static bool HasEnded(DcpObject seen) => seen.Status?.State is "Finished" or "Exited" or "FailedToStart" or "Terminated";

    internal static CustomResourceSnapshot With(this CustomResourceSnapshot s, string name, object? value, bool isSensitive = false)
    {
        var others = s.Properties.Where(p => p.Name != name);
        return s with { Properties = value is null ? [.. others] : [.. others, new ResourcePropertySnapshot(name, value) { IsSensitive = isSensitive }] };
    }

    /// <summary>Null: DCP has not looked at the object yet.</summary>
    private static ResourceStateSnapshot? StateOf(DcpStatus status) => status.State switch
    {
        null or "" => null,
        "Pending" => KnownResourceStates.Starting,
        "FailedToStart" => new ResourceStateSnapshot(KnownResourceStates.FailedToStart, KnownResourceStateStyles.Error),
        "RuntimeUnhealthy" => new ResourceStateSnapshot(KnownResourceStates.RuntimeUnhealthy, KnownResourceStateStyles.Warn),
        var text => text,
    };
}
