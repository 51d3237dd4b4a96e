using Aspire.Hosting;

namespace Shop.Tests.Unit;

/// <summary>True of the stand-in alone: the real package publishes.</summary>
public sealed class StandInPublishingTests
{
    [Fact]
    public async Task Publishing_is_refused_instead_of_pretended()
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--publisher", "manifest", "--output-path", "unused"], AssemblyName = "Shop.AppHost",
        });
        await using var app = builder.Build();

        var refused = await Assert.ThrowsAsync<NotSupportedException>(() => app.StartAsync());

        Assert.Contains("StandIns=false", refused.Message, StringComparison.Ordinal);
    }
}
