using System.Buffers.Text;
using System.Security.Cryptography;
using Npgsql;
using Shop.Data.Carts;

namespace Shop.Api.Carts;

internal sealed record CartView(
    string? Token, int Version, int ItemCount, string Currency, long TotalMinor, IReadOnlyList<CartLineView> Lines)
{
    public static CartView Empty { get; } = new(null, 0, 0, PricedCart.DefaultCurrency, 0, []);
}

internal sealed record CartLineView(
    string Sku, string ProductSlug, string ProductName, string VariantName, string PictureId, int Quantity, long UnitPriceMinor, long TotalMinor,
    int Available);

/// <summary>A cart with what the catalogue says now: prices come from here and never from a browser.</summary>
internal sealed record PricedCart(Guid Id, int Version, Guid? OrderId, bool IsSynthetic, IReadOnlyList<PricedLine> Lines)
{
    public const string DefaultCurrency = "EUR";

    public string Currency => Lines is [var first, ..] ? first.Currency : DefaultCurrency;
    public long TotalMinor => Lines.Sum(l => l.TotalMinor);

    public CartView View(string? token = null) => new(token, Version, Lines.Sum(l => l.Quantity), Currency, TotalMinor,
    [
        .. Lines.Select(l => new CartLineView(
            l.Sku, l.ProductSlug, l.ProductName, l.VariantName, l.PictureId, l.Quantity, l.UnitPriceMinor, l.TotalMinor, l.Available)),
    ]);
}

internal sealed record PricedLine(
    string Sku, int Quantity, string ProductSlug, string ProductName, string VariantName, string PictureId, long UnitPriceMinor, string Currency,
    int TaxRateBp, int Available)
{
    public long TotalMinor => Quantity * UnitPriceMinor;
}

internal static class CartReads
{
    /// <summary>The cart of token hash $1, also when an order has claimed it; one row per line, one of nulls for an empty cart.</summary>
    public const string Sql = """
        SELECT c.id, c.version, c.order_id, l.sku, l.quantity, p.slug, p.name, v.name, p.picture_id, v.price_minor, v.currency, p.tax_rate_bp,
            coalesce(greatest(s.on_hand - s.held, 0), 0), c.is_synthetic
        FROM shop.carts c
        LEFT JOIN (shop.cart_lines l
            JOIN shop.variants v ON v.sku = l.sku
            JOIN shop.products p ON p.id = v.product_id
            LEFT JOIN shop.stock_items s ON s.sku = l.sku) ON l.cart_id = c.id
        WHERE c.token_hash = $1
        ORDER BY l.added_at, l.sku
        """;

    public static async Task<PricedCart?> ReadCartAsync(this NpgsqlDataReader reader, CancellationToken ct)
    {
        PricedCart? cart = null;
        List<PricedLine> lines = [];
        while (await reader.ReadAsync(ct))
        {
            cart ??= new PricedCart(reader.GetGuid(0), reader.GetInt32(1), reader.IsDBNull(2) ? null : reader.GetGuid(2), reader.GetBoolean(13), lines);
            if (!reader.IsDBNull(3))
            {
                lines.Add(new PricedLine(
                    reader.GetString(3), reader.GetInt32(4), reader.GetString(5), reader.GetString(6), reader.GetString(7), reader.GetString(8),
                    reader.GetInt64(9), reader.GetString(10), reader.GetInt32(11), reader.GetInt32(12)));
            }
        }

        return cart;
    }
}

/// <summary>What a visitor's cookie holds: 256 random bits. The database knows their SHA-256 alone.</summary>
internal static class CartToken
{
    public const string Header = "X-Cart";
    private const int MaxLength = 100;

    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Null for what can't be one of ours; an unknown token is as good as none.</summary>
    public static byte[]? HashOf(string? token) => token is { Length: > 0 and <= MaxLength } ? Cart.HashToken(token) : null;
}
