using Aspire.Hosting.Testing;

namespace Shop.Tests.Integration;

public sealed class DashboardTestingTests
{
    [Fact]
    public void An_empty_builder_needs_an_application_host_that_asks_for_it() => Assert.StartsWith(
        "No application host assembly was found.",
        Assert.Throws<InvalidOperationException>(() => DistributedApplicationTestingBuilder.Create()).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task An_entry_point_that_builds_no_application_says_so()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));

        // The test project's own entry point is the test SDK's, which does nothing.
        var failed = await Assert.ThrowsAnyAsync<InvalidOperationException>(
            () => DistributedApplicationTestingBuilder.CreateAsync<DashboardTestingTests>(limit.Token));

        Assert.Contains("exited without", failed.Message, StringComparison.Ordinal);
    }
}
