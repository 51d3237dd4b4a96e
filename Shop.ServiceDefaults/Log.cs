using Microsoft.Extensions.Logging;

namespace Shop.ServiceDefaults;

/// <summary>Event ids are stable: alerts and dashboards refer to them.</summary>
internal static partial class Log
{
    [LoggerMessage(100, LogLevel.Information, "{Method} {Route} answered {Status} in {Milliseconds} ms, reference {Reference}")]
    public static partial void Request(this ILogger logger, string method, string route, int status, double milliseconds, string? reference);

    [LoggerMessage(101, LogLevel.Error, "{Method} {Route} failed, reference {Reference}")]
    public static partial void Unhandled(this ILogger logger, Exception exception, string method, string route, string? reference);

    [LoggerMessage(102, LogLevel.Warning, "Health checks tagged {Tag} did not end within {Limit}; counted as unhealthy until they do")]
    public static partial void HealthHangs(this ILogger logger, string tag, TimeSpan limit);

    [LoggerMessage(103, LogLevel.Information, "Told to stop; requests are still answered for {Drain}")]
    public static partial void Draining(this ILogger logger, TimeSpan drain);

    [LoggerMessage(104, LogLevel.Information, "{Method} {Host} {Route} answered {Status} in {Milliseconds} ms")]
    public static partial void Outbound(this ILogger logger, string method, string? host, string route, int status, double milliseconds);

    [LoggerMessage(109, LogLevel.Information, "{Method} {Host} {Route} did not answer ({Why}) in {Milliseconds} ms")]
    public static partial void OutboundFailed(this ILogger logger, string method, string? host, string route, string why, double milliseconds);

    [LoggerMessage(106, LogLevel.Warning, "Log lines and meters wait, they could not be kept: {Why}")]
    public static partial void RecordsNotKept(this ILogger logger, string why);

    [LoggerMessage(107, LogLevel.Information, "Log lines and meters are kept again")]
    public static partial void RecordsKeptAgain(this ILogger logger);

    [LoggerMessage(108, LogLevel.Error, "{Lines} log lines, {Points} points and {Errors} errors are lost, they could not be kept: {Why}")]
    public static partial void RecordsLost(this ILogger logger, int lines, int points, int errors, string why);
}
