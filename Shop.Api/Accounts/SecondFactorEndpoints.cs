using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Shop.Api.Audit;
using Shop.Api.RateLimits;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Outbox;
using Shop.ServiceDefaults;

namespace Shop.Api.Accounts;

internal sealed record CodeRequest(string? Code)
{
    /// <summary>Never the code: a record prints its members.</summary>
    public override string ToString() => nameof(CodeRequest);
}

internal sealed record BeginSecondFactorRequest(string? Password)
{
    /// <summary>Never the password: a record prints its members.</summary>
    public override string ToString() => nameof(BeginSecondFactorRequest);
}

/// <param name="Secret">Base 32 in groups of four, for those who type it.</param>
/// <param name="Uri">The same for a picture that a phone reads.</param>
internal sealed record SecondFactorKey(string Secret, string Uri)
{
    /// <summary>Never the secret: a record prints its members.</summary>
    public override string ToString() => nameof(SecondFactorKey);
}

internal sealed record SecondFactorEnabled(string Token, DateTimeOffset ExpiresAt, IReadOnlyList<string> RecoveryCodes);

internal sealed record RecoveryCodes(IReadOnlyList<string> Codes)
{
    [System.Text.Json.Serialization.JsonPropertyName("recoveryCodes")] public IReadOnlyList<string> Codes { get; init; } = Codes;
}

/// <summary>Each of them locks the user first: of one code sent twice at once, the second one is a used one.</summary>
internal static class SecondFactorEndpoints
{
    private const int RecoveryCodeCount = 10;

    public static void MapSecondFactor(this IEndpointRouteBuilder account)
    {
        var factor = account.MapGroup("/second-factor").RequireRateLimiting(RateLimiting.SignIn);
        factor.MapPost("", ProveSecondFactor).WithName(nameof(ProveSecondFactor)).RequireAuthorization(Policies.AnySession)
            .WithSummary("Finishes signing in with a code of the app, or a recovery code. The session gets another token.").ProducesProblem(401);
        factor.MapPost("/begin", BeginSecondFactor).WithName(nameof(BeginSecondFactor)).RequireAuthorization(Policies.AnySession)
            .WithSummary("A new secret for an authenticator app; the old one works until the new one is proven.").ProducesProblem(403).ProducesProblem(422);
        factor.MapPost("/enable", EnableSecondFactor).WithName(nameof(EnableSecondFactor)).RequireAuthorization(Policies.AnySession)
            .WithSummary("Proves the new secret, once, and gives recovery codes.").ProducesProblem(403).ProducesProblem(422);
        factor.MapPost("/recovery-codes", RenewRecoveryCodes).WithName(nameof(RenewRecoveryCodes)).RequireAuthorization(Policies.Shopper)
            .WithSummary("New recovery codes; the old ones are dead.").ProducesProblem(409).ProducesProblem(422);
        factor.MapPost("/disable", DisableSecondFactor).WithName(nameof(DisableSecondFactor)).RequireAuthorization(Policies.Shopper)
            .WithSummary("Back to the password alone; not for staff.").ProducesProblem(409).ProducesProblem(422);
    }

    internal static async Task<Results<Ok<SignedIn>, ProblemHttpResult>> ProveSecondFactor(
        CodeRequest form, Caller caller, ShopDbContext db, UserManager<ShopUser> users, Sessions sessions, IOptions<IdentityOptions> identity,
        TimeProvider clock, HttpContext http, ILogger<CodeRequest> logger, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = (await db.LockUserAsync(caller.UserId, ct))!;
        if (!await IsProvenAsync(users, user, form.Code, now))
            return await FailAsync(401, db, transaction, user, caller, identity.Value.Lockout, now, logger, ct);
        if (!await Sessions.RevokeAsync(db, caller.SessionId, now, ct))
            return Problems.Refuse(401, "unauthenticated", "Please sign in."); // its twin was faster; the code is not spent

        var (session, answer) = sessions.New(user.Id, user.Role, pending: false, now, http.Request.Headers.UserAgent, now);
        (user.SessionFailedCount, user.LastSignInAt) = (0, now);
        db.Sessions.Add(session);
        db.RecordOwn(user, now, AuditActions.SignedIn, session.Id, after: new { session.Device, recoveryCodesLeft = user.RecoveryCodes.Length });
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return TypedResults.Ok(answer);
    }

    internal static async Task<Results<Ok<SecondFactorKey>, ProblemHttpResult>> BeginSecondFactor(
        BeginSecondFactorRequest form, Caller caller, ShopDbContext db, Passwords passwords, IOptions<IdentityOptions> identity, TimeProvider clock,
        ILogger<CodeRequest> logger, CancellationToken ct)
    {
        if (!caller.IsPending && !await PasswordEndpoints.IsRightAsync(caller, form.Password, db, passwords, identity.Value.Lockout, clock, logger, ct))
            return PasswordEndpoints.WrongPassword();

        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = (await db.LockUserAsync(caller.UserId, ct))!;
        if (caller.IsPending && user.TwoFactorEnabled)
            return ProveFirst();

        var key = user.NewAuthenticatorKey = Totp.NewKey();
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return TypedResults.Ok(new SecondFactorKey(
            string.Join(' ', key.Chunk(4).Select(group => new string(group))),
            $"otpauth://totp/Shop:{Uri.EscapeDataString(user.Person.Email)}?secret={key}&issuer=Shop&algorithm=SHA1&digits=6&period=30"));
    }

    internal static async Task<Results<Ok<SecondFactorEnabled>, ProblemHttpResult>> EnableSecondFactor(
        CodeRequest form, Caller caller, ShopDbContext db, UserManager<ShopUser> users, Sessions sessions, IOptions<IdentityOptions> identity,
        TimeProvider clock, HttpContext http, ILogger<CodeRequest> logger, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = (await db.LockUserAsync(caller.UserId, ct))!;
        if (caller.IsPending && user.TwoFactorEnabled)
            return ProveFirst();
        if (user.IsSessionLocked(now) || Totp.StepOf(user.NewAuthenticatorKey, form.Code?.Trim(), now) is not { } step)
            return await FailAsync(422, db, transaction, user, caller, identity.Value.Lockout, now, logger, ct);
        if (!await Sessions.RevokeAsync(db, caller.SessionId, now, ct))
            return Problems.Refuse(401, "unauthenticated", "Please sign in.");

        (user.AuthenticatorKey, user.NewAuthenticatorKey, user.LastCodeStep, user.TwoFactorEnabled) = (user.NewAuthenticatorKey, null, step, true);
        (user.SessionFailedCount, user.LastSignInAt) = (0, caller.IsPending ? now : user.LastSignInAt);
        var codes = await users.GenerateNewTwoFactorRecoveryCodesAsync(user, RecoveryCodeCount);
        await Sessions.RevokeAllAsync(db, user.Id, now, ct); // the others have not seen it
        var (session, answer) = sessions.New(user.Id, user.Role, pending: false, now, http.Request.Headers.UserAgent, now);
        db.Sessions.Add(session);
        db.Outbox.Add(OutboxMessage.To(user.Id, OutboxKind.SecondFactorChangedMail, now));
        db.RecordOwn(user, now, AuditActions.SecondFactorEnabled, session.Id);
        if (caller.IsPending)
            db.RecordOwn(user, now, AuditActions.SignedIn, session.Id, after: new { session.Device, recoveryCodesLeft = user.RecoveryCodes.Length });
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await db.NotifyWorkerAsync(logger, ct);
        return TypedResults.Ok(new SecondFactorEnabled(answer.Token, answer.ExpiresAt, [.. codes!]));
    }

    internal static async Task<Results<Ok<RecoveryCodes>, ProblemHttpResult>> RenewRecoveryCodes(
        CodeRequest form, Caller caller, ShopDbContext db, UserManager<ShopUser> users, IOptions<IdentityOptions> identity, TimeProvider clock,
        ILogger<CodeRequest> logger, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = (await db.LockUserAsync(caller.UserId, ct))!;
        if (!user.TwoFactorEnabled)
            return NotSetUp();
        if (!await IsProvenAsync(users, user, form.Code, now))
            return await FailAsync(422, db, transaction, user, caller, identity.Value.Lockout, now, logger, ct);

        var codes = await users.GenerateNewTwoFactorRecoveryCodesAsync(user, RecoveryCodeCount);
        db.Outbox.Add(OutboxMessage.To(user.Id, OutboxKind.SecondFactorChangedMail, now));
        db.RecordOwn(user, now, AuditActions.RecoveryCodesRenewed, caller.SessionId);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await db.NotifyWorkerAsync(logger, ct);
        return TypedResults.Ok(new RecoveryCodes([.. codes!]));
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> DisableSecondFactor(
        CodeRequest form, Caller caller, ShopDbContext db, UserManager<ShopUser> users, IOptions<IdentityOptions> identity, TimeProvider clock,
        ILogger<CodeRequest> logger, CancellationToken ct)
    {
        if (caller.IsStaff)
            return Problems.Refuse(409, "second_factor_required_for_staff", "Staff can't do without the second factor.");

        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = (await db.LockUserAsync(caller.UserId, ct))!;
        if (!user.TwoFactorEnabled)
            return NotSetUp();
        if (!await IsProvenAsync(users, user, form.Code, now))
            return await FailAsync(422, db, transaction, user, caller, identity.Value.Lockout, now, logger, ct);

        user.ForgetSecondFactor();
        db.Outbox.Add(OutboxMessage.To(user.Id, OutboxKind.SecondFactorChangedMail, now));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await db.NotifyWorkerAsync(logger, ct);
        return TypedResults.NoContent();
    }

    /// <summary>A code of the app, or one of the recovery codes; either is spent by it.</summary>
    private static async Task<bool> IsProvenAsync(UserManager<ShopUser> users, ShopUser user, string? code, DateTimeOffset now)
    {
        if (!user.TwoFactorEnabled || user.IsSessionLocked(now) || code is null)
            return false;

        var typed = string.Concat(code.Where(char.IsLetterOrDigit)).ToUpperInvariant();
        return typed.Length switch
        {
            6 => user.TryUseCode(typed, now),
            10 => (await users.RedeemTwoFactorRecoveryCodeAsync(user, $"{typed[..5]}-{typed[5..]}")).Succeeded, // as they are made
            _ => false,
        };
    }

    /// <summary>Counted under the lock under which it was looked at: guesses at once are as many as those one after the other.</summary>
    private static async Task<ProblemHttpResult> FailAsync(
        int status, ShopDbContext db, IDbContextTransaction transaction, ShopUser user, Caller caller, LockoutOptions limits, DateTimeOffset now,
        ILogger logger, CancellationToken ct)
    {
        var isLast = user.CountSessionFailure(now, limits);
        if (isLast)
        {
            // Whoever got this far has the password: its owner hears of it. For a while no code is looked at, in no session.
            await Sessions.RevokeAsync(db, caller.SessionId, now, ct);
            await db.TellAsync(user.Id, OutboxKind.LockedOutMail, AccountMails.LockedOutEvery, now, ct);
        }

        db.RecordOwn(user, now, AuditActions.SecondFactorFailed, caller.SessionId, after: new { locked = user.IsSessionLocked(now) });
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        if (isLast)
            await db.NotifyWorkerAsync(logger, ct);
        return CodeWrong(status);
    }

    private static ProblemHttpResult CodeWrong(int status) =>
        Problems.Refuse(status, "code_wrong", "This code is not right, or it was used before. Please wait for the next one.");

    private static ProblemHttpResult NotSetUp() =>
        Problems.Refuse(409, "second_factor_not_set_up", "There is no second factor. Please set it up first.");

    private static ProblemHttpResult ProveFirst() =>
        Problems.Refuse(403, "second_factor_required", "Please finish signing in with your second factor.");
}
