using static Shop.Tests.Integration.SdkScript;

namespace Shop.Tests.Integration;

/// <summary>
/// Stripe's own SDK is the judge of the simulator: one of each release train, driven by Assets/stripe-sdk/shop.mjs.
/// </summary>
public sealed class StripeSdkTests : IAsyncLifetime
{
    private static readonly SdkScript Script = new("stripe-sdk");

    private readonly SimulatorHost _simulator = SimulatorHost.Start(("Simulator:Stripe:BalanceAfter", "00:00:01"), ("Simulator:Stripe:SearchLag", "00:00:01"));

    public Task InitializeAsync() => Script.InstalledAsync();

    public async Task DisposeAsync() => await _simulator.DisposeAsync();

    [Theory]
    [InlineData("stripe-dahlia", "dahlia")]
    [InlineData("stripe-endive", "endive")]
    public async Task Stripes_own_sdk_takes_the_simulator_for_Stripe(string package, string train)
    {
        var result = await Script.RunAsync(package, _simulator.Address.GetLeftPart(UriPartial.Authority));

        Is(result, "paid", """{"created":"requires_payment_method","status":"succeeded","received":1999,"last4":"4242","balance":null,"replayed":"true","same":true}""");
        Assert.Equal(((string?)result["version"], (string?)result["version"]), ((string?)result["paid"]!["version"], (string?)result["webhook"]!["version"]));
        Assert.EndsWith(train, (string?)result["version"], StringComparison.Ordinal);
        Assert.Equal((train == "endive", train == "endive"), ((bool)result["paid"]!["hasRecord"]!, (bool)result["webhook"]!["hasRecord"]!));
        Is(result, "retrieved", "\"succeeded\"");

        Is(result, "otherParameters", """{"class":"StripeIdempotencyError","type":"idempotency_error","status":400}""");
        Is(result, "types", train == "endive"
            ? """{"class":"StripeInvalidRequestError","status":400,"code":"parameter_unknown","param":"payment_method_types"}""" : """{"status":"no error"}""");
        Is(result, "declined", """{"class":"StripeCardError","status":402,"code":"card_declined","declineCode":"insufficient_funds","intent":"requires_payment_method","advice":"try_again_later"}""");
        Assert.Equal(16, ((string?)result["declined"]!["fingerprint"])?.Length);
        Is(result, "askedOffSession", """{"class":"StripeCardError","status":402,"code":"authentication_required","intent":"requires_payment_method"}""");
        Is(result, "wrongKey", """{"class":"StripeAuthenticationError","status":401}""");
        Is(result, "missing", """{"class":"StripeInvalidRequestError","status":404,"code":"resource_missing"}""");
        Is(result, "tooSmall", """{"status":400,"code":"amount_too_small","param":"amount"}""");
        Is(result, "rateLimited", """{"class":"StripeRateLimitError","status":429,"code":"rate_limit"}""");
        Is(result, "unavailable", """{"class":"StripeAPIError","status":503}""");
        Is(result, "broken", """{"class":"StripeAPIError","status":500}""");
        Is(result, "reset", """{"class":"StripeConnectionError"}""");
        Is(result, "retriedBySdk", """{"status":"succeeded","charges":1}""");
        foreach (var error in (string[])["otherParameters", "declined", "wrongKey", "missing", "rateLimited", "broken"])
            Assert.StartsWith("req_", (string?)result[error]!["requestId"], StringComparison.Ordinal);

        Is(result, "reused", """{"status":400,"param":"payment_method"}""");
        Is(result, "customer", """
            {"email":"sdk@example.org","default":"4242","cards":1,"same":true,"twice":["succeeded","succeeded"],"intents":2,"byEmail":1,
             "withoutCustomer":{"status":400,"param":"payment_method"},"declinedCard":{"status":402,"declineCode":"generic_decline"}}
            """);
        Is(result, "setup", """
            {"asked":"requires_action","back":"succeeded","status":"succeeded","attached":true,"listed":1,"charged":"succeeded","declined":{"status":402},"canceled":"canceled"}
            """);
        Is(result, "detached", """{"status":400,"param":"payment_method"}""");
        Is(result, "deleted", "true");
        Is(result, "retrievedDeleted", "true");

        Is(result, "capture", """
            {"held":["requires_capture",5000],"captured":["succeeded",3000],"part":[true,3000,2000],"net":2930,"voided":"canceled","letGo":[false,true,5000],
             "tooMuch":{"status":400,"param":"amount_to_capture"}}
            """);
        Is(result, "refund", """
            {"status":"succeeded","reason":"requested_by_customer","retrieved":1000,"listed":1,"updated":"damaged","transaction":-1000,
             "tooMuch":{"status":400,"param":"amount"},"cancel":{"status":400}}
            """);
        Is(result, "dispute", """
            {"reason":"fraudulent","status":"needs_response","withdrawn":-1999,"disputed":true,"retrieved":true,"refund":{"status":400,"code":"charge_disputed"}}
            """);
        Is(result, "list", """{"unique":true,"first":true,"backwards":true}""");
        Is(result, "found", "true");
        Is(result, "balance", """{"amount":1999,"fee":55,"net":1944,"kind":"stripe_fee","bySource":1}""");
        Is(result, "webhook", $$$"""{"key":"{{{package}}}:confirm","settled":{"balance_transaction":null}}""");
        Is(result, "events", """{"retrieved":"payment_intent.succeeded","listed":true}""");
        Is(result, "forged", "\"StripeSignatureVerificationError\"");
    }
}
