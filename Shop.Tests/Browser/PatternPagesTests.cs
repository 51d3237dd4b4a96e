using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Browser;

/// <summary>What fails together, and how a drill was explained, on a desk and on a phone.</summary>
[Collection(Propagation.Name)]
public sealed class PatternPagesTests : IDisposable
{
    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly Uri _address;

    public PatternPagesTests()
    {
        _api.On("/account", """
                { "email": "grace@example.org", "name": "Grace", "roles": ["shopper", "agent"], "secondFactor": true, "recoveryCodesLeft": 9, "isStaff": true,
                  "secondFactorProven": true }
                """)
            .On("/operations/patterns", $$"""
                { "lookedAt": "2026-11-20T16:00:30Z",
                  "current": [{{Pattern("shop", "Since 14:05 UTC, 14 of 22 payments with Visa cards from DE were declined by their bank (usual: 2.1 %); for example orders 100123, 100145.", "null")}}],
                  "past": [{{Pattern("drill", "From 19 Nov 03:05 to 19 Nov 04:10 UTC, 9 of 9 payments at Stripe failed at the gateway with HttpRequestException (usual: 0.5 %); for example order 100099.", "\"2026-11-19T04:10:00Z\"")}}] }
                """)
            .On("/operations/synthetic-orders", """
                { "items": [
                  { "id": "0190d5a1-7b1c-7000-8000-000000000001", "number": 100201, "placedAt": "2026-11-20T15:00:00Z", "status": "declined", "payment": "declined", "moneyTaken": "no",
                    "said": "insufficient_funds", "side": "bank", "reason": "insufficient_funds" },
                  { "id": "0190d5a1-7b1c-7000-8000-000000000002", "number": 100202, "placedAt": "2026-11-20T15:00:00Z", "status": "confirming", "payment": "unknown", "moneyTaken": "unknown",
                    "said": "outcome_unknown", "side": "gateway", "reason": "outcome_unknown" },
                  { "id": "0190d5a1-7b1c-7000-8000-000000000003", "number": 100203, "placedAt": "2026-11-20T15:00:00Z", "status": "paid", "payment": "paid", "moneyTaken": "yes",
                    "said": null, "side": null, "reason": null },
                  { "id": "0190d5a1-7b1c-7000-8000-000000000004", "number": 100204, "placedAt": "2026-11-20T15:00:00Z", "status": "declined", "payment": "declined", "moneyTaken": "no",
                    "said": "card_details_wrong", "side": "shopper", "reason": "card_details_wrong" }] }
                """)
            .On("/drills/payments-failing", """
                { "state": "settling", "planted": 4, "explained": 2, "act": null, "startedAt": "2026-11-20T15:00:00Z",
                  "problems": ["the bank asks: The checkout was refused: 503", "the bank asks: The checkout was refused: 503"], "orders": [
                  { "number": 100201, "planted": "Visa cards from Germany are declined", "moneyTaken": "no", "side": "bank", "because": "insufficient_funds" },
                  { "number": 100202, "planted": "lost answers", "moneyTaken": "yes", "side": "gateway", "because": "answer_lost" },
                  { "number": 100203, "planted": "nothing is wrong", "moneyTaken": "yes", "side": null, "because": null },
                  { "number": 100204, "planted": "declines of many codes", "moneyTaken": "no", "side": "bank", "because": "lost_card" }] }
                """);
        _shop = new(_api, ("Drill:Url", "http://simulator.example"));
        _shop.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _shop.StartServer();
        _address = new(_shop.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    private static string Pattern(string traffic, string sentence, string ended) => $$"""
        { "id": "{{Guid.NewGuid()}}", "traffic": "{{traffic}}", "sentence": "{{sentence}}", "facts": [{ "fact": "cardBrand", "level": "visa" }, { "fact": "cardCountry", "level": "DE" }],
          "outcome": "side", "outcomeValue": "Bank", "side": "bank", "failures": 14, "payments": 22, "usualRate": 0.021, "pValue": 8.8e-19, "beganAt": "2026-11-20T14:05:00Z",
          "lastFailureAt": "2026-11-20T15:59:00Z", "foundAt": "2026-11-20T14:31:00Z", "seenAt": "2026-11-20T16:00:30Z", "endedAt": {{ended}}, "orders": [100145, 100123, 100120] }
        """;

    public void Dispose()
    {
        _shop.Dispose();
        _api.Dispose();
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task Patterns_are_said_in_sentences_and_lead_to_their_orders(int width)
    {
        await using var visitor = await VisitAsync(width);

        await visitor.Page.GotoAsync("/ops/patterns");

        await Assertions.Expect(visitor.Page.Locator(".patterns .says").First).ToContainTextAsync("14 of 22 payments with Visa cards from DE were declined by their bank");
        await Assertions.Expect(visitor.Page.Locator("a[href='/ops/orders/100123']").First).ToBeVisibleAsync();
        Assert.Equal(0, await visitor.OverflowAsync());
        Assert.Empty(visitor.Errors);
    }

    [Theory]
    [InlineData(390)]
    [InlineData(1280)]
    public async Task What_a_drill_planted_stands_beside_what_we_said(int width)
    {
        await using var visitor = await VisitAsync(width);

        await visitor.Page.GotoAsync("/ops/drill");

        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Status)).ToContainTextAsync("2 of 4 explained as they happened, 1 still being asked about");
        await Assertions.Expect(visitor.Page.GetByText("The checkout was refused: 503 (2 times)")).ToBeVisibleAsync();
        await Assertions.Expect(Row("100201")).ToContainTextAsync("yes");
        await Assertions.Expect(Row("100202")).ToContainTextAsync("asking");
        await Assertions.Expect(Row("100204").Locator(".badge.bad").Last).ToHaveTextAsync("no");
        Assert.Equal(0, await visitor.OverflowAsync());
        Assert.Empty(visitor.Errors);

        ILocator Row(string number) => visitor.Page.Locator("tr", new() { HasText = number });
    }

    private async Task<BrowserSession> VisitAsync(int width)
    {
        var visitor = await BrowserSession.OpenAsync(_address, width);
        await visitor.Page.Context.AddCookiesAsync([new() { Name = "session", Value = "s", Url = _address.AbsoluteUri }]);
        return visitor;
    }
}
