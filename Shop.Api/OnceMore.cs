using Npgsql;
using Shop.Data;

namespace Shop.Api;

/// <summary>Runs the handler a second time, whole, when Postgres asks for it: a deadlock's victim or a serialization failure.</summary>
internal sealed class OnceMore(ILogger<OnceMore> logger) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception e) when (PostgresError.Of(e) is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
        {
            logger.OnceMore(PostgresError.Of(e)!);
            context.HttpContext.RequestServices.GetRequiredService<ShopDbContext>().ChangeTracker.Clear();
            return await next(context);
        }
    }
}

internal static class PostgresError
{
    /// <summary>The SQLSTATE behind an exception, however EF has wrapped it.</summary>
    public static string? Of(Exception? exception) => exception switch
    {
        null => null,
        PostgresException e => e.SqlState,
        _ => Of(exception.InnerException),
    };
}
