using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Dcp;

/// <summary>One replica of a resource: its id stays, while the DCP object behind it is a new one at every start.</summary>
internal sealed class ResourceInstance(IResource resource, DcpInstance identity) : IDisposable
{
    private string? uid;
    private long version;
    private bool outputFollowed;

    internal IResource Resource { get; } = resource;
    internal DcpInstance Identity { get; } = identity;
    internal string Id => Identity.Name;
    internal DcpKind Kind { get; } = resource is ContainerResource ? DcpKind.Container : DcpKind.Executable;

    /// <summary>One start, stop or restart at a time.</summary>
    internal SemaphoreSlim Turn { get; } = new(1);

    /// <summary>Set while it waits for other resources; cancelling it starts the resource now.</summary>
    internal CancellationTokenSource? Wait { get; set; }

    internal IReadOnlyCollection<string> OwnVariables { get; set; } = [];
    internal bool HasEnded { get; set; }
    internal bool Exists => uid is not null;

    internal void Forget() => uid = null;

    internal void Follow(DcpObject created)
    {
        uid = created.Metadata.Uid;
        version = -1;
        outputFollowed = false;
        HasEnded = false;
    }

    internal bool Is(string? objectUid) => uid is not null && uid == objectUid;

    /// <summary>News of a former object, and news that a later one has overtaken, say nothing about the present.</summary>
    internal bool IsNews(DcpObject seen)
    {
        if (!Is(seen.Metadata.Uid) || !long.TryParse(seen.Metadata.ResourceVersion, CultureInfo.InvariantCulture, out var its) || its <= version)
            return false;
        version = its;
        return true;
    }

    internal bool ShouldFollowOutput() => !outputFollowed && (outputFollowed = true);

    public void Dispose() => Turn.Dispose();
}
