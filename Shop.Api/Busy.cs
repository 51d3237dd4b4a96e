using System.Net.Sockets;
using Microsoft.AspNetCore.Diagnostics;
using Npgsql;
using Shop.ServiceDefaults;

namespace Shop.Api;

/// <summary>
/// A database that is too slow or not there is no mistake of anybody's: 503, and when to come again. Nothing was changed, or the same
/// Idempotency-Key finds what was.
/// </summary>
internal sealed class Busy(ILogger<Busy> logger) : IExceptionHandler
{
    public const int RetryAfterSeconds = 2;

    public async ValueTask<bool> TryHandleAsync(HttpContext http, Exception exception, CancellationToken ct)
    {
        if (http.RequestAborted.IsCancellationRequested || WhyOf(exception) is not { } why)
            return false;

        logger.Busy(http.Features.Get<IExceptionHandlerPathFeature>()?.Endpoint?.DisplayName, why);
        await Refuse(http).ExecuteAsync(http);
        return true;
    }

    public static IResult Refuse(HttpContext http)
    {
        http.Response.Headers.RetryAfter = $"{RetryAfterSeconds}";
        return Problems.Refuse(StatusCodes.Status503ServiceUnavailable, "busy", "We are very busy right now. Please try again in a moment.");
    }

    /// <summary>The connection broke or could not be had: on another one the same question may well be answered.</summary>
    public static bool IsConnectionLost(Exception? exception) => exception switch
    {
        null => false,
        PostgresException
        {
            SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
        } => true,
        NpgsqlException { InnerException: IOException or SocketException } => true,
        _ => IsConnectionLost(exception.InnerException),
    };

    private static string? WhyOf(Exception? exception) => exception switch
    {
        null => null,
        PostgresException
        {
            SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.TooManyConnections
                or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.AdminShutdown
                or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
        } e => e.SqlState,
        PostgresException => null, // a bug of ours
        OperationCanceledException => "deadline", // nobody hung up, so it is ours
        NpgsqlException { InnerException: (TimeoutException or IOException or SocketException) and var inner } => inner.GetType().Name,
        _ => WhyOf(exception.InnerException),
    };
}
