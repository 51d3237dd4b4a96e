using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using Shop.Api.Orders;
using Shop.Api.RateLimits;
using Shop.Data.Carts;
using Shop.ServiceDefaults;

namespace Shop.Api.Carts;

using CartResult = Results<Ok<CartView>, ProblemHttpResult>;

internal sealed record AddLineRequest(string? Sku, int? Quantity);

internal sealed record SetLineRequest(int? Quantity, int? Version);

/// <summary>Each change is one batch: one round trip, and one transaction that begins with the lock on the cart.</summary>
internal static class CartEndpoints
{
    private const string Lock = "SELECT version FROM shop.carts WHERE token_hash = $1 AND order_id IS NULL FOR UPDATE";

    // Every condition stands before the key is written: a request that changed nothing leaves its key free.
    private const string AddLine = """
        WITH cart AS (SELECT id FROM shop.carts WHERE token_hash = $1 AND order_id IS NULL),
        variant AS (SELECT sku FROM shop.variants WHERE sku = $2),
        room AS (
            SELECT count(*) < $3 AS is_left FROM shop.cart_lines l JOIN cart ON cart.id = l.cart_id WHERE l.sku <> $2),
        fresh AS (
            INSERT INTO shop.request_keys (key, digest, created_at) SELECT $4, $5, $6 FROM variant, room WHERE room.is_left
            ON CONFLICT (key) DO NOTHING RETURNING key),
        made AS (
            INSERT INTO shop.carts (id, token_hash, version, created_at, updated_at, is_synthetic)
            SELECT $7, $8, 1, $6, $6, $11 FROM fresh WHERE NOT EXISTS (SELECT FROM cart) RETURNING id),
        line AS (
            INSERT INTO shop.cart_lines (cart_id, sku, quantity, added_at)
            SELECT c.id, $2, $9, $6 FROM (SELECT id FROM cart UNION ALL SELECT id FROM made) c, fresh
            ON CONFLICT (cart_id, sku) DO UPDATE SET quantity = least(shop.cart_lines.quantity + excluded.quantity, $10)),
        changed AS (
            UPDATE shop.carts c SET version = c.version + 1, updated_at = $6 FROM cart, fresh WHERE c.id = cart.id)
        SELECT EXISTS (SELECT FROM variant), (SELECT is_left FROM room), EXISTS (SELECT FROM cart)
        """;

    // The first answer, with the token of a new cart, may be lost. Whoever knows the key gets the cart under another token.
    private const string Adopt = """
        UPDATE shop.carts SET token_hash = $1 WHERE id = $2 AND order_id IS NULL AND token_hash <> $1
            AND EXISTS (SELECT FROM shop.request_keys WHERE key = $3 AND digest = $4)
            AND NOT EXISTS (SELECT FROM shop.carts WHERE token_hash = $5 AND order_id IS NULL)
        """;

    private const string SetLine = """
        WITH cart AS (SELECT id FROM shop.carts WHERE token_hash = $1 AND order_id IS NULL AND version = $2),
        gone AS (
            DELETE FROM shop.cart_lines l USING cart WHERE l.cart_id = cart.id AND l.sku = $3 AND $4 = 0 RETURNING l.cart_id),
        kept AS (
            UPDATE shop.cart_lines l SET quantity = $4 FROM cart
            WHERE l.cart_id = cart.id AND l.sku = $3 AND $4 > 0 AND l.quantity <> $4 RETURNING l.cart_id)
        UPDATE shop.carts c SET version = c.version + 1, updated_at = $5
        FROM (SELECT cart_id FROM gone UNION ALL SELECT cart_id FROM kept) change WHERE c.id = change.cart_id
        """;

    public static void AddCarts(this IServiceCollection services)
    {
        services.AddOptions<CartOptions>().BindConfiguration(CartOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddHostedService<CartSweep>();
    }

    public static void MapCarts(this IEndpointRouteBuilder app)
    {
        var carts = app.MapGroup("/cart").WithTags("Cart").AddEndpointFilter<OnceMore>().AllowAnonymous();
        carts.MapGet("/", GetCart).WithName(nameof(GetCart)).WithSummary("The cart of the token in X-Cart; without one, an empty cart.");
        carts.MapPost("/lines", AddToCart).WithName(nameof(AddToCart))
            .WithSummary("Adds to the cart; makes one, and gives its token, where there is none.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(422);
        carts.MapPost("/events", BrowserReports.ReportCart).WithName(nameof(BrowserReports.ReportCart))
            .WithSummary("What only the shopper's browser could see, before there is an order.").ProducesProblem(400).ProducesProblem(422)
            .RequireRateLimiting(RateLimiting.Reports);
        carts.MapPut("/lines/{sku}", SetCartLine).WithName(nameof(SetCartLine))
            .WithSummary("Sets a line's quantity, 0 removes it, on the version that was seen.").ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    internal static async Task<Ok<CartView>> GetCart(
        [FromHeader(Name = CartToken.Header)] string? token, NpgsqlDataSource database, HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (CartToken.HashOf(token) is not { } hash)
            return TypedResults.Ok(CartView.Empty);

        await using var batch = database.CreateBatch();
        batch.Add(CartReads.Sql, hash);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        return TypedResults.Ok(Open(await reader.ReadCartAsync(ct))?.View() ?? CartView.Empty);
    }

    internal static async Task<CartResult> AddToCart(
        AddLineRequest request, [FromHeader(Name = CartToken.Header)] string? token,
        [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, NpgsqlDataSource database, TimeProvider clock, HttpContext http,
        CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (!IdempotencyKey.TryRead(idempotencyKey, out var key))
            return IdempotencyKey.IsMissing();
        if (request.Quantity is not { } quantity || quantity is < 1 or > CartLine.MaxQuantity)
            return InvalidQuantity();
        if (request.Sku is not { Length: > 0 and <= 100 } sku)
            return SkuNotFound();

        var visitor = CartToken.HashOf(token) ?? [];
        var newToken = CartToken.New();
        var newHash = CartToken.HashOf(newToken)!;
        var newId = IdempotencyKey.IdOf("cart", key);
        var digest = IdempotencyKey.DigestOf("cart line", sku, $"{quantity}");

        await using var batch = database.CreateBatch();
        batch.Add(Lock, visitor);
        batch.Add(AddLine, visitor, sku, CartLine.MaxLines, key, digest, clock.GetUtcNow(), newId, newHash, quantity, CartLine.MaxQuantity,
            Synthetic.IsRequest(http));
        batch.Add(Adopt, newHash, newId, key, digest, visitor);
        batch.Add("SELECT digest FROM shop.request_keys WHERE key = $1", key);
        batch.Add(CartReads.Sql, visitor);
        batch.Add(CartReads.Sql, newHash);

        // The results of the statements that return rows, in their order: lock, conditions, digest, the visitor's cart, the new one.
        await using var reader = await batch.ExecuteReaderAsync(ct);
        await reader.NextResultAsync(ct);
        await reader.ReadAsync(ct);
        var (isKnown, hasRoom) = (reader.GetBoolean(0), reader.GetBoolean(1));
        await reader.NextResultAsync(ct);
        var written = await reader.ReadAsync(ct) ? reader.GetString(0) : null;
        await reader.NextResultAsync(ct);
        var mine = Open(await reader.ReadCartAsync(ct));
        await reader.NextResultAsync(ct);
        var made = Open(await reader.ReadCartAsync(ct));

        if (written is null)
            return isKnown && !hasRoom ? CartFull() : SkuNotFound();
        if (written != digest)
            return Problems.Refuse(422, "key_reused", "This key was used for another request.");
        return TypedResults.Ok(mine?.View() ?? made?.View(newToken) ?? CartView.Empty);
    }

    internal static async Task<CartResult> SetCartLine(
        string sku, SetLineRequest request, [FromHeader(Name = CartToken.Header)] string? token, NpgsqlDataSource database, TimeProvider clock,
        HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.CacheControl = "no-store";
        if (request.Quantity is not { } quantity || quantity is < 0 or > CartLine.MaxQuantity)
            return InvalidQuantity();
        if (CartToken.HashOf(token) is not { } hash)
            return CartChanged(CartView.Empty);

        var version = request.Version ?? -1;
        await using var batch = database.CreateBatch();
        batch.Add(Lock, hash);
        batch.Add(SetLine, hash, version, sku, quantity, clock.GetUtcNow());
        batch.Add(CartReads.Sql, hash);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        int? before = await reader.ReadAsync(ct) ? reader.GetInt32(0) : null;
        await reader.NextResultAsync(ct);
        var cart = Open(await reader.ReadCartAsync(ct))?.View() ?? CartView.Empty;

        if (before != version)
            return CartChanged(cart);
        return quantity == 0 || cart.Lines.Any(l => l.Sku == sku) ? TypedResults.Ok(cart) : SkuNotFound();
    }

    /// <summary>A claimed cart is an order: for its visitor it is no cart any more.</summary>
    private static PricedCart? Open(PricedCart? cart) => cart is { OrderId: null } ? cart : null;

    private static ProblemHttpResult CartChanged(CartView cart) => Problems.Refuse(
        409, "cart_changed", "Your cart has changed in the meantime. Please look at it again.", new Dictionary<string, object?> { ["cart"] = cart });

    private static ProblemHttpResult InvalidQuantity() =>
        Problems.Refuse(422, "invalid_quantity", $"Please choose a quantity of at most {CartLine.MaxQuantity}.");

    private static ProblemHttpResult CartFull() =>
        Problems.Refuse(422, "cart_full", $"A cart holds at most {CartLine.MaxLines} different items.");

    private static ProblemHttpResult SkuNotFound() => Problems.Refuse(404, "sku_not_found", "This item is not available.");
}

/// <summary>The key a caller gives to a request that changes something, so that it can be sent again.</summary>
internal static class IdempotencyKey
{
    public const string Header = HttpClients.IdempotencyKey;

    public static bool TryRead(string? header, out Guid key) => Guid.TryParse(header, out key) && key != Guid.Empty;

    public static ProblemHttpResult IsMissing() =>
        Problems.Refuse(400, "idempotency_key_missing", $"The header {Header} is missing or no UUID.");

    /// <summary>SHA-256 of what a request asks for, field by field: the same key with another digest is another request.</summary>
    public static string DigestOf(params IReadOnlyList<string> fields) =>
        Convert.ToHexStringLower(SHA256.HashData(System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(fields)));

    /// <summary>The id of what a key makes. Derived, so that the second request under that key finds what the first one made.</summary>
    public static Guid IdOf(string kind, Guid key, Guid scope = default) =>
        new(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{key:N}\n{scope:N}")).AsSpan(0, 16), bigEndian: true);
}
