namespace Shop.Web.Operations.Charts;

/// <param name="Label">Below the axis, short.</param>
/// <param name="Time">For whoever points at it, and in the table.</param>
/// <param name="Usual">What would have been usual; null where nobody knows.</param>
/// <param name="Href">Where it leads; null for nowhere.</param>
public sealed record ChartPoint(string Label, string Time, double Value, double? Usual = null, string? Href = null);
