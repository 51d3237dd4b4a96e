using static Shop.Tests.Integration.SdkScript;

namespace Shop.Tests.Integration;

/// <summary>PayPal's own SDK is the judge of the simulator, driven by Assets/paypal-sdk/shop.mjs.</summary>
public sealed class PayPalSdkTests : IAsyncLifetime
{
    private static readonly SdkScript Script = new("paypal-sdk");

    private readonly SimulatorHost _simulator = SimulatorHost.Start(("Simulator:PayPal:PendingFor", "00:00:01"));

    public Task InitializeAsync() => Script.InstalledAsync();

    public async Task DisposeAsync() => await _simulator.DisposeAsync();

    [Fact]
    public async Task PayPals_own_sdk_takes_the_simulator_for_PayPal()
    {
        var result = await Script.RunAsync(_simulator.Address.GetLeftPart(UriPartial.Authority));

        Is(result, "token", """{"type":"Bearer","lives":true}""");
        Is(result, "wrongSecret", """{"class":"OAuthProviderError","status":401}""");
        Is(result, "paid", """
            {"created":"PAYER_ACTION_REQUIRED","early":"ORDER_NOT_APPROVED","returned":true,"approved":"APPROVED","http":[201,200],"status":"COMPLETED","capture":"COMPLETED",
             "amount":{"currencyCode":"EUR","value":"19.99"},"net":"19.12","custom":"sdk-1","same":true,"email":"payer@example.com","retrieved":"COMPLETED"}
            """);
        Is(result, "already", """{"isCustom":true,"status":422,"name":"UNPROCESSABLE_ENTITY","issue":"ORDER_ALREADY_CAPTURED","hasDebugId":true}""");
        Is(result, "patched", "\"INV-SDK\"");

        Is(result, "declined", """{"isCustom":true,"status":422,"issue":"INSTRUMENT_DECLINED","hasDebugId":true}""");
        Assert.Contains("/paypal/checkoutnow?token=", (string?)result["declined"]!["redirect"], StringComparison.Ordinal);
        Is(result, "mocked", """{"isCustom":true,"status":422,"issue":"PAYER_CANNOT_PAY"}""");
        Is(result, "missing", """{"isCustom":true,"status":404,"name":"RESOURCE_NOT_FOUND","issue":"INVALID_RESOURCE_ID","hasDebugId":true}""");
        Is(result, "noRequestId", """{"isCustom":true,"status":400,"name":"INVALID_REQUEST","issue":"PAYPAL_REQUEST_ID_REQUIRED"}""");
        Is(result, "decimals", """{"isCustom":true,"status":422,"issue":"DECIMALS_NOT_SUPPORTED"}""");
        Is(result, "rateLimited", """{"isApiError":true,"status":429,"name":"RATE_LIMIT_REACHED"}""");
        Is(result, "unavailable", """{"isApiError":true,"status":503,"name":"SERVICE_UNAVAILABLE"}""");
        Is(result, "broken", """{"isApiError":true,"status":500,"name":"INTERNAL_SERVER_ERROR"}""");

        Is(result, "refund", """
            {"status":"COMPLETED","amount":"5.00","invoice":"R-SDK","http":[201,200],"same":true,"retrieved":"COMPLETED","capture":"PARTIALLY_REFUNDED",
             "tooMuch":{"isCustom":true,"status":422,"issue":"REFUND_AMOUNT_EXCEEDED"},"rest":"14.99","all":{"status":422,"issue":"CAPTURE_FULLY_REFUNDED"}}
            """);
        Is(result, "authorized", """
            {"status":"CREATED","taken":"COMPLETED","http":201,"after":"CAPTURED","voidHttp":204,"voided":"VOIDED","takeVoided":{"isCustom":true,"status":422,"issue":"AUTHORIZATION_VOIDED"},
             "reauthorize":{"isCustom":true,"status":422,"issue":"AUTHORIZATION_VOIDED"}}
            """);
        Is(result, "pending", """{"status":"PENDING","reason":"PENDING_REVIEW","end":"COMPLETED"}""");
        Is(result, "vault", """
            {"status":"VAULTED","hasCustomer":true,"retrieved":true,"listed":1,"paid":"COMPLETED","once":"COMPLETED","deleted":204,"afterwards":{"status":404,"name":"RESOURCE_NOT_FOUND"}}
            """);
        Is(result, "transactions", """{"paid":"S","refunded":["-14.99","-5.00"],"total":true}""");
    }
}
