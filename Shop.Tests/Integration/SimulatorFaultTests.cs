using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shop.Simulator.Faults;
using Stripe;

namespace Shop.Tests.Integration;

/// <summary>Faults have to do exactly what they say, or what is proven under them is not.</summary>
public sealed class SimulatorFaultTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>, IAsyncLifetime
{
    private readonly SimulatorHost _simulator = fixture.Simulator;
    private readonly string _test = Guid.NewGuid().ToString("N");

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    private PaymentIntentService Intents => _simulator.Stripe().V1.PaymentIntents;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => (await _simulator.Http.DeleteAsync(new Uri("/faults", UriKind.Relative))).Dispose();

    [Theory]
    [InlineData("unavailable_503", HttpStatusCode.ServiceUnavailable, "api_error")]
    [InlineData("rate_limited_429", HttpStatusCode.TooManyRequests, "invalid_request_error")]
    [InlineData("html_502", HttpStatusCode.BadGateway, null)]
    public async Task What_never_arrived_leaves_its_key_free(string fault, HttpStatusCode status, string? type)
    {
        var intent = await CreateAsync();
        await SetAsync($$"""{ "rules": [ { "fault": "{{fault}}", "count": 1 } ] }""");

        var refused = await Assert.ThrowsAsync<StripeException>(() => Intents.ConfirmAsync(intent.Id, Card(), Key("k"), Ct));
        Assert.Equal((status, type), (refused.HttpStatusCode, refused.StripeError?.Type));

        var paid = await Intents.ConfirmAsync(intent.Id, Card(), Key("k"), Ct);
        Assert.Equal("succeeded", paid.Status);
        Assert.False(paid.StripeResponse.Headers.Contains("Idempotent-Replayed"));
    }

    [Fact]
    public async Task A_reset_happens_before_the_work_and_a_lost_answer_after_it()
    {
        var (first, second) = (await CreateAsync(), await CreateAsync());
        await SetAsync("""{ "rules": [ { "fault": "reset", "operation": "confirm", "count": 1 }, { "fault": "answer_lost", "operation": "confirm", "count": 1 } ] }""");

        foreach (var intent in new[] { first, second })
        {
            var cut = await Assert.ThrowsAsync<HttpRequestException>(() => Intents.ConfirmAsync(intent.Id, Card(), Key(intent.Id), Ct));
            Assert.NotEqual(HttpRequestError.ConnectionError, cut.HttpRequestError); // it was connected, so it proves nothing
        }

        Assert.Equal(0, (await _simulator.LedgerOfAsync(first.Id)).Charges);
        Assert.Equal(1, (await _simulator.LedgerOfAsync(second.Id)).Charges);
    }

    [Fact]
    public async Task A_gateway_that_refuses_cannot_be_connected_to_and_its_controls_still_can()
    {
        var settings = await _simulator.Http.GetFromJsonAsync<JsonNode>("/settings", Ct);
        using var http = new HttpClient();
        var stripe = new StripeClient("sk_test_shop", apiBase: (string)settings!["stripeUrl"]!,
            httpClient: new SystemNetHttpClient(http, maxNetworkRetries: 0, enableTelemetry: false)).V1.PaymentIntents;
        var intent = await stripe.CreateAsync(Creating(), Key("create"), Ct);
        await SetAsync("""{ "rules": [ { "fault": "refused" } ] }""");

        for (var i = 0; i < 3; i++) // not even over the connection that was open
        {
            var refused = await Assert.ThrowsAsync<HttpRequestException>(() => stripe.ConfirmAsync(intent.Id, Card(), Key("k"), Ct));
            Assert.Equal(HttpRequestError.ConnectionError, refused.HttpRequestError);
        }

        await SetAsync("{}");
        Assert.Equal("succeeded", (await stripe.ConfirmAsync(intent.Id, Card(), Key("k"), Ct)).Status);
    }

    [Fact]
    public async Task A_gateway_that_goes_away_cuts_off_the_call_it_is_at_work_on()
    {
        var settings = await _simulator.Http.GetFromJsonAsync<JsonNode>("/settings", Ct);
        using var http = new HttpClient();
        var stripe = new StripeClient("sk_test_shop", apiBase: (string)settings!["stripeUrl"]!,
            httpClient: new SystemNetHttpClient(http, maxNetworkRetries: 0, enableTelemetry: false)).V1.PaymentIntents;
        var intent = await stripe.CreateAsync(Creating(), cancellationToken: Ct);
        await SetAsync("""{ "latency": { "medianMs": 4000, "operation": "confirm" } }""");
        var confirming = stripe.ConfirmAsync(intent.Id, Card(), Key("k"), Ct);
        await SimulatorHost.UntilAsync(() => _simulator.Http.GetFromJsonAsync<JsonNode>("/faults", Ct), f => f!["played"]!["slow"] is not null);

        await SetAsync("""{ "rules": [ { "fault": "refused" } ] }""");

        var cut = await Assert.ThrowsAsync<HttpRequestException>(() => confirming);
        Assert.NotEqual(HttpRequestError.ConnectionError, cut.HttpRequestError);
        await SetAsync("{}");
        await SimulatorHost.UntilAsync(() => stripe.GetAsync(intent.Id, cancellationToken: Ct), i => i.Status == "succeeded"); // the work went on
    }

    [Fact]
    public async Task What_the_gateway_tells_of_its_faults_can_be_set_again()
    {
        await SetAsync("""{ "seed": 9, "declineRate": 0.1, "rules": [ { "fault": "hang", "rate": 0.5 } ], "webhooks": { "lost": 0.5 } }""");
        var told = await _simulator.Http.GetStringAsync("/faults", Ct);

        await SetAsync(told);

        Assert.Equal(told, await _simulator.Http.GetStringAsync("/faults", Ct));
    }

    [Fact]
    public async Task The_page_plays_and_stops_the_common_faults()
    {
        using var played = await _simulator.Http.PostAsync("/faults", Form(("do", "play"), ("fault", "html_502"), ("operation", "confirm"), ("rate", "50"), ("webhook", "lost"), ("declined", "10")), Ct);
        Assert.Equal(HttpStatusCode.SeeOther, played.StatusCode);
        var page = await _simulator.Http.GetStringAsync("/", Ct);
        Assert.Contains("50 % of confirm", page, StringComparison.Ordinal);
        Assert.Contains("webhook lost", page, StringComparison.Ordinal);
        Assert.Contains("10 % of good cards", page, StringComparison.Ordinal);

        using var refused = await _simulator.Http.PostAsync("/faults", Form(("do", "play"), ("fault", "explode")), Ct);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);

        using var stopped = await _simulator.Http.PostAsync("/faults", Form(("do", "stop")), Ct);
        Assert.DoesNotContain("html_502</span>", await _simulator.Http.GetStringAsync("/", Ct), StringComparison.Ordinal);

        static FormUrlEncodedContent Form(params (string Name, string Value)[] fields) => new(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
    }

    [Fact]
    public async Task Where_a_shopper_is_asked_is_at_the_simulators_own_address()
    {
        var settings = await _simulator.Http.GetFromJsonAsync<JsonNode>("/settings", Ct);
        using var http = new HttpClient();
        var stripe = new StripeClient("sk_test_shop", apiBase: (string)settings!["stripeUrl"]!,
            httpClient: new SystemNetHttpClient(http, maxNetworkRetries: 0, enableTelemetry: false)).V1.PaymentIntents;
        var asked = await stripe.ConfirmAsync((await stripe.CreateAsync(Creating(), cancellationToken: Ct)).Id, Card("pm_card_authenticationRequired"), cancellationToken: Ct);

        Assert.Contains("Approve", await _simulator.Http.GetStringAsync(asked.NextAction.RedirectToUrl.Url, Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_seed_and_the_same_calls_meet_the_same_faults()
    {
        const string faults = """
            { "seed": 42, "declineRate": 0.3, "rules": [ { "fault": "unavailable_503", "rate": 0.3, "operation": "confirm" }, { "fault": "error_500_before", "rate": 0.2, "operation": "confirm" } ] }
            """;
        var first = await PlayAsync(faults);
        var again = await PlayAsync(faults);
        var other = await PlayAsync(faults.Replace("42", "43", StringComparison.Ordinal));

        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.Equal(4, first.Select(o => o.Length > 3 ? "declined" : o).Distinct().Count()); // 200, 402 with several codes, 503, 500
    }

    [Fact]
    public async Task A_rule_meets_the_same_calls_whatever_is_played_besides_it()
    {
        const string alone = """{ "seed": 7, "rules": [ { "fault": "unavailable_503", "rate": 0.4, "operation": "confirm" } ] }""";
        const string together = """
            { "seed": 7, "declineRate": 0.5, "rules": [ { "fault": "unavailable_503", "rate": 0.4, "operation": "confirm" }, { "fault": "error_500_before", "rate": 0.5, "operation": "confirm" } ] }
            """;

        Assert.Equal((await PlayAsync(alone)).Select(o => o == "503"), (await PlayAsync(together)).Select(o => o == "503"));
    }

    [Fact]
    public async Task Counts_tell_how_often_each_was_played_and_a_new_setting_starts_them_anew()
    {
        const string faults = """{ "declineRate": 1, "declineCodes": ["do_not_honor"], "rules": [ { "fault": "error_500_before", "operation": "confirm", "count": 2 } ] }""";
        await PlayAsync(faults);

        var told = await _simulator.Http.GetFromJsonAsync<JsonNode>("/faults", Ct);
        Assert.Equal((2, 18), ((int)told!["rules"]![0]!["played"]!, (int)told["played"]!["declined"]!));
        Assert.NotNull(told["seed"]);
        await SetAsync(faults);
        told = await _simulator.Http.GetFromJsonAsync<JsonNode>("/faults", Ct);
        Assert.Equal((0, 0), ((int)told!["rules"]![0]!["played"]!, told["played"]!.AsObject().Count));
    }

    [Theory]
    [InlineData("insufficient_funds", "card_declined", "insufficient_funds", "try_again_later")]
    [InlineData("pickup_card", "card_declined", "pickup_card", "do_not_try_again")]
    [InlineData("incorrect_zip", "incorrect_zip", "incorrect_zip", "confirm_card_data")]
    [InlineData("card_decline_rate_limit_exceeded", "card_decline_rate_limit_exceeded", null, "try_again_later")]
    [InlineData("a_code_of_tomorrow", "card_declined", "a_code_of_tomorrow", "try_again_later")]
    public async Task A_good_card_is_declined_in_the_banks_own_words(string code, string error, string? declineCode, string advice)
    {
        await SetAsync($$"""{ "declineRate": 1, "declineCodes": ["{{code}}"] }""");
        var intent = await CreateAsync();

        var declined = await Assert.ThrowsAsync<StripeException>(() => Intents.ConfirmAsync(intent.Id, Card(), cancellationToken: Ct));

        Assert.Equal((HttpStatusCode.PaymentRequired, error, declineCode, advice),
            (declined.HttpStatusCode, declined.StripeError.Code, declined.StripeError.DeclineCode, declined.StripeError.AdviceCode));
        Assert.NotNull(declined.StripeError.PaymentMethod.Card.Fingerprint);
    }

    [Fact]
    public async Task The_configured_decline_rate_holds_until_another_is_set()
    {
        await using var simulator = SimulatorHost.Start(("Simulator:Stripe:DeclineRate", "1"));
        Assert.Equal("402", await OutcomeAsync(simulator));
        await simulator.FaultAsync(new FaultSettings { DeclineRate = 0 });
        Assert.Equal("200", await OutcomeAsync(simulator));
        (await simulator.Http.DeleteAsync(new Uri("/faults", UriKind.Relative), Ct)).Dispose();
        Assert.Equal("402", await OutcomeAsync(simulator));

        static async Task<string> OutcomeAsync(SimulatorHost simulator)
        {
            var intents = simulator.Stripe().V1.PaymentIntents;
            var intent = await intents.CreateAsync(Creating(), cancellationToken: Ct);
            try
            {
                await intents.ConfirmAsync(intent.Id, Card(), cancellationToken: Ct);
                return "200";
            }
            catch (StripeException e)
            {
                return $"{(int)e.HttpStatusCode}";
            }
        }
    }

    [Fact]
    public void Thinking_time_has_the_median_and_the_tail_that_were_asked_for()
    {
        var faults = new FaultBox(Shop.Simulator.Gateways.Gateway.Stripe, declineRate: 0);
        faults.Set(new FaultSettings { Seed = 1, Latency = new() { MedianMs = 200, P99Ms = 2000 } });

        var drawn = Enumerable.Range(0, 10_000).Select(_ => faults.Latency("confirm").TotalMilliseconds).Order().ToArray();

        Assert.InRange(drawn[5_000], 190, 210);
        Assert.InRange(drawn[9_900], 1_800, 2_200);
        Assert.Equal(TimeSpan.Zero, faults.Latency("payment_method")); // the shopper's card form is not the shop's call
    }

    [Theory]
    [InlineData("""{ "mode": "hang" }""", "")]
    [InlineData("""{ "rules": [ { "fault": "explode" } ] }""", "$.rules[0].fault")]
    [InlineData("""{ "rules": [ { "rate": 0.5 } ] }""", "rules[0].fault")]
    [InlineData("""{ "rules": [ { "fault": "hang", "rate": 2 } ] }""", "rules[0].rate")]
    [InlineData("""{ "rules": [ { "fault": "hang", "operation": "charge" } ] }""", "rules[0].operation")]
    [InlineData("""{ "declineRate": -0.1 }""", "declineRate")]
    [InlineData("""{ "declineCodes": ["Not A Code"] }""", "declineCodes")]
    [InlineData("""{ "latency": { "medianMs": 100, "p99Ms": 50 } }""", "latency")]
    [InlineData("""{ "webhooks": { "late": { "rate": 1, "delayMs": -1 } } }""", "webhooks.late.delayMs")]
    [InlineData("""{ "webhooks": { "lost": 1.5 } }""", "webhooks.lost")]
    [InlineData("null", "")]
    [InlineData("nonsense", "$")]
    public async Task What_is_no_fault_is_refused_and_changes_nothing(string faults, string member)
    {
        await SetAsync("""{ "seed": 5 }""");

        using var refused = await PutAsync(faults);

        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var problem = await refused.Content.ReadFromJsonAsync<JsonNode>(Ct);
        Assert.True(member is "" || problem!["errors"]!.AsObject().ContainsKey(member), problem!.ToJsonString());
        Assert.Equal(5, (int)(await _simulator.Http.GetFromJsonAsync<JsonNode>("/faults", Ct))!["seed"]!);
    }

    /// <summary>Twenty charges one after the other; each as its status, and a decline with its code.</summary>
    private async Task<List<string>> PlayAsync(string faults)
    {
        List<PaymentIntent> intents = [];
        for (var i = 0; i < 20; i++)
            intents.Add(await CreateAsync());
        await SetAsync(faults);
        List<string> outcomes = [];
        foreach (var intent in intents)
        {
            try
            {
                await Intents.ConfirmAsync(intent.Id, Card(), cancellationToken: Ct);
                outcomes.Add("200");
            }
            catch (StripeException e)
            {
                outcomes.Add(e.StripeError is { Type: "card_error" } error ? $"402 {error.DeclineCode ?? error.Code}" : $"{(int)e.HttpStatusCode}");
            }
        }

        return outcomes;
    }

    private async Task SetAsync(string faults)
    {
        using var set = await PutAsync(faults);
        Assert.True(set.IsSuccessStatusCode, await set.Content.ReadAsStringAsync(Ct));
    }

    private Task<HttpResponseMessage> PutAsync(string faults) =>
        _simulator.Http.PutAsync(new Uri("/faults", UriKind.Relative), new StringContent(faults, new MediaTypeHeaderValue("application/json")), Ct);

    private Task<PaymentIntent> CreateAsync() => Intents.CreateAsync(Creating(), cancellationToken: Ct);

    private static PaymentIntentCreateOptions Creating() => new() { Amount = 1999, Currency = "eur", AutomaticPaymentMethods = new() { Enabled = true } };

    private static PaymentIntentConfirmOptions Card(string card = "pm_card_visa") => new() { PaymentMethod = card, ReturnUrl = "http://localhost/return" };

    private RequestOptions Key(string key) => new() { IdempotencyKey = $"{_test}:{key}" };
}
