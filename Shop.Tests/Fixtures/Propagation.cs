namespace Shop.Tests.Fixtures;

/// <summary>
/// How a process reads trace headers is one setting for all its hosts, and the storefront changes it. Tests that start it, and those that
/// look at the setting, take turns.
/// </summary>
[CollectionDefinition(Name)]
public sealed class Propagation
{
    public const string Name = "trace propagation";
}
