using System.Net;

namespace Shop.Simulator;

/// <summary>Every log line this service can write. Card numbers never reach this file: they are reduced to a test card's name on arrival.</summary>
internal static partial class Log
{
    [LoggerMessage(5001, LogLevel.Debug, "{Method} {Path} answered {Status} as {RequestId}")]
    public static partial void Answered(this ILogger logger, string method, string path, int status, string requestId);

    [LoggerMessage(5002, LogLevel.Warning, "{RequestId}: {Method} {Path} was given the fault {Fault}")]
    public static partial void Faulted(this ILogger logger, string requestId, string method, string path, Faults.Fault fault);

    [LoggerMessage(5003, LogLevel.Warning, "The state file ended in the middle of a line; {Bytes} bytes that were never answered are gone")]
    public static partial void LineCutOff(this ILogger logger, long bytes);

    [LoggerMessage(5004, LogLevel.Error, "A refund could not be settled; it stays due")]
    public static partial void NotSettled(this ILogger logger, Exception exception);

    [LoggerMessage(5010, LogLevel.Information, "Webhook {EventId} ({Type}) delivered at attempt {Attempt}")]
    public static partial void WebhookDelivered(this ILogger logger, string eventId, string type, int attempt);

    [LoggerMessage(5011, LogLevel.Warning, "Webhook {EventId} ({Type}) failed at attempt {Attempt}: {Reason}")]
    public static partial void WebhookFailed(this ILogger logger, string eventId, string type, int attempt, string reason);

    [LoggerMessage(5012, LogLevel.Error, "Webhook {EventId} could not be tried; it stays in the queue")]
    public static partial void WebhookAttemptBroken(this ILogger logger, Exception exception, string eventId);

    [LoggerMessage(5030, LogLevel.Information, "Drill {DrillId} began with seed {Seed}")]
    public static partial void DrillBegan(this ILogger logger, Guid drillId, int seed);

    [LoggerMessage(5031, LogLevel.Information, "Drill {DrillId} ended as {State}: {Explained} of {Planted} orders were explained as they happened")]
    public static partial void DrillEnded(this ILogger logger, Guid drillId, string state, int explained, int planted);

    [LoggerMessage(5032, LogLevel.Error, "Drill {DrillId} broke")]
    public static partial void DrillBroke(this ILogger logger, Exception exception, Guid drillId);

    [LoggerMessage(5020, LogLevel.Information, "SMTP sink listens on {EndPoint}")]
    public static partial void SmtpListening(this ILogger logger, EndPoint endPoint);

    [LoggerMessage(5021, LogLevel.Information, "Mail {MailId} received, {Bytes} bytes")]
    public static partial void MailReceived(this ILogger logger, string mailId, int bytes);

    [LoggerMessage(5022, LogLevel.Warning, "An SMTP session ended early: {Reason}")]
    public static partial void SmtpSessionEnded(this ILogger logger, string reason);
}
