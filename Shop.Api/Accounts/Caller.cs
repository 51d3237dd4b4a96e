using System.Security.Claims;
using Shop.Data.Accounts;

namespace Shop.Api.Accounts;

/// <summary>Who is asking.</summary>
/// <param name="IsPending">Only the password was right so far.</param>
/// <param name="IsProven">This session has seen the second factor.</param>
internal sealed record Caller(Guid UserId, Role Role, Guid SessionId, bool IsPending, bool IsProven)
{
    public bool IsStaff => Role > Role.Shopper;

    /// <summary>Null while the second factor is still to come: for whom that is nobody.</summary>
    public Guid? SignedInUserId => IsPending ? null : UserId;

    public static Caller? Of(ClaimsPrincipal user) => (user.Identity as SessionIdentity)?.Caller;

    public static ValueTask<Caller?> BindAsync(HttpContext http) => ValueTask.FromResult(Of(http.User));

    public ClaimsPrincipal ToPrincipal() => new(new SessionIdentity(this));

    // A pending session has no role at all, and a staff member without the second factor is a shopper: the policies can't miss it.
    private IEnumerable<Claim> Roles()
    {
        if (IsPending)
            yield break;
        for (var role = Role.Shopper; role <= (IsProven ? Role : Role.Shopper); role++)
            yield return new Claim(ClaimTypes.Role, $"{role}");
    }

    private sealed class SessionIdentity(Caller caller) : ClaimsIdentity(caller.Roles(), SessionHandler.SchemeName)
    {
        public Caller Caller => caller;
    }
}
