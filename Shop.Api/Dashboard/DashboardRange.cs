using Shop.Data.Reports;

namespace Shop.Api.Dashboard;

/// <summary>The time a dashboard is about, in whole steps of UTC; the last one is the one we are in.</summary>
internal sealed record DashboardRange(string Name, Grain Grain, TimeSpan Step, DateTimeOffset From, DateTimeOffset To)
{
    public const string Default = "24h";

    /// <summary>Null for a word that is no range.</summary>
    public static DashboardRange? Of(string name, DateTimeOffset now) => name switch
    {
        "1h" => Until(name, Grain.Minute, TimeSpan.FromMinutes(1), 60, now),
        "24h" => Until(name, Grain.Hour, TimeSpan.FromHours(1), 24, now),
        "7d" => Until(name, Grain.Hour, TimeSpan.FromHours(6), 28, now),
        "30d" => Until(name, Grain.Day, TimeSpan.FromDays(1), 30, now),
        _ => null,
    };

    private static DashboardRange Until(string name, Grain grain, TimeSpan step, int steps, DateTimeOffset now)
    {
        var to = new DateTimeOffset(now.UtcTicks - (now.UtcTicks % step.Ticks), TimeSpan.Zero) + step;
        return new(name, grain, step, to - (steps * step), to);
    }
}
