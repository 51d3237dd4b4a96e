using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Shop.Tests.Integration;

/// <summary>Events of the simulated PayPal arrive signed with its certificate, and as unreliably as is asked for.</summary>
public sealed class SimulatorPayPalWebhookTests
{
    private const string WebhookId = "the-webhook";

    [Fact]
    public async Task A_payment_is_told_to_the_shop_signed_with_the_certificate()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        using var payPal = new PayPalCaller(simulator);

        var capture = await payPal.PaidAsync(custom: "order-1");
        await payPal.DoAsync(HttpMethod.Post, $"v2/payments/captures/{capture}/refund", PayPalCaller.Money("1.00"), "r");

        var calls = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length == 4);
        Assert.Equal(["CHECKOUT.ORDER.APPROVED", "CHECKOUT.ORDER.COMPLETED", "PAYMENT.CAPTURE.COMPLETED", "PAYMENT.CAPTURE.REFUNDED"], calls.Select(c => c.Type).Order());
        foreach (var call in calls)
            Assert.True(await call.IsGenuineAsync(simulator));
        var paid = JsonNode.Parse(calls.Single(c => c.Type == "PAYMENT.CAPTURE.COMPLETED").Body)!;
        Assert.StartsWith("WH-", (string?)paid["id"], StringComparison.Ordinal);
        Assert.Equal(("capture", capture, "order-1", "19.99"), ((string?)paid["resource_type"], (string?)paid["resource"]!["id"], (string?)paid["resource"]!["custom_id"], (string?)paid["resource"]!["amount"]!["value"]));
        var refunded = JsonNode.Parse(calls.Single(c => c.Type == "PAYMENT.CAPTURE.REFUNDED").Body)!;
        Assert.Equal("refund", (string?)refunded["resource_type"]);
        Assert.EndsWith($"/{capture}", PayPalCaller.Link(refunded["resource"]!, "up"), StringComparison.Ordinal);
        Assert.All(calls, c => Assert.Null(c.TraceParent));
    }

    [Fact]
    public async Task PayPal_says_itself_whether_an_event_is_genuine()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        using var payPal = new PayPalCaller(simulator);
        await payPal.ApprovedAsync();
        var call = (await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length == 1))[0];

        async Task<string?> VerifyAsync(string body, string webhook) => (string?)(await payPal.DoAsync(HttpMethod.Post, "v1/notifications/verify-webhook-signature", $$"""
            { "auth_algo": "{{call["PAYPAL-AUTH-ALGO"]}}", "cert_url": "{{call["PAYPAL-CERT-URL"]}}", "transmission_id": "{{call["PAYPAL-TRANSMISSION-ID"]}}",
              "transmission_sig": "{{call["PAYPAL-TRANSMISSION-SIG"]}}", "transmission_time": "{{call["PAYPAL-TRANSMISSION-TIME"]}}",
              "webhook_id": "{{webhook}}", "webhook_event": {{body}} }
            """))["verification_status"];

        Assert.Equal("SUCCESS", await VerifyAsync(call.Body, WebhookId));
        Assert.Equal("FAILURE", await VerifyAsync(call.Body, "another"));
        Assert.Equal("FAILURE", await VerifyAsync(call.Body.Replace("APPROVED", "COMPLETED", StringComparison.Ordinal), WebhookId));
        Assert.Equal("FAILURE", await VerifyAsync(call.Body.Replace(":", ": ", StringComparison.Ordinal), WebhookId)); // the bytes count
    }

    [Fact]
    public async Task An_unacknowledged_event_comes_again_and_can_be_sent_again()
    {
        await using var shop = await Receiver.StartAsync();
        shop.Status = 500;
        await using var simulator = SimulatorHost.Start([.. Endpoint(shop), ("Simulator:Stripe:FirstWebhookRetry", "00:00:00.020")]);
        using var payPal = new PayPalCaller(simulator);
        await payPal.ApprovedAsync();
        await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.Count), n => n >= 2);
        shop.Status = 200;
        await SimulatorHost.UntilAsync(async () => (await simulator.Http.GetFromJsonAsync<JsonArray>("/webhooks"))!, w => (string?)w.Single()!["state"] == "Delivered");
        var before = shop.Calls.ToArray();
        Assert.Single(before.Select(c => c.Body).Distinct());
        Assert.Single(before.Select(c => c["PAYPAL-TRANSMISSION-ID"]).Distinct());

        var id = (string)JsonNode.Parse(before[0].Body)!["id"]!;
        await payPal.DoAsync(HttpMethod.Post, $"v1/notifications/webhooks-events/{id}/resend", $$"""{"webhook_ids":["{{WebhookId}}"]}""");

        var after = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length > before.Length);
        Assert.Equal(before[0].Body, after[^1].Body);
        Assert.True(await after[^1].IsGenuineAsync(simulator));
    }

    [Fact]
    public async Task Events_are_listed_by_time_and_type_even_when_they_were_lost()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        using var payPal = new PayPalCaller(simulator);
        await simulator.Http.PutAsJsonAsync("/faults", new { gateway = "paypal", webhooks = new { lost = 1 } });
        var capture = await payPal.PaidAsync();

        string From(TimeSpan ago) => $"start_time={DateTimeOffset.UtcNow - ago:yyyy-MM-ddTHH:mm:ssZ}";
        var events = (await payPal.GetAsync($"v1/notifications/webhooks-events?{From(TimeSpan.FromMinutes(5))}&event_type=PAYMENT.CAPTURE.COMPLETED"))["events"]!.AsArray();
        Assert.Equal(capture, (string?)Assert.Single(events)!["resource"]!["id"]);
        Assert.Empty((await payPal.GetAsync($"v1/notifications/webhooks-events?{From(TimeSpan.FromMinutes(-5))}"))["events"]!.AsArray());
        Assert.Equal(capture, (string?)(await payPal.GetAsync($"v1/notifications/webhooks-events/{events[0]!["id"]}"))["resource"]!["id"]);
        Assert.Empty(shop.Calls);

        List<string> all = [];
        for (var next = "v1/notifications/webhooks-events?page_size=1"; next is not null;)
        {
            var page = await payPal.GetAsync(next);
            all.AddRange(page["events"]!.AsArray().Select(e => (string)e!["event_type"]!));
            next = PayPalCaller.Link(page, "next") is { } link ? $"v1/notifications/webhooks-events{new Uri(link).Query}" : null;
        }

        Assert.Equal(["CHECKOUT.ORDER.COMPLETED", "PAYMENT.CAPTURE.COMPLETED", "CHECKOUT.ORDER.APPROVED"], all);
    }

    [Fact]
    public async Task Forged_events_are_badly_signed_or_about_nothing_we_know()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        using var payPal = new PayPalCaller(simulator);
        var order = await payPal.ApprovedAsync("echeck", custom: "order-1");
        await simulator.Http.PutAsJsonAsync("/faults", new { gateway = "paypal", webhooks = new { forged = 1 } });
        await payPal.CaptureAsync(order);
        await simulator.Http.DeleteAsync(new Uri("/faults", UriKind.Relative));

        var calls = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length >= 7);
        List<Call> bad = [];
        foreach (var call in calls)
        {
            if (!await call.IsGenuineAsync(simulator))
                bad.Add(call);
        }

        Assert.Equal(2, bad.Count); // one for each event of the capture
        Assert.Contains(bad, c => c.Type == "PAYMENT.CAPTURE.COMPLETED"); // which never was
        Assert.Contains(calls, c => c.Type == "PAYMENT.CAPTURE.PENDING" && JsonNode.Parse(c.Body)!["resource"]!["custom_id"] is null);
    }

    [Fact]
    public async Task The_certificate_survives_a_restart_and_so_does_what_was_not_delivered()
    {
        await using var shop = await Receiver.StartAsync();
        shop.Status = 500;
        using var state = new StateFile();
        await using (var before = SimulatorHost.Start([.. Endpoint(shop), state.Setting, ("Simulator:Stripe:FirstWebhookRetry", "00:00:01")]))
        {
            using var payPal = new PayPalCaller(before);
            await payPal.ApprovedAsync();
            await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.Count), n => n == 1);
        }

        shop.Status = 200;
        await using var after = SimulatorHost.Start([.. Endpoint(shop), state.Setting]);
        var calls = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length >= 2);
        Assert.Equal(new Uri(calls[0]["PAYPAL-CERT-URL"]).AbsolutePath, new Uri(calls[^1]["PAYPAL-CERT-URL"]).AbsolutePath);
        Assert.True(await calls[^1].IsGenuineAsync(after));
    }

    [Fact]
    public async Task Endpoints_can_be_set_while_it_runs_and_leave_those_of_Stripe_alone()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(("Simulator:Stripe:Webhook:Url", "http://localhost:1/webhooks/stripe"), ("Simulator:Stripe:Webhook:Secret", "whsec_x"));
        using var payPal = new PayPalCaller(simulator);

        using var set = await simulator.Http.PutAsJsonAsync("/settings", new { payPalWebhooks = new[] { new { url = shop.Url, id = "new-id" } } });
        var settings = (await set.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal((shop.Url, "http://localhost:1/webhooks/stripe"), ((string?)settings["payPalWebhookUrls"]![0], (string?)settings["webhookUrls"]![0]));
        await payPal.ApprovedAsync();

        var call = (await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length == 1))[0];
        Assert.True(await call.IsGenuineAsync(simulator, "new-id"));
        using var wrong = await simulator.Http.PutAsJsonAsync("/settings", new { payPalWebhooks = new[] { new { url = shop.Url } } });
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    private static (string, string)[] Endpoint(Receiver shop) => [("Simulator:PayPal:Webhook:Url", shop.Url), ("Simulator:PayPal:Webhook:Id", WebhookId)];

    private sealed record Call(string Body, Dictionary<string, string> Headers, string? TraceParent)
    {
        public string this[string header] => Headers[header];

        public string Type => (string)JsonNode.Parse(Body)!["event_type"]!;

        /// <summary>As PayPal documents it, with a checksum of our own.</summary>
        public async Task<bool> IsGenuineAsync(SimulatorHost simulator, string webhookId = WebhookId)
        {
            Assert.Equal("SHA256withRSA", this["PAYPAL-AUTH-ALGO"]);
            Assert.StartsWith(new Uri(simulator.Address, "/paypal/v1/notifications/certs/").AbsolutePath, new Uri(this["PAYPAL-CERT-URL"]).AbsolutePath, StringComparison.Ordinal);
            using var certificate = X509Certificate2.CreateFromPem(await simulator.Http.GetStringAsync(new Uri(this["PAYPAL-CERT-URL"]).AbsolutePath));
            using var key = certificate.GetRSAPublicKey()!;
            var message = string.Create(CultureInfo.InvariantCulture, $"{this["PAYPAL-TRANSMISSION-ID"]}|{this["PAYPAL-TRANSMISSION-TIME"]}|{webhookId}|{Crc(Encoding.UTF8.GetBytes(Body))}");
            return key.VerifyData(Encoding.UTF8.GetBytes(message), Convert.FromBase64String(this["PAYPAL-TRANSMISSION-SIG"]), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }

        private static uint Crc(byte[] bytes)
        {
            var table = Enumerable.Range(0, 256).Select(i => Enumerable.Range(0, 8).Aggregate((uint)i, (c, _) => (c & 1) == 1 ? 0xEDB88320 ^ (c >> 1) : c >> 1)).ToArray();
            return ~bytes.Aggregate(uint.MaxValue, (crc, b) => table[(crc ^ b) & 0xFF] ^ (crc >> 8));
        }
    }

    private sealed class Receiver : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private Receiver(WebApplication app) => _app = app;

        public ConcurrentQueue<Call> Calls { get; } = new();
        public string Url => $"{_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()}/webhooks/paypal";
        public volatile int Status = 200;

        public static async Task<Receiver> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var receiver = new Receiver(builder.Build());
            receiver._app.MapPost("/webhooks/paypal", async (HttpRequest request) =>
            {
                using var reader = new StreamReader(request.Body);
                receiver.Calls.Enqueue(new(await reader.ReadToEndAsync(),
                    request.Headers.Where(h => h.Key.StartsWith("PAYPAL-", StringComparison.OrdinalIgnoreCase)).ToDictionary(h => h.Key.ToUpperInvariant(), h => h.Value.ToString()),
                    request.Headers.TraceParent is [var trace] ? trace : null));
                return Results.StatusCode(receiver.Status);
            });
            await receiver._app.StartAsync();
            return receiver;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
