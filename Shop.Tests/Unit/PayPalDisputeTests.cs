using System.Net;
using System.Text;
using Shop.Data.Payments;
using Shop.Payments.Disputes;
using Shop.Payments.Gateways;
using Shop.Payments.Webhooks;

namespace Shop.Tests.Unit;

/// <summary>What PayPal says about a dispute, in our words.</summary>
public sealed class PayPalDisputeTests
{
    private const string Order = "01920000-0000-7000-8000-000000000001";

    private static async Task<GatewayAnswer> ReadAsync(string dispute, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var wire = new Wire(status, dispute);
        using var http = new HttpClient(wire) { BaseAddress = new Uri("https://paypal.example/base/") };
        var client = new PayPalClient(http, new PayPalToken(http, "client", "secret", TimeSpan.FromSeconds(5), TimeProvider.System));
        return await new PayPalGateway(client, isCapturedLater: false, isLive: true).ReadDisputeAsync("PP-D-1", CancellationToken.None);
    }

    private static async Task<DisputeFacts> FactsAsync(string status, string stage, string? outcome = null)
    {
        var ended = outcome is null ? "null" : $"{{ \"outcome_code\": \"{outcome}\" }}";
        return Assert.IsType<GatewayAnswer.DisputeRead>(await ReadAsync($$"""
            { "dispute_id": "PP-D-1", "status": "{{status}}", "reason": "MERCHANDISE_OR_SERVICE_NOT_RECEIVED", "create_time": "2026-01-15T12:00:00.000Z",
              "dispute_life_cycle_stage": "{{stage}}", "seller_response_due_date": "2026-01-25T12:00:00.000Z", "dispute_outcome": {{ended}},
              "dispute_amount": { "currency_code": "EUR", "value": "12.50" },
              "disputed_transactions": [{ "seller_transaction_id": "3C679366HH908993F", "custom": "{{Order}}", "invoice_number": "7-x" }] }
            """)).Dispute;
    }

    [Fact]
    public async Task A_claim_names_our_order_its_amount_and_its_deadline() => Assert.Equal(
        new DisputeFacts("PP-D-1", DisputeKind.Dispute, null, "3C679366HH908993F", 1250, "EUR", "merchandise_or_service_not_received", "waiting_for_seller_response",
            TakesMoney: true, IsLive: true, new(2026, 1, 25, 12, 0, 0, TimeSpan.Zero), new(2026, 1, 15, 12, 0, 0, TimeSpan.Zero), null, Guid.Parse(Order)),
        await FactsAsync("WAITING_FOR_SELLER_RESPONSE", "CHARGEBACK"));

    [Theory]
    [InlineData("OPEN", "INQUIRY", null, false, "", true)]
    [InlineData("UNDER_REVIEW", "CHARGEBACK", null, true, "", false)]
    [InlineData("WAITING_FOR_BUYER_RESPONSE", "CHARGEBACK", null, true, "", false)]
    [InlineData("RESOLVED", "CHARGEBACK", "RESOLVED_SELLER_FAVOUR", true, "Won", false)]
    [InlineData("RESOLVED", "CHARGEBACK", "CANCELED_BY_BUYER", true, "Won", false)]
    [InlineData("RESOLVED", "PRE_ARBITRATION", "RESOLVED_WITH_PAYOUT", true, "Won", false)] // PayPal paid
    [InlineData("RESOLVED", "CHARGEBACK", "RESOLVED_BUYER_FAVOUR", true, "Lost", false)]
    [InlineData("RESOLVED", "INQUIRY", "ACCEPTED", true, "Lost", false)]
    [InlineData("RESOLVED", "INQUIRY", "CANCELED_BY_BUYER", false, "Ended", false)]
    [InlineData("RESOLVED", "CHARGEBACK", "OF_TOMORROW", true, "Ended", false)]
    public async Task What_it_takes_and_how_it_ends_is_told_by_stage_and_outcome(
        string status, string stage, string? outcome, bool takesMoney, string ends, bool waitsForUs)
    {
        var facts = await FactsAsync(status, stage, outcome);

        Assert.Equal((takesMoney, ends, waitsForUs), (facts.TakesMoney, $"{facts.Outcome}", facts.RespondBy is not null));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("<html>")]
    [InlineData("""{ "dispute_id": "PP-D-1", "status": "OPEN" }""")]
    public async Task What_is_no_dispute_is_asked_for_again(string answer) => Assert.True((await ReadAsync(answer)).IsFault);

    [Fact]
    public async Task One_that_PayPal_does_not_know_is_no_fault_of_its_own() => Assert.IsType<GatewayAnswer.NotCharged>(
        await ReadAsync("""{ "name": "RESOURCE_NOT_FOUND", "debug_id": "d1" }""", HttpStatusCode.NotFound));

    [Fact]
    public void Its_events_name_it() => Assert.Equal(new EventSubject(DisputeId: "PP-D-1"),
        EventSubject.OfPayPal("CUSTOMER.DISPUTE.UPDATED", Encoding.UTF8.GetBytes("""{ "resource": { "dispute_id": "PP-D-1" } }""")));

    private sealed class Wire(HttpStatusCode status, string dispute) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(
            request.RequestUri!.AbsolutePath switch
            {
                "/base/v1/oauth2/token" => Answer(HttpStatusCode.OK, """{ "access_token": "t", "expires_in": 32400 }"""),
                "/base/v1/customer/disputes/PP-D-1" when request.Method == HttpMethod.Get => Answer(status, dispute),
                var other => throw new InvalidOperationException(other),
            });

        private static HttpResponseMessage Answer(HttpStatusCode status, string body) => new(status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}
