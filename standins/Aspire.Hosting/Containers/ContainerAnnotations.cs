namespace Aspire.Hosting.ApplicationModel;

public sealed class ContainerImageAnnotation : IResourceAnnotation
{
    public required string Image { get; set; }
    public string? Registry { get; set; }
    public string? Tag { get; set; }
}

public sealed class ContainerNameAnnotation : IResourceAnnotation
{
    public required string Name { get; set; }
}

public enum ContainerMountType
{
    BindMount = 0,
    Volume = 1,
}

public sealed class ContainerMountAnnotation(string? source, string target, ContainerMountType type, bool isReadOnly) : IResourceAnnotation
{
    public string? Source { get; set; } = source;
    public string Target { get; set; } = target;
    public ContainerMountType Type { get; set; } = type;
    public bool IsReadOnly { get; set; } = isReadOnly;
}
