using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Shop.Tests.Integration;

/// <summary>
/// Stripe's own SDK is the judge of the simulator: one of each release train, driven by Assets/stripe-sdk/shop.mjs. It comes from npm, in the
/// versions of its lock file; where npm cannot reach a registry these tests fail, because nothing else here knows Stripe so well.
/// </summary>
public sealed class StripeSdkTests : IAsyncLifetime
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Assets", "stripe-sdk");
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);
    private static readonly Lazy<Task> Installed = new(InstallAsync);

    private readonly SimulatorHost _simulator = SimulatorHost.Start(("Simulator:Stripe:BalanceAfter", "00:00:01"), ("Simulator:Stripe:SearchLag", "00:00:01"));

    public Task InitializeAsync() => Installed.Value;

    public async Task DisposeAsync() => await _simulator.DisposeAsync();

    [Theory]
    [InlineData("stripe-dahlia", "dahlia")]
    [InlineData("stripe-endive", "endive")]
    public async Task Stripes_own_sdk_takes_the_simulator_for_Stripe(string package, string train)
    {
        var result = await RunSdkAsync(package);

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

    /// <summary>What is expected has to be there as it says; more may be there.</summary>
    private static void Is(JsonNode result, string name, string expected) => Check(JsonNode.Parse(expected), result[name], name);

    private static void Check(JsonNode? expected, JsonNode? actual, string path)
    {
        if (expected is JsonObject members)
        {
            foreach (var (member, value) in members)
                Check(value, actual is JsonObject there ? there[member] : null, $"{path}.{member}");
        }
        else
        {
            Assert.True(JsonNode.DeepEquals(expected, actual), $"{path} is {actual?.ToJsonString() ?? "null"} instead of {expected?.ToJsonString() ?? "null"}.");
        }
    }

    private async Task<JsonNode> RunSdkAsync(string package)
    {
        // The browser tests bring a node of their own, newer than many a distribution's.
        var bundled = Path.Combine(AppContext.BaseDirectory, ".playwright", "node", "linux-x64", "node");
        var (code, output, errors) = await RunAsync(File.Exists(bundled) ? bundled : "node", "shop.mjs", package, _simulator.Address.GetLeftPart(UriPartial.Authority));
        Assert.True(code == 0, $"The SDK's script failed:\n{errors}");
        return JsonNode.Parse(output)!;
    }

    private static async Task InstallAsync()
    {
        if (File.Exists(Path.Combine(Folder, "node_modules", ".package-lock.json")))
            return;
        try
        {
            var (code, output, errors) = await RunAsync("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
            Assert.True(code == 0, $"npm could not fetch Stripe's SDK, which these tests need (can it reach a registry?):\n{output}{errors}");
        }
        catch (Win32Exception)
        {
            Assert.Fail("There is no npm on this machine; Stripe's SDK, which these tests need, comes from it. eng/setup.sh tests installs it.");
        }
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string program, params string[] arguments)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Folder, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, "", $"{program} took longer than {Limit}.");
        }
    }
}
