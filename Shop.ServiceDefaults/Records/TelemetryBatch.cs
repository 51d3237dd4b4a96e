namespace Shop.ServiceDefaults.Records;

/// <summary>What a process has to tell at one go. It is kept as a whole or not at all, and may come twice: it is known again by its id.</summary>
/// <param name="DroppedLines">Since the batch before; one of the <paramref name="Lines"/> says so too.</param>
public sealed record TelemetryBatch(
    IReadOnlyList<LogLine> Lines, IReadOnlyList<SeriesPoint> Points, IReadOnlyList<ErrorReport> Errors, long DroppedLines)
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>
    /// Of what was refused as a whole: lines, points and errors by themselves, or else two halves; nothing of a single row. What was good in it is
    /// kept, and a part is another batch than the whole was.
    /// </summary>
    internal IReadOnlyList<TelemetryBatch> Split()
    {
        if (IsMixed)
        {
            TelemetryBatch[] kinds = [new([], [], Errors, 0), new([], Points, [], 0), new(Lines, [], [], DroppedLines)]; // the last is sent first
            return [.. kinds.Where(kind => kind.Count > 0)];
        }

        return Count < 2 ? [] : [new(First(Lines), First(Points), First(Errors), DroppedLines), new(Second(Lines), Second(Points), Second(Errors), 0)];

        static T[] First<T>(IReadOnlyList<T> rows) => [.. rows.Take(rows.Count / 2)];

        static T[] Second<T>(IReadOnlyList<T> rows) => [.. rows.Skip(rows.Count / 2)];
    }

    internal bool IsMixed => Count > Math.Max(Lines.Count, Math.Max(Points.Count, Errors.Count));

    private int Count => Lines.Count + Points.Count + Errors.Count;

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
