using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Health;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using static Shop.Tests.Unit.DashboardFixture;

namespace Shop.Tests.Unit;

public sealed class DashboardHealthTests
{
    private readonly Thing _db = new("db");

    [Fact]
    public void A_failing_resource_is_asked_ever_less_often_and_a_healthy_one_hardly_at_all() =>
        Assert.Equal([30, 1, 2, 3, 4, 5, 5], Enumerable.Range(0, 7).Select(failures => ResourceHealth.DelayAfter(failures).TotalSeconds));

    [Fact]
    public async Task A_resource_without_checks_is_ready_as_soon_as_it_runs_and_again_in_its_next_run()
    {
        await using var app = await new DashboardFixture(resources: _db).StartedAsync();
        var ready = 0;
        app.Eventing.Subscribe<ResourceReadyEvent>(_db, (_, _) =>
        {
            ready++;
            return Task.CompletedTask;
        });

        await app.SetAsync(_db, "Running");
        await app.Notifications.WaitForResourceHealthyAsync("db", Ct);
        Assert.Equal(1, ready);
        await app.SetAsync(_db, "Finished");
        await app.SetAsync(_db, "Running");
        await app.Notifications.WaitForResourceHealthyAsync("db", Ct);

        Assert.Equal(2, ready);
    }

    [Fact]
    public async Task A_resource_is_ready_once_its_own_and_its_parents_checks_are_healthy()
    {
        var serverUp = false;
        var database = new Part("shopdb", _db);
        _db.Annotations.Add(new HealthCheckAnnotation("server"));
        database.Annotations.Add(new HealthCheckAnnotation("database"));
        await using var app = await new DashboardFixture(
            checks: c => c.AddCheck("database", () => HealthCheckResult.Healthy())
                .AddCheck("server", () => serverUp ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("not yet")),
            resources: [_db, database]).StartedAsync();

        await app.SetAsync(database, "Running");
        var first = await app.Notifications.WaitForResourceAsync("shopdb", e => e.Snapshot.HealthReports.All(r => r.Status is not null), Ct);
        Assert.Equal(["database", "server"], first.Snapshot.HealthReports.Select(r => r.Name));
        Assert.Equal(HealthStatus.Unhealthy, first.Snapshot.HealthStatus);
        Assert.Null(first.Snapshot.ResourceReady);
        serverUp = true;

        await app.Notifications.WaitForResourceHealthyAsync("shopdb", Ct);
    }

    [Fact]
    public async Task A_handler_of_readiness_that_fails_fails_whoever_waits()
    {
        await using var app = await new DashboardFixture(resources: _db).StartedAsync();
        app.Eventing.Subscribe<ResourceReadyEvent>(_db, (_, _) => throw new InvalidOperationException("No database could be made."));

        await app.SetAsync(_db, "Running");

        await Assert.ThrowsAsync<InvalidOperationException>(() => app.Notifications.WaitForResourceHealthyAsync("db", Ct));
    }

    [Fact]
    public async Task A_check_that_throws_is_an_unhealthy_resource_with_the_reason()
    {
        _db.Annotations.Add(new HealthCheckAnnotation("db_check"));
        await using var app = await new DashboardFixture(
            checks: c => c.AddCheck("db_check", () => throw new InvalidOperationException("no route")), resources: _db).StartedAsync();

        await app.SetAsync(_db, "Running");
        var checkedOnce = await app.Notifications.WaitForResourceAsync("db", e => e.Snapshot.HealthReports.All(r => r.Status is not null), Ct);

        var report = Assert.Single(checkedOnce.Snapshot.HealthReports);
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Contains("no route", report.ExceptionText, StringComparison.Ordinal);
        Assert.NotNull(report.LastRunAt);
    }

    [Fact]
    public async Task A_check_that_nobody_registered_keeps_the_application_from_starting()
    {
        _db.Annotations.Add(new HealthCheckAnnotation("forgotten"));
        await using var app = new DashboardFixture(resources: _db);

        Assert.Throws<OptionsValidationException>(() => app.Services.GetRequiredService<HealthCheckService>());
    }
}
