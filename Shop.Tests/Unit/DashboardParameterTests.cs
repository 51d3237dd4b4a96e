using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using static Shop.Tests.Unit.DashboardFixture;
using Proto = Aspire.Hosting.Dashboard.Proto;

namespace Shop.Tests.Unit;

/// <summary>Parameters that a person at the dashboard sees, enters, changes and forgets.</summary>
public sealed class DashboardParameterTests : IDisposable
{
    private readonly string _secrets = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7()}.json");
    private readonly ConfigurationManager _configuration = new();

    [Fact]
    public async Task A_missing_value_is_asked_for_until_it_is_there_and_saved_when_that_is_wanted()
    {
        var key = Parameter("key", secret: true);
        await using var app = new DashboardFixture(resources: key);
        using var connection = app.Interactions.Connect();
        var values = await PublishedAsync(app);
        var reader = key.GetValueAsync(CancellationToken.None).AsTask();

        var notification = await NextAsync(connection);
        Assert.Equal(("Unresolved parameters", "Enter values"), (notification.Title, notification.PrimaryButtonText));
        app.Interactions.Answer(new() { InteractionId = notification.InteractionId, Complete = new() }); // dismissed: it comes again
        notification = await NextAsync(connection);
        app.Interactions.Answer(new() { InteractionId = notification.InteractionId, Notification = new() { Result = true } });
        var dialog = await NextAsync(connection);
        Assert.Equal(["key", "SaveToUserSecrets"], dialog.InputsDialog.InputItems.Select(i => i.Name));
        Assert.Equal(Proto.InputType.SecretText, dialog.InputsDialog.InputItems[0].InputType);
        Assert.False(reader.IsCompleted);
        dialog.InputsDialog.InputItems[0].Value = "sk_entered";
        dialog.InputsDialog.InputItems[1].Value = "true";
        app.Interactions.Answer(new() { InteractionId = dialog.InteractionId, InputsDialog = dialog.InputsDialog, ResponseUpdate = false });

        Assert.Equal("sk_entered", await reader);
        await app.Notifications.WaitForResourceAsync("key", KnownResourceStates.Running, Ct);
        Assert.Contains("\"Parameters:key\": \"sk_entered\"", await File.ReadAllTextAsync(_secrets), StringComparison.Ordinal);
        Assert.True(values.CanSave);
    }

    [Fact]
    public async Task Set_parameter_fills_in_what_was_missing_and_takes_the_question_away()
    {
        var key = Parameter("key");
        await using var app = new DashboardFixture(resources: key);
        using var connection = app.Interactions.Connect();
        await PublishedAsync(app);
        var notification = await NextAsync(connection);

        var result = await app.Commands.ExecuteCommandAsync("key", "set-parameter", Given(("Value", "entered")), Ct);

        Assert.Equal((true, "Successfully set parameter 'key'."), (result.Success, result.Message));
        Assert.Equal("entered", await key.GetValueAsync(Ct));
        Assert.Equal("Running", app.Snapshot("key").State?.Text);
        Assert.False(File.Exists(_secrets));
        var closed = await connection.Updates.ReadAsync(Ct);
        Assert.Equal((notification.InteractionId, true), (closed.InteractionId, closed.Complete is not null));
    }

    [Fact]
    public async Task Delete_parameter_forgets_the_value_here_and_in_the_secrets_and_asks_again()
    {
        var key = Parameter("key");
        var secrets = new UserSecrets(_secrets, _configuration);
        secrets.Set("Parameters:key", "known");
        await using var app = new DashboardFixture(resources: key);
        using var connection = app.Interactions.Connect();
        await PublishedAsync(app);
        Assert.Equal(ResourceCommandState.Enabled, StateOf(app, "delete-parameter"));

        var result = await app.Commands.ExecuteCommandAsync("key", "delete-parameter", Given(("DeleteFromUserSecrets", "true")), Ct);

        Assert.True(result.Success, result.Message);
        Assert.Equal(KnownResourceStates.ValueMissing, app.Snapshot("key").State?.Text);
        Assert.Equal(ResourceCommandState.Hidden, StateOf(app, "delete-parameter"));
        Assert.DoesNotContain("known", await File.ReadAllTextAsync(_secrets), StringComparison.Ordinal);
        Assert.Equal("Unresolved parameters", (await NextAsync(connection)).Title);
        var reader = key.GetValueAsync(Ct).AsTask();
        Assert.False(reader.IsCompleted);
        await app.Commands.ExecuteCommandAsync("key", "set-parameter", Given(("Value", "new")), Ct);
        Assert.Equal("new", await reader);
    }

    [Fact]
    public async Task The_field_of_a_parameter_can_be_of_ones_own_and_begins_with_the_present_value()
    {
        _configuration["Parameters:mode"] = "fast";
        var mode = Parameter("mode");
        mode.Annotations.Add(new ParameterInputAnnotation(p => new InteractionInput
        {
            Name = p.Name, Label = "Mode of the shop", InputType = InputType.Choice, Options = [new("fast", "Fast"), new("safe", "Safe")],
        }));
        await using var app = new DashboardFixture(resources: mode);
        await PublishedAsync(app);

        var field = Assert.Single(app.Snapshot("mode").Commands, c => c.Name == "set-parameter").Arguments[0];
        var refused = await app.Commands.ExecuteCommandAsync("mode", "set-parameter", Given(("Value", "reckless")), Ct);

        Assert.Equal(("Value", "Mode of the shop", "fast"), (field.Name, field.Label, field.Value));
        Assert.Equal("Command argument validation failed.", refused.Message);
        Assert.Equal("fast", await mode.GetValueAsync(Ct));
    }

    [Fact]
    public async Task Without_a_dashboard_nobody_is_asked_and_nothing_can_be_set()
    {
        var key = Parameter("key");
        await using var app = new DashboardFixture(dashboard: false, resources: key);

        await PublishedAsync(app);

        Assert.Equal(KnownResourceStates.ValueMissing, app.Snapshot("key").State?.Text);
        Assert.Empty(app.Snapshot("key").Commands);
        await Assert.ThrowsAsync<MissingParameterValueException>(async () => await key.GetValueAsync(Ct));
    }

    public void Dispose()
    {
        File.Delete(_secrets);
        File.Delete($"{_secrets}.lock");
        _configuration.Dispose();
    }

    private static ResourceCommandState StateOf(DashboardFixture app, string command) =>
        Assert.Single(app.Snapshot("key").Commands, c => c.Name == command).State;

    private static InteractionInputCollection Given(params (string Name, string Value)[] inputs) =>
        new([.. inputs.Select(i => new InteractionInput { Name = i.Name, InputType = InputType.Text, Value = i.Value })]);

    /// <summary>What is shown next, past the ends of former prompts.</summary>
    private static async Task<Proto.WatchInteractionsResponseUpdate> NextAsync(InteractionService.Connection connection)
    {
        while (true)
        {
            if (await connection.Updates.ReadAsync(Ct) is { Complete: null } shown)
                return shown.Clone();
        }
    }

    private ParameterResource Parameter(string name, bool secret = false) => new(
        name, _ => _configuration[$"Parameters:{name}"] ?? throw new MissingParameterValueException($"'Parameters:{name}' is missing."), secret);

    private async Task<ParameterValues> PublishedAsync(DashboardFixture app)
    {
        var values = new ParameterValues(
            (DistributedApplicationModel)app.Services.GetService(typeof(DistributedApplicationModel))!, app.Notifications, app.Consoles,
            app.Interactions, new UserSecrets(_secrets, _configuration), NullLogger<ParameterValues>.Instance);
        await values.PublishAsync();
        values.AskForMissing(CancellationToken.None);
        return values;
    }
}
