using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.AspNetCore.Http;
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
        var (status, number, orderId) = await BuyAsync(Signed, Signed);

        Assert.Equal(HttpStatusCode.Accepted, status);
        await using var db = _api.Open();
        var order = await db.Orders.SingleAsync(o => o.Number == number);
        Assert.True(order.IsSynthetic);
        Assert.True((await db.Carts.SingleAsync(c => c.Id == order.CartId)).IsSynthetic);
        Assert.Equal($"{order.Id}", orderId);
        Assert.True((await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id)).IsSynthetic);
        Assert.DoesNotContain(await db.ChargeSources.Where(s => s.OrderId == order.Id).ToListAsync(), s => s.Kind is Data.Payments.SourceKind.Address);
    }

    [Fact]
    public async Task An_order_from_a_synthetic_cart_is_synthetic_even_where_only_the_cart_was_signed()
    {
        var (_, number, orderId) = await BuyAsync(Signed, null);

        await using var db = _api.Open();
        var order = await db.Orders.SingleAsync(o => o.Number == number);
        Assert.True(order.IsSynthetic);
        Assert.Null(orderId); // only a drill is told
        // Whoever it was: the limits against card testing are not lifted for them.
        Assert.False((await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id)).IsSynthetic);
        Assert.Contains(await db.ChargeSources.Where(s => s.OrderId == order.Id).ToListAsync(), s => s.Kind is Data.Payments.SourceKind.Address);
    }

    public enum Forgery { Nothing, Empty, True, Zeros, OtherSecret, Late, Early, CutOff, Minus, TooLong, OtherPath, OtherMethod, OtherKey, NoKey }

    public static TheoryData<Forgery> Forgeries => [.. Enum.GetValues<Forgery>()];

    private static string? Forged(Forgery forgery, string path, string key) => forgery switch
    {
        Forgery.Nothing => null,
        Forgery.Empty => "",
        Forgery.True => "true",
        Forgery.Zeros => $"{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}.{new string('0', 32)}",
        Forgery.OtherSecret => Synthetic.Sign("another secret of thirty-two characters", "POST", path, key, DateTimeOffset.UtcNow),
        Forgery.Late => Synthetic.Sign(Secret, "POST", path, key, DateTimeOffset.UtcNow.AddMinutes(-10)),
        Forgery.Early => Synthetic.Sign(Secret, "POST", path, key, DateTimeOffset.UtcNow.AddMinutes(10)),
        Forgery.CutOff => Signed(path, key)[..^1],
        Forgery.Minus => $"-{Signed(path, key)}",
        Forgery.TooLong => $"99999999999999999999.{new string('0', 32)}",
        Forgery.OtherPath => Signed("/cart", key), // seen on its way, and used for something else
        Forgery.OtherMethod => Synthetic.Sign(Secret, "GET", path, key, DateTimeOffset.UtcNow),
        Forgery.OtherKey => Signed(path, $"{Guid.NewGuid()}"),
        _ => Synthetic.Sign(Secret, "POST", path, null, DateTimeOffset.UtcNow),
    };

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task A_stranger_cannot_mark_an_order_by_a_missing_forged_late_or_borrowed_signature(Forgery forgery)
    {
        var (status, number, orderId) = await BuyAsync((path, key) => Forged(forgery, path, key), (path, key) => Forged(forgery, path, key), ("baggage", "synthetic_request=true"));

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

        var key = $"{Guid.NewGuid()}";
        var answer = await api.PostAsync("/cart/lines", new { sku = _sku, quantity = 1 }, ("Idempotency-Key", key),
            (Synthetic.Header, Synthetic.Sign("", "POST", "/cart/lines", key, DateTimeOffset.UtcNow)));

        Assert.Equal(HttpStatusCode.OK, answer.Status);
        await using var db = api.Open();
        Assert.False((await db.Carts.SingleAsync()).IsSynthetic);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("", true)]
    [InlineData("short", false)]
    [InlineData(Secret, true)]
    public void A_secret_that_can_be_guessed_is_none(string? secret, bool isFine)
    {
        var options = new SyntheticOptions { Secret = secret };
        Assert.Equal(isFine, Validator.TryValidateObject(options, new(options), [], validateAllProperties: true));
    }

    [Fact]
    public void A_request_is_signed_as_the_server_reads_it()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("http://shop.example/products/gr%C3%BCn%20tea?page=2")) { Headers = { { "Idempotency-Key", "k" } } };
        Synthetic.Sign(request, Secret, DateTimeOffset.UtcNow);
        var seen = new DefaultHttpContext().Request;
        (seen.Method, seen.Path) = ("POST", "/products/grün tea");
        seen.Headers["Idempotency-Key"] = "k";
        seen.Headers[Synthetic.Header] = request.Headers.GetValues(Synthetic.Header).Single();

        Assert.True(Synthetic.IsSigned(seen, new() { Secret = Secret }, DateTimeOffset.UtcNow));
    }

    private static string Signed(string path, string key) => Synthetic.Sign(Secret, "POST", path, key, DateTimeOffset.UtcNow);

    private async Task<(HttpStatusCode Status, long Number, string? OrderId)> BuyAsync(
        Func<string, string, string?>? cart, Func<string, string, string?>? checkout, params (string, string?)[] more)
    {
        var added = await PostAsync("/cart/lines", new { sku = _sku, quantity = 1 }, cart, more);
        var seen = added.Json;
        var ordered = await PostAsync("/checkout", new
        {
            email = "guest@example.org", name = "A Guest", line1 = "Street 1", postalCode = "10115", city = "Berlin", country = "DE",
            cartVersion = seen.GetProperty("version").GetInt32(), totalMinor = seen.GetProperty("totalMinor").GetInt64(), paymentToken = "pm_card_visa", provider = "stripe",
        }, checkout, [("X-Cart", seen.GetProperty("token").GetString()), .. more]);
        return (ordered.Status, ordered.Json.GetProperty("number").GetInt64(), ordered.Headers.GetValueOrDefault("X-Order-Id"));
    }

    private Task<Answer> PostAsync(string path, object body, Func<string, string, string?>? sign, (string, string?)[] more)
    {
        var key = $"{Guid.NewGuid()}";
        return _api.PostAsync(path, body, [("Idempotency-Key", key), .. sign?.Invoke(path, key) is { } header ? new (string, string?)[] { (Synthetic.Header, header) } : [], .. more]);
    }
}
