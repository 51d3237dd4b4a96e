using System.Data.Common;
using System.Net;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Polly;

namespace Shop.ServiceDefaults.Records;

/// <summary>Keeps a batch where the host says.</summary>
public delegate Task KeepRecords(TelemetryBatch batch, CancellationToken ct);

/// <summary>
/// Takes what waits away once a second. A batch that could not be kept is tried again: until it can where the trouble passes by itself, some times
/// where nobody knows; meanwhile the buffer fills, and then drops. One that is refused is taken apart, down to the row that is to blame. it does is logged as a line or traced: it would keep itself busy for ever.
/// </summary>
internal sealed class RecordShipper(
    RecordBuffer buffer, KeepRecords keep, IOptions<RecordOptions> options, TimeProvider clock, ILogger<RecordShipper> logger)
    : IHostedLifecycleService, IDisposable
{
    private const int MostTries = 5;
    private const int MostRefusals = 40; // of what was one batch: enough to find two rows in a thousand, and an end where all are bad
    private readonly Stack<TelemetryBatch> _waiting = new();
    private readonly CancellationTokenSource _end = new();
    private Task _running = Task.CompletedTask;
    private int _tries, _refusals;
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
                while (_waiting.Count > 0 || buffer.HasMoreThanABatch);
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
            while (_waiting.Count > 0 || !buffer.IsEmpty)
                await ShipAsync(options.Value.Farewell, farewell.Token);
        }
        catch (Exception e)
        {
            while (!buffer.IsEmpty)
                _waiting.Push(buffer.Take());
            Lose([.. _waiting], e); // told on the console at least
        }
    }

    private TimeSpan Pause(int failures)
    {
        var pause = options.Value.Every * Math.Pow(2, Math.Min(failures, 10));
        return failures == 0 || pause < options.Value.LongestPause ? pause : options.Value.LongestPause;
    }

    private async Task ShipAsync(TimeSpan patience, CancellationToken stopping)
    {
        if (!_waiting.TryPeek(out var batch))
        {
            if (buffer.IsEmpty)
                return;
            _waiting.Push(batch = Scrubbed(buffer.Take()));
            _refusals = 0;
        }

        using var time = new CancellationTokenSource(patience, clock);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping, time.Token);
        try
        {
            await keep(batch, limit.Token).WaitAsync(limit.Token); // a driver that does not hear must not hold the end of the process
        }
        catch (Exception e) when (!WillPass(e))
        {
            if (!IsRefusal(e) && !batch.IsMixed && ++_tries < MostTries)
                throw;
            // It would be refused for ever, and everything behind it would wait as long.
            _waiting.Pop();
            var parts = ++_refusals > MostRefusals ? [] : batch.Split();
            foreach (var part in parts)
                _waiting.Push(part);
            if (parts.Count == 0)
                Lose([batch], e);
            return;
        }

        _waiting.Pop();
        _tries = 0;
    }

    private void Lose(IReadOnlyList<TelemetryBatch> lost, Exception e)
    {
        var (lines, points, errors) = (lost.Sum(b => b.Lines.Count), lost.Sum(b => b.Points.Count), lost.Sum(b => b.Errors.Count));
        buffer.Dropped(lines, points, errors);
        logger.RecordsLost(lines, points, errors, $"{e.GetType().Name}: {e.Message}");
    }

    // Data exceptions, broken constraints and limits, or what the Api makes of them.
    private static bool IsRefusal(Exception e) => e switch
    {
        DbException { SqlState: ['2', '2' or '3', ..] or ['5', '4', ..] } => true,
        HttpRequestException { StatusCode: HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnprocessableEntity } => true,
        _ => false,
    };

    // Somebody is away, busy or too slow.
    private static bool WillPass(Exception e) => e switch
    {
        DbException { IsTransient: true } or DbException { SqlState: ['0', '8', ..] or ['5', '3' or '5' or '7', ..] } => true,
        HttpRequestException { StatusCode: null or >= HttpStatusCode.InternalServerError or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout } => true,
        DbException or HttpRequestException => false,
        IOException or TimeoutException or OperationCanceledException or ExecutionRejectedException => true,
        _ => false,
    };

    /// <summary>Here and not where it was logged: nobody waits here, and what was dropped costs nothing.</summary>
    private static TelemetryBatch Scrubbed(TelemetryBatch batch) => batch with
    {
        Lines = [.. batch.Lines.Select(Scrubbed)],
        Errors = [.. batch.Errors.Select(Scrubbed)],
    };

    private static LogLine Scrubbed(LogLine line)
    {
        string?[] own = [line.TraceId, line.PersonId, line.OrderId?.ToString("N"), line.PaymentId?.ToString("N")];
        return line with { Message = Scrub.Text(line.Message, own), Exception = line.Exception is null ? null : Scrub.Text(line.Exception, own) };
    }

    private static ErrorReport Scrubbed(ErrorReport error)
    {
        string?[] own = [error.TraceId, error.PersonId, error.OrderId?.ToString("N")];
        return error with
        {
            Title = Scrub.Text(error.Title, own), Culprit = Scrub.Text(error.Culprit, own), Stack = error.Stack is null ? null : Scrub.Text(error.Stack, own),
        };
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
