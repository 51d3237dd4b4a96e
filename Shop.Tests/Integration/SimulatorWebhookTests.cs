using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shop.Simulator.Faults;
using Shop.Simulator.Webhooks;
using Stripe;

namespace Shop.Tests.Integration;

public sealed class SimulatorWebhookTests
{
    private const string Secret = "whsec_shop";

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Fact]
    public async Task A_charge_is_told_to_the_shop_signed_and_without_a_trace()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));

        var intent = await ChargeAsync(simulator, "order-1");

        var calls = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length == 3);
        var events = calls.Select(c => EventUtility.ConstructEvent(c.Body, c.Signature, Secret)).ToArray();
        Assert.Equal(["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"], events.Select(e => e.Type).Order());
        var paid = Assert.IsType<PaymentIntent>(events.Single(e => e.Type == EventTypes.PaymentIntentSucceeded).Data.Object);
        Assert.Equal((intent, "succeeded", "order-1"), (paid.Id, paid.Status, paid.Metadata["order_id"]));
        Assert.All(calls, c => Assert.Null(c.TraceParent));
    }

    [Fact]
    public async Task An_unacknowledged_event_comes_again_with_the_same_body()
    {
        await using var shop = await Receiver.StartAsync();
        shop.Status = 500;
        await using var simulator = SimulatorHost.Start([.. Endpoint(shop), ("Simulator:Stripe:FirstWebhookRetry", "00:00:00.020")]);
        await simulator.Stripe().V1.PaymentIntents.CreateAsync(new() { Amount = 500, Currency = "eur" }, cancellationToken: Ct);
        await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.Count), n => n >= 2);

        shop.Status = 200;

        var sent = await SimulatorHost.UntilAsync(() => SentAsync(simulator), w => (string?)w.Single()["state"] == "Delivered");
        var calls = shop.Calls.ToArray();
        Assert.Equal((int)sent.Single()["attempts"]!, calls.Length);
        Assert.Single(calls.Select(c => c.Body).Distinct());
        Assert.All(calls, c => EventUtility.ConstructEvent(c.Body, c.Signature, Secret));
    }

    [Fact]
    public async Task An_event_nobody_ever_takes_is_given_up()
    {
        await using var shop = await Receiver.StartAsync();
        shop.Status = 500;
        await using var simulator = SimulatorHost.Start(
            [.. Endpoint(shop), ("Simulator:Stripe:FirstWebhookRetry", "00:00:00.005"), ("Simulator:Stripe:WebhookAttempts", "3")]);
        await simulator.Stripe().V1.PaymentIntents.CreateAsync(new() { Amount = 500, Currency = "eur" }, cancellationToken: Ct);

        await SimulatorHost.UntilAsync(() => SentAsync(simulator), w => (string?)w.Single()["state"] == "GivenUp");

        Assert.Equal(3, shop.Calls.Count);
        Assert.Single(await simulator.Stripe().V1.Events.ListAsync(new() { DeliverySuccess = false }, cancellationToken: Ct));
    }

    [Fact]
    public async Task Endpoints_can_be_set_while_it_runs_and_each_gets_every_event()
    {
        await using var one = await Receiver.StartAsync();
        await using var other = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start();
        using var set = await simulator.Http.PutAsJsonAsync("/settings", new
        {
            webhooks = new[] { new { url = one.Url, secret = Secret }, new { url = other.Url, secret = "whsec_other" } },
        }, Ct);
        Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        Assert.DoesNotContain("whsec_", await set.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);

        await ChargeAsync(simulator, "order-1");

        await SimulatorHost.UntilAsync(() => Task.FromResult((one.Calls.Count, other.Calls.Count)), n => n == (3, 3));
        Assert.All(other.Calls, c => EventUtility.ConstructEvent(c.Body, c.Signature, "whsec_other"));
    }

    [Fact]
    public async Task An_endpoint_that_does_not_answer_holds_up_no_other()
    {
        await using var dead = await Receiver.StartAsync();
        await using var shop = await Receiver.StartAsync();
        dead.Delay = TimeSpan.FromSeconds(20);
        await using var simulator = SimulatorHost.Start(
            ("Simulator:Stripe:Webhooks:0:Url", dead.Url), ("Simulator:Stripe:Webhooks:0:Secret", Secret),
            ("Simulator:Stripe:Webhooks:1:Url", shop.Url), ("Simulator:Stripe:Webhooks:1:Secret", Secret), ("Simulator:Stripe:WebhookTimeout", "00:00:15"));

        await ChargeAsync(simulator, "order-1");

        var sent = await SimulatorHost.UntilAsync(() => SentAsync(simulator), w => w.Count(d => (string?)d["state"] == "Delivered") == 3);
        Assert.All(sent, w => Assert.Equal((string?)w["url"] == shop.Url ? "Delivered" : "Waiting", (string?)w["state"]));
    }

    [Fact]
    public async Task What_was_not_delivered_before_a_restart_is_delivered_after_it()
    {
        await using var shop = await Receiver.StartAsync();
        shop.Status = 500;
        using var state = new StateFile();
        await using (var before = SimulatorHost.Start([.. Endpoint(shop), state.Setting, ("Simulator:Stripe:FirstWebhookRetry", "00:00:01")]))
        {
            await ChargeAsync(before, "order-1");
            await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.Count), n => n == 3);
        }

        shop.Status = 200;
        await using var after = SimulatorHost.Start([.. Endpoint(shop), state.Setting]);

        await SimulatorHost.UntilAsync(() => SentAsync(after), w => w.Length == 3 && w.All(d => (string?)d["state"] == "Delivered"));
    }

    [Fact]
    public async Task A_lost_event_is_never_sent_and_still_in_the_list_of_what_was_not_delivered()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        await simulator.FaultAsync(new() { Webhooks = new() { Lost = 1 } });
        await ChargeAsync(simulator, "order-1");
        await simulator.FaultAsync(new FaultSettings());
        await ChargeAsync(simulator, "order-2"); // comes after what would have come

        await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.Count), n => n == 3);
        Assert.All(shop.Calls, c => Assert.Contains("order-2", c.Body, StringComparison.Ordinal));
        var missed = await SimulatorHost.UntilAsync( // what has arrived is noted a moment later
            () => simulator.Stripe().V1.Events.ListAsync(new() { DeliverySuccess = false }, cancellationToken: Ct), e => e.Data.Count == 3);
        Assert.Equal(["charge.succeeded", "payment_intent.created", "payment_intent.succeeded"], missed.Select(e => e.Type).Order());
    }

    [Fact]
    public async Task A_duplicated_event_comes_twice_with_one_id()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        await simulator.FaultAsync(new() { Webhooks = new() { Duplicated = 1 } });

        await ChargeAsync(simulator, "order-1");

        var calls = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length == 6);
        Assert.All(calls.GroupBy(c => EventUtility.ConstructEvent(c.Body, c.Signature, Secret).Id), same => Assert.Equal(2, same.Count()));
    }

    [Fact]
    public async Task A_late_event_is_overtaken_by_what_happens_after_it()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        await simulator.FaultAsync(new() { Webhooks = new() { Late = new() { Rate = 1, DelayMs = 2000 } } });
        await ChargeAsync(simulator, "first");
        await simulator.FaultAsync(new FaultSettings());
        await ChargeAsync(simulator, "second");

        var calls = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length == 6);
        Assert.All(calls[..3], c => Assert.Contains("second", c.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Reordered_events_come_in_another_order_than_they_happened()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        await simulator.FaultAsync(new() { Seed = 3, Webhooks = new() { Reordered = 1 } });
        for (var i = 0; i < 10; i++)
            await ChargeAsync(simulator, $"order-{i}");

        var calls = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length == 30);
        var created = calls.Select(c => EventUtility.ConstructEvent(c.Body, c.Signature, Secret)).Where(e => e.Type == EventTypes.PaymentIntentCreated)
            .Select(e => ((PaymentIntent)e.Data.Object).Metadata["order_id"]).ToArray();
        Assert.NotEqual(created.Order(), created);
        Assert.Equal(10, created.Distinct().Count());
    }

    [Fact]
    public async Task Forged_events_have_a_bad_signature_or_a_payment_that_nobody_knows()
    {
        await using var shop = await Receiver.StartAsync();
        await using var simulator = SimulatorHost.Start(Endpoint(shop));
        await simulator.FaultAsync(new() { Webhooks = new() { Forged = 1 } });
        var intent = (await simulator.Stripe().V1.PaymentIntents.CreateAsync(new() { Amount = 500, Currency = "eur" }, cancellationToken: Ct)).Id;

        var calls = await SimulatorHost.UntilAsync(() => Task.FromResult(shop.Calls.ToArray()), c => c.Length == 3);

        var signed = calls.Where(c => c.Signature == Signed(c)).Select(c => EventUtility.ConstructEvent(c.Body, c.Signature, Secret)).ToArray();
        var forged = Assert.Single(calls, c => c.Signature != Signed(c));
        Assert.Contains("\"status\":\"succeeded\"", forged.Body, StringComparison.Ordinal); // what somebody would gain by it
        Assert.Contains(intent, forged.Body, StringComparison.Ordinal);
        Assert.Throws<StripeException>(() => EventUtility.ConstructEvent(forged.Body, forged.Signature, Secret));
        Assert.Single(signed, e => ((PaymentIntent)e.Data.Object).Id == intent);
        var unknown = signed.Single(e => ((PaymentIntent)e.Data.Object).Id != intent);
        await Assert.ThrowsAsync<StripeException>(() => simulator.Stripe().V1.PaymentIntents.GetAsync(((PaymentIntent)unknown.Data.Object).Id, cancellationToken: Ct));
        Assert.Single(await simulator.Stripe().V1.Events.ListAsync(cancellationToken: Ct)); // none of it happened

        static string Signed(Call call) => WebhookSender.Signature(
            call.Body, Secret, DateTimeOffset.FromUnixTimeSeconds(long.Parse(call.Signature[2..12], System.Globalization.CultureInfo.InvariantCulture)));
    }

    private static (string, string)[] Endpoint(Receiver shop) => [("Simulator:Stripe:Webhook:Url", shop.Url), ("Simulator:Stripe:Webhook:Secret", Secret)];

    private static async Task<JsonNode[]> SentAsync(SimulatorHost simulator) => await simulator.Http.GetFromJsonAsync<JsonNode[]>("/webhooks", Ct) ?? [];

    private static async Task<string> ChargeAsync(SimulatorHost simulator, string order)
    {
        var intents = simulator.Stripe().V1.PaymentIntents;
        var intent = await intents.CreateAsync(new() { Amount = 1999, Currency = "eur", Metadata = new() { ["order_id"] = order } }, cancellationToken: Ct);
        await intents.ConfirmAsync(intent.Id, new() { PaymentMethod = "pm_card_visa", ReturnUrl = "http://localhost/" }, cancellationToken: Ct);
        return intent.Id;
    }

    private sealed record Call(string Body, string Signature, string? TraceParent);

    /// <summary>The shop's end: answers what it is told to and keeps what it got.</summary>
    private sealed class Receiver : IAsyncDisposable
    {
        private readonly WebApplication _app;

        private Receiver(WebApplication app) => _app = app;

        public ConcurrentQueue<Call> Calls { get; } = new();
        public string Url => $"{_app.Services.GetRequiredService<Microsoft.AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()}/webhooks/stripe";
        public volatile int Status = 200;
        public TimeSpan Delay { get; set; }

        public static async Task<Receiver> StartAsync()
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var receiver = new Receiver(builder.Build());
            receiver._app.MapPost("/webhooks/stripe", async (HttpRequest request) =>
            {
                using var reader = new StreamReader(request.Body);
                receiver.Calls.Enqueue(new(await reader.ReadToEndAsync(), request.Headers["Stripe-Signature"].ToString(),
                    request.Headers.TraceParent is [var trace] ? trace : null));
                await Task.Delay(receiver.Delay, request.HttpContext.RequestAborted);
                return Results.StatusCode(receiver.Status);
            });
            await receiver._app.StartAsync();
            return receiver;
        }

        public ValueTask DisposeAsync() => _app.DisposeAsync();
    }
}
