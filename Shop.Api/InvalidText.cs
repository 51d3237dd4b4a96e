using Microsoft.AspNetCore.Diagnostics;
using Npgsql;
using Shop.ServiceDefaults;

namespace Shop.Api;

/// <summary>
/// Text that the database can't hold, such as a NUL character: whoever sent it is told, and it is no error of ours. Here and not in each
/// endpoint, as every text of every request can have one.
/// </summary>
internal sealed class InvalidText : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!IsInvalidText(exception))
            return false;

        await Problems.Refuse(400, "invalid_text", "There is a character in it that can't be stored.").ExecuteAsync(httpContext);
        return true;
    }

    private static bool IsInvalidText(Exception? exception) => exception switch
    {
        null => false,
        PostgresException e => e.SqlState is PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter,
        _ => IsInvalidText(exception.InnerException),
    };
}
