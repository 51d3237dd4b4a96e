using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Api.Audit;
using Shop.Api.RateLimits;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Outbox;
using Shop.ServiceDefaults;

namespace Shop.Api.Accounts;

internal sealed record ResetPasswordRequest(string? Token, string? Password)
{
    /// <summary>Never what it holds: a record prints its members.</summary>
    public override string ToString() => nameof(ResetPasswordRequest);
}

internal sealed record ChangePasswordRequest(string? CurrentPassword, string? NewPassword)
{
    /// <summary>Never what it holds: a record prints its members.</summary>
    public override string ToString() => nameof(ChangePasswordRequest);
}

internal static class PasswordEndpoints
{
    public static void MapPasswords(this IEndpointRouteBuilder account)
    {
        account.MapPost("/password/forgot", ForgotPassword).WithName(nameof(ForgotPassword)).AllowAnonymous().RequireRateLimiting(RateLimiting.Mail)
            .WithSummary("Mails a link to choose a new password, if there is an account; the answer does not tell.");
        account.MapPost("/password/reset", ResetPassword).WithName(nameof(ResetPassword)).AllowAnonymous().RequireRateLimiting(RateLimiting.SignIn)
            .WithSummary("Sets a password with a mailed link, and ends every session.").ProducesProblem(410).ProducesProblem(422);
        account.MapPost("/password", ChangePassword).WithName(nameof(ChangePassword)).RequireAuthorization(Policies.Shopper).RequireRateLimiting(RateLimiting.SignIn)
            .WithSummary("Sets a password with the current one, and ends every other session.").ProducesProblem(422);
    }

    internal static async Task<Accepted<Nothing>> ForgotPassword(
        EmailRequest form, ShopDbContext db, TimeProvider clock, ILogger<EmailRequest> logger, CancellationToken ct)
    {
        await db.AskResetAsync(form.Email ?? "", clock.GetUtcNow(), ct);
        await db.NotifyWorkerAsync(logger, ct);
        return Nothing.Accepted();
    }

    /// <summary>For invitations, too: who was invited has no password yet.</summary>
    internal static async Task<Results<NoContent, ProblemHttpResult>> ResetPassword(
        ResetPasswordRequest form, ShopDbContext db, UserManager<ShopUser> users, Passwords passwords, SignedLinks links, TimeProvider clock,
        ILogger<ResetPasswordRequest> logger, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var id = SignedLinks.SubjectOf(form.Token) ?? Guid.Empty;
        var known = await db.Users.AsNoTracking().Include(u => u.Person).SingleOrDefaultAsync(u => u.Id == id && u.DisabledAt == null, ct);
        if (known is null || !IsGood(known))
            return AccountEndpoints.LinkExpired();
        if (await Passwords.ErrorsOf(users, known, form.Password) is [_, ..] errors)
            return AccountEndpoints.Invalid(new() { ["password"] = errors });

        var hash = passwords.Hash(form.Password!);
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = (await db.LockUserAsync(id, ct))!;
        if (!IsGood(user))
            return AccountEndpoints.LinkExpired(); // its twin was faster

        user.ChangePassword(hash);
        user.EmailConfirmed = true;
        await Sessions.RevokeAllAsync(db, id, now, ct);
        db.Outbox.Add(OutboxMessage.To(id, OutboxKind.PasswordChangedMail, now));
        db.RecordOwn(user, now, AuditActions.PasswordReset, sessionId: null);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await db.NotifyWorkerAsync(logger, ct);
        return TypedResults.NoContent();

        bool IsGood(ShopUser user) =>
            links.Check(LinkPurpose.ResetPassword, form.Token, now, user.SecurityStamp!) is LinkState.Good
            || links.Check(LinkPurpose.Invitation, form.Token, now, user.SecurityStamp!) is LinkState.Good;
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> ChangePassword(
        ChangePasswordRequest form, Caller caller, ShopDbContext db, UserManager<ShopUser> users, Passwords passwords, IOptions<IdentityOptions> identity,
        TimeProvider clock, ILogger<ChangePasswordRequest> logger, CancellationToken ct)
    {
        if (!await IsRightAsync(caller, form.CurrentPassword, db, passwords, identity.Value.Lockout, clock, logger, ct))
            return WrongPassword();

        var known = await db.Users.AsNoTracking().Include(u => u.Person).SingleAsync(u => u.Id == caller.UserId, ct);
        if (await Passwords.ErrorsOf(users, known, form.NewPassword) is [_, ..] errors)
            return AccountEndpoints.Invalid(new() { ["newPassword"] = errors });

        var hash = passwords.Hash(form.NewPassword!);
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var user = (await db.LockUserAsync(caller.UserId, ct))!;
        if (user.PasswordHash != known.PasswordHash)
            return WrongPassword(); // it was changed in between

        user.ChangePassword(hash);
        await Sessions.RevokeAllAsync(db, user.Id, now, ct, except: caller.SessionId);
        db.Outbox.Add(OutboxMessage.To(user.Id, OutboxKind.PasswordChangedMail, now));
        db.RecordOwn(user, now, AuditActions.PasswordChanged, caller.SessionId);
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await db.NotifyWorkerAsync(logger, ct);
        return TypedResults.NoContent();
    }

    /// <summary>A wrong one counts, as at the front door but apart from it: a stolen session is no place to guess at leisure.</summary>
    internal static async Task<bool> IsRightAsync(
        Caller caller, string? password, ShopDbContext db, Passwords passwords, LockoutOptions limits, TimeProvider clock, ILogger logger, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        string? hash;
        bool isLast;
        await using (var transaction = await db.Database.BeginTransactionAsync(ct))
        {
            var user = (await db.LockUserAsync(caller.UserId, ct))!;
            if (user.IsSessionLocked(now))
                return false;

            (hash, isLast) = (user.PasswordHash, user.CountSessionFailure(now, limits)); // before it is looked at, as there
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
        }

        db.ChangeTracker.Clear(); // whoever locks the user next must see what is there then
        if (passwords.Check(hash, password ?? "").IsRight)
        {
            await db.Users.Where(u => u.Id == caller.UserId && (isLast || u.SessionLockoutEnd == null || u.SessionLockoutEnd <= now)).ExecuteUpdateAsync(
                user => user.SetProperty(u => u.SessionFailedCount, 0).SetProperty(u => u.SessionLockoutEnd, (DateTimeOffset?)null), ct);
            return true;
        }

        if (isLast)
        {
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            await db.TellAsync(caller.UserId, OutboxKind.LockedOutMail, AccountMails.LockedOutEvery, now, ct);
            if (caller.IsStaff)
                db.Record(caller, now, AuditActions.LockedOut, AuditSubjects.User, $"{caller.UserId}");
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            await db.NotifyWorkerAsync(logger, ct);
        }

        return false;
    }

    internal static ProblemHttpResult WrongPassword() => Problems.Refuse(422, "wrong_password", "This is not your current password.");
}
