namespace Shop.Web.Operations;

/// <summary>Where the Aspire dashboard is, if there is one: traces are links then.</summary>
internal sealed class DashboardOptions
{
    public const string Section = "Dashboard";

    public Uri? Url { get; init; }

    public string? Trace(string? traceId) =>
        Url is null || string.IsNullOrEmpty(traceId) ? null : $"{Url.AbsoluteUri.TrimEnd('/')}/traces/detail/{Uri.EscapeDataString(traceId)}";
}
