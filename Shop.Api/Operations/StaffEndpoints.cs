using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Outbox;
using Shop.Data.People;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

using ActResult = Results<NoContent, ProblemHttpResult>;

internal enum StaffState { Active, Invited, Locked, Disabled }

internal sealed record StaffRow(Guid Id, string Email, string Name, Role Role, bool SecondFactor, StaffState State, DateTimeOffset? LastSignInAt);

internal sealed record StaffRows(IReadOnlyList<StaffRow> Items);

internal sealed record InviteRequest(string? Email, string? Name, Role? Role, string? Why)
{
    /// <summary>Never the address: a record prints its members.</summary>
    public override string ToString() => nameof(InviteRequest);
}

internal sealed record RoleRequest(Role? Role, string? Why);

internal static class StaffEndpoints
{
    public static void MapStaff(this IEndpointRouteBuilder operations)
    {
        var staff = operations.MapGroup("/staff").RequireAuthorization(Policies.Admin);
        staff.MapGet("", GetStaff).WithName(nameof(GetStaff)).WithSummary("Everybody who is more than a shopper.");
        Post("/invite", InviteStaff, "Mails somebody an invitation; a shopper gets the role at once.");
        Post("/{id:guid}/role", SetStaffRole, "Gives another role and ends every session; \"shopper\" is no staff any more.");
        Post("/{id:guid}/disable", DisableStaff, "Nobody can sign in with this account until it is enabled.");
        Post("/{id:guid}/enable", EnableStaff, "The account can be used again.");
        Post("/{id:guid}/unlock", UnlockStaff, "Ends a lockout after too many failures.");
        Post("/{id:guid}/reset-second-factor", ResetStaffSecondFactor, "For a lost phone: it is set up anew at the next sign-in.");
        Post("/{id:guid}/resend-invite", ResendStaffInvite, "Mails the invitation again.");

        void Post(string path, Delegate handler, string summary) => staff.MapPost(path, handler).WithName(handler.Method.Name).WithSummary(summary)
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    internal static async Task<Ok<StaffRows>> GetStaff(ReportsDatabase reports, TimeProvider clock, CancellationToken ct)
    {
        await using var db = reports.Open();
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new StaffRows(await db.Users.Where(u => u.Role != Role.Shopper).OrderBy(u => u.Id).Select(u => new StaffRow(
            u.Id, u.Person.Email, u.Person.Name, u.Role, u.TwoFactorEnabled,
            u.DisabledAt != null ? StaffState.Disabled
                : u.PasswordHash == null ? StaffState.Invited
                : u.LockoutEnd > now || u.SessionLockoutEnd > now ? StaffState.Locked
                : StaffState.Active,
            u.LastSignInAt)).ToListAsync(ct)));
    }

    internal static Task<ActResult> InviteStaff(
        InviteRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports, TimeProvider clock,
        ILogger<StaffRow> logger, CancellationToken ct)
    {
        var person = Person.WithAccount(form.Email ?? "", form.Name ?? "", clock.GetUtcNow());
        Dictionary<string, string[]> errors = [];
        AccountEndpoints.CheckPerson(person, errors);
        if (form.Role is not { } role || role is Role.Shopper)
        {
            errors["role"] = ["Please choose what they may do: agent, operator or admin."];
            role = Role.Shopper;
        }

        var digest = IdempotencyKey.DigestOf("invite", person.AccountEmail!, person.Name, $"{role}");
        return Acts.OnceAsync(reports, idempotencyKey, form.Why, digest, clock, logger, async (db, now, why) =>
        {
            var user = ShopUser.Of(person, role, now);
            object? before = null;
            var isNew = await db.TryAddAsync(user, ct);
            var id = isNew ? user.Id : await db.Users.Where(u => u.Person.AccountEmail == person.AccountEmail).Select(u => u.Id).SingleAsync(ct);
            var locked = await db.LockWithAdminsAsync(id, ct);
            if (!MayStill(caller, locked))
                return NotAnyMore();
            if (!isNew)
            {
                user = locked.Single(u => u.Id == id);
                if (user.IsStaff)
                    return Problems.Refuse(409, "already_staff", "This person is on the staff already; change their role instead.");

                before = new { user.Role };
                user.Role = role;
                // Whoever registered the address may not be who reads its mail: the password is chosen anew, with the invitation.
                if (!user.EmailConfirmed)
                {
                    user.ChangePassword(null);
                    user.Person.Name = person.Name; // as well, as it stands in that mail
                }

                await Sessions.RevokeAllAsync(db, id, now, ct);
            }

            db.Outbox.Add(OutboxMessage.To(user.Id, OutboxKind.InvitationMail, now));
            db.Record(caller, now, AuditActions.StaffInvited, AuditSubjects.User, $"{user.Id}", before, new { user.Role }, why);
            return null;
        }, ct, errors);
    }

    internal static Task<ActResult> SetStaffRole(
        Guid id, RoleRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<StaffRow> logger, CancellationToken ct)
    {
        Dictionary<string, string[]> errors = [];
        if (form.Role is null)
            errors["role"] = ["Please choose a role."];
        var role = form.Role ?? Role.Shopper;
        return ChangeAsync(
            id, AuditActions.RoleChanged, $"role {role}", form.Why, idempotencyKey, caller, reports, clock, logger,
            user => new { user.Role }, (user, _) => user.Role = role, ct, endsSessions: true, errors: errors);
    }

    internal static Task<ActResult> DisableStaff(
        Guid id, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<StaffRow> logger, CancellationToken ct) =>
        ChangeAsync(
            id, AuditActions.UserDisabled, "disable", form.Why, idempotencyKey, caller, reports, clock, logger,
            user => new { Disabled = user.DisabledAt is not null }, (user, now) => user.DisabledAt ??= now, ct, endsSessions: true, notOwn: true);

    internal static Task<ActResult> EnableStaff(
        Guid id, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<StaffRow> logger, CancellationToken ct) =>
        ChangeAsync(
            id, AuditActions.UserEnabled, "enable", form.Why, idempotencyKey, caller, reports, clock, logger,
            user => new { Disabled = user.DisabledAt is not null }, (user, _) => user.DisabledAt = null, ct);

    internal static Task<ActResult> UnlockStaff(
        Guid id, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<StaffRow> logger, CancellationToken ct) =>
        ChangeAsync(
            id, AuditActions.UserUnlocked, "unlock", form.Why, idempotencyKey, caller, reports, clock, logger,
            user => new
            {
                LockedUntil = user.LockoutEnd, Failures = user.AccessFailedCount,
                SessionsLockedUntil = user.SessionLockoutEnd, FailuresInSessions = user.SessionFailedCount,
            },
            (user, _) => user.Unlock(), ct);

    internal static Task<ActResult> ResetStaffSecondFactor(
        Guid id, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<StaffRow> logger, CancellationToken ct) =>
        ChangeAsync(
            id, AuditActions.SecondFactorReset, "reset second factor", form.Why, idempotencyKey, caller, reports, clock, logger,
            user => new { SecondFactor = user.TwoFactorEnabled }, (user, _) => user.ForgetSecondFactor(), ct, endsSessions: true, notOwn: true,
            tells: OutboxKind.SecondFactorChangedMail);

    internal static Task<ActResult> ResendStaffInvite(
        Guid id, WhyRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller, ReportsDatabase reports,
        TimeProvider clock, ILogger<StaffRow> logger, CancellationToken ct) =>
        ChangeAsync(
            id, AuditActions.InvitationSentAgain, "resend invite", form.Why, idempotencyKey, caller, reports, clock, logger,
            user => new { user.Role }, (_, _) => { }, ct, tells: OutboxKind.InvitationMail);

    /// <summary>One change to somebody's account. At no moment is there nobody left who may make them.</summary>
    private static Task<ActResult> ChangeAsync(
        Guid id, string action, string what, string? why, string? idempotencyKey, Caller caller, ReportsDatabase reports, TimeProvider clock,
        ILogger logger, Func<ShopUser, object> stateOf, Action<ShopUser, DateTimeOffset> change, CancellationToken ct, bool endsSessions = false,
        bool notOwn = false, OutboxKind? tells = null, Dictionary<string, string[]>? errors = null) =>
        Acts.OnceAsync(reports, idempotencyKey, why, IdempotencyKey.DigestOf($"staff {what}", $"{id}"), clock, logger, async (db, now, reason) =>
        {
            var locked = await db.LockWithAdminsAsync(id, ct);
            if (!MayStill(caller, locked))
                return NotAnyMore();
            if (locked.Find(u => u.Id == id) is not { IsStaff: true } user)
                return Problems.Refuse(404, "user_not_found", "There is no such member of the staff."); // whoever is to become one is invited
            if (notOwn && id == caller.UserId)
                return Problems.Refuse(409, "own_account", "Nobody can do this to their own account; ask another admin.");

            if (action == AuditActions.InvitationSentAgain && user.PasswordHash is not null)
                return Problems.Refuse(409, "not_invited", "This person has signed up already and needs no invitation.");

            var before = stateOf(user);
            change(user, now);
            if (!locked.Exists(u => u is { Role: Role.Admin, DisabledAt: null, PasswordHash: not null }))
                return Problems.Refuse(409, "last_admin", "This is the last admin: nobody could undo it.");
            if (endsSessions)
                await Sessions.RevokeAllAsync(db, id, now, ct);
            if (tells is { } mail)
                db.Outbox.Add(OutboxMessage.To(id, mail, now));
            db.Record(caller, now, action, AuditSubjects.User, $"{id}", before, stateOf(user), reason);
            return null;
        }, ct, errors);

    /// <summary>Asked under the lock: another admin may have been faster.</summary>
    private static bool MayStill(Caller caller, List<ShopUser> locked) =>
        locked.Exists(u => u.Id == caller.UserId && u is { Role: Role.Admin, DisabledAt: null });

    private static ProblemHttpResult NotAnyMore() => Problems.Refuse(403, "forbidden", "Your account is not allowed to do this any more.");
}
