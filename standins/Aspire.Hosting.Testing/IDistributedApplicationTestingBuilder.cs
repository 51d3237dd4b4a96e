namespace Aspire.Hosting.Testing;

/// <summary>The AppHost's builder, in the hands of a test before the AppHost's own Build() goes on.</summary>
public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable, IDisposable
{
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}
