using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using static Shop.Tests.Unit.DashboardFixture;

namespace Shop.Tests.Unit;

public sealed class DashboardCommandTests
{
    private readonly Thing _web = new("web");

    [Fact]
    public async Task An_unknown_resource_or_command_is_a_failed_result_and_no_exception()
    {
        await using var app = new DashboardFixture();
        await app.SetAsync(_web, "Running");

        Assert.Equal("Resource 'nobody' not found.", (await app.Commands.ExecuteCommandAsync("nobody", "start", Ct)).Message);
        Assert.Equal("Command 'dance' not available for resource 'web'.", (await app.Commands.ExecuteCommandAsync("web", "dance", Ct)).Message);
    }

    [Fact]
    public async Task A_command_that_throws_is_a_failed_result_with_the_reason()
    {
        await using var app = new DashboardFixture();
        _web.Annotations.Add(Command("reset", _ => throw new InvalidOperationException("The disk is full.")));
        await app.SetAsync(_web, "Running");

        var result = await app.Commands.ExecuteCommandAsync("web", "reset", Ct);

        Assert.False(result.Success);
        Assert.Equal("The disk is full.", result.Message);
    }

    [Fact]
    public async Task A_command_on_a_resource_runs_on_each_replica_and_fails_when_one_of_them_does()
    {
        await using var app = new DashboardFixture();
        WithReplicas(_web, "aaaa", "bbbb");
        var ran = new System.Collections.Concurrent.ConcurrentBag<string>();
        _web.Annotations.Add(Command("reset", c =>
        {
            ran.Add(c.ResourceName);
            return Task.FromResult(c.ResourceName == "web-bbbb" ? CommandResults.Failure("Busy.") : CommandResults.Success());
        }));
        await app.SetAsync(_web, "Running");

        var result = await app.Commands.ExecuteCommandAsync(_web, "reset", Ct);

        Assert.Equal(["web-aaaa", "web-bbbb"], ran.Order());
        Assert.False(result.Success);
        Assert.Contains("Busy.", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_arguments_take_their_default_and_wrong_ones_keep_the_command_from_running()
    {
        await using var app = new DashboardFixture();
        var counts = new List<int>();
        var count = new InteractionInput { Name = "count", InputType = InputType.Number, Value = "3", Required = true };
        _web.Annotations.Add(Command("order", c =>
        {
            counts.Add(c.Arguments.GetInt32("count"));
            return Task.FromResult(CommandResults.Success());
        }, arguments: [count]));
        await app.SetAsync(_web, "Running");

        var withDefault = await app.Commands.ExecuteCommandAsync("web", "order", Ct);
        var given = await app.Commands.ExecuteCommandAsync("web", "order", Arguments("5"), Ct);
        var wrong = await app.Commands.ExecuteCommandAsync("web", "order", Arguments("many"), Ct);

        Assert.True(withDefault.Success);
        Assert.True(given.Success);
        Assert.Equal([3, 5], counts);
        Assert.Equal("Command argument validation failed.", wrong.Message);
        Assert.Equal("3", count.Value);
    }

    [Fact]
    public async Task A_command_whose_state_cannot_be_told_is_disabled_and_its_resource_still_published()
    {
        await using var app = new DashboardFixture();
        _web.Annotations.Add(Command("reset", _ => Task.FromResult(CommandResults.Success()), _ => throw new InvalidOperationException()));

        await app.SetAsync(_web, "Running");

        Assert.Equal("Running", app.Snapshot("web").State?.Text);
        Assert.Equal(ResourceCommandState.Disabled, Assert.Single(app.Snapshot("web").Commands).State);
    }

    private static InteractionInputCollection Arguments(string count) =>
        new([new InteractionInput { Name = "count", InputType = InputType.Text, Value = count }]);
}
