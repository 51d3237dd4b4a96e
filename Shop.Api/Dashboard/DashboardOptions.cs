using System.ComponentModel.DataAnnotations;

namespace Shop.Api.Dashboard;

/// <summary>Bound from <c>Dashboard</c>.</summary>
internal sealed class DashboardOptions
{
    public const string Section = "Dashboard";

    /// <summary>What is cheap and everybody looks at: orders, payments, the queue.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")] public TimeSpan Live { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What costs more, or changes by the minute.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")] public TimeSpan Slow { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A panel that is later than this shows what was last known; its answer is for the next who asks.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:02")] public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(150);

    /// <summary>The same while nothing is known yet.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:00:05")] public TimeSpan FirstPatience { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A panel's question to the database ends after it. One at a time is asked for each panel and range.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:00:10")] public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(5);
}
