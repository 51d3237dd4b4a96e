using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Timeout;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>The standard handler on a real connection, against servers that break it in every place.</summary>
public sealed class ResilienceWireTests
{
    private const string Fine = """{"answer":42}""";

    public static TheoryData<string> Breakages =>
    [
        "", // accepts, reads, closes
        "HTTP/1.1 200 O", // closes in the middle of the status line
        "HTTP/1.1 200 OK\r\nContent-Ty", // and of a header
        "\u0000\u0001\u0002 garbage\r\n\r\n",
        "220 mail.example.org ESMTP\r\n", // another service behind the port
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 500 Whatever\r\nContent-Type: text/html\r\nContent-Length: 900\r\n\r\n<html>", // an error cut short is an error all the same
    ];

    [Theory]
    [MemberData(nameof(Breakages))]
    public async Task What_breaks_before_the_answer_is_asked_again(string breakage)
    {
        await using var server = new ScriptedServer(Reply.Raw(breakage), Reply.Raw(breakage), Reply.Json(200, Fine));
        await using var services = Services();

        Assert.Equal(Fine, await Client(services).GetStringAsync(new Uri($"{server.Address}/v1")));
        Assert.Equal(3, server.Calls.Count);
    }

    [Fact]
    public async Task An_answer_cut_short_reaches_the_caller_as_the_network_error_it_is()
    {
        // Its head has arrived, so for the handler it is an answer; the body is read outside.
        await using var server = new ScriptedServer(Reply.Raw("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"answer\":"), Reply.Json(200, Fine));
        await using var services = Services();

        await Assert.ThrowsAsync<HttpRequestException>(() => Client(services).GetStringAsync(new Uri(server.Address)));
        Assert.Single(server.Calls);
    }

    [Fact]
    public async Task A_silent_server_costs_one_attempts_time_and_is_asked_again()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start(); // accepts in the kernel, answers nothing
        await using var services = Services(options =>
        {
            options.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(200);
            options.Retry.MaxRetryAttempts = 2;
        });
        var attempts = 0;
        using var client = Client(services, () => Interlocked.Increment(ref attempts));

        await Assert.ThrowsAsync<TimeoutRejectedException>(() => client.GetAsync(new Uri($"http://{silent.LocalEndpoint}/")));

        Assert.Equal(3, attempts);
    }

    [Fact]
    public async Task A_body_is_sent_again_with_every_attempt()
    {
        await using var server = new ScriptedServer(Reply.Raw(""), Reply.Json(502, ""), Reply.Json(200, Fine));
        await using var services = Services();

        using var answer = await Client(services).PostAsync(new Uri(server.Address), new StringContent("one two"));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(3, server.Calls.Count);
        Assert.All(server.Calls, call => Assert.EndsWith("\r\n\r\none two", call, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Retry_after_is_obeyed_before_the_next_attempt()
    {
        await using var server = new ScriptedServer(Reply.Json(429, "", "Retry-After: 1"), Reply.Json(200, Fine));
        TimeSpan? waited = null;
        await using var services = Services(options => options.Retry.OnRetry = retry =>
        {
            waited = retry.RetryDelay;
            return default;
        });

        Assert.Equal(Fine, await Client(services).GetStringAsync(new Uri(server.Address)));
        Assert.Equal(TimeSpan.FromSeconds(1), waited); // and not the millisecond of the options
    }

    [Fact]
    public async Task What_a_pipeline_does_is_measured()
    {
        var seen = new ConcurrentQueue<(string Name, string? Event, string? Pipeline)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter.Name == "Polly")
                own.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Add(instrument, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, tags));
        listener.Start();
        await using var server = new ScriptedServer(Reply.Json(503, ""), Reply.Json(200, Fine));
        await using var services = Services(name: "measured");

        await Client(services, name: "measured").GetStringAsync(new Uri(server.Address));

        Assert.Equal(
            [
                ("resilience.polly.strategy.attempt.duration", "ExecutionAttempt"), ("resilience.polly.strategy.events", "OnRetry"),
                ("resilience.polly.strategy.attempt.duration", "ExecutionAttempt"), ("resilience.polly.pipeline.duration", "PipelineExecuted"),
            ],
            seen.Where(measurement => measurement is { Pipeline: "measured-standard", Event: not "PipelineExecuting" })
                .Select(measurement => (measurement.Name, measurement.Event!)));

        void Add(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            seen.Enqueue((instrument.Name, Tag(tags, "event.name"), Tag(tags, "pipeline.name")));

        static string? Tag(ReadOnlySpan<KeyValuePair<string, object?>> tags, string name)
        {
            foreach (var (key, value) in tags)
            {
                if (key == name)
                    return (string?)value;
            }

            return null;
        }
    }

    private static ServiceProvider Services(Action<HttpStandardResilienceOptions>? configure = null, string name = "any")
    {
        var services = new ServiceCollection();
        services.AddTransient<Counting>();
        services.AddHttpClient(name)
            .AddStandardResilienceHandler(options =>
            {
                (options.Retry.Delay, options.Retry.BackoffType, options.Retry.UseJitter) = (TimeSpan.FromMilliseconds(1), DelayBackoffType.Constant, false);
                configure?.Invoke(options);
            });
        services.AddHttpClient(name).AddHttpMessageHandler<Counting>();
        return services.BuildServiceProvider();
    }

    private static HttpClient Client(IServiceProvider services, Action? onAttempt = null, string name = "any")
    {
        Counting.OnAttempt.Value = onAttempt;
        return services.GetRequiredService<IHttpClientFactory>().CreateClient(name);
    }

    /// <summary>Inside the resilience handler, so it sees each attempt.</summary>
    private sealed class Counting : DelegatingHandler
    {
        public static readonly AsyncLocal<Action?> OnAttempt = new();

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            OnAttempt.Value?.Invoke();
            return base.SendAsync(request, cancellationToken);
        }
    }
}
