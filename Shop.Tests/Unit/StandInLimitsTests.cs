using Aspire.Hosting;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>Where the stand-in alone ends, it says so: the real package has more publishers, and https where a certificate is trusted.</summary>
public sealed class StandInLimitsTests
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

    [Fact]
    public async Task An_https_dashboard_is_refused_in_one_line_that_names_the_way_out()
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--ASPNETCORE_URLS", "https://localhost:17000;http://localhost:15000"], AssemblyName = "Shop.AppHost",
        });
        await using var app = builder.Build();

        var refused = await Assert.ThrowsAnyAsync<DistributedApplicationException>(() => app.StartAsync());

        Assert.EndsWith("--launch-profile http", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }
}
