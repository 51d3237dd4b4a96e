namespace Aspire.Hosting;

public enum DistributedApplicationOperation
{
    Run = 0,
    Publish = 1,
}

public class DistributedApplicationExecutionContext
{
    private IServiceProvider? services;

    internal DistributedApplicationExecutionContext(DistributedApplicationOperation operation) => Operation = operation;

    public string PublisherName { get; set; } = "";
    public DistributedApplicationOperation Operation { get; }
    public bool IsPublishMode => Operation == DistributedApplicationOperation.Publish;
    public bool IsRunMode => Operation == DistributedApplicationOperation.Run;

    public IServiceProvider Services
    {
        get => services ?? throw new InvalidOperationException("IServiceProvider is not available because the container has not been built.");
        internal set => services = value;
    }
}
