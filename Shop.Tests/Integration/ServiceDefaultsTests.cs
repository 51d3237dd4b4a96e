using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Shop.ServiceDefaults;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class ServiceDefaultsTests
{
    private const string Secret = "the cook's secret";

    [Fact]
    public async Task A_service_without_dependencies_is_alive_and_ready()
    {
        await using var service = await Service.StartAsync();

        Assert.Equal("Healthy", await service.Client.GetStringAsync("/alive"));
        Assert.Equal("Healthy", await service.Client.GetStringAsync("/ready"));
        using var head = await service.Client.SendAsync(new(HttpMethod.Head, "/alive"));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
    }

    [Fact]
    public async Task However_many_ask_the_checks_run_once_in_five_seconds()
    {
        var clock = new SteppedClock();
        var runs = 0;
        await using var service = await Service.StartAsync(builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(clock);
            builder.Services.AddHealthChecks().AddAsyncCheck(
                "database",
                async () =>
                {
                    Interlocked.Increment(ref runs);
                    await Task.Yield();
                    return HealthCheckResult.Healthy();
                },
                [Health.Ready]);
        });

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => service.Client.GetStringAsync("/ready")));
        Assert.Equal(1, runs);
        clock.Step(TimeSpan.FromSeconds(4));
        await service.Client.GetStringAsync("/ready");
        Assert.Equal(1, runs);
        clock.Step(TimeSpan.FromSeconds(1));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => service.Client.GetStringAsync("/ready")));
        Assert.Equal(2, runs);
    }

    [Fact]
    public async Task A_failed_check_takes_the_service_out_and_tells_strangers_nothing()
    {
        await using var service = await Service.StartAsync(AddFailingDatabase);

        using var ready = await service.Client.GetAsync("/ready");
        using var alive = await service.Client.GetAsync("/alive");

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), (ready.StatusCode, await ready.Content.ReadAsStringAsync()));
        Assert.Equal(HttpStatusCode.OK, alive.StatusCode); // restarting it would not bring the database back
    }

    [Fact]
    public async Task A_developer_is_told_which_check_failed()
    {
        await using var service = await Service.StartAsync(AddFailingDatabase, environment: "Development");

        using var ready = await service.Client.GetAsync("/ready");

        Assert.Contains(Secret, JsonDocument.Parse(await ready.Content.ReadAsStringAsync())
            .RootElement.GetProperty("checks").GetProperty("database").GetProperty("error").GetString()!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, HttpStatusCode.OK)]
    [InlineData(true, HttpStatusCode.ServiceUnavailable)]
    public async Task A_cache_that_is_down_matters_only_where_it_is_required(bool isRequired, HttpStatusCode expected)
    {
        await using var service = await Service.StartAsync(builder =>
        {
            builder.Services.AddHealthChecks().AddCheck("cache", () => HealthCheckResult.Unhealthy());
            if (isRequired)
                builder.RequireForReadiness("cache");
        });

        using var ready = await service.Client.GetAsync("/ready");

        Assert.Equal(expected, ready.StatusCode);
    }

    [Fact]
    public async Task A_check_that_hangs_is_a_failed_one_and_is_not_started_twice()
    {
        var runs = 0;
        await using var service = await Service.StartAsync(builder =>
        {
            builder.Services.AddSingleton<TimeProvider>(new FastClock());
            builder.Services.AddHealthChecks().AddAsyncCheck(
                "deaf",
                async () =>
                {
                    Interlocked.Increment(ref runs);
                    await Task.Delay(Timeout.Infinite);
                    return HealthCheckResult.Healthy();
                },
                [Health.Ready]);
        });

        for (var i = 0; i < 3; i++)
        {
            using var ready = await service.Client.GetAsync("/ready");
            Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        }

        Assert.Equal(1, runs);
    }

    [Theory]
    [InlineData("GET", "/nowhere", 404, "not_found")]
    [InlineData("DELETE", "/things", 405, "method_not_allowed")]
    [InlineData("POST", "/things", 415, "unsupported_media_type")]
    [InlineData("GET", "/missing", 404, "not_found")]
    [InlineData("GET", "/boom/7", 500, "internal_error")]
    [InlineData("GET", "/invalid", 400, "validation_failed")]
    [InlineData("GET", "/refused", 409, "out_of_stock")]
    public async Task Every_error_is_a_problem_with_a_reason_and_a_reference(string method, string path, int status, string reason)
    {
        foreach (var (environment, accept) in new[] { ("Production", "*/*"), ("Production", "text/html"), ("Development", "text/html") })
        {
            await using var service = await Service.StartAsync(environment: environment);
            using var request = new HttpRequestMessage(new(method), path);
            request.Headers.Accept.ParseAdd(accept);
            if (method == "POST")
                request.Content = new StringContent("not JSON");

            using var response = await service.Client.SendAsync(request);

            var body = await response.Content.ReadAsStringAsync();
            var problem = JsonDocument.Parse(body).RootElement;
            Assert.Equal(("application/problem+json", status), (response.Content.Headers.ContentType?.MediaType, (int)response.StatusCode));
            Assert.Equal((status, reason), (problem.GetProperty("status").GetInt32(), problem.GetProperty("reason").GetString()));
            Assert.True(Reference.TryParse(problem.GetProperty("reference").GetString(), out _));
            Assert.Equal("about:blank", problem.GetProperty("type").GetString());
            Assert.DoesNotContain(Secret, body, StringComparison.Ordinal);
            Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task Input_that_cannot_be_read_is_the_clients_mistake(string environment)
    {
        await using var service = await Service.StartAsync(environment: environment);

        using var broken = await service.Client.PostAsync("/things", new StringContent("{oops", Encoding.UTF8, "application/json"));
        // Asks first: a server that refuses closes the connection, and whoever still writes to it then never reads why.
        using var tooMuch = new HttpRequestMessage(HttpMethod.Post, "/things")
        {
            Content = new StringContent(new string('x', 1100 * 1024), Encoding.UTF8, "application/json"), Headers = { ExpectContinue = true },
        };
        using var large = await service.Client.SendAsync(tooMuch);

        Assert.Equal((HttpStatusCode.BadRequest, "bad_request"), (broken.StatusCode, await ReasonAsync(broken)));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "too_large"), (large.StatusCode, await ReasonAsync(large)));
        Assert.DoesNotContain(service.Logs, line => line.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task A_refusal_says_what_the_endpoint_says()
    {
        await using var service = await Service.StartAsync();

        var problem = await (await service.Client.GetAsync("/refused")).Content.ReadFromJsonAsync<JsonElement>();

        Assert.Equal("Not enough mugs.", problem.GetProperty("detail").GetString());
        Assert.Equal("Conflict", problem.GetProperty("title").GetString());
        Assert.Equal(7, problem.GetProperty("order").GetInt32());
    }

    [Theory]
    [InlineData("Production")]
    [InlineData("Development")]
    public async Task An_unhandled_exception_is_logged_once_with_the_reference_that_the_client_got(string environment)
    {
        await using var service = await Service.StartAsync(environment: environment);

        using var response = await service.Client.GetAsync("/boom/7");

        var reference = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reference").GetString()!;
        var line = Assert.Single(service.Logs, line => line.Exception is not null || line.Level >= LogLevel.Error);
        Assert.Equal(101, line.Event);
        Assert.Contains(reference, line.Text, StringComparison.Ordinal);
        Assert.Contains("/boom/{id}", line.Text, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(line.Exception);
    }

    [Fact]
    public async Task The_hosts_own_exception_handler_comes_first()
    {
        await using var service = await Service.StartAsync(builder => builder.Services.AddExceptionHandler<Teapot>());

        using var response = await service.Client.GetAsync("/boom/7");

        Assert.Equal(418, (int)response.StatusCode);
        Assert.DoesNotContain(service.Logs, line => line.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task A_client_that_hangs_up_is_not_an_error()
    {
        await using var service = await Service.StartAsync();
        using var impatient = new CancellationTokenSource();
        var call = service.Client.GetAsync("/slow", impatient.Token);
        await service.Entered.Task.WaitAsync(TimeSpan.FromSeconds(10));

        await impatient.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        var line = await service.LogAsync(line => line.Event == 100);
        Assert.Contains("answered 499", line.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(service.Logs, line => line.Level >= LogLevel.Error);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_does_not_look_whole()
    {
        await using var service = await Service.StartAsync();

        await Assert.ThrowsAsync<HttpRequestException>(() => service.Client.GetStringAsync("/half"));

        Assert.Equal(101, Assert.Single(service.Logs, line => line.Level >= LogLevel.Error).Event);
    }

    [Fact]
    public async Task A_request_leaves_one_line_with_the_route_and_not_the_path()
    {
        await using var service = await Service.StartAsync();

        await service.Client.GetAsync("/missing?email=a@example.org");
        await service.Client.GetAsync("/boom/7");
        await service.Client.GetAsync("/alive");
        await service.Client.GetAsync("/ready");

        var lines = service.Logs.Where(line => line.Event == 100).Select(line => line.Text).ToArray();
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("GET /missing answered 404 in ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("GET /boom/{id} answered 500 in ", lines[1], StringComparison.Ordinal);
        Assert.DoesNotContain(service.Logs, line => line.Text.Contains("example.org", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, "127.0.0.1 http")]
    [InlineData(true, "203.0.113.9 https")]
    public async Task Forwarded_headers_count_only_where_a_proxy_is_declared(bool isDeclared, string seen)
    {
        await using var service = await Service.StartAsync(args: isDeclared ? ["--ForwardedHeaders_Enabled=true"] : []);
        service.Client.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.9");
        service.Client.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");

        Assert.Equal(seen, await service.Client.GetStringAsync("/who"));
    }

    [Theory]
    [InlineData("1", "", "203.0.113.9")] // what stands left of it the shopper wrote
    [InlineData("2", "", "198.51.100.7")] // two proxies of ours
    [InlineData("1", "10.0.0.0/8", "127.0.0.1")] // the caller is none of the proxies
    [InlineData("1", "127.0.0.0/8", "203.0.113.9")]
    public async Task Only_what_our_own_proxies_wrote_is_believed(string proxies, string network, string seen)
    {
        string[] networks = network is "" ? [] : [$"--ForwardedHeaders:Networks:0={network}"];
        await using var service = await Service.StartAsync(args: ["--ForwardedHeaders_Enabled=true", $"--ForwardedHeaders:Proxies={proxies}", .. networks]);
        service.Client.DefaultRequestHeaders.Add("X-Forwarded-For", "6.6.6.6, 198.51.100.7, 203.0.113.9");

        Assert.Equal($"{seen} http", await service.Client.GetStringAsync("/who"));
    }

    [Fact]
    public async Task No_address_of_a_visitor_is_logged()
    {
        await using var service = await Service.StartAsync(args: ["--ForwardedHeaders_Enabled=true"]);
        service.Client.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.9");

        await service.Client.GetAsync("/missing");
        await service.Client.GetAsync("/boom/7");

        Assert.Contains(service.Logs, line => line.Event == 101);
        Assert.DoesNotContain(service.Logs, line => line.Text.Contains("203.0.113.9", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_server_does_not_advertise_itself()
    {
        await using var service = await Service.StartAsync();

        using var response = await service.Client.GetAsync("/alive");

        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public void Logs_are_JSON_outside_Development_unless_somebody_says_otherwise()
    {
        Assert.Equal("json", Formatter("Production"));
        Assert.Null(Formatter("Development"));
        Assert.Equal("simple", Formatter("Production", "--Logging:Console:FormatterName=simple"));

        static string? Formatter(string environment, params string[] args)
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, Args = args });
            return builder.AddServiceDefaults().Configuration["Logging:Console:FormatterName"];
        }
    }

    [Theory]
    [InlineData("GET", false, 2)]
    [InlineData("POST", false, 1)]
    [InlineData("PUT", false, 1)]
    [InlineData("PATCH", false, 1)]
    [InlineData("DELETE", false, 1)]
    [InlineData("POST", true, 2)]
    [InlineData("PATCH", true, 2)]
    public async Task Only_what_may_be_repeated_is_repeated(string method, bool hasKey, int calls)
    {
        await using var service = await Service.StartAsync();
        using var request = new HttpRequestMessage(new(method), $"{service.Client.BaseAddress}busy") { Content = new StringContent("body") };
        if (hasKey)
            request.Headers.Add(HttpClients.IdempotencyKey, "k1");

        using var response = await service.Quick.SendAsync(request);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(calls, service.Calls);
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task A_connection_lost_after_sending_proves_nothing_so_only_a_key_allows_another_try(bool hasKey, int calls)
    {
        var connections = 0;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(async () =>
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync();
                Interlocked.Increment(ref connections);
                await client.GetStream().ReadAtLeastAsync(new byte[16], 16); // takes the request, and is gone
            }
        });
        await using var service = await Service.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{listener.LocalEndpoint}/pay") { Content = new StringContent("x") };
        if (hasKey)
            request.Headers.Add(HttpClients.IdempotencyKey, "k1");

        await Assert.ThrowsAsync<HttpRequestException>(() => service.Quick.SendAsync(request));

        Assert.Equal(calls, connections);
        listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => serving);
    }

    [Theory]
    [InlineData("quick", "GET")]
    [InlineData("quick", "POST")] // without a key: what could not be sent is not sent twice
    [InlineData("", "GET")]
    public async Task While_one_of_two_endpoints_is_gone_the_other_answers_everybody(string client, string method)
    {
        await using var service = await Service.StartAsync();
        service.App.Configuration["Services:twins:http:0"] = $"http://127.0.0.1:{PostgresServer.FreePort()}";
        service.App.Configuration["Services:twins:http:1"] = service.Client.BaseAddress!.ToString();
        using var http = service.App.Services.GetRequiredService<IHttpClientFactory>().CreateClient(client);

        // More than the breaker needs to open: half of these meet nobody at first, and that is no failure of the service.
        for (var round = 0; round < 15; round++)
        {
            await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
            {
                using var request = new HttpRequestMessage(new(method), "http://twins/mirror");
                using var response = await http.SendAsync(request);
                Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            }));
        }
    }

    [Fact]
    public async Task A_second_attempt_goes_to_the_other_endpoint_even_if_many_take_turns()
    {
        await using var ill = await Service.StartAsync(map: app => app.MapGet("/turn", () => TypedResults.StatusCode(503)));
        await using var well = await Service.StartAsync(map: app => app.MapGet("/turn", () => "well"));
        well.App.Configuration["Services:twins:http:0"] = ill.Client.BaseAddress!.ToString();
        well.App.Configuration["Services:twins:http:1"] = well.Client.BaseAddress!.ToString();
        var http = well.Quick;

        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => http.GetStringAsync("http://twins/turn")));

        Assert.All(answers, answer => Assert.Equal("well", answer));
    }

    [Fact]
    public async Task Where_nobody_is_there_it_says_so_and_does_not_search_for_ever()
    {
        await using var service = await Service.StartAsync();
        service.App.Configuration["Services:twins:http:0"] = $"http://127.0.0.1:{PostgresServer.FreePort()}";
        service.App.Configuration["Services:twins:http:1"] = $"http://127.0.0.1:{PostgresServer.FreePort()}";

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => service.Quick.GetStringAsync("http://twins/who"));

        Assert.Equal(HttpRequestError.ConnectionError, refused.HttpRequestError);
    }

    [Fact]
    public async Task Too_many_requests_is_an_answer_that_is_neither_repeated_nor_held_against_the_service()
    {
        var calls = 0;
        await using var service = await Service.StartAsync(map: app => app.MapGet("/limited", (HttpContext context) =>
        {
            Interlocked.Increment(ref calls);
            context.Response.Headers.RetryAfter = "3600";
            return TypedResults.StatusCode(429);
        }));
        var http = service.Quick;

        for (var i = 0; i < 150; i++) // a breaker needs 100
        {
            using var response = await http.GetAsync(new Uri($"{service.Client.BaseAddress}limited"));
            Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        }

        Assert.Equal(150, calls);
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync(new Uri($"{service.Client.BaseAddress}mirror"))).StatusCode);
    }

    [Fact]
    public async Task A_section_of_the_configuration_overrides_the_defaults_of_clients_without_deadlines()
    {
        await using var service = await Service.StartAsync(
            args: ["--HttpClients:Retry:MaxRetryAttempts=5", "--HttpClients:Retry:Delay=00:00:00.001", "--HttpClients:TotalRequestTimeout:Timeout=00:00:45"]);
        using var plain = service.App.Services.GetRequiredService<IHttpClientFactory>().CreateClient("plain");

        using var response = await plain.GetAsync(new Uri($"{service.Client.BaseAddress}busy"));

        Assert.Equal((6, 46), (service.Calls, plain.Timeout.TotalSeconds));
    }

    [Fact]
    public async Task Told_to_stop_it_is_not_ready_at_once_but_answers_until_the_door_closes()
    {
        await using var service = await Service.StartAsync(args: LongDrain);
        using var before = await service.Client.GetAsync("/ready"); // a fresh "yes" is remembered, and must not be told
        using var end = new CancellationTokenSource();

        var stop = service.App.StopAsync(end.Token);

        await service.LogAsync(line => line.Event == 103);
        using var ready = await service.Client.GetAsync("/ready");
        using var alive = await service.Client.GetAsync("/alive");
        using var other = await service.Client.GetAsync("/mirror");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), (before.StatusCode, ready.StatusCode));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (alive.StatusCode, other.StatusCode));
        Assert.Null(before.Headers.ConnectionClose);
        Assert.All([ready, alive, other], answer => Assert.True(answer.Headers.ConnectionClose));

        await end.CancelAsync();
        await stop;
        var closed = await Assert.ThrowsAsync<HttpRequestException>(() => service.Client.GetAsync("/mirror"));
        Assert.Equal(HttpRequestError.ConnectionError, closed.HttpRequestError);
    }

    [Fact]
    public async Task Told_twice_to_stop_it_drains_as_long_as_told_once()
    {
        await using var service = await Service.StartAsync(args: LongDrain);
        using var end = new CancellationTokenSource();
        var first = service.App.StopAsync(end.Token);
        await service.LogAsync(line => line.Event == 103);

        var second = service.App.StopAsync();

        using var answer = await service.Client.GetAsync("/mirror");
        Assert.Equal((HttpStatusCode.OK, false), (answer.StatusCode, second.IsCompleted));
        await end.CancelAsync();
        await Task.WhenAll(first, second).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_draining_HTTP2_connection_is_left_by_its_client()
    {
        await using var service = await Service.StartAsync(args: [.. LongDrain, "--Kestrel:EndpointDefaults:Protocols=Http2"]);
        (service.Client.DefaultRequestVersion, service.Client.DefaultVersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        var first = await service.Client.GetStringAsync("/connection");
        Assert.Equal(first, await service.Client.GetStringAsync("/connection"));
        using var end = new CancellationTokenSource();

        var stop = service.App.StopAsync(end.Token);

        await service.LogAsync(line => line.Event == 103);
        await Eventually.TrueAsync(
            async () => await service.Client.GetStringAsync("/connection") != first, () => "The client stayed on the connection.");
        await end.CancelAsync();
        await stop;
    }

    [Fact]
    public async Task A_request_that_runs_when_the_door_closes_is_answered()
    {
        await using var service = await Service.StartAsync(args: ["--Timeouts:Drain=00:00:00"]);
        var running = service.Client.GetStringAsync("/gate");
        await service.Entered.Task.WaitAsync(TimeSpan.FromSeconds(10));

        var stop = service.App.StopAsync();
        await Eventually.TrueAsync(async () =>
        {
            using var another = new HttpClient();
            try
            {
                await another.GetAsync(new Uri(service.Client.BaseAddress!, "/mirror"));
                return false;
            }
            catch (HttpRequestException)
            {
                return true; // nobody else gets in
            }
        }, () => "The door never closed.");
        service.Gate.SetResult();

        Assert.Equal("through", await running);
        await stop;
    }

    private static readonly string[] LongDrain = ["--Timeouts:Drain=00:01:00", "--Timeouts:Shutdown=00:02:00", "--Timeouts:Kill=00:03:00"];

    [Fact]
    public async Task A_body_that_never_ends_is_given_up_too()
    {
        await using var service = await Service.StartAsync();

        // The headers come at once, so no timeout of the pipeline sees anything wrong.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => service.Quick.GetStringAsync($"{service.Client.BaseAddress}endless").WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private static void AddFailingDatabase(WebApplicationBuilder builder) => builder.Services.AddHealthChecks()
        .AddCheck("database", () => throw new InvalidOperationException(Secret), [Health.Ready]);

    private static async Task<string?> ReasonAsync(HttpResponseMessage response) =>
        (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("reason").GetString();

    internal sealed record Thing(string Name);

    internal sealed record LogLine(LogLevel Level, int Event, string Category, string Text, Exception? Exception);

    /// <summary>A real host on a real port, with the endpoints that the tests are about.</summary>
    internal sealed class Service : IAsyncDisposable, ILoggerProvider
    {
        private int _calls;

        public WebApplication App { get; private set; } = null!;

        /// <summary>Without a trace of its own: a stranger.</summary>
        public HttpClient Client { get; } = new(new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null, Expect100ContinueTimeout = TimeSpan.FromMinutes(1),
        });

        /// <summary>Out of the service's own factory, with short deadlines.</summary>
        public HttpClient Quick => App.Services.GetRequiredService<IHttpClientFactory>().CreateClient("quick");

        public int Calls => _calls;

        public TaskCompletionSource Entered { get; } = new();

        public TaskCompletionSource Gate { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ConcurrentQueue<LogLine> Logs { get; } = new();

        public static async Task<Service> StartAsync(
            Action<WebApplicationBuilder>? configure = null, string environment = "Production", string[]? args = null, Action<WebApplication>? map = null)
        {
            var service = new Service();
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions
            {
                EnvironmentName = environment, Args = ["--Timeouts:Drain=00:00:00", .. args ?? []], // nothing balances the load of a test
            });
            configure?.Invoke(builder);
            builder.AddServiceDefaults();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.ClearProviders().AddProvider(service);
            builder.Services.AddValidation();
            builder.Services.AddHttpClient("quick").WithDeadlines(attempt: _ => TimeSpan.FromSeconds(4), total: _ => TimeSpan.FromSeconds(5));
            service.App = builder.Build();
            service.App.MapDefaultEndpoints();
            service.MapEndpoints();
            map?.Invoke(service.App);
            await service.App.StartAsync();
            service.Client.BaseAddress = new(service.App.Urls.Single());
            return service;
        }

        public async Task<LogLine> LogAsync(Predicate<LogLine> which)
        {
            for (var i = 0; i < 500; i++)
            {
                if (Logs.FirstOrDefault(line => which(line)) is { } line)
                    return line;
                await Task.Delay(20);
            }

            throw new TimeoutException("No such line was logged.");
        }

        public async ValueTask DisposeAsync()
        {
            Client.Dispose();
            await App.StopAsync();
            await App.DisposeAsync();
        }

        public ILogger CreateLogger(string categoryName) => new Collector(this, categoryName);

        public void Dispose()
        {
        }

        private void MapEndpoints()
        {
            App.MapPost("/things", (Thing thing) => thing);
            App.MapGet("/missing", () => TypedResults.NotFound());
            App.MapGet("/boom/{id}", string (string id) => throw new InvalidOperationException($"{Secret} {id}"));
            App.MapGet("/invalid", () => TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["name"] = ["is missing"] }));
            App.MapGet("/refused", () => Problems.Refuse(
                StatusCodes.Status409Conflict, "out_of_stock", "Not enough mugs.", new Dictionary<string, object?> { ["order"] = 7 }));
            App.MapGet("/who", (HttpContext context) => $"{context.Connection.RemoteIpAddress} {context.Request.Scheme}");
            App.MapMethods("/mirror", ["GET", "POST"], () => "mirror");
            App.MapGet("/connection", (HttpContext context) => context.Connection.Id);
            App.MapGet("/gate", async () =>
            {
                Entered.SetResult();
                await Gate.Task;
                return "through";
            });
            App.MapGet("/slow", async (CancellationToken ct) =>
            {
                Entered.SetResult();
                await Task.Delay(Timeout.Infinite, ct);
            });
            App.MapGet("/half", async (HttpContext context) =>
            {
                context.Response.ContentLength = 10;
                await context.Response.WriteAsync("half");
                await context.Response.Body.FlushAsync();
                throw new InvalidOperationException(Secret);
            });
            App.MapGet("/endless", async (HttpContext context, CancellationToken ct) =>
            {
                await context.Response.WriteAsync("and then", ct);
                await context.Response.Body.FlushAsync(ct);
                await Task.Delay(Timeout.Infinite, ct);
            });
            App.MapMethods("/busy", ["GET", "POST", "PUT", "PATCH", "DELETE"], () =>
            {
                Interlocked.Increment(ref _calls);
                return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
            });
        }

        private sealed class Collector(Service service, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                service.Logs.Enqueue(new(logLevel, eventId.Id, category, formatter(state, exception), exception));
        }
    }

    private sealed class Teapot : IExceptionHandler
    {
        public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
        {
            httpContext.Response.StatusCode = StatusCodes.Status418ImATeapot;
            return new(true);
        }
    }

    private sealed class SteppedClock : TimeProvider
    {
        private long _steps;

        public void Step(TimeSpan by) => Interlocked.Add(ref _steps, by.Ticks);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _steps);
    }

    /// <summary>A hundred times as fast.</summary>
    private sealed class FastClock : TimeProvider
    {
        public override long TimestampFrequency => System.TimestampFrequency / 100;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / 100 : dueTime, period);
    }
}
