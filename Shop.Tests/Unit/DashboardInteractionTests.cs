using Aspire.Hosting;
using static Shop.Tests.Unit.DashboardFixture;
using Proto = Aspire.Hosting.Dashboard.Proto;

namespace Shop.Tests.Unit;

public sealed class DashboardInteractionTests
{
    [Fact]
    public async Task A_prompt_is_shown_on_every_connection_also_on_one_that_comes_later_and_closed_on_all()
    {
        await using var app = new DashboardFixture();
        using var early = app.Interactions.Connect();
        var prompt = app.Interactions.PromptConfirmationAsync("Sure?", "It cannot be undone.", cancellationToken: Ct);
        using var late = app.Interactions.Connect();

        var shown = await early.Updates.ReadAsync(Ct);
        Assert.Equal(shown, await late.Updates.ReadAsync(Ct));
        Assert.Equal(Proto.MessageIntent.Confirmation, shown.MessageBox.Intent);
        app.Interactions.Answer(new() { InteractionId = shown.InteractionId, MessageBox = new() { Result = true } });

        Assert.True((await prompt).Data);
        Assert.NotNull((await early.Updates.ReadAsync(Ct)).Complete);
        Assert.NotNull((await late.Updates.ReadAsync(Ct)).Complete);
    }

    [Fact]
    public async Task Wrong_values_come_back_with_the_reason_and_the_corrected_ones_are_the_answer()
    {
        await using var app = new DashboardFixture();
        using var connection = app.Interactions.Connect();
        var prompt = app.Interactions.PromptInputsAsync(
            "Orders", null,
            [
                new InteractionInput { Name = "count", InputType = InputType.Number, Required = true },
                new InteractionInput { Name = "kind", InputType = InputType.Choice, Options = [new("card", "Card")], Value = "card" },
            ],
            new InputsDialogInteractionOptions
            {
                ValidationCallback = c =>
                {
                    if (c.Inputs.GetInt32("count") > 10)
                        c.AddValidationError("count", "At most 10.");
                    return Task.CompletedTask;
                },
            },
            Ct);
        var id = (await connection.Updates.ReadAsync(Ct)).InteractionId;

        Assert.Equal(["Value is required."], await SubmitAsync(""));
        Assert.Equal(["Value must be a valid number."], await SubmitAsync("many"));
        Assert.Equal(["At most 10."], await SubmitAsync("11"));
        app.Interactions.Answer(Values("10"));

        var result = await prompt;
        Assert.False(result.Canceled);
        Assert.Equal(10, result.Data.GetInt32("count"));
        Assert.Equal("card", result.Data.GetString("kind"));

        async Task<IEnumerable<string>> SubmitAsync(string count)
        {
            app.Interactions.Answer(Values(count));
            return (await connection.Updates.ReadAsync(Ct)).InputsDialog.InputItems[0].ValidationErrors;
        }

        Proto.WatchInteractionsRequestUpdate Values(string count)
        {
            var dialog = new Proto.InteractionInputsDialog();
            dialog.InputItems.Add(new Proto.InteractionInput { Name = "count", Value = count });
            dialog.InputItems.Add(new Proto.InteractionInput { Name = "kind", Value = "card" });
            return new() { InteractionId = id, InputsDialog = dialog, ResponseUpdate = false };
        }
    }

    [Fact]
    public async Task A_dismissed_prompt_is_cancelled_and_an_answer_to_a_closed_one_is_nothing()
    {
        await using var app = new DashboardFixture();
        using var connection = app.Interactions.Connect();
        var prompt = app.Interactions.PromptNotificationAsync("Unresolved parameters", "There are some.", cancellationToken: Ct);
        var id = (await connection.Updates.ReadAsync(Ct)).InteractionId;

        app.Interactions.Answer(new() { InteractionId = id, Complete = new() });
        Assert.True((await prompt).Canceled);
        app.Interactions.Answer(new() { InteractionId = id, Notification = new() { Result = true } });
    }

    [Fact]
    public async Task Who_asks_without_a_dashboard_is_told_that_nobody_can_answer()
    {
        await using var app = new DashboardFixture(dashboard: false);

        Assert.False(app.Interactions.IsAvailable);
        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Interactions.PromptConfirmationAsync("Sure?", "", cancellationToken: Ct));
    }
}
