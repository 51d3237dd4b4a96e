using Aspire.Hosting;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>True of the stand-in alone: the real package has publishers beside the manifest.</summary>
public sealed class StandInPublishingTests
{
    [Fact]
    public async Task Anything_but_a_manifest_is_refused_instead_of_pretended()
    {
        var folder = Path.Combine(Path.GetTempPath(), Guid.CreateVersion7().ToString());
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--operation", "publish", "--output-path", folder], AssemblyName = "Shop.AppHost",
        });
        var log = new HostLog(builder);

        await builder.Build().RunAsync();

        Assert.Contains(log.Lines, line => line.Contains("--publisher manifest", StringComparison.Ordinal));
        Assert.False(Directory.Exists(folder));
    }
}
