using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Shop.Api.Audit;
using Shop.Api.RateLimits;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Outbox;
using Shop.Data.People;
using Shop.ServiceDefaults;

namespace Shop.Api.Accounts;

internal enum SignInStep { Done, SecondFactor, SetUpSecondFactor }

internal sealed record SignInRequest(string? Email, string? Password)
{
    /// <summary>Never what it holds: a record prints its members.</summary>
    public override string ToString() => nameof(SignInRequest);
}

/// <param name="Next">A snake case word: what is left to do before the session is good for anything else.</param>
internal sealed record SignInAnswer(string Token, DateTimeOffset ExpiresAt, string Next);

internal static class SignInEndpoints
{
    // Counts the attempt before its password is looked at: of any number of guesses at once, as many are looked at as are allowed. The last
    // one locks at once, and opens again if it was right after all.
    private const string Reserve = """
        UPDATE accounts.users u SET
            access_failed_count = CASE WHEN u.access_failed_count + 1 < $3 THEN u.access_failed_count + 1 ELSE 0 END,
            lockout_end = CASE WHEN u.access_failed_count + 1 < $3 THEN NULL ELSE $4 END
        FROM shop.people p
        WHERE p.id = u.id AND p.account_email = $1 AND (u.lockout_end IS NULL OR u.lockout_end <= $2)
        RETURNING u.id, u.password_hash, u.role, u.two_factor_enabled, u.lockout_end IS NOT NULL
        """;

    // All conditions once more, under the row's lock: what changed since the password was looked at decides. Wrong codes are counted
    // elsewhere and stay counted, or a thief with the password could guess codes for ever. The session that it came with ends.
    private const string Open = """
        WITH opened AS (
            UPDATE accounts.users SET
                access_failed_count = 0, lockout_end = NULL,
                last_sign_in_at = CASE WHEN $4 THEN last_sign_in_at ELSE $3 END,
                password_hash = coalesce($5, password_hash)
            WHERE id = $1 AND password_hash = $2 AND role = $6 AND two_factor_enabled = $7
                AND email_confirmed AND disabled_at IS NULL AND ($12 OR lockout_end IS NULL)
            RETURNING id),
        ended AS (UPDATE accounts.sessions SET revoked_at = $3 WHERE id = $13 AND revoked_at IS NULL AND EXISTS (SELECT FROM opened))
        INSERT INTO accounts.sessions (id, token_hash, user_id, device, pending, created_at, last_seen_at, expires_at)
        SELECT $8, $9, id, $10, $4, $3, $3, $11 FROM opened
        """;

    public static void MapSignIn(this IEndpointRouteBuilder account)
    {
        account.MapPost("/sign-in", SignIn).WithName(nameof(SignIn)).AllowAnonymous().RequireRateLimiting(RateLimiting.SignIn)
            .WithSummary("A session for e-mail and password. One answer for everything that is wrong.").ProducesProblem(401).ProducesProblem(429);
        account.MapPost("/sign-out", SignOut).WithName(nameof(SignOut)).AllowAnonymous()
            .WithSummary("Ends the session of the token; without one there is nothing to end.");
    }

    /// <summary>One round trip for what is refused, a second one for what is not, and the hash between them without a connection.</summary>
    internal static async Task<Results<Ok<SignInAnswer>, ProblemHttpResult>> SignIn(
        SignInRequest form, Caller? caller, ShopDbContext db, NpgsqlDataSource database, Passwords passwords, Sessions sessions, IOptions<IdentityOptions> identity,
        TimeProvider clock, HttpContext http, ILogger<SignInRequest> logger, CancellationToken ct)
    {
        var (now, limits) = (clock.GetUtcNow(), identity.Value.Lockout);
        var user = await ReserveAsync(database, Person.AccountEmailOf(form.Email ?? ""), now, limits, ct);
        var (isRight, rehashed) = passwords.Check(user?.PasswordHash, form.Password ?? "");
        if (user is not null && isRight)
        {
            var step = user.TwoFactorEnabled ? SignInStep.SecondFactor : user.Role > Role.Shopper ? SignInStep.SetUpSecondFactor : SignInStep.Done;
            var pending = step is not SignInStep.Done;
            var (session, answer) = sessions.New(user.Id, user.Role, pending, provenAt: null, http.Request.Headers.UserAgent, now);
            await using var batch = database.CreateBatch();
            batch.Add(
                Open, user.Id, user.PasswordHash!, now, pending, new NpgsqlParameter { Value = (object?)rehashed ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                $"{user.Role}", user.TwoFactorEnabled, session.Id, session.TokenHash, session.Device, session.ExpiresAt, user.IsLast,
                new NpgsqlParameter { Value = (object?)caller?.SessionId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
            if (await batch.ExecuteNonQueryAsync(ct) == 1)
                return TypedResults.Ok(new SignInAnswer(answer.Token, answer.ExpiresAt, WordOf(step)));
        }

        if (user is { IsLast: true })
        {
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            await db.TellAsync(user.Id, OutboxKind.LockedOutMail, AccountMails.LockedOutEvery, now, ct);
            if (user.Role > Role.Shopper)
            {
                db.Audit.Add(AuditEntry.Of(
                    now, user.Id, user.Role, AuditActions.LockedOut, AuditSubjects.User, $"{user.Id}", reference: Reference.Current));
            }

            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            await db.NotifyWorkerAsync(logger, ct);
        }

        return Problems.Refuse(401, "sign_in_failed", "E-mail and password do not match, or this account can't be used right now.");
    }

    /// <param name="IsLast">No further attempt is looked at for a while, unless this one is right.</param>
    private sealed record Attempt(Guid Id, string? PasswordHash, Role Role, bool TwoFactorEnabled, bool IsLast);

    /// <returns>Null when there is no such account, or it is locked.</returns>
    private static async Task<Attempt?> ReserveAsync(NpgsqlDataSource database, string email, DateTimeOffset now, LockoutOptions limits, CancellationToken ct)
    {
        await using var batch = database.CreateBatch();
        batch.Add(Reserve, email, now, limits.MaxFailedAccessAttempts, now + limits.DefaultLockoutTimeSpan);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        return await reader.ReadAsync(ct)
            ? new Attempt(
                reader.GetGuid(0), reader.IsDBNull(1) ? null : reader.GetString(1), Enum.Parse<Role>(reader.GetString(2)), reader.GetBoolean(3), reader.GetBoolean(4))
            : null;
    }

    internal static async Task<NoContent> SignOut(Caller? caller, ShopDbContext db, TimeProvider clock, CancellationToken ct)
    {
        if (caller is null)
            return TypedResults.NoContent();

        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await Sessions.RevokeAsync(db, caller.SessionId, now, ct) && caller is { IsStaff: true, IsPending: false })
        {
            db.Record(caller, now, AuditActions.SignedOut, AuditSubjects.User, $"{caller.UserId}");
            await db.SaveChangesAsync(ct);
        }

        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    private static string WordOf(SignInStep step) => step switch
    {
        SignInStep.Done => "done",
        SignInStep.SecondFactor => "second_factor",
        _ => "set_up_second_factor",
    };
}
