using System.Net;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>The operators' pages, where somebody may see them.</summary>
[Collection(Propagation.Name)]
public sealed class WebOperationsTests : IDisposable
{
    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly PlainVisitor _visitor;

    public WebOperationsTests()
    {
        _shop = new(_api, ("environment", "Development"));
        _visitor = new(_shop);
    }

    [Theory]
    [InlineData("jobs/0190d5a1-7b1c-7000-8000-000000000001")]
    [InlineData("webhooks/stripe/evt_1")]
    [InlineData("outbox/0190d5a1-7b1c-7000-8000-000000000002")]
    public async Task What_is_parked_is_tried_again_at_a_click(string what)
    {
        _api.On("/operations/queue", """
            { "waiting": 0, "leased": 0, "parked": 1, "oldestDueAt": null, "webhooks": { "waiting": 0, "parked": 1 }, "outbox": { "waiting": 0, "parked": 1 },
              "parkedJobs": [{ "id": "0190d5a1-7b1c-7000-8000-000000000001", "orderNumber": 100042, "kind": "charge", "lastReason": null, "leases": 6,
                "attempts": 5, "createdAt": "2026-01-15T12:00:00Z" }],
              "parkedWebhooks": [{ "provider": "stripe", "eventId": "evt_1", "type": "payment_intent.succeeded", "lastError": "it was silent",
                "attempts": 9, "receivedAt": "2026-01-15T12:00:00Z" }],
              "parkedMessages": [{ "id": "0190d5a1-7b1c-7000-8000-000000000002", "orderNumber": 100042, "kind": "orderConfirmedMail", "lastError": null,
                "attempts": 12, "createdAt": "2026-01-15T12:00:00Z" }] }
            """).On($"/operations/{what}/retry", "", HttpStatusCode.NoContent);

        var queue = await _visitor.GetAsync("/ops/queue");
        var retried = await _visitor.PostAsync($"/ops/{what}/retry", []);
        var again = await _visitor.GetAsync(retried.Header("Location")!);

        Assert.Contains($"action=\"/ops/{what}/retry\"", queue.Html, StringComparison.Ordinal);
        Assert.Contains(_api.Seen, request => request.RequestUri!.AbsolutePath == $"/operations/{what}/retry" && request.Headers.Contains("Idempotency-Key"));
        Assert.Equal("/ops/queue?notice=due", retried.Header("Location"));
        Assert.Contains("It is due now", again.Html, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
        _api.Dispose();
    }
}
