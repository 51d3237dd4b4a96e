using System.Linq.Expressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Shop.Api.Accounts;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.ServiceDefaults;

namespace Shop.Api.Orders;

/// <summary>What a request may open: the order of its signed key, and the orders of whoever is signed in. Nobody learns of any other.</summary>
internal sealed record OrderAccess(
    [FromHeader(Name = "X-Order-Key")] string? OrderKey, Caller? Caller, [FromServices] SignedLinks Links, [FromServices] TimeProvider Clock)
{
    private readonly LinkState _key = Links.Check(LinkPurpose.Order, OrderKey, Clock.GetUtcNow());

    public Guid? UserId => Caller?.SignedInUserId;

    public bool OpensNothing => _key is LinkState.Wrong && UserId is null;

    public Expression<Func<Order, bool>> To(long number)
    {
        // A guest's order has no user: null must not find it. An expired key still finds its order, to be told so.
        var key = _key is LinkState.Wrong ? Guid.Empty : SignedLinks.SubjectOf(OrderKey)!.Value;
        var user = UserId ?? Guid.Empty;
        return o => o.Number == number && (o.Id == key || o.UserId == user);
    }

    /// <summary>Why not, for an order that <see cref="To"/> found; null when it is open.</summary>
    public ProblemHttpResult? Refuses(Guid? ownerId) => _key is LinkState.Expired && (UserId is null || UserId != ownerId)
        ? Problems.Refuse(410, "link_expired", "This link has expired. Please sign in, or ask for a new one.")
        : null;
}
