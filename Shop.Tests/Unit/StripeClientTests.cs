using System.Net;
using System.Net.Sockets;
using Shop.Tests.Fixtures;
using Stripe;

namespace Shop.Tests.Unit;

/// <summary>What we rely on in Stripe.net, on the wire and when things break. Holds for the package and for its stand-in.</summary>
public sealed class StripeClientTests
{
    private const string Intent = """{"id":"pi_1","object":"payment_intent","amount":1999,"created":1700000000,"status":"requires_payment_method"}""";

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    [Fact]
    public async Task Options_go_out_in_brackets_with_a_plus_for_a_space()
    {
        await using var server = new ScriptedServer(Reply.Json(200, Intent));
        var options = new PaymentIntentCreateOptions
        {
            Amount = 1999,
            AutomaticPaymentMethods = new() { Enabled = true, AllowRedirects = "never" },
            Confirm = true,
            Currency = "eur",
            Metadata = new() { ["order_id"] = "A&1 ü", ["gone"] = "" },
            OffSession = false,
        };
        options.AddExpand("latest_charge");

        await Intents(server).CreateAsync(options, new RequestOptions { IdempotencyKey = "order:1:create" }, Ct);

        var call = Assert.Single(server.Calls);
        Assert.StartsWith("POST /stripe/v1/payment_intents HTTP/1.1", call, StringComparison.Ordinal);
        Assert.Equal("amount=1999&automatic_payment_methods[allow_redirects]=never&automatic_payment_methods[enabled]=true&confirm=true&currency=eur"
            + "&metadata[order_id]=A%261+%C3%BC&metadata[gone]=&off_session=false&expand[0]=latest_charge", BodyOf(call));
        Assert.Contains("\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n", call, StringComparison.Ordinal);
        Assert.Contains("\r\nAuthorization: Bearer sk_test_1\r\n", call, StringComparison.Ordinal);
        Assert.Contains("\r\nIdempotency-Key: order:1:create\r\n", call, StringComparison.Ordinal);
        Assert.Contains($"\r\nStripe-Version: {StripeConfiguration.ApiVersion}\r\n", call, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_puts_its_options_in_the_address_and_times_in_unix_seconds()
    {
        await using var server = new ScriptedServer(Reply.Json(200, """{"object":"list","data":[],"has_more":false,"url":"/v1/payment_intents"}"""));

        await Intents(server).ListAsync(
            new() { Created = new DateRangeOptions { GreaterThanOrEqual = DateTime.UnixEpoch.AddSeconds(5) }, Limit = 3 }, cancellationToken: Ct);

        var call = Assert.Single(server.Calls);
        Assert.StartsWith("GET /stripe/v1/payment_intents?created[gte]=5&limit=3 HTTP/1.1", call, StringComparison.Ordinal);
        Assert.DoesNotContain("Idempotency-Key", call, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_without_options_still_says_what_it_would_have_sent()
    {
        await using var server = new ScriptedServer(Reply.Json(200, Intent));

        await Intents(server).CancelAsync("pi_1", cancellationToken: Ct);

        var call = Assert.Single(server.Calls);
        Assert.Contains("\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n", call, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Length: 0\r\n", call, StringComparison.Ordinal);
        Assert.Equal("", BodyOf(call));
    }

    [Fact]
    public async Task A_reference_is_an_id_until_it_is_expanded()
    {
        await using var server = new ScriptedServer(Reply.Json(200,
            """{"id":"pi_1","object":"payment_intent","created":1700000000,"latest_charge":{"id":"ch_1","object":"charge","created":1,"amount":5},"payment_method":"pm_1"}"""));

        var intent = await Intents(server).GetAsync("pi_1", cancellationToken: Ct);

        Assert.Equal(("ch_1", 5), (intent.LatestChargeId, intent.LatestCharge.Amount));
        Assert.Equal("pm_1", intent.PaymentMethodId);
        Assert.Null(intent.PaymentMethod);
        Assert.Equal(new DateTime(2023, 11, 14, 22, 13, 20, DateTimeKind.Utc), intent.Created);
    }

    [Fact]
    public async Task All_pages_are_read_one_after_the_other()
    {
        await using var server = new ScriptedServer(
            Reply.Json(200, """{"object":"list","data":[{"id":"pi_2","object":"payment_intent"},{"id":"pi_1","object":"payment_intent"}],"has_more":true}"""),
            Reply.Json(200, """{"object":"list","data":[{"id":"pi_0","object":"payment_intent"}],"has_more":false}"""));
        List<string> ids = [];

        await foreach (var intent in Intents(server).ListAutoPagingAsync(new() { Limit = 2 }, cancellationToken: Ct))
            ids.Add(intent.Id);

        Assert.Equal(["pi_2", "pi_1", "pi_0"], ids);
        Assert.Contains("starting_after=pi_1", server.Calls[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decline_tells_why_and_brings_the_intent_along()
    {
        await using var server = new ScriptedServer(Reply.Json(402, """
            {"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds","advice_code":"try_again_later","message":"Your card has insufficient funds.",
            "charge":"ch_1","payment_intent":{"id":"pi_1","object":"payment_intent","status":"requires_payment_method"}}}
            """, "Request-Id: req_1"));

        var refused = await Assert.ThrowsAsync<StripeException>(() => Intents(server, retries: 2).ConfirmAsync("pi_1", cancellationToken: Ct));

        Assert.Equal(HttpStatusCode.PaymentRequired, refused.HttpStatusCode);
        Assert.Equal(("card_error", "card_declined", "insufficient_funds", "try_again_later"),
            (refused.StripeError.Type, refused.StripeError.Code, refused.StripeError.DeclineCode, refused.StripeError.AdviceCode));
        Assert.Equal("requires_payment_method", refused.StripeError.PaymentIntent.Status);
        Assert.Equal("req_1", refused.StripeResponse.RequestId);
        Assert.Single(server.Calls);
    }

    [Theory]
    [InlineData(502, "<html><body>Bad gateway</body></html>")]
    [InlineData(500, "")]
    [InlineData(200, "<html>captive portal</html>")]
    [InlineData(200, """{"id":"pi_1","object":"paym""")]
    public async Task What_is_no_answer_of_Stripes_has_no_Stripe_error(int status, string body)
    {
        await using var server = new ScriptedServer(Reply.Json(status, body));

        var failure = await Assert.ThrowsAsync<StripeException>(() => Intents(server).GetAsync("pi_1", cancellationToken: Ct));

        Assert.Null(failure.StripeError);
        Assert.Equal((HttpStatusCode)status, failure.HttpStatusCode);
    }

    [Fact]
    public async Task A_connection_closed_in_the_middle_of_the_answer_is_a_network_error()
    {
        await using var server = new ScriptedServer(Reply.Raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"id\":"));

        await Assert.ThrowsAsync<HttpRequestException>(() => Intents(server).ConfirmAsync("pi_1", cancellationToken: Ct));
    }

    [Fact]
    public async Task A_connection_closed_without_any_answer_is_a_network_error()
    {
        await using var server = new ScriptedServer(Reply.Raw(""));

        await Assert.ThrowsAsync<HttpRequestException>(() => Intents(server).ConfirmAsync("pi_1", cancellationToken: Ct));
    }

    [Fact]
    public async Task A_refused_connection_says_that_nothing_was_sent()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var refused = await Assert.ThrowsAsync<HttpRequestException>(
            () => Intents($"http://127.0.0.1:{port}/stripe").ConfirmAsync("pi_1", cancellationToken: Ct));

        Assert.Equal(HttpRequestError.ConnectionError, refused.HttpRequestError);
    }

    [Fact]
    public async Task Silence_is_a_canceled_task_with_a_timeout_inside()
    {
        await using var server = new ScriptedServer(Reply.Never);

        var late = await Assert.ThrowsAsync<TaskCanceledException>(
            () => Intents(server, timeout: TimeSpan.FromMilliseconds(200)).ConfirmAsync("pi_1", cancellationToken: Ct));

        Assert.IsType<TimeoutException>(late.InnerException);
    }

    [Fact]
    public async Task A_caller_who_gives_up_is_told_by_its_own_token()
    {
        await using var server = new ScriptedServer(Reply.Never);
        using var giveUp = new CancellationTokenSource();
        var confirm = Intents(server, retries: 2).ConfirmAsync("pi_1", cancellationToken: giveUp.Token);
        await server.FirstCall.WaitAsync(Ct);

        await giveUp.CancelAsync();

        var canceled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => confirm);

        Assert.Equal(giveUp.Token, canceled.CancellationToken);
        Assert.Single(server.Calls);
    }

    [Fact]
    public async Task A_retry_carries_the_key_of_the_first_try_and_the_next_call_another()
    {
        await using var server = new ScriptedServer(Reply.Json(500, "{}"), Reply.Raw(""), Reply.Json(200, Intent), Reply.Json(200, Intent));
        var intents = Intents(server, retries: 2);

        await intents.CreateAsync(new() { Amount = 1999, Currency = "eur" }, cancellationToken: Ct);
        await intents.CreateAsync(new() { Amount = 1999, Currency = "eur" }, cancellationToken: Ct);

        var keys = server.Calls.Select(c => ScriptedServer.Header(c, "Idempotency-Key")).ToArray();
        Assert.Equal(4, keys.Length);
        Assert.Single(keys[..3].Distinct());
        Assert.NotEqual(keys[0], keys[3]);
    }

    [Theory]
    [InlineData(409, null, 2)]
    [InlineData(503, null, 2)]
    [InlineData(500, "false", 1)]
    [InlineData(429, null, 1)]
    [InlineData(429, "true", 2)]
    [InlineData(400, null, 1)]
    public async Task Only_what_may_help_is_tried_again(int status, string? shouldRetry, int calls)
    {
        var refusal = Reply.Json(status, """{"error":{"type":"api_error","message":"no"}}""", shouldRetry is null ? [] : [$"Stripe-Should-Retry: {shouldRetry}"]);
        await using var server = new ScriptedServer(refusal, refusal, refusal);

        await Assert.ThrowsAsync<StripeException>(() => Intents(server, retries: 1).GetAsync("pi_1", cancellationToken: Ct));

        Assert.Equal(calls, server.Calls.Count);
    }

    [Fact]
    public async Task A_client_without_a_key_fails_before_it_sends_anything()
    {
        await using var server = new ScriptedServer();

        await Assert.ThrowsAsync<StripeException>(() => new PaymentIntentService(new StripeClient(apiBase: server.Address)).GetAsync("pi_1", cancellationToken: Ct));

        Assert.Throws<ArgumentException>(() => new StripeClient(""));
        Assert.Throws<ArgumentException>(() => new StripeClient("sk_test_1\n"));
        Assert.Empty(server.Calls);
    }

    private static PaymentIntentService Intents(ScriptedServer server, int retries = 0, TimeSpan? timeout = null) =>
        Intents(server.Address, retries, timeout);

    private static PaymentIntentService Intents(string address, int retries = 0, TimeSpan? timeout = null) => new(new StripeClient(
        "sk_test_1", apiBase: address, httpClient: new SystemNetHttpClient(
            new HttpClient { Timeout = timeout ?? TimeSpan.FromSeconds(10) }, maxNetworkRetries: retries, enableTelemetry: false)));

    private static string BodyOf(string call) => call[(call.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..];
}
