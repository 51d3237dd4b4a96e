using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Proto = Aspire.Hosting.Dashboard.Proto;

namespace Aspire.Hosting;

/// <summary>
/// The open prompts, and the streams that show them. Each stream has a queue of its own: the dashboard reconnects, and what one stream
/// took from a shared queue would be missing in the next.
/// </summary>
internal sealed class InteractionService(IServiceProvider services, IHostApplicationLifetime lifetime) : IInteractionService
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, OpenPrompt> _open = [];
    private readonly List<ChannelWriter<Proto.WatchInteractionsResponseUpdate>> _streams = [];
    private int _lastId;

    public bool IsAvailable => services.GetService<DistributedApplicationOptions>() is not { DisableDashboard: true };

    public Task<InteractionResult<bool>> PromptConfirmationAsync(
        string title, string message, MessageBoxInteractionOptions? options = null, CancellationToken cancellationToken = default) =>
        PromptBoxAsync(title, message, options, options?.Intent ?? MessageIntent.Confirmation, secondaryButton: true, cancellationToken);

    public Task<InteractionResult<bool>> PromptMessageBoxAsync(
        string title, string message, MessageBoxInteractionOptions? options = null, CancellationToken cancellationToken = default) =>
        PromptBoxAsync(title, message, options, options?.Intent ?? MessageIntent.None, secondaryButton: false, cancellationToken);

    public async Task<InteractionResult<bool>> PromptNotificationAsync(
        string title, string message, NotificationInteractionOptions? options = null, CancellationToken cancellationToken = default)
    {
        var shown = Prompt(title, message, options, secondaryButton: false, dismiss: true);
        shown.Notification = new Proto.InteractionNotification
        {
            Intent = (Proto.MessageIntent)(options?.Intent ?? MessageIntent.None),
            LinkText = options?.LinkText ?? "",
            LinkUrl = options?.LinkUrl ?? "",
        };
        using var prompt = Open(shown, cancellationToken);
        var answer = await prompt.AnswerAsync();
        return answer.Notification is { HasResult: true } notification
            ? InteractionResult.Ok(notification.Result)
            : InteractionResult.Cancel<bool>();
    }

    public Task<InteractionResult<InteractionInput>> PromptInputAsync(
        string title, string? message, string inputLabel, string placeHolder, InputsDialogInteractionOptions? options = null,
        CancellationToken cancellationToken = default) =>
        PromptInputAsync(
            title, message,
            new InteractionInput { Name = inputLabel, Label = inputLabel, Placeholder = placeHolder, InputType = InputType.Text, Required = true },
            options, cancellationToken);

    public async Task<InteractionResult<InteractionInput>> PromptInputAsync(
        string title, string? message, InteractionInput input, InputsDialogInteractionOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        var result = await PromptInputsAsync(title, message, [input], options, cancellationToken);
        return result.Canceled ? InteractionResult.Cancel<InteractionInput>() : InteractionResult.Ok(result.Data[0]);
    }

    public async Task<InteractionResult<InteractionInputCollection>> PromptInputsAsync(
        string title, string? message, IReadOnlyList<InteractionInput> inputs, InputsDialogInteractionOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        if (inputs.FirstOrDefault(i => i.InputType is InputType.File) is { } file)
            throw new NotSupportedException($"Input '{file.Name}' asks for a file, which this implementation cannot receive.");

        var collection = new InteractionInputCollection(inputs);
        var shown = Prompt(title, message, options, secondaryButton: true, dismiss: true);
        shown.InputsDialog = Dialog(collection);
        using var prompt = Open(shown, cancellationToken);
        while (true)
        {
            var answer = await prompt.AnswerAsync();
            if (answer.InputsDialog is not { } submitted)
                return InteractionResult.Cancel<InteractionInputCollection>();

            // Only a change while typing, which no input here asks to be told of.
            if (answer.ResponseUpdate)
                continue;

            foreach (var item in submitted.InputItems)
            {
                if (collection.TryGetByName(item.Name, out var input))
                    input.Value = item.Value.Length == 0 ? null : item.Value;
            }

            if (await InputValidation.ValidateAsync(collection, options?.ValidationCallback, services, cancellationToken))
                return InteractionResult.Ok(collection);

            // A new message: the former one may still be on its way in some stream.
            var again = shown.Clone();
            again.InputsDialog = Dialog(collection);
            prompt.Show(again);
        }
    }

    /// <summary>Everything that is open, then every change, for one dashboard connection.</summary>
    public Connection Connect()
    {
        var queue = Channel.CreateUnbounded<Proto.WatchInteractionsResponseUpdate>(new UnboundedChannelOptions { SingleReader = true });
        lock (_gate)
        {
            foreach (var prompt in _open.Values.OrderBy(p => p.Id))
                queue.Writer.TryWrite(prompt.Shown);

            _streams.Add(queue.Writer);
        }

        return new Connection(this, queue);
    }

    /// <summary>Ignores an answer to what is closed already: two browsers may answer the same question.</summary>
    public void Answer(Proto.WatchInteractionsRequestUpdate answer)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(answer.InteractionId, out var prompt))
                prompt.Answers.TryWrite(answer);
        }
    }

    private async Task<InteractionResult<bool>> PromptBoxAsync(
        string title, string message, MessageBoxInteractionOptions? options, MessageIntent intent, bool secondaryButton,
        CancellationToken cancellationToken)
    {
        var shown = Prompt(title, message, options, secondaryButton, dismiss: false);
        shown.MessageBox = new Proto.InteractionMessageBox { Intent = (Proto.MessageIntent)intent };
        using var prompt = Open(shown, cancellationToken);
        var answer = await prompt.AnswerAsync();
        return answer.MessageBox is { HasResult: true } box ? InteractionResult.Ok(box.Result) : InteractionResult.Cancel<bool>();
    }

    private static Proto.WatchInteractionsResponseUpdate Prompt(
        string title, string? message, InteractionOptions? options, bool secondaryButton, bool dismiss) => new()
        {
            Title = title,
            Message = message ?? "",
            PrimaryButtonText = options?.PrimaryButtonText ?? "",
            SecondaryButtonText = options?.SecondaryButtonText ?? "",
            ShowSecondaryButton = options?.ShowSecondaryButton ?? secondaryButton,
            ShowDismiss = options?.ShowDismiss ?? dismiss,
            EnableMessageMarkdown = options?.EnableMessageMarkdown ?? false,
        };

    private static Proto.InteractionInputsDialog Dialog(InteractionInputCollection inputs)
    {
        var dialog = new Proto.InteractionInputsDialog();
        dialog.InputItems.AddRange(inputs.Select(Dashboard.ResourceMapping.ToProto));
        return dialog;
    }

    private OpenPrompt Open(Proto.WatchInteractionsResponseUpdate shown, CancellationToken cancellationToken)
    {
        if (!IsAvailable)
            throw new InvalidOperationException("Nobody can be asked: the dashboard is disabled.");

        lock (_gate)
        {
            var prompt = new OpenPrompt(this, ++_lastId, cancellationToken, lifetime.ApplicationStopping);
            _open[prompt.Id] = prompt;
            prompt.Show(shown);
            return prompt;
        }
    }

    private void Send(Proto.WatchInteractionsResponseUpdate update)
    {
        lock (_gate)
        {
            foreach (var stream in _streams)
                stream.TryWrite(update);
        }
    }

    private void Close(OpenPrompt prompt)
    {
        lock (_gate)
        {
            _open.Remove(prompt.Id);
            Send(new Proto.WatchInteractionsResponseUpdate { InteractionId = prompt.Id, Complete = new Proto.InteractionComplete() });
        }
    }

    private void Disconnect(ChannelWriter<Proto.WatchInteractionsResponseUpdate> stream)
    {
        lock (_gate)
            _streams.Remove(stream);
    }

    internal sealed class Connection(InteractionService service, Channel<Proto.WatchInteractionsResponseUpdate> queue) : IDisposable
    {
        public ChannelReader<Proto.WatchInteractionsResponseUpdate> Updates => queue.Reader;

        public void Dispose() => service.Disconnect(queue.Writer);
    }

    private sealed class OpenPrompt(InteractionService service, int id, CancellationToken caller, CancellationToken stopping) : IDisposable
    {
        private readonly CancellationTokenSource _end = CancellationTokenSource.CreateLinkedTokenSource(caller, stopping);
        private readonly Channel<Proto.WatchInteractionsRequestUpdate> _answers = Channel.CreateUnbounded<Proto.WatchInteractionsRequestUpdate>();

        public int Id { get; } = id;
        public Proto.WatchInteractionsResponseUpdate Shown { get; private set; } = new();
        public ChannelWriter<Proto.WatchInteractionsRequestUpdate> Answers => _answers.Writer;

        public async Task<Proto.WatchInteractionsRequestUpdate> AnswerAsync() => await _answers.Reader.ReadAsync(_end.Token);

        public void Show(Proto.WatchInteractionsResponseUpdate shown)
        {
            shown.InteractionId = Id;
            lock (service._gate)
            {
                Shown = shown;
                service.Send(shown);
            }
        }

        public void Dispose()
        {
            service.Close(this);
            _end.Dispose();
        }
    }
}
