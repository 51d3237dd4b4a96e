using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Shop.Api.Audit;
using Shop.Api.Checkout;
using Shop.Api.RateLimits;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.People;
using Shop.ServiceDefaults;

namespace Shop.Api.Accounts;

internal sealed record RegisterRequest(string? Email, string? Name, string? Password)
{
    /// <summary>Never what it holds: a record prints its members.</summary>
    public override string ToString() => nameof(RegisterRequest);
}

internal sealed record EmailRequest(string? Email)
{
    /// <summary>Never the address: a record prints its members.</summary>
    public override string ToString() => nameof(EmailRequest);
}

internal sealed record TokenRequest(string? Token)
{
    /// <summary>Never the token: a record prints its members.</summary>
    public override string ToString() => nameof(TokenRequest);
}

/// <summary>The same answer whatever happened; the mail tells.</summary>
internal sealed record Nothing
{
    public static Accepted<Nothing> Accepted() => TypedResults.Accepted((string?)null, new Nothing());
}

internal sealed record AccountView(
    string Email, string Name, IReadOnlyList<Role> Roles, bool SecondFactor, int RecoveryCodesLeft, bool IsStaff, bool SecondFactorProven);

internal sealed record SessionView(Guid Id, string Device, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt, bool IsCurrent);

internal sealed record SessionViews(IReadOnlyList<SessionView> Items);

internal sealed record OwnOrder(long Number, DateTimeOffset PlacedAt, OrderStatus Status, long TotalMinor, string Currency, int ItemCount);

/// <param name="Next">What to ask for as <c>before</c>; null on the last page.</param>
internal sealed record OwnOrders(IReadOnlyList<OwnOrder> Items, long? Next);

internal static class AccountEndpoints
{
    private const int PageSize = 20;
    private const int MaxNameLength = 200;

    public static void AddAccounts(this IServiceCollection services)
    {
        services.AddOptions<AccountOptions>().BindConfiguration(AccountOptions.Section).ValidateDataAnnotations()
            .Validate(o => o.EachIsShorterThanTheNext(),
                "Accounts: the limits must rise: SeenEvery < StaffIdle <= StaffLongest and SeenEvery < ShopperIdle <= ShopperLongest.")
            .ValidateOnStart();
        services.AddOptions<FirstAdminOptions>().BindConfiguration(FirstAdminOptions.Section);
        services.AddOptions<LinkSecrets>().BindConfiguration(LinkSecrets.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(sp =>
        {
            var secrets = sp.GetRequiredService<IOptions<LinkSecrets>>().Value;
            return new SignedLinks(secrets.Secret, secrets.PreviousSecret);
        });

        services.AddIdentityCore<ShopUser>(identity =>
        {
            identity.Password = new PasswordOptions
            {
                RequiredLength = PasswordRules.MinLength, RequireDigit = false, RequireLowercase = false, RequireNonAlphanumeric = false,
                RequireUppercase = false,
            };
        }).AddUserStore<ShopUserStore>().AddPasswordValidator<PasswordRules>();
        services.RemoveAll<IUserValidator<ShopUser>>(); // asks who else has the name; here the index on the address knows
        services.AddOptions<IdentityOptions>().Configure<IOptions<AccountOptions>>((identity, accounts) =>
            (identity.Lockout.MaxFailedAccessAttempts, identity.Lockout.DefaultLockoutTimeSpan) = (accounts.Value.LockoutAfter, accounts.Value.Lockout));
        services.AddOptions<PasswordHasherOptions>().Configure<IOptions<AccountOptions>>((hasher, accounts) =>
            hasher.IterationCount = accounts.Value.HashIterations);

        services.AddSingleton<Passwords>().AddSingleton<Sessions>();
        services.AddAuthentication(SessionHandler.SchemeName)
            .AddScheme<Microsoft.AspNetCore.Authentication.AuthenticationSchemeOptions, SessionHandler>(SessionHandler.SchemeName, null);
        services.AddPolicies();
        services.AddHostedService<SessionSweep>();
    }

    public static void MapAccounts(this IEndpointRouteBuilder app)
    {
        var account = app.MapGroup("/account").WithTags("Account").AddEndpointFilter<OnceMore>();
        account.MapPost("/register", Register).WithName(nameof(Register)).AllowAnonymous().RequireRateLimiting(RateLimiting.Mail)
            .WithSummary("Asks for an account; a mail tells how it goes on.").ProducesProblem(422);
        account.MapPost("/confirm", ConfirmEmail).WithName(nameof(ConfirmEmail)).AllowAnonymous().RequireRateLimiting(RateLimiting.SignIn)
            .WithSummary("Confirms an address with the mailed link.").ProducesProblem(410);
        account.MapPost("/confirm/resend", ResendConfirmation).WithName(nameof(ResendConfirmation)).AllowAnonymous().RequireRateLimiting(RateLimiting.Mail)
            .WithSummary("Mails that link again, if there is somebody to confirm; the answer does not tell.");
        account.MapSignIn();
        account.MapSecondFactor();
        account.MapPasswords();
        account.MapGet("", GetAccount).WithName(nameof(GetAccount)).RequireAuthorization(Policies.Shopper).WithSummary("Who is signed in.");
        account.MapGet("/sessions", GetSessions).WithName(nameof(GetSessions)).RequireAuthorization(Policies.Shopper)
            .WithSummary("Where this user is signed in.");
        account.MapPost("/sessions/{id:guid}/revoke", RevokeSession).WithName(nameof(RevokeSession)).RequireAuthorization(Policies.Shopper)
            .WithSummary("Ends one of them.").ProducesProblem(404);
        account.MapPost("/sessions/revoke-others", RevokeOtherSessions).WithName(nameof(RevokeOtherSessions)).RequireAuthorization(Policies.Shopper)
            .WithSummary("Ends all but this one.");
        account.MapSavedMethods();
        account.MapGet("/orders", GetOwnOrders).WithName(nameof(GetOwnOrders)).RequireAuthorization(Policies.Shopper)
            .WithSummary("What this user has ordered, newest first.");
    }

    internal static async Task<Results<Accepted<Nothing>, ProblemHttpResult>> Register(
        RegisterRequest form, ShopDbContext db, UserManager<ShopUser> users, Passwords passwords, TimeProvider clock, ILogger<RegisterRequest> logger,
        CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var user = ShopUser.Of(Person.WithAccount(form.Email ?? "", form.Name ?? "", now), Role.Shopper, now);
        Dictionary<string, string[]> errors = [];
        CheckPerson(user.Person, errors);
        if (await Passwords.ErrorsOf(users, user, form.Password) is [_, ..] wrong)
            errors["password"] = wrong;
        if (errors.Count > 0)
            return Invalid(errors);

        user.PasswordHash = passwords.Hash(form.Password!); // for a known address, too: it must not answer faster
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await db.TryAddAsync(user, ct))
        {
            db.Outbox.Add(OutboxMessage.To(user.Id, OutboxKind.ConfirmEmailMail, now));
        }
        else
        {
            // Neither name nor password is taken from whoever asks a second time. Not confirmed yet, nobody knows which of the two reads the
            // mail: its reader chooses a password, and does not confirm one that somebody else chose.
            var known = await db.Users.AsNoTracking().SingleAsync(u => u.Person.AccountEmail == user.Person.AccountEmail, ct);
            if (known.DisabledAt is null)
            {
                await db.TellAskedAsync(known.Id, known.EmailConfirmed ? OutboxKind.AlreadyRegisteredMail : OutboxKind.ResetPasswordMail, now, ct);
            }
        }

        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        await db.NotifyWorkerAsync(logger, ct);
        return Nothing.Accepted();
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> ConfirmEmail(
        TokenRequest form, ShopDbContext db, SignedLinks links, TimeProvider clock, CancellationToken ct)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (SignedLinks.SubjectOf(form.Token) is not { } id || await db.LockUserAsync(id, ct) is not { DisabledAt: null } user
            || links.Check(LinkPurpose.ConfirmEmail, form.Token, clock.GetUtcNow(), user.SecurityStamp!) is not LinkState.Good)
            return LinkExpired();

        user.ConfirmEmail();
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    internal static async Task<Accepted<Nothing>> ResendConfirmation(
        EmailRequest form, ShopDbContext db, TimeProvider clock, ILogger<EmailRequest> logger, CancellationToken ct)
    {
        await db.AskConfirmationAsync(form.Email ?? "", clock.GetUtcNow(), ct);
        await db.NotifyWorkerAsync(logger, ct);
        return Nothing.Accepted();
    }

    internal static async Task<Ok<AccountView>> GetAccount(Caller caller, ShopDbContext db, HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        var known = await db.Users.Where(u => u.Id == caller.UserId)
            .Select(u => new { u.Person.Email, u.Person.Name, u.TwoFactorEnabled, CodesLeft = u.RecoveryCodes.Length }).SingleAsync(ct);
        return TypedResults.Ok(new AccountView(
            known.Email, known.Name, [.. Enum.GetValues<Role>().Where(role => role <= caller.Role)], known.TwoFactorEnabled, known.CodesLeft,
            caller.IsStaff, caller.IsProven));
    }

    internal static async Task<Ok<SessionViews>> GetSessions(Caller caller, ShopDbContext db, TimeProvider clock, HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        var now = clock.GetUtcNow();
        return TypedResults.Ok(new SessionViews(await db.Sessions
            .Where(s => s.UserId == caller.UserId && s.RevokedAt == null && s.ExpiresAt > now && !s.Pending)
            .OrderByDescending(s => s.LastSeenAt).ThenByDescending(s => s.Id)
            .Select(s => new SessionView(s.Id, s.Device, s.CreatedAt, s.LastSeenAt, s.ExpiresAt, s.Id == caller.SessionId)).ToListAsync(ct)));
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> RevokeSession(
        Guid id, Caller caller, ShopDbContext db, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        var ended = await db.Sessions.Where(s => s.Id == id && s.UserId == caller.UserId && s.RevokedAt == null && s.ExpiresAt > now)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.RevokedAt, now), ct);
        if (ended == 0)
            return Problems.Refuse(404, "session_not_found", "There is no such session, or it has ended.");

        await RecordRevokedAsync(db, caller, now, AuditSubjects.Session, id, ended, ct);
        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    internal static async Task<NoContent> RevokeOtherSessions(Caller caller, ShopDbContext db, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (await Sessions.RevokeAllAsync(db, caller.UserId, now, ct, except: caller.SessionId) is > 0 and var ended)
            await RecordRevokedAsync(db, caller, now, AuditSubjects.User, caller.UserId, ended, ct); // all that this user had elsewhere
        await transaction.CommitAsync(ct);
        return TypedResults.NoContent();
    }

    internal static async Task<Ok<OwnOrders>> GetOwnOrders(Caller caller, ShopDbContext db, HttpContext http, CancellationToken ct, long? before = null)
    {
        http.Response.Headers.CacheControl = "no-store";
        var orders = await db.Orders.AsNoTracking().Where(o => o.UserId == caller.UserId && (before == null || o.Number < before))
            .OrderByDescending(o => o.Number).Take(PageSize + 1).Select(o => new { Order = o, Items = o.Lines.Sum(l => l.Quantity) }).ToListAsync(ct);
        var page = orders.Take(PageSize).ToList();
        return TypedResults.Ok(new OwnOrders(
            [.. page.Select(o => new OwnOrder(o.Order.Number, o.Order.PlacedAt, o.Order.Status, o.Order.TotalMinor, o.Order.Currency, o.Items))],
            orders.Count > PageSize ? page[^1].Order.Number : null));
    }

    /// <summary>
    /// False when the address is taken. By the index and not by looking first: of two registrations at once, one waits here for the other.
    /// </summary>
    internal static async Task<bool> TryAddAsync(this ShopDbContext db, ShopUser user, CancellationToken ct)
    {
        var p = user.Person;
        if (await db.Database.ExecuteSqlAsync($"""
            INSERT INTO shop.people (id, email, account_email, name, line1, postal_code, city, country, created_at)
            VALUES ({p.Id}, {p.Email}, {p.AccountEmail}, {p.Name}, '', '', '', '', {p.CreatedAt}) ON CONFLICT (account_email) DO NOTHING
            """, ct) == 0)
            return false;

        db.Attach(p);
        db.Users.Add(user);
        return true;
    }

    internal static void CheckPerson(Person person, Dictionary<string, string[]> errors)
    {
        if (!CheckoutRequest.IsEmail(person.Email))
            errors["email"] = ["Please enter a valid e-mail address."];
        if (person.Name is not { Length: > 0 and <= MaxNameLength } || person.Name.Any(char.IsControl))
            errors["name"] = [$"Please enter a name of at most {MaxNameLength} characters."];
    }

    internal static ProblemHttpResult Invalid(Dictionary<string, string[]> errors) => Problems.Refuse(
        422, "validation_failed", "Please check what you have entered.", new Dictionary<string, object?> { ["errors"] = errors });

    internal static ProblemHttpResult LinkExpired() =>
        Problems.Refuse(410, "link_expired", "This link has expired or was used before. Please ask for a new one.");

    private static async Task RecordRevokedAsync(ShopDbContext db, Caller caller, DateTimeOffset now, string subjectKind, Guid subject, int ended, CancellationToken ct)
    {
        if (!caller.IsStaff)
            return;
        db.Record(caller, now, AuditActions.SessionRevoked, subjectKind, $"{subject}", after: new { ended });
        await db.SaveChangesAsync(ct);
    }
}
