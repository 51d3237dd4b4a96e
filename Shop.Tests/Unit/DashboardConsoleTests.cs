using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;
using static Shop.Tests.Unit.DashboardFixture;

namespace Shop.Tests.Unit;

public sealed class DashboardConsoleTests
{
    [Fact]
    public async Task A_follower_gets_what_was_written_before_and_after_and_ends_when_the_console_is_complete()
    {
        using var consoles = new ResourceLoggerService();
        consoles.Append("web", "before", isErrorMessage: false);
        var lines = new List<LogLine>();
        var started = new TaskCompletionSource();
        var following = Task.Run(async () =>
        {
            await foreach (var batch in consoles.WatchAsync("web").WithCancellation(Ct))
            {
                lines.AddRange(batch);
                started.TrySetResult();
            }
        });

        await started.Task.WaitAsync(Ct);
        consoles.Append("web", "after", isErrorMessage: true);
        consoles.Complete("web");
        await following;

        Assert.Equal([new(1, "before", false), new(2, "after", true)], lines);
    }

    [Fact]
    public async Task A_console_forgets_its_oldest_lines_and_numbers_go_on()
    {
        using var consoles = new ResourceLoggerService();
        for (var i = 1; i <= ResourceLog.MaxLines + 5; i++)
            consoles.Append("web", $"line {i}", isErrorMessage: false);

        var kept = await AllAsync(consoles, "web");

        Assert.Equal(ResourceLog.MaxLines, kept.Count);
        Assert.Equal(new LogLine(6, "line 6", false), kept[0]);
        Assert.Equal(ResourceLog.MaxLines + 5, kept[^1].LineNumber);
    }

    [Fact]
    public async Task Long_lines_do_not_fill_the_memory_and_batches_stay_below_what_the_dashboard_receives()
    {
        using var consoles = new ResourceLoggerService();
        for (var i = 0; i < 20; i++)
            consoles.Append("web", new string('x', 700_000), isErrorMessage: false);

        var batches = new List<IReadOnlyList<LogLine>>();
        await foreach (var batch in consoles.GetAllAsync("web"))
            batches.Add(batch);

        Assert.True(batches.Sum(b => b.Sum(l => (long)l.Content.Length)) <= ResourceLog.MaxCharacters);
        Assert.All(batches, b => Assert.True(b.Sum(l => l.Content.Length) <= 2_000_000));
        Assert.Equal(20, batches[^1][^1].LineNumber);
    }

    [Fact]
    public async Task What_the_application_says_about_a_resource_is_in_the_console_of_each_replica_with_its_time()
    {
        using var consoles = new ResourceLoggerService();
        var web = new Thing("web");
        WithReplicas(web, "aaaa", "bbbb");

        consoles.GetLogger(web).LogError("It broke");

        foreach (var id in new[] { "web-aaaa", "web-bbbb" })
        {
            var line = Assert.Single(await AllAsync(consoles, id));
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z It broke$", line.Content);
            Assert.True(line.IsErrorMessage);
        }
    }

    [Fact]
    public async Task It_is_known_whether_anybody_follows_a_console()
    {
        using var consoles = new ResourceLoggerService();
        await using var known = consoles.WatchAnySubscribersAsync(Ct).GetAsyncEnumerator();
        var first = known.MoveNextAsync();
        using var leave = new CancellationTokenSource();
        var following = Task.Run(async () =>
        {
            await foreach (var _ in consoles.WatchAsync("web").WithCancellation(leave.Token))
            {
            }
        });

        Assert.True(await first);
        Assert.Equal(new LogSubscriber("web", true), known.Current);
        await leave.CancelAsync();
        Assert.True(await known.MoveNextAsync());
        Assert.Equal(new LogSubscriber("web", false), known.Current);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
    }

    private static async Task<List<LogLine>> AllAsync(ResourceLoggerService consoles, string id)
    {
        var lines = new List<LogLine>();
        await foreach (var batch in consoles.GetAllAsync(id))
            lines.AddRange(batch);

        return lines;
    }
}
