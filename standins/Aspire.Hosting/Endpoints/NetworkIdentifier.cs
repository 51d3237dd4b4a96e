namespace Aspire.Hosting.ApplicationModel;

/// <summary>From where an endpoint is seen: this machine, or the network that the containers of a run share.</summary>
public readonly record struct NetworkIdentifier(string Value);

public static class KnownNetworkIdentifiers
{
    public static readonly NetworkIdentifier LocalhostNetwork = new("localhost");
    public static readonly NetworkIdentifier DefaultAspireContainerNetwork = new("aspire-container-network");
}
