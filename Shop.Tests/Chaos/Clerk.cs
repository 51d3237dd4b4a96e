using System.Net;
using System.Text.Json.Nodes;
using Shop.Data.Accounts;

namespace Shop.Tests.Chaos;

/// <summary>How the money of a paid order is sent back.</summary>
internal enum MoneyBack { None, Whole, Part, Pieces, TwoAtOnce }

/// <summary>Somebody of the staff, who sends money back while the storm goes on.</summary>
internal sealed class Clerk : IDisposable
{
    // What may be said to a refund that asks for more than is left; anything else would be a finding of its own.
    private static readonly string[] TooMuch = ["refund_exceeds_rest", "refund_quantity_exceeds_rest"];

    // Of an order that was paid too late for its goods, and whose money is on its way back already.
    private static readonly string[] OnItsWay = ["refund_nothing_left", "goods_not_here"];

    private readonly Weather _weather;
    private readonly Visitor _visitor;
    private readonly Dictionary<string, int> _restocked = [];

    private Clerk(Weather weather, Visitor visitor) => (_weather, _visitor) = (weather, visitor);

    /// <summary>Pieces that were put back on sale.</summary>
    public IReadOnlyDictionary<string, int> Restocked => _restocked;

    public static async Task<Clerk> HireAsync(LiveShop shop, Weather weather)
    {
        await using var db = shop.Open();
        var (_, session) = await Visitor.SignInAsync(db, Role.Agent);
        return new(weather, new Visitor(shop, weather, replica: 0, session));
    }

    public void Dispose() => _visitor.Dispose();

    /// <param name="order">As its shopper sees it, paid.</param>
    public async Task SendBackAsync(JsonNode order, MoneyBack how, CancellationToken ct)
    {
        if (how is MoneyBack.None)
            return;

        var (number, total, line) = ((long)order["number"]!, (long)order["totalMinor"]!, order["lines"]![0]!);
        var sku = (string)line["sku"]!;
        object[] forms = how switch
        {
            MoneyBack.Whole => [new { why = "Changed their mind." }],
            MoneyBack.Part => [new { amountMinor = total / 3, why = "A scratch." }],
            MoneyBack.Pieces => [new { lines = new[] { new { sku, quantity = 1 } }, restock = true, why = "One piece came back." }],
            _ => [.. Enumerable.Repeat(new { amountMinor = total * 2 / 3, why = "Came late." }, 2)], // each fits, both together do not
        };
        var answers = await Task.WhenAll(forms.Select(form =>
            _visitor.SendAsync(HttpMethod.Post, $"/operations/orders/{number}/refunds", form, ct, Visitor.Once())));
        var refused = answers.Where(a => a.Status is not HttpStatusCode.NoContent).Select(a => (string?)a.Body?["reason"]).ToArray();
        var accepted = answers.Length - refused.Length;
        Assert.True(refused.All(r => TooMuch.Contains(r) || OnItsWay.Contains(r)) && (accepted == 1 || refused.All(r => OnItsWay.Contains(r))),
            $"{how} of order {number}, {accepted} accepted: {string.Join(", ", answers.Select(a => $"{a.Status} {a.Body}"))}");
        _weather.Count($"refund asked {how}", accepted);
        _weather.Count("refund refused", refused.Length);
        if (how is MoneyBack.Pieces && accepted > 0)
        {
            lock (_restocked)
                _restocked[sku] = _restocked.GetValueOrDefault(sku) + 1;
        }
    }
}
