using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Shop.Api.Gateways;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Checkout;

/// <summary>What a shopper wants an order paid with.</summary>
/// <param name="Saved">Kept for them, and charged now.</param>
/// <param name="Saves">To be kept for them from now on.</param>
/// <param name="Fallback">Kept for them, and charged should the gateway be in trouble.</param>
internal sealed record PaymentChoice(PaymentProvider Provider, Guid? Saved, bool Saves, Guid? Fallback = null)
{
    public bool NeedsMethods => Saved is not null || Fallback is not null;

    /// <summary>The methods of this user that the choice names, with their gateways.</summary>
    public NpgsqlBatchCommand OwnMethods(Guid userId) => new("""
        SELECT id, provider FROM payments.saved_methods WHERE user_id = $1 AND id = ANY ($2) AND removed_at IS NULL
        """)
    {
        Parameters = { new() { Value = userId }, new() { Value = new[] { Saved ?? Guid.Empty, Fallback ?? Guid.Empty } } },
    };

    public static async Task<IReadOnlyDictionary<Guid, PaymentProvider>> ReadOwnAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        Dictionary<Guid, PaymentProvider> own = [];
        while (await reader.ReadAsync(ct))
            own[reader.GetGuid(0)] = Enum.Parse<PaymentProvider>(reader.GetString(1));
        return own;
    }

    /// <summary>Why not; null when it can be done.</summary>
    /// <param name="own">See <see cref="OwnMethods"/>.</param>
    public ProblemHttpResult? Refuses(PaymentMethodsOptions methods, Guid? userId, IReadOnlyDictionary<Guid, PaymentProvider> own)
    {
        if (!methods.IsOffered(Provider))
            return Problems.Refuse(422, "method_not_offered", "You can't pay with this here. Please choose another way to pay.");
        if (userId is null && (NeedsMethods || Saves))
            return Problems.Refuse(422, "saved_method_needs_account", "Please sign in to pay with what was saved, or to save something.");

        var isThere = (Saved is not { } saved || (own.TryGetValue(saved, out var at) && at == Provider))
            && (Fallback is not { } fallback || (own.TryGetValue(fallback, out var other) && other != Provider));
        return isThere ? null
            : Problems.Refuse(422, "saved_method_not_found", "What you wanted to pay with is not saved any more. Please choose another way to pay.");
    }
}
