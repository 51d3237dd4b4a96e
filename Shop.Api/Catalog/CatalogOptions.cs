using System.ComponentModel.DataAnnotations;

namespace Shop.Api.Catalog;

/// <summary>Bound from <c>Catalog</c>.</summary>
internal sealed class CatalogOptions
{
    public const string Section = "Catalog";

    /// <summary>How old an answer may get when the notice of a change is lost; also what <c>Cache-Control</c> promises.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan Lifetime { get; init; } = TimeSpan.FromSeconds(30);

    [Range(1_000_000, 1_000_000_000)] public long MemoryBytes { get; init; } = 64_000_000;
}
