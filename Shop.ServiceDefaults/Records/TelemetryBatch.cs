namespace Shop.ServiceDefaults.Records;

/// <summary>What a process has to tell at one go. It is kept as a whole or not at all, and may come twice: every line and error has an id.</summary>
/// <param name="DroppedLines">Since the batch before; one of the <paramref name="Lines"/> says so too.</param>
public sealed record TelemetryBatch(
    IReadOnlyList<LogLine> Lines, IReadOnlyList<SeriesPoint> Points, IReadOnlyList<ErrorReport> Errors, long DroppedLines)
{
    /// <summary>As rows for a database, table by table; those of which there is nothing are left out.</summary>
    public IEnumerable<(string Table, IReadOnlyList<string> Columns, IReadOnlyList<object?[]> Rows)> Tables()
    {
        if (Lines.Count > 0)
            yield return (LogLine.Table, LogLine.Columns, [.. Lines.Select(line => line.Values)]);
        if (Points.Count > 0)
            yield return (SeriesPoint.Table, SeriesPoint.Columns, [.. Points.Select(point => point.Values)]);
        if (Errors.Count > 0)
            yield return (ErrorReport.Table, ErrorReport.Columns, [.. Errors.Select(error => error.Values)]);
    }
}
