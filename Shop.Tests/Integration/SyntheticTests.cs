using System.Net;
using Microsoft.EntityFrameworkCore;
using Shop.ServiceDefaults;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Drills mark their carts and orders; nobody else can.</summary>
public sealed class SyntheticTests : IAsyncLifetime
{
    private const string Secret = "a secret of the tests for drills";
    private ApiHost _api = null!;
    private string _sku = "";

    public async Task InitializeAsync()
    {
        _api = await ApiHost.StartAsync(("Synthetic:Secret", Secret), ApiHost.ShortWait);
        _sku = $"sku-{Guid.NewGuid():N}"[..16];
        await _api.StockAsync(100, _sku);
    }

    public Task DisposeAsync() => _api.DisposeAsync().AsTask();

    [Fact]
    public async Task A_signed_request_makes_a_synthetic_cart_and_its_order_is_synthetic_and_names_its_id()
    {
        var (status, number, orderId) = await BuyAsync(Now, Now);

        Assert.Equal(HttpStatusCode.Accepted, status);
        await using var db = _api.Open();
        var order = await db.Orders.SingleAsync(o => o.Number == number);
        Assert.True(order.IsSynthetic);
        Assert.True((await db.Carts.SingleAsync(c => c.Id == order.CartId)).IsSynthetic);
        Assert.Equal($"{order.Id}", orderId);
        Assert.DoesNotContain(await db.ChargeSources.Where(s => s.OrderId == order.Id).ToListAsync(), s => s.Kind is Data.Payments.SourceKind.Address);
    }

    [Fact]
    public async Task An_order_from_a_synthetic_cart_is_synthetic_even_where_only_the_cart_was_signed()
    {
        var (_, number, orderId) = await BuyAsync(Now, null);

        await using var db = _api.Open();
        Assert.True((await db.Orders.SingleAsync(o => o.Number == number)).IsSynthetic);
        Assert.Null(orderId); // only a drill is told
    }

    public static TheoryData<string?> Strangers => new()
    {
        null,
        "",
        "true",
        $"{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}.{new string('0', 32)}",
        Synthetic.Sign("another secret", DateTimeOffset.UtcNow),
        Synthetic.Sign(Secret, DateTimeOffset.UtcNow.AddMinutes(-10)),
        Synthetic.Sign(Secret, DateTimeOffset.UtcNow.AddMinutes(10)),
        Synthetic.Sign(Secret, DateTimeOffset.UtcNow)[..^1],
        $"-{Synthetic.Sign(Secret, DateTimeOffset.UtcNow)}",
        $"99999999999999999999.{new string('0', 32)}",
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task A_stranger_cannot_mark_an_order_by_a_missing_forged_or_late_signature(string? header)
    {
        var (status, number, orderId) = await BuyAsync(header, header, ("baggage", "synthetic_request=true"));

        Assert.Equal(HttpStatusCode.Accepted, status);
        await using var db = _api.Open();
        var order = await db.Orders.SingleAsync(o => o.Number == number);
        Assert.False(order.IsSynthetic);
        Assert.False((await db.Carts.SingleAsync(c => c.Id == order.CartId)).IsSynthetic);
        Assert.Null(orderId);
    }

    [Fact]
    public async Task Without_a_secret_nobody_is_believed()
    {
        await using var api = await ApiHost.StartAsync(ApiHost.ShortWait);
        await api.StockAsync(1, _sku);

        var answer = await api.PostAsync("/cart/lines", new { sku = _sku, quantity = 1 }, ("Idempotency-Key", $"{Guid.NewGuid()}"), (Synthetic.Header, Synthetic.Sign("", DateTimeOffset.UtcNow)));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        await using var db = api.Open();
        Assert.False((await db.Carts.SingleAsync()).IsSynthetic);
    }

    private static string Now => Synthetic.Sign(Secret, DateTimeOffset.UtcNow);

    private async Task<(HttpStatusCode Status, long Number, string? OrderId)> BuyAsync(string? cart, string? checkout, params (string, string?)[] more)
    {
        var added = await _api.PostAsync("/cart/lines", new { sku = _sku, quantity = 1 },
            [("Idempotency-Key", $"{Guid.NewGuid()}"), .. cart is null ? [] : new (string, string?)[] { (Synthetic.Header, cart) }, .. more]);
        var seen = added.Json;
        var ordered = await _api.PostAsync("/checkout", new
        {
            email = "guest@example.org", name = "A Guest", line1 = "Street 1", postalCode = "10115", city = "Berlin", country = "DE",
            cartVersion = seen.GetProperty("version").GetInt32(), totalMinor = seen.GetProperty("totalMinor").GetInt64(), paymentToken = "pm_card_visa", provider = "stripe",
        }, [("X-Cart", seen.GetProperty("token").GetString()), ("Idempotency-Key", $"{Guid.NewGuid()}"), .. checkout is null ? [] : new (string, string?)[] { (Synthetic.Header, checkout) }, .. more]);
        return (ordered.Status, ordered.Json.GetProperty("number").GetInt64(), ordered.Headers.GetValueOrDefault("X-Order-Id"));
    }
}
