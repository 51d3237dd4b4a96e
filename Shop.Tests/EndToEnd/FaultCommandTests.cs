using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
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
}
