using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Microsoft.Extensions.DependencyInjection;
using Shop.Tests.Unit;
using static Shop.Tests.Unit.DashboardFixture;
using Proto = Aspire.Hosting.Dashboard.Proto;

namespace Shop.Tests.Integration;

#pragma warning disable CA1001 // xunit disposes through IAsyncLifetime.
public sealed class DashboardServiceTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private const string ApiKey = "0123456789abcdef";

    private readonly DashboardFixture _app = new();
    private readonly Thing _web = new("web");
    private Uri _address = null!;
    private DashboardClient _client = null!;

    public async Task InitializeAsync()
    {
        _address = await _app.Services.GetRequiredService<ResourceServiceServer>().StartAsync(null, ApiKey, Ct);
        _client = new DashboardClient(_address, ApiKey);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [Fact]
    public async Task The_application_is_called_by_its_name_without_the_suffix()
    {
        var (answer, status, _) = await _client.AskAsync(
            "GetApplicationInformation", new Proto.ApplicationInformationRequest(), Proto.ApplicationInformationResponse.Parser, Ct);

        Assert.Equal(0, status);
        Assert.Equal("Shop", answer!.ApplicationName);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0123456789abcdeF")]
    [InlineData("0123456789abcdef0")]
    public async Task Nobody_is_served_without_the_key(string? key)
    {
        await _app.SetAsync(_web, "Running");
        using var stranger = new DashboardClient(_address, key);

        var (answer, status, _) = await stranger.AskAsync("WatchResources", new Proto.WatchResourcesRequest(), Proto.WatchResourcesUpdate.Parser, Ct);

        Assert.Equal((int)GrpcStatus.Unauthenticated, status);
        Assert.Null(answer);
    }

    [Fact]
    public async Task An_unknown_method_is_unimplemented_and_a_broken_message_is_the_callers_fault()
    {
        var (_, unknown, _) = await _client.AskAsync("UploadFile", new Proto.WatchResourcesRequest(), Proto.WatchResourcesUpdate.Parser, Ct);
        using var call = await _client.OpenAsync("WatchResources", null, Ct);
        await call.WriteRawAsync([0, 0, 0, 0, 2, 255, 255], Ct);
        var (broken, _) = await call.StatusAsync(Ct);

        Assert.Equal((int)GrpcStatus.Unimplemented, unknown);
        Assert.Equal((int)GrpcStatus.InvalidArgument, broken);
    }

    [Fact]
    public async Task A_stream_begins_with_all_resources_and_goes_on_with_changes_for_each_of_its_readers()
    {
        await _app.SetAsync(_web, "Starting");
        using var one = await _client.OpenAsync("WatchResources", new Proto.WatchResourcesRequest(), Ct);
        using var two = await _client.OpenAsync("WatchResources", new Proto.WatchResourcesRequest { IsReconnect = true }, Ct);
        Assert.Equal("application/grpc", one.ContentType);

        foreach (var call in new[] { one, two })
        {
            var first = await call.ReadAsync(Proto.WatchResourcesUpdate.Parser, Ct);
            Assert.Equal("Starting", Assert.Single(first!.InitialData.Resources).State);
        }

        await _app.SetAsync(_web, "Running");
        foreach (var call in new[] { one, two })
        {
            var change = await call.ReadAsync(Proto.WatchResourcesUpdate.Parser, Ct);
            Assert.Equal("Running", Assert.Single(change!.Changes.Value).Upsert.State);
        }
    }

    [Fact]
    public async Task A_reader_that_comes_back_after_others_left_gets_everything_again()
    {
        await _app.SetAsync(_web, "Running");
        for (var i = 0; i < 20; i++)
        {
            using var call = await _client.OpenAsync("WatchResources", new Proto.WatchResourcesRequest(), Ct);
            Assert.Single((await call.ReadAsync(Proto.WatchResourcesUpdate.Parser, Ct))!.InitialData.Resources);
        }
    }

    [Fact]
    public async Task A_console_is_followed_or_only_read()
    {
        _app.Consoles.Append("web", "first", isErrorMessage: false);

        using var follow = await _client.OpenAsync(
            "WatchResourceConsoleLogs", new Proto.WatchResourceConsoleLogsRequest { ResourceName = "web" }, Ct);
        Assert.Equal("first", Assert.Single((await follow.ReadAsync(Proto.WatchResourceConsoleLogsUpdate.Parser, Ct))!.LogLines).Text);
        _app.Consoles.Append("web", "second", isErrorMessage: true);
        var second = Assert.Single((await follow.ReadAsync(Proto.WatchResourceConsoleLogsUpdate.Parser, Ct))!.LogLines);
        Assert.Equal((2, "second", true), (second.LineNumber, second.Text, second.IsStdErr));

        var (all, status, _) = await _client.AskAsync(
            "WatchResourceConsoleLogs", new Proto.WatchResourceConsoleLogsRequest { ResourceName = "web", SuppressFollow = true },
            Proto.WatchResourceConsoleLogsUpdate.Parser, Ct);
        Assert.Equal(0, status);
        Assert.Equal(2, all!.LogLines.Count);
    }

    [Fact]
    public async Task A_command_answers_with_its_message_and_its_result()
    {
        _web.Annotations.Add(Command("report", _ => Task.FromResult(
            CommandResults.Success("Done.", "# Orders", CommandResultFormat.Markdown, displayImmediately: true))));
        await _app.SetAsync(_web, "Running");

        var response = await ExecuteAsync("web", "report");

        Assert.Equal(Proto.ResourceCommandResponseKind.Succeeded, response.Kind);
        Assert.Equal("Done.", response.Message);
        Assert.Equal(("# Orders", Proto.CommandResultFormat.Markdown, true),
            (response.Result.Value, response.Result.Format, response.Result.DisplayImmediately));
        Assert.Equal(Proto.ResourceCommandResponseKind.Failed, (await ExecuteAsync("nobody", "report")).Kind);
    }

    [Fact]
    public async Task Whoever_gives_up_on_a_command_cancels_it()
    {
        var running = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        _web.Annotations.Add(Command("slow", async c =>
        {
            await using var noted = c.CancellationToken.Register(cancelled.SetResult);
            running.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, c.CancellationToken);
            return CommandResults.Success();
        }));
        await _app.SetAsync(_web, "Running");
        using var impatient = CancellationTokenSource.CreateLinkedTokenSource(Ct);

        using (await _client.OpenAsync("ExecuteResourceCommand", Request("web", "slow"), Ct))
            await running.Task.WaitAsync(Ct);

        await cancelled.Task.WaitAsync(Ct);
    }

    [Fact]
    public async Task A_command_with_arguments_asks_for_them_and_a_program_brings_its_own()
    {
        _web.Annotations.Add(Command(
            "order", c => Task.FromResult(CommandResults.Success($"{c.Arguments.GetInt32("count")} orders")),
            arguments: [new InteractionInput { Name = "count", InputType = InputType.Number, Required = true }]));
        await _app.SetAsync(_web, "Running");
        using var prompts = await _client.OpenAsync("WatchInteractions", null, Ct);

        var asked = ExecuteAsync("web", "order");
        var dialog = (await prompts.ReadAsync(Proto.WatchInteractionsResponseUpdate.Parser, Ct))!;
        var values = dialog.InputsDialog.Clone();
        values.InputItems[0].Value = "3";
        await prompts.WriteAsync(
            new Proto.WatchInteractionsRequestUpdate { InteractionId = dialog.InteractionId, InputsDialog = values, ResponseUpdate = false }, Ct);
        Assert.Equal("3 orders", (await asked).Message);
        Assert.NotNull((await prompts.ReadAsync(Proto.WatchInteractionsResponseUpdate.Parser, Ct))!.Complete);

        var request = Request("web", "order");
        request.Arguments["count"] = Google.Protobuf.WellKnownTypes.Value.ForNumber(7);
        Assert.Equal("7 orders", (await ExecuteAsync(request)).Message);
        request.Arguments.Clear();
        request.NonInteractive = true;
        Assert.Equal(Proto.ResourceCommandResponseKind.InvalidArguments, (await ExecuteAsync(request)).Kind);
    }

    [Fact]
    public async Task A_dialog_that_is_dismissed_cancels_the_command()
    {
        _web.Annotations.Add(Command(
            "order", _ => Task.FromResult(CommandResults.Success()), arguments: [new InteractionInput { Name = "count", InputType = InputType.Number }]));
        await _app.SetAsync(_web, "Running");
        using var prompts = await _client.OpenAsync("WatchInteractions", null, Ct);

        var asked = ExecuteAsync("web", "order");
        var dialog = (await prompts.ReadAsync(Proto.WatchInteractionsResponseUpdate.Parser, Ct))!;
        await prompts.WriteAsync(new Proto.WatchInteractionsRequestUpdate { InteractionId = dialog.InteractionId, Complete = new() }, Ct);

        Assert.Equal(Proto.ResourceCommandResponseKind.Cancelled, (await asked).Kind);
    }

    [Fact]
    public async Task When_the_application_stops_open_streams_end_with_unavailable_so_that_the_dashboard_comes_back()
    {
        using var call = await _client.OpenAsync("WatchResources", new Proto.WatchResourcesRequest(), Ct);
        await call.CompleteAsync();
        await call.ReadAsync(Proto.WatchResourcesUpdate.Parser, Ct);

        var stopping = _app.Services.GetRequiredService<ResourceServiceServer>().StopAsync(Ct);
        var (status, _) = await call.StatusAsync(Ct);
        await stopping;

        Assert.Equal((int)GrpcStatus.Unavailable, status);
    }

    private Task<Proto.ResourceCommandResponse> ExecuteAsync(string resource, string command) => ExecuteAsync(Request(resource, command));

    private async Task<Proto.ResourceCommandResponse> ExecuteAsync(Proto.ResourceCommandRequest request)
    {
        var (answer, status, message) = await _client.AskAsync("ExecuteResourceCommand", request, Proto.ResourceCommandResponse.Parser, Ct);
        Assert.True(status == 0, message);
        return answer!;
    }

    private static Proto.ResourceCommandRequest Request(string resource, string command) =>
        new() { ResourceName = resource, CommandName = command, ResourceType = "Project" };
}
