using System.ComponentModel.DataAnnotations;

namespace Shop.Web.Components;

internal sealed class PageOptions
{
    public const string Section = "Page";

    /// <summary>What a part that a page can do without may cost it.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:02")] public TimeSpan OptionalPart { get; init; } = TimeSpan.FromMilliseconds(150);
}
