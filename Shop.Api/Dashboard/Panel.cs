using System.Collections.Concurrent;

namespace Shop.Api.Dashboard;

/// <summary>What stands between a panel and the truth of this moment.</summary>
internal enum PanelTrouble { Late, Failed }

/// <param name="Data">The last that is known; null while nothing is.</param>
/// <param name="At">When it was so.</param>
/// <param name="Trouble">Null for what is as fresh as it should be.</param>
internal sealed record PanelView<T>(T? Data, DateTimeOffset? At, PanelTrouble? Trouble) where T : class;

/// <summary>
/// One part of the dashboard with what it last knew, per range (or for all ranges of which it shows the same). However many look at it, one question at a time is under way; whoever asks waits
/// for it a little and takes what is there. So a part that is slow or broken costs the others nothing, and says how old it is.
/// </summary>
internal sealed class Panel<T>(
    string name, Func<DashboardRange, CancellationToken, Task<T>> read, TimeSpan fresh, DashboardOptions options, TimeProvider clock, ILogger logger,
    Func<DashboardRange, string>? keyOf = null) where T : class
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5); // a few seconds are no trouble, and no sentence above the numbers
    private readonly ConcurrentDictionary<string, Known> _known = new();

    private sealed class Known
    {
        public T? Data;
        public DateTimeOffset? At;
        public DateTimeOffset TriedAt;
        public bool Failed;
        public string? Trouble; // of the last question
        public Task? Running;
    }

    public async Task<PanelView<T>> ReadAsync(DashboardRange range, CancellationToken ct)
    {
        var known = _known.GetOrAdd(keyOf is null ? range.Name : keyOf(range), _ => new Known());
        Task? running;
        TimeSpan patience;
        lock (known)
        {
            if (known.Running is null && clock.GetUtcNow() - known.TriedAt >= fresh)
            {
                known.TriedAt = clock.GetUtcNow();
                known.Running = Task.Run(() => AskAsync(known, range), CancellationToken.None); // whoever asked may leave; the next one wants it too
            }

            running = known.Running;
            patience = known.Data is null ? options.FirstPatience : options.Patience;
        }

        if (running is not null)
            await Task.WhenAny(running, Task.Delay(patience, clock, ct));
        lock (known)
        {
            var isLate = known.At is null || clock.GetUtcNow() - known.At > fresh + Grace;
            return new(known.Data, known.At, known.Failed ? PanelTrouble.Failed : isLate ? PanelTrouble.Late : null);
        }
    }

    private async Task AskAsync(Known known, DashboardRange range)
    {
        var at = clock.GetUtcNow();
        try
        {
            using var limit = new CancellationTokenSource(options.Limit, clock);
            var data = await read(range, limit.Token);
            lock (known)
                (known.Data, known.At, known.Failed, known.Trouble) = (data, at, false, null);
        }
        catch (Exception e) // any: the page goes on without it, and says so
        {
            if (known.Trouble != e.GetType().Name) // it may be asked again each second
                logger.PanelFailed(name, e.GetType().Name, e.Message);
            lock (known)
                (known.Failed, known.Trouble) = (e is not OperationCanceledException, e.GetType().Name); // out of time is late
        }
        finally
        {
            lock (known)
                known.Running = null;
        }
    }
}
