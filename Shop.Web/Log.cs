namespace Shop.Web;

/// <summary>Every log line this service can write. Event ids are stable: alerts and dashboards refer to them.</summary>
internal static partial class Log
{
    [LoggerMessage(3001, LogLevel.Warning, "Refused {Method} {Path}: it comes from another site")]
    public static partial void CrossSiteRefused(this ILogger logger, string method, PathString path);

    [LoggerMessage(3002, LogLevel.Warning, "The answer to a checkout was lost; the shopper was asked to send it again with its key")]
    public static partial void CheckoutAnswerLost(this ILogger logger);

    [LoggerMessage(3003, LogLevel.Warning, "A page was answered with {Status}: {What} could not be reached")]
    public static partial void PageUnavailable(this ILogger logger, int status, string what);

    [LoggerMessage(3010, LogLevel.Warning, "HostedFields:PublishableKey is not set: this shop takes no card payments, and its checkout says so")]
    public static partial void CardsNotSetUp(this ILogger logger);
}
