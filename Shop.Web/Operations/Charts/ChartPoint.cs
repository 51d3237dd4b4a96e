namespace Shop.Web.Operations.Charts;

/// <param name="Label">Below the axis, short.</param>
/// <param name="Time">For whoever points at it, and in the table.</param>
/// <param name="Usual">What would have been usual; null where nobody knows.</param>
/// <param name="Href">Where whoever wants to know more goes on.</param>
public sealed record ChartPoint(string Label, string Time, double Value, string Href, double? Usual = null);
