using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Dashboard;

/// <summary>What the dashboard asks of an AppHost: the resources, their consoles, their commands, and prompts to show.</summary>
internal sealed class DashboardService(
    ResourceNotificationService notifications,
    ResourceLoggerService consoles,
    ResourceCommandService commands,
    InteractionService interactions,
    IConfiguration configuration,
    IHostEnvironment environment)
{
    public Task HandleAsync(string method, GrpcCall call) => method switch
    {
        "GetApplicationInformation" => GetApplicationInformationAsync(call),
        "WatchResources" => WatchResourcesAsync(call),
        "WatchResourceConsoleLogs" => WatchConsoleAsync(call),
        "ExecuteResourceCommand" => ExecuteCommandAsync(call),
        "WatchInteractions" => WatchInteractionsAsync(call),
        _ => throw new RpcException(GrpcStatus.Unimplemented, $"There is no method '{method}'."),
    };

    /// <summary>The name on the dashboard's title bar.</summary>
    internal static string ApplicationName(IConfiguration configuration, IHostEnvironment environment)
    {
        const string suffix = "AppHost";
        var name = configuration["AppHost:DashboardApplicationName"] is { Length: > 0 } given ? given : environment.ApplicationName;
        return name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.OrdinalIgnoreCase)
            ? name[..^suffix.Length].TrimEnd('.')
            : name;
    }

    private async Task GetApplicationInformationAsync(GrpcCall call)
    {
        await call.ReadOneAsync(Proto.ApplicationInformationRequest.Parser);
        await call.WriteAsync(
            new Proto.ApplicationInformationResponse { ApplicationName = ApplicationName(configuration, environment) }, call.Ended);
    }

    private async Task WatchResourcesAsync(GrpcCall call)
    {
        await call.ReadOneAsync(Proto.WatchResourcesRequest.Parser);
        using var subscription = notifications.Subscribe();

        var initial = new Proto.InitialResourceData();
        initial.Resources.AddRange(subscription.Current.Select(ResourceMapping.ToProto));
        await call.WriteAsync(new Proto.WatchResourcesUpdate { InitialData = initial }, call.Ended);

        while (await subscription.Changes.WaitToReadAsync(call.Ended))
        {
            // Only the latest of each: at start a resource changes faster than anybody can look.
            var latest = new Dictionary<string, ResourceEvent>(StringComparer.OrdinalIgnoreCase);
            while (subscription.Changes.TryRead(out var e))
                latest[e.ResourceId] = e;

            var changes = new Proto.WatchResourcesChanges();
            changes.Value.AddRange(latest.Values.Select(e => new Proto.WatchResourcesChange { Upsert = ResourceMapping.ToProto(e) }));
            await call.WriteAsync(new Proto.WatchResourcesUpdate { Changes = changes }, call.Ended);
        }
    }

    private async Task WatchConsoleAsync(GrpcCall call)
    {
        var request = await call.ReadOneAsync(Proto.WatchResourceConsoleLogsRequest.Parser);
        var batches = request.SuppressFollow ? consoles.GetAllAsync(request.ResourceName) : consoles.WatchAsync(request.ResourceName);
        await foreach (var batch in batches.WithCancellation(call.Ended))
        {
            var update = new Proto.WatchResourceConsoleLogsUpdate();
            update.LogLines.AddRange(batch.Select(line =>
                new Proto.ConsoleLogLine { LineNumber = line.LineNumber, Text = line.Content, IsStdErr = line.IsErrorMessage }));
            await call.WriteAsync(update, call.Ended);
        }
    }

    private async Task ExecuteCommandAsync(GrpcCall call)
    {
        var request = await call.ReadOneAsync(Proto.ResourceCommandRequest.Parser);
        var result = await ExecuteAsync(request, call.Ended);
        var response = new Proto.ResourceCommandResponse
        {
            Kind = result switch
            {
                { Success: true } => Proto.ResourceCommandResponseKind.Succeeded,
                { Canceled: true } => Proto.ResourceCommandResponseKind.Cancelled,
                { InvalidArguments: true } => Proto.ResourceCommandResponseKind.InvalidArguments,
                _ => Proto.ResourceCommandResponseKind.Failed,
            },
        };
        if (result.Message is not null)
            response.Message = result.Message;

        if (result.Data is { } data)
        {
            response.Result = new Proto.ResourceCommandResult
            {
                Value = data.Value,
                DisplayImmediately = data.DisplayImmediately,
                Format = data.Format switch
                {
                    CommandResultFormat.Json => Proto.CommandResultFormat.Json,
                    CommandResultFormat.Markdown => Proto.CommandResultFormat.Markdown,
                    _ => Proto.CommandResultFormat.Text,
                },
            };
        }

        await call.WriteAsync(response, call.Ended);
    }

    private async Task<ExecuteCommandResult> ExecuteAsync(Proto.ResourceCommandRequest request, CancellationToken cancellationToken)
    {
        var command = notifications.TryGetCurrentState(request.ResourceName, out var instance)
            ? instance.Resource.Annotations.OfType<ResourceCommandAnnotation>().LastOrDefault(c => c.Name == request.CommandName)
            : null;
        var arguments = Given(request);

        // The dashboard sends no arguments and leaves the asking to the AppHost; the command's call stays open meanwhile.
        if (command is { Arguments.Count: > 0 } && arguments.Count == 0 && !request.NonInteractive)
        {
            var answer = await interactions.PromptInputsAsync(
                command.DisplayName, command.DisplayDescription, [.. command.Arguments.Select(a => a.Copy(a.Value))],
                new InputsDialogInteractionOptions { ValidationCallback = command.ValidateArguments }, cancellationToken);
            if (answer.Canceled)
                return CommandResults.Canceled();

            arguments = answer.Data;
        }

        return await commands.ExecuteCommandAsync(request.ResourceName, request.CommandName, arguments, cancellationToken);
    }

    private static InteractionInputCollection Given(Proto.ResourceCommandRequest request) =>
        new([.. request.Arguments.Select(a => new InteractionInput { Name = a.Key, InputType = InputType.Text, Value = TextOf(a.Value) })]);

    private static string? TextOf(Value value) => value.KindCase switch
    {
        Value.KindOneofCase.StringValue => value.StringValue,
        Value.KindOneofCase.NumberValue => value.NumberValue.ToString(CultureInfo.InvariantCulture),
        Value.KindOneofCase.BoolValue => value.BoolValue ? "true" : "false",
        _ => null,
    };

    private async Task WatchInteractionsAsync(GrpcCall call)
    {
        using var connection = interactions.Connect();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(call.Ended);
        Task[] directions = [ReadAnswersAsync(), WritePromptsAsync()];

        // Either direction's end is the stream's end; what made it end is the answer.
        var first = await Task.WhenAny(directions);
        await end.CancelAsync();
        await Task.WhenAll(directions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;

        async Task ReadAnswersAsync()
        {
            while (await call.ReadAsync(Proto.WatchInteractionsRequestUpdate.Parser, end.Token) is { } answer)
                interactions.Answer(answer);
        }

        async Task WritePromptsAsync()
        {
            await foreach (var update in connection.Updates.ReadAllAsync(end.Token))
                await call.WriteAsync(update, end.Token);
        }
    }
}
