using System.ComponentModel.DataAnnotations;

namespace Shop.Api.Catalog;

/// <summary>Bound from <c>Catalog</c>.</summary>
internal sealed class CatalogOptions
{
    public const string Section = "Catalog";

    /// <summary>How old an answer may get when the notice of a change is lost; also what <c>Cache-Control</c> promises.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(30);

    [Range(1_000_000, 1_000_000_000)] public long MemoryBytes { get; init; } = 64_000_000;

    /// <summary>What a question to Redis may cost a request; a Redis that needs longer is left alone for <see cref="RedisPause"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.005", "00:00:01")] public TimeSpan RedisBudget { get; init; } = TimeSpan.FromMilliseconds(50);

    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")] public TimeSpan RedisPause { get; init; } = TimeSpan.FromSeconds(5);
}
