using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.People;

namespace Shop.Api.Accounts;

/// <summary>Bound from <c>Accounts:FirstAdmin</c>, for <c>migrate</c> alone. There is no default: without it nobody can sign in.</summary>
internal sealed class FirstAdminOptions
{
    public const string Section = "Accounts:FirstAdmin";

    public string? Email { get; init; }
    public string? Password { get; init; }
}

/// <summary>Somebody has to invite the others. Only while there is no user at all: this is no way in later.</summary>
internal static class FirstAdmin
{
    private const string Name = "First admin";

    /// <exception cref="OptionsValidationException">Address or password can't be taken; nothing was created.</exception>
    public static async Task CreateAsync(ShopDbContext db, IServiceProvider services, ILogger logger, CancellationToken ct)
    {
        if (await db.Users.AnyAsync(ct))
        {
            if (!await db.Users.AnyAsync(u => u.Role == Role.Admin && u.DisabledAt == null, ct))
                logger.NoAdminLeft();
            return;
        }

        var options = services.GetRequiredService<IOptions<FirstAdminOptions>>().Value;
        if (options is { Email: null or "", Password: null or "" })
        {
            logger.NoFirstAdmin();
            return;
        }

        var now = services.GetRequiredService<TimeProvider>().GetUtcNow();
        var user = ShopUser.Of(Person.WithAccount(options.Email ?? "", Name, now), Role.Admin, now);
        Dictionary<string, string[]> errors = [];
        AccountEndpoints.CheckPerson(user.Person, errors);
        await using var scope = services.CreateAsyncScope();
        if (await Passwords.ErrorsOf(scope.ServiceProvider.GetRequiredService<UserManager<ShopUser>>(), user, options.Password) is [_, ..] wrong)
            errors["password"] = wrong;
        if (errors.Count > 0)
            throw new OptionsValidationException(FirstAdminOptions.Section, typeof(FirstAdminOptions),
                errors.Select(e => $"{FirstAdminOptions.Section}:{e.Key}: {string.Join(' ', e.Value)}"));

        user.ChangePassword(services.GetRequiredService<Passwords>().Hash(options.Password!));
        user.EmailConfirmed = true;
        await using var transaction = await db.Database.BeginTransactionAsync(ct);
        if (!await db.TryAddAsync(user, ct))
            return; // another migrate was faster

        db.Audit.Add(AuditEntry.Of(
            now, user.Id, user.Role, AuditActions.FirstAdminCreated, AuditSubjects.User, $"{user.Id}", after: new { user.Role }, why: "There was nobody yet."));
        await db.SaveChangesAsync(ct);
        await transaction.CommitAsync(ct);
        logger.FirstAdminCreated(user.Id);
    }
}
