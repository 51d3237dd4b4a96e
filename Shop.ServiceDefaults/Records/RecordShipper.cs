using System.Data.Common;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;

namespace Shop.ServiceDefaults.Records;

/// <summary>Keeps a batch where the host says.</summary>
public delegate Task KeepRecords(TelemetryBatch batch, CancellationToken ct);

/// <summary>
/// Takes what waits away once a second. A batch that could not be kept is tried again until it can; meanwhile the buffer fills, and then drops.
/// Nothing it does is logged as a line or traced: it would keep itself busy for ever.
/// </summary>
internal sealed class RecordShipper(
    RecordBuffer buffer, KeepRecords keep, IOptions<RecordOptions> options, TimeProvider clock, ILogger<RecordShipper> logger)
    : IHostedLifecycleService, IDisposable
{
    private readonly CancellationTokenSource _end = new();
    private Task _running = Task.CompletedTask;
    private TelemetryBatch? _batch;
    private bool _isOver;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        using (ExecutionContext.SuppressFlow())
        {
            var end = _end.Token;
            _running = Task.Run(() => RunAsync(end), CancellationToken.None);
        }

        return Task.CompletedTask;
    }

    // Only when everybody has stopped: the last words of a job that was waited for are the ones that are looked for.
    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        if (!Interlocked.Exchange(ref _isOver, true))
            await _end.CancelAsync();
        await _running;
    }

    // A host that is thrown away may still be told to stop.
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref _isOver, true))
            _end.Cancel();
        _end.Dispose();
    }

    private async Task RunAsync(CancellationToken end)
    {
        RecordBuffer.BeSilent();
        using var untraced = SuppressInstrumentationScope.Begin();
        for (var failures = 0; !end.IsCancellationRequested;)
        {
            try
            {
                await Task.Delay(Pause(failures), clock, end);
                do
                    await ShipAsync(options.Value.Limit, end);
                while (buffer.HasMoreThanABatch);
                if (failures > 0)
                    logger.RecordsKeptAgain();
                failures = 0;
            }
            catch (Exception) when (end.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                if (failures++ == 0)
                    logger.RecordsNotKept($"{e.GetType().Name}: {e.Message}"); // once, for the console
            }
        }

        using var farewell = new CancellationTokenSource(options.Value.Farewell, clock);
        try
        {
            do
                await ShipAsync(options.Value.Farewell, farewell.Token);
            while (buffer.HasMoreThanABatch);
        }
        catch (Exception e)
        {
            logger.RecordsNotKept($"{e.GetType().Name}: {e.Message}");
        }
    }

    private TimeSpan Pause(int failures)
    {
        var pause = options.Value.Every * Math.Pow(2, Math.Min(failures, 10));
        return failures == 0 || pause < options.Value.LongestPause ? pause : options.Value.LongestPause;
    }

    private async Task ShipAsync(TimeSpan patience, CancellationToken stopping)
    {
        if (_batch is null && buffer.IsEmpty)
            return;

        _batch ??= Scrubbed(buffer.Take());
        using var time = new CancellationTokenSource(patience, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping, time.Token);
        try
        {
            await keep(_batch, limit.Token).WaitAsync(limit.Token); // a driver that does not hear must not hold the end of the process
        }
        catch (Exception e) when (IsRefusal(e))
        {
            buffer.Dropped(_batch.Lines.Count); // it would be refused for ever, and everything behind it
            logger.RecordsRefused(_batch.Lines.Count, $"{e.GetType().Name}: {e.Message}");
        }

        _batch = null;
    }

    // Data exceptions and broken constraints, or what the Api makes of them.
    private static bool IsRefusal(Exception e) => e switch
    {
        DbException { SqlState: ['2', '2' or '3', ..] } => true,
        HttpRequestException { StatusCode: HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity } => true,
        _ => false,
    };

    /// <summary>Here and not where it was logged: nobody waits here, and what was dropped costs nothing.</summary>
    private static TelemetryBatch Scrubbed(TelemetryBatch batch) => batch with
    {
        Lines = [.. batch.Lines.Select(line => line with { Message = Scrub.Text(line.Message), Exception = line.Exception is null ? null : Scrub.Text(line.Exception) })],
        Errors = [.. batch.Errors.Select(error => error with { Title = Scrub.Text(error.Title), Culprit = Scrub.Text(error.Culprit), Stack = error.Stack is null ? null : Scrub.Text(error.Stack) })],
    };

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
