using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Shop.Api.Accounts;
using Shop.Api.Operations;
using Shop.ServiceDefaults;

namespace Shop.Api.Dashboard;

/// <summary>A part that was not asked for is null.</summary>
internal sealed record DashboardView(
    DateTimeOffset Now, string Range, DateTimeOffset From, DateTimeOffset To, PanelView<SalesView>? Sales, PanelView<WorkView>? Work,
    PanelView<Agreements>? Agreement, PanelView<TrafficView>? Traffic, PanelView<QueriesView>? Queries);

/// <summary>The dashboard's panels, one of each in the process.</summary>
internal sealed class DashboardPanels
{
    public DashboardPanels(
        SalesPanel sales, WorkPanel work, TrafficPanel traffic, QueriesPanel queries, ReportsDatabase reports, IOptions<AgreementOptions> agreement,
        IOptions<DashboardOptions> dashboard, TimeProvider clock, ILogger<DashboardPanels> logger)
    {
        var options = dashboard.Value;
        Sales = new("sales", sales.ReadAsync, options.Live, options, clock, logger);
        Work = new("work", (_, ct) => work.ReadAsync(ct), options.Live, options, clock, logger, _ => "");
        Agreement = new("agreement", (_, ct) => AgreementEndpoints.ReadAsync(
            reports, agreement.Value, [clock.GetUtcNow().AddDays(-1)], clock.GetUtcNow(), ct), options.Slow, options, clock, logger, _ => "");
        Traffic = new("traffic", traffic.ReadAsync, options.Slow, options, clock, logger, TrafficPanel.KeyOf);
        Queries = new("queries", (_, ct) => queries.ReadAsync(ct), options.Slow, options, clock, logger, _ => "");
    }

    public Panel<SalesView> Sales { get; }
    public Panel<WorkView> Work { get; }
    public Panel<Agreements> Agreement { get; }
    public Panel<TrafficView> Traffic { get; }
    public Panel<QueriesView> Queries { get; }
}

internal static class DashboardEndpoints
{
    /// <summary>Cheap, and asked for every two seconds.</summary>
    private const string Live = "live";

    private const string Slow = "slow";

    public static void AddDashboard(this IServiceCollection services)
    {
        services.AddOptions<DashboardOptions>().BindConfiguration(DashboardOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<SalesPanel>().AddSingleton<WorkPanel>().AddSingleton<TrafficPanel>().AddSingleton<QueriesPanel>().AddSingleton<DashboardPanels>();
    }

    public static void MapDashboard(this IEndpointRouteBuilder operations) =>
        operations.MapGet("/dashboard", GetDashboard).WithName(nameof(GetDashboard)).RequireAuthorization(Policies.Agent).ProducesProblem(422)
            .WithSummary("How the business and the machines are: each part as of now, or as last known with its age. Range: 1h, 24h, 7d, 30d. Part: live or slow.");

    internal static async Task<Results<Ok<DashboardView>, ProblemHttpResult>> GetDashboard(
        DashboardPanels panels, TimeProvider clock, CancellationToken ct, string range = DashboardRange.Default, string? part = null)
    {
        var now = clock.GetUtcNow();
        if (DashboardRange.Of(range, now) is not { } asked)
            return Problems.Refuse(422, "range_invalid", "The range is 1h, 24h, 7d or 30d.");
        if (part is not (null or Live or Slow))
            return Problems.Refuse(422, "part_invalid", "The part is live or slow.");

        var (live, slow) = (part is not Slow, part is not Live);
        var sales = live ? panels.Sales.ReadAsync(asked, ct) : null;
        var work = live ? panels.Work.ReadAsync(asked, ct) : null;
        var agreement = slow ? panels.Agreement.ReadAsync(asked, ct) : null;
        var traffic = slow ? panels.Traffic.ReadAsync(asked, ct) : null;
        var queries = slow ? panels.Queries.ReadAsync(asked, ct) : null;
        return TypedResults.Ok(new DashboardView(
            now, asked.Name, asked.From, asked.To, sales is null ? null : await sales, work is null ? null : await work,
            agreement is null ? null : await agreement, traffic is null ? null : await traffic, queries is null ? null : await queries));
    }
}
