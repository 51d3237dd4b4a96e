using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;
using Shop.Simulator.Stripe;
using Shop.Tests.Fixtures;
using Stripe;

namespace Shop.Tests.Integration;

public sealed class SimulatorStateTests
{
    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task A_kill_loses_nothing_that_was_answered()
    {
        using var state = new StateFile();
        List<string> answered = [];
        using (var first = new SimulatorProcess(state))
        {
            await first.ReadyAsync();
            for (var i = 0; i < 20; i++)
                answered.Add((await ChargeAsync(first, $"order-{i}")).Id);
            first.Kill();
        }

        using var second = new SimulatorProcess(state);
        await second.ReadyAsync();

        var ledger = await second.Http.GetFromJsonAsync<LedgerEntry[]>("/ledger", Ct);
        Assert.Equal(answered, ledger!.Where(l => l is { Charges: 1, ChargedMinor: 1999 }).Select(l => l.Intent));

        // The keys are remembered too: asking again charges nobody twice.
        var again = await ChargeAsync(second, "order-3");
        Assert.Equal(answered[3], again.Id);
        Assert.Equal(["true"], again.StripeResponse.Headers.GetValues("Idempotent-Replayed"));
    }

    [Fact]
    public async Task Half_a_line_at_the_end_of_the_file_was_never_answered_and_is_dropped()
    {
        using var state = new StateFile();
        string intent;
        await using (var before = SimulatorHost.Start(state.Setting))
            intent = (await before.Stripe().V1.PaymentIntents.CreateAsync(new() { Amount = 500, Currency = "eur" }, cancellationToken: Ct)).Id;
        await File.AppendAllTextAsync(state.Path, """[{"$type":"intent","Created":1,"Amo""", Ct);

        await using (var after = SimulatorHost.Start(state.Setting))
        {
            Assert.Equal(intent, (await after.LedgerOfAsync(intent)).Intent);
            await after.Stripe().V1.PaymentIntents.CancelAsync(intent, cancellationToken: Ct);
        }

        await using var last = SimulatorHost.Start(state.Setting);
        Assert.Equal("canceled", (await last.LedgerOfAsync(intent)).Status);
    }

    [Fact]
    public async Task Everything_it_knows_survives_a_restart_and_faults_do_not()
    {
        using var state = new StateFile();
        string[] paths;
        string[] before;
        await using (var first = SimulatorHost.Start(state.Setting))
        {
            await first.FaultAsync(Fault.Hang, operation: "capture");
            var customer = await PostAsync(first, "customers", "email=a@example.org");
            var setup = await PostAsync(first, "setup_intents", $"customer={customer}&payment_method=pm_card_visa&confirm=true");
            var intent = await PostAsync(first, "payment_intents", "amount=500&currency=eur&capture_method=automatic&confirm=true&return_url=http://localhost/&payment_method=pm_card_createDispute");
            var refund = await PostAsync(first, "refunds", $"payment_intent={await PostAsync(first, "payment_intents",
                "amount=500&currency=eur&confirm=true&return_url=http://localhost/&payment_method=pm_card_visa")}");
            paths = [$"customers/{customer}", $"customers/{customer}/payment_methods", $"setup_intents/{setup}", $"payment_intents/{intent}?expand[]=latest_charge.balance_transaction",
                $"refunds/{refund}", "disputes", "balance_transactions", "events?limit=100"];
            before = await Task.WhenAll(paths.Select(p => GetAsync(first, p)));
        }

        await using var second = SimulatorHost.Start(state.Setting);

        Assert.Equal(before, await Task.WhenAll(paths.Select(p => GetAsync(second, p))));
        Assert.Empty((await second.Http.GetFromJsonAsync<FaultSettings>("/faults", Ct))!.Rules!);
    }

    [Fact]
    public async Task A_state_file_of_older_times_is_understood()
    {
        using var state = new StateFile();
        await File.WriteAllTextAsync(state.Path, """
            [{"$type":"event","Created":1,"Type":"payment_intent.created","ApiVersion":"2026-07-29.dahlia","ObjectJson":"{\u0022id\u0022:\u0022pi_1\u0022}","Webhooks":0,"Id":"evt_1"}]

            """, Ct);
        await using var simulator = SimulatorHost.Start(state.Setting);

        Assert.Contains("\"object\":{\"id\":\"pi_1\"}", await GetAsync(simulator, "events/evt_1"), StringComparison.Ordinal);
    }

    private static async Task<string> PostAsync(SimulatorHost simulator, string path, string form)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/stripe/v1/{path}")
        {
            Headers = { Authorization = new("Bearer", "sk_test_x") }, Content = new StringContent(form, new MediaTypeHeaderValue("application/x-www-form-urlencoded")),
        };
        using var answer = await simulator.Http.SendAsync(request, Ct);
        var body = await answer.Content.ReadAsStringAsync(Ct);
        Assert.True(answer.IsSuccessStatusCode, body);
        return (string)JsonNode.Parse(body)!["id"]!;
    }

    private static async Task<string> GetAsync(SimulatorHost simulator, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/stripe/v1/{path}") { Headers = { Authorization = new("Bearer", "sk_test_x") } };
        using var answer = await simulator.Http.SendAsync(request, Ct);
        return await answer.Content.ReadAsStringAsync(Ct);
    }

    [Fact]
    public async Task A_wrong_setting_is_said_at_the_start()
    {
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var simulator = SimulatorHost.Start(("Simulator:Stripe:Webhook:Url", "not a url"), ("Simulator:Stripe:Webhook:Secret", "x"));
        });
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var simulator = SimulatorHost.Start(("Simulator:Smtp:Port", "70000"));
        });
    }

    private static async Task<global::Stripe.PaymentIntent> ChargeAsync(SimulatorProcess simulator, string order)
    {
        var intent = await simulator.Intents.CreateAsync(new() { Amount = 1999, Currency = "eur", Metadata = new() { ["order_id"] = order } },
            new RequestOptions { IdempotencyKey = $"order:{order}:create" }, Ct);
        return await simulator.Intents.ConfirmAsync(intent.Id, new() { PaymentMethod = "pm_card_visa", ReturnUrl = "http://localhost/" },
            new RequestOptions { IdempotencyKey = $"order:{order}:confirm:1" }, Ct);
    }

    /// <summary>A process of its own, because only a process can be killed.</summary>
    private sealed class SimulatorProcess : IDisposable
    {
        private readonly Process _process;

        public SimulatorProcess(StateFile state)
        {
            var address = $"http://127.0.0.1:{PostgresServer.FreePort()}";
            var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Shop.Simulator.dll"), "--urls", address])
            {
                RedirectStandardOutput = true, Environment = { ["Simulator__StatePath"] = state.Path },
            };
            _process = Process.Start(start)!;
            _process.OutputDataReceived += (_, _) => { };
            _process.BeginOutputReadLine();
            Http = new HttpClient { BaseAddress = new Uri(address) };
            Intents = new StripeClient("sk_test_shop", apiBase: $"{address}/stripe",
                httpClient: new SystemNetHttpClient(new HttpClient(), maxNetworkRetries: 0, enableTelemetry: false)).V1.PaymentIntents;
        }

        public HttpClient Http { get; }
        public PaymentIntentService Intents { get; }

        public Task<HttpStatusCode> ReadyAsync() => SimulatorHost.UntilAsync(
            async () =>
            {
                try
                {
                    return (await Http.GetAsync(new Uri("/settings", UriKind.Relative), Ct)).StatusCode;
                }
                catch (HttpRequestException)
                {
                    return default;
                }
            },
            status => status == HttpStatusCode.OK);

        public void Kill()
        {
            _process.Kill();
            _process.WaitForExit(TimeSpan.FromSeconds(10));
        }

        public void Dispose()
        {
            if (!_process.HasExited)
                Kill();
            _process.Dispose();
            Http.Dispose();
        }
    }
}

/// <summary>A state file for one test.</summary>
internal sealed class StateFile : IDisposable
{
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"simulator-{Guid.NewGuid():N}.jsonl");
    public (string, string) Setting => ("Simulator:StatePath", Path);

    public void Dispose() => File.Delete(Path);
}
