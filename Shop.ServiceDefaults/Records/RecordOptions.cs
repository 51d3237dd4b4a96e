using System.ComponentModel.DataAnnotations;

namespace Shop.ServiceDefaults.Records;

public sealed class RecordOptions
{
    public const string Section = "Records";

    /// <summary>False: nothing is gathered. To measure what it costs.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>How often a batch leaves at most.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")] public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>For one batch, from end to end.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:01:00")] public TimeSpan Limit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After a failure it waits twice as long each time, up to this: when the database is back, its lines soon are.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")] public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>For the last batch of a process that ends.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:10")] public TimeSpan Farewell { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Lines that wait at most; more are dropped and counted.</summary>
    [Range(10, 1_000_000)] public int Lines { get; init; } = 20_000;

    /// <summary>
    /// Lines of Information that a process makes in a second, for long; for some seconds it may make as many at once. More are dropped and counted.
    /// </summary>
    [Range(1, 1_000_000)] public int PerSecond { get; init; } = 1000;

    /// <summary>Characters of lines that wait at most, two bytes each: the bound in memory.</summary>
    [Range(10_000, 500_000_000)] public int Characters { get; init; } = 10_000_000;
}
