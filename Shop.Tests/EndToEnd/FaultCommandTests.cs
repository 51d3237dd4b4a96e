using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.EntityFrameworkCore;
using Shop.Tests.Fixtures;

namespace Shop.Tests.EndToEnd;

[Collection(RunningShop.Collection)]
public sealed class FaultCommandTests(RunningShop shop)
{
    [Theory]
    [InlineData("outage", "rules")]
    [InlineData("slow", "latency")]
    [InlineData("declines", "declineRate")]
    [InlineData("lost-answers", "rules")]
    [InlineData("webhooks-lost", "webhooks")]
    [InlineData("everything", "webhooks")]
    public async Task Faults_are_played_and_stopped_from_the_dashboard(string faults, string member)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        using var simulator = new HttpClient { BaseAddress = shop.Simulator };
        var quiet = await SetAsync();

        var played = await shop.App.ResourceCommands.ExecuteCommandAsync("simulator", "play-faults", new InteractionInputCollection(
            [new InteractionInput { Name = "faults", InputType = InputType.Choice, Value = faults }]), limit.Token);
        Assert.True(played.Success, played.Message);
        Assert.False(JsonNode.DeepEquals(quiet[member], (await SetAsync())[member]));

        var stopped = await shop.App.ResourceCommands.ExecuteCommandAsync("simulator", "stop-faults", limit.Token);
        Assert.True(stopped.Success, stopped.Message);
        Assert.True(JsonNode.DeepEquals(quiet[member], (await SetAsync())[member]));
        Assert.Equal(0, (double)quiet["declineRate"]!); // tests that buy must not meet a decline by chance

        async Task<JsonNode> SetAsync() => (await simulator.GetFromJsonAsync<JsonNode>("/faults", limit.Token))!;
    }

    [Fact]
    public async Task One_drill_at_a_time_is_started_and_stopped_from_the_dashboard()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        using var simulator = new HttpClient { BaseAddress = shop.Simulator };

        var started = await shop.App.ResourceCommands.ExecuteCommandAsync("simulator", "drill", limit.Token);
        Assert.True(started.Success, started.Message);
        var second = await shop.App.ResourceCommands.ExecuteCommandAsync("simulator", "drill", limit.Token);
        Assert.False(second.Success);

        // The first orders of synthetic shoppers come, by way of the storefront and the Api.
        await RunningShop.UntilAsync(ReportAsync, r => (int)r["planted"]! > 0, TimeSpan.FromMinutes(1));
        var stopped = await shop.App.ResourceCommands.ExecuteCommandAsync("simulator", "stop-drill", limit.Token);
        Assert.True(stopped.Success, stopped.Message);

        var report = await RunningShop.UntilAsync(ReportAsync, r => (string?)r["state"] is "stopped", TimeSpan.FromMinutes(1));
        Assert.Equal("stopped", (string?)report["state"]);
        Assert.Empty(report["problems"]!.AsArray());
        long[] numbers = [.. report["orders"]!.AsArray().Select(o => (long)o!["number"]!)];
        Assert.NotEmpty(numbers);
        await using var db = shop.OpenDatabase();
        Assert.True(await db.Orders.Where(o => numbers.Contains(o.Number)).AllAsync(o => o.IsSynthetic, limit.Token));

        async Task<JsonNode> ReportAsync() => (await simulator.GetFromJsonAsync<JsonNode>("/drills/payments-failing", limit.Token))!;
    }
}
