using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Data;
using Shop.Data.Accounts;

namespace Shop.Api.Accounts;

/// <param name="ExpiresAt">Until when the token may live if it is used all the time: how long a cookie is worth keeping.</param>
internal sealed record SignedIn(string Token, DateTimeOffset ExpiresAt);

/// <summary>Opens and ends sessions. The token leaves this process once, in the answer that made it.</summary>
internal sealed class Sessions(IOptions<AccountOptions> options)
{
    /// <param name="provenAt">When the second factor was seen.</param>
    public (Session Session, SignedIn Answer) New(Guid userId, Role role, bool pending, DateTimeOffset? provenAt, string? userAgent, DateTimeOffset now)
    {
        var token = Session.NewToken();
        var session = new Session
        {
            Id = Guid.CreateVersion7(now), TokenHash = Session.HashOf(token), UserId = userId, Device = DeviceName.Of(userAgent), Pending = pending,
            CreatedAt = now, LastSeenAt = now, ExpiresAt = now + (pending ? options.Value.Pending : options.Value.IdleOf(role > Role.Shopper)),
            SecondFactorAt = provenAt,
        };
        return (session, new SignedIn(token, pending ? session.ExpiresAt : now + options.Value.LongestOf(role > Role.Shopper)));
    }

    /// <summary>All that a user has open, but for <paramref name="except"/>.</summary>
    public static Task<int> RevokeAllAsync(ShopDbContext db, Guid userId, DateTimeOffset now, CancellationToken ct, Guid? except = null) =>
        db.Sessions.Where(s => s.UserId == userId && s.RevokedAt == null && s.Id != except)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.RevokedAt, now), ct);

    /// <returns>False when it had ended already.</returns>
    public static async Task<bool> RevokeAsync(ShopDbContext db, Guid sessionId, DateTimeOffset now, CancellationToken ct) =>
        await db.Sessions.Where(s => s.Id == sessionId && s.RevokedAt == null && s.ExpiresAt > now)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.RevokedAt, now), ct) == 1;
}
