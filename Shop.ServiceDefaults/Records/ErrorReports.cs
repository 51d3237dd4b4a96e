using System.Data.Common;

namespace Shop.ServiceDefaults.Records;

/// <summary>What an exception says about itself.</summary>
internal static class ErrorReports
{
    private const int MaxDepth = 5;
    private const int MaxTitle = 300;

    /// <summary>Who throws on what it has logged leaves it to the one who catches it: that one has our frames.</summary>
    public static bool IsLoggedTwice(string category) => category.StartsWith("Microsoft.EntityFrameworkCore", StringComparison.Ordinal);

    /// <param name="line">What was logged with it.</param>
    public static ErrorReport Of(Exception exception, LogLine line, string? route)
    {
        List<Exception> chain = [];
        for (var e = exception; e is not null && chain.Count < MaxDepth; e = e.InnerException)
            chain.Add(e);

        // The innermost first: that is where it began.
        var frames = chain.AsEnumerable().Reverse().SelectMany(e => Fingerprint.FramesOf(e.StackTrace)).ToList();
        var types = chain.Select(TypeOf).ToList();
        return new ErrorReport
        {
            Id = Guid.CreateVersion7(line.At), Fingerprint = Fingerprint.Of(types, frames, $"{line.Category} {line.EventId}"), At = line.At,
            Service = line.Service, Instance = line.Instance, Release = line.Release, Type = string.Join(" ← ", types),
            Title = RecordText.Fit(FirstLine(chain[^1].Message), MaxTitle),
            Culprit = frames.Find(f => Fingerprint.IsOurs(f) && !f.StartsWith("Shop.ServiceDefaults.", StringComparison.Ordinal))
                ?? (frames is [var first, ..] ? first : line.Category),
            Stack = line.Exception, Route = route, Reference = line.Reference, TraceId = line.TraceId, OrderId = line.OrderId,
            OrderNumber = line.OrderNumber, PersonId = line.PersonId, IsSynthetic = line.IsSynthetic,
        };
    }

    // Every refusal of the database has the same type; its state tells them apart.
    private static string TypeOf(Exception e) => e is DbException { SqlState: { } state } ? $"{e.GetType().FullName} {state}" : e.GetType().FullName!;

    private static string FirstLine(string text) => text.AsSpan().IndexOfAny('\r', '\n') is >= 0 and var end ? text[..end] : text;
}
