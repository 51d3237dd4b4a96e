using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using static Shop.Tests.Unit.DashboardFixture;

namespace Shop.Tests.Unit;

public sealed class DashboardNotificationTests
{
    private readonly Thing _db = new("db");
    private readonly Thing _web = new("web");

    [Fact]
    public async Task Whoever_comes_late_sees_the_present_states_first_and_then_each_change_in_order()
    {
        await using var app = new DashboardFixture();
        await app.SetAsync(_db, "Starting");
        await app.SetAsync(_db, "Running");
        await using var watch = app.Notifications.WatchAsync(Ct).GetAsyncEnumerator();

        await watch.MoveNextAsync();
        var first = watch.Current.Snapshot.State?.Text;
        await app.SetAsync(_db, "Stopping");
        await app.SetAsync(_db, "Finished");
        await watch.MoveNextAsync();
        var second = watch.Current.Snapshot.State?.Text;
        await watch.MoveNextAsync();

        Assert.Equal(("Running", "Stopping", "Finished"), (first, second, watch.Current.Snapshot.State?.Text));
    }

    [Fact]
    public async Task Nothing_published_at_the_moment_of_subscribing_is_missed_or_doubled()
    {
        await using var app = new DashboardFixture();
        using var stop = new CancellationTokenSource();
        var publishing = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
                await app.Notifications.PublishUpdateAsync(_db, s => s with { ExitCode = (s.ExitCode ?? -1) + 1 });
        });

        for (var i = 0; i < 200; i++)
        {
            var seen = new List<int>();
            await foreach (var e in app.Notifications.WatchAsync(Ct))
            {
                seen.Add(e.Snapshot.ExitCode!.Value);
                if (seen.Count == 5)
                    break;
            }

            Assert.Equal(Enumerable.Range(seen[0], 5), seen);
        }

        await stop.CancelAsync();
        await publishing;
    }

    [Fact]
    public async Task A_plain_name_finds_a_resource_with_one_instance_only()
    {
        await using var app = new DashboardFixture();
        WithReplicas(_db, "aaaa");
        WithReplicas(_web, "aaaa", "bbbb");
        await app.SetAsync(_db, "Running");
        await app.SetAsync(_web, "Running");

        Assert.True(app.Notifications.TryGetCurrentState("db", out var found));
        Assert.Equal("db-aaaa", found.ResourceId);
        Assert.False(app.Notifications.TryGetCurrentState("web", out _));
        Assert.True(app.Notifications.TryGetCurrentState("web-bbbb", out _));
    }

    [Fact]
    public async Task Healthy_means_that_the_ready_handlers_have_finished_too()
    {
        await using var app = new DashboardFixture();
        var handlers = new TaskCompletionSource();
        var healthy = app.Notifications.WaitForResourceHealthyAsync("db", Ct);

        await app.SetAsync(_db, "Running");
        await app.SetReadyAsync(_db, handlers.Task);
        Assert.False(healthy.IsCompleted);
        handlers.SetResult();

        Assert.Equal("db", (await healthy).ResourceId);
    }

    [Fact]
    public async Task Waiting_for_the_health_of_what_failed_to_start_ends_at_once_where_nobody_could_start_it_again()
    {
        await using var app = new DashboardFixture(dashboard: false);
        await app.SetAsync(_db, "FailedToStart");

        var failed = await Assert.ThrowsAsync<DistributedApplicationException>(() => app.Notifications.WaitForResourceHealthyAsync("db", Ct));

        Assert.Equal("Stopped waiting for resource 'db' to become healthy because it failed to start.", failed.Message);
    }

    [Fact]
    public async Task The_health_of_the_last_run_is_gone_when_the_next_one_begins()
    {
        await using var app = new DashboardFixture();
        _db.Annotations.Add(new HealthCheckAnnotation("db_check"));
        await app.SetReadyAsync(_db);
        await app.SetReadyAsync(_db);
        var healthyBefore = app.Snapshot("db").HealthStatus;

        await app.SetAsync(_db, "Finished");
        await app.SetAsync(_db, "Running");

        Assert.Equal(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy, healthyBefore);
        Assert.Equal(Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Unhealthy, app.Snapshot("db").HealthStatus);
        Assert.Null(app.Snapshot("db").ResourceReady);
        Assert.Null(Assert.Single(app.Snapshot("db").HealthReports).Status);
    }

    [Fact]
    public async Task A_waiter_says_what_it_waits_for_until_the_last_replica_is_ready()
    {
        await using var app = new DashboardFixture();
        WithReplicas(_db, "aaaa", "bbbb");
        _web.Annotations.Add(new WaitAnnotation(_db, WaitType.WaitUntilHealthy));
        await app.SetAsync(_db, "Starting");
        await app.SetAsync(_web, "Starting");

        var wait = app.Notifications.WaitForDependenciesAsync(_web, Ct);
        await WaitingForAsync(app, "db-aaaa", "db-bbbb");
        Assert.Equal("Waiting", app.Snapshot("web").State?.Text);
        await app.Notifications.PublishUpdateAsync(_db, "db-aaaa", s => s with { State = "Running", ResourceReady = Task.CompletedTask });
        await WaitingForAsync(app, "db-bbbb");
        Assert.False(wait.IsCompleted);
        await app.Notifications.PublishUpdateAsync(_db, "db-bbbb", s => s with { State = "Running", ResourceReady = Task.CompletedTask });

        await wait;
        await WaitingForAsync(app);
        var console = await ConsoleAsync(app, "web");
        Assert.Contains(console, l => l.EndsWith("Waiting for resource 'db-aaaa' to enter the 'Running' state.", StringComparison.Ordinal));
        Assert.Contains(console, l => l.EndsWith("Finished waiting for resource 'db-bbbb'.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_a_dashboard_a_waiter_outlives_the_failure_of_what_it_waits_for()
    {
        await using var app = new DashboardFixture();
        _web.Annotations.Add(new WaitAnnotation(_db, WaitType.WaitUntilHealthy));
        await app.SetAsync(_db, "FailedToStart");

        var wait = app.Notifications.WaitForDependenciesAsync(_web, Ct);
        await WaitingForAsync(app, "db");
        await app.SetReadyAsync(_db);

        await wait;
    }

    [Theory]
    [InlineData("FailedToStart", "Dependency resource 'db' failed to start.")]
    [InlineData("Finished", "Resource 'db' has entered the 'Finished' state prematurely.")]
    [InlineData("RuntimeUnhealthy", "Resource 'db' has entered the 'RuntimeUnhealthy' state prematurely.")]
    public async Task Without_a_dashboard_a_waiter_gives_up_with_what_it_waits_for(string state, string reason)
    {
        await using var app = new DashboardFixture(dashboard: false);
        var cache = new Thing("cache");
        _web.Annotations.Add(new WaitAnnotation(cache, WaitType.WaitUntilHealthy));
        _web.Annotations.Add(new WaitAnnotation(_db, WaitType.WaitUntilStarted));

        var wait = app.Notifications.WaitForDependenciesAsync(_web, Ct);
        await app.SetAsync(_db, state);

        Assert.Equal(reason, (await Assert.ThrowsAsync<DistributedApplicationException>(() => wait)).Message);
    }

    [Fact]
    public async Task A_waiter_that_could_not_be_ready_in_time_gives_up_when_its_dependency_dies_before_it_was_healthy()
    {
        await using var app = new DashboardFixture(dashboard: false);
        _db.Annotations.Add(new HealthCheckAnnotation("db_check"));
        _web.Annotations.Add(new WaitAnnotation(_db, WaitType.WaitUntilHealthy));
        await app.SetAsync(_db, "Running");

        var wait = app.Notifications.WaitForDependenciesAsync(_web, Ct);
        await app.SetAsync(_db, "Finished", exitCode: 1);

        await Assert.ThrowsAsync<DistributedApplicationException>(() => wait);
    }

    [Theory]
    [InlineData("Finished", 0, true)]
    [InlineData("Exited", 0, true)]
    [InlineData("Finished", 7, false)]
    [InlineData("FailedToStart", null, false)]
    public async Task Waiting_for_completion_wants_the_exit_code_whatever_the_dashboard(string state, int? exitCode, bool goesOn)
    {
        await using var app = new DashboardFixture();
        _web.Annotations.Add(new WaitAnnotation(_db, WaitType.WaitForCompletion));
        var wait = app.Notifications.WaitForDependenciesAsync(_web, Ct);
        await app.SetAsync(_db, "Running");
        Assert.False(wait.IsCompleted);

        await app.SetAsync(_db, state, exitCode);

        if (goesOn)
            await wait;
        else
            await Assert.ThrowsAsync<DistributedApplicationException>(() => wait);
    }

    [Fact]
    public async Task A_start_that_skips_the_wait_is_not_undone_by_it()
    {
        await using var app = new DashboardFixture();
        var cache = new Thing("cache");
        _web.Annotations.Add(new WaitAnnotation(_db, WaitType.WaitUntilStarted));
        _web.Annotations.Add(new WaitAnnotation(cache, WaitType.WaitUntilStarted));
        using var skipped = new CancellationTokenSource();
        var wait = app.Notifications.WaitForDependenciesAsync(_web, skipped.Token);

        await app.SetAsync(_web, "Starting");
        await app.SetAsync(_db, "Running");
        await WaitingForAsync(app, "cache");

        Assert.Equal("Starting", app.Snapshot("web").State?.Text);
        await skipped.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    private static Task<ResourceEvent> WaitingForAsync(DashboardFixture app, params string[] ids) => app.Notifications.WaitForResourceAsync(
        "web",
        e => e.Snapshot.Properties.FirstOrDefault(p => p.Name == "resource.waitingFor")?.Value is string[] pending && pending.SequenceEqual(ids),
        Ct);

    private static async Task<List<string>> ConsoleAsync(DashboardFixture app, string id)
    {
        var lines = new List<string>();
        await foreach (var batch in app.Consoles.GetAllAsync(id))
            lines.AddRange(batch.Select(l => l.Content));

        return lines;
    }
}
