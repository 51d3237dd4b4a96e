using System.Data;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
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
    // All conditions once more, under the row's lock: what changed since the password was looked at decides. The count of failures
    // survives a right password while a code is still to come, or a thief with the password could guess codes for ever.
    private const string Open = """
        WITH opened AS (
            UPDATE accounts.users SET
                access_failed_count = CASE WHEN $4 THEN access_failed_count ELSE 0 END,
                last_sign_in_at = CASE WHEN $4 THEN last_sign_in_at ELSE $3 END,
                password_hash = coalesce($5, password_hash)
            WHERE id = $1 AND password_hash = $2 AND role = $6 AND two_factor_enabled = $7
                AND email_confirmed AND disabled_at IS NULL AND (lockout_end IS NULL OR lockout_end <= $3)
            RETURNING id)
        INSERT INTO accounts.sessions (id, token_hash, user_id, device, pending, created_at, last_seen_at, expires_at)
        SELECT $8, $9, id, $10, $4, $3, $3, $11 FROM opened
        """;

    // One statement counts and locks, so that of any number of guesses at once exactly as many are looked at as are allowed.
    private const string Fail = """
        WITH failed AS (
            UPDATE accounts.users SET
                access_failed_count = CASE WHEN access_failed_count + 1 < $3 THEN access_failed_count + 1 ELSE 0 END,
                lockout_end = CASE WHEN access_failed_count + 1 < $3 THEN lockout_end ELSE $4 END
            WHERE id = $1 AND (lockout_end IS NULL OR lockout_end <= $2)
            RETURNING id, access_failed_count = 0 AS is_last)
        INSERT INTO shop.outbox (id, kind, person_id, state, due_at, leased_until, lease_token, attempts, created_at)
        SELECT $5, $6, id, 'Waiting', $2, 'epoch', 0, 0, $2 FROM failed WHERE is_last
        """;

    public static void MapSignIn(this IEndpointRouteBuilder account)
    {
        account.MapPost("/sign-in", SignIn).WithName(nameof(SignIn)).AllowAnonymous().RequireRateLimiting(RateLimiting.SignIn)
            .WithSummary("A session for e-mail and password. One answer for everything that is wrong.").ProducesProblem(401).ProducesProblem(429);
        account.MapPost("/sign-out", SignOut).WithName(nameof(SignOut)).AllowAnonymous()
            .WithSummary("Ends the session of the token; without one there is nothing to end.");
    }

    /// <summary>Two round trips, whatever the outcome, and the hash between them without a connection.</summary>
    internal static async Task<Results<Ok<SignInAnswer>, ProblemHttpResult>> SignIn(
        SignInRequest form, ShopDbContext db, NpgsqlDataSource database, Passwords passwords, Sessions sessions, IOptions<IdentityOptions> identity,
        TimeProvider clock, HttpContext http, CancellationToken ct)
    {
        var email = Person.AccountEmailOf(form.Email ?? "");
        var user = await db.Users.Where(u => u.Person.AccountEmail == email)
            .Select(u => new { u.Id, u.PasswordHash, u.Role, u.TwoFactorEnabled }).SingleOrDefaultAsync(ct);
        var (isRight, rehashed) = passwords.Check(user?.PasswordHash, form.Password ?? "");
        var now = clock.GetUtcNow();
        if (user is not null && isRight)
        {
            var step = user.TwoFactorEnabled ? SignInStep.SecondFactor : user.Role > Role.Shopper ? SignInStep.SetUpSecondFactor : SignInStep.Done;
            var pending = step is not SignInStep.Done;
            var (session, answer) = sessions.New(user.Id, user.Role, pending, provenAt: null, http.Request.Headers.UserAgent, now);
            var opened = await ExecuteAsync(
                Open, user.Id, user.PasswordHash!, now, pending, new NpgsqlParameter { Value = (object?)rehashed ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                $"{user.Role}", user.TwoFactorEnabled, session.Id, session.TokenHash, session.Device, session.ExpiresAt);
            if (opened == 1)
                return TypedResults.Ok(new SignInAnswer(answer.Token, answer.ExpiresAt, WordOf(step)));
        }
        else
        {
            var limits = identity.Value.Lockout;
            var told = await ExecuteAsync(
                Fail, user?.Id ?? Guid.Empty, now, limits.MaxFailedAccessAttempts, now + limits.DefaultLockoutTimeSpan, Guid.CreateVersion7(now),
                nameof(OutboxKind.LockedOutMail));
            if (told == 1)
                await db.NotifyAsync(Notices.Work, "", ct);
        }

        return Problems.Refuse(401, "sign_in_failed", "E-mail and password do not match, or this account can't be used right now.");

        async Task<int> ExecuteAsync(string sql, params object[] values)
        {
            await using var batch = database.CreateBatch();
            batch.Add(sql, values);
            return await batch.ExecuteNonQueryAsync(ct);
        }
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
