using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.RateLimiting;
using Polly.Retry;
using Polly.Timeout;

namespace Shop.Tests.Unit;

public sealed class ResilienceTests
{
    [Fact]
    public void The_defaults_are_those_that_the_package_documents()
    {
        var options = new HttpStandardResilienceOptions();

        Assert.Equal((1000, 0), (options.RateLimiter.DefaultRateLimiterOptions.PermitLimit, options.RateLimiter.DefaultRateLimiterOptions.QueueLimit));
        Assert.Equal(TimeSpan.FromSeconds(30), options.TotalRequestTimeout.Timeout);
        Assert.Equal((3, TimeSpan.FromSeconds(2)), (options.Retry.MaxRetryAttempts, options.Retry.Delay));
        Assert.Equal((DelayBackoffType.Exponential, true, true), (options.Retry.BackoffType, options.Retry.UseJitter, options.Retry.ShouldRetryAfterHeader));
        Assert.Equal((0.1, 100), (options.CircuitBreaker.FailureRatio, options.CircuitBreaker.MinimumThroughput));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(5)), (options.CircuitBreaker.SamplingDuration, options.CircuitBreaker.BreakDuration));
        Assert.Equal(TimeSpan.FromSeconds(10), options.AttemptTimeout.Timeout);
        Assert.Equal("Standard-Retry", options.Retry.Name);
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError, true)]
    [InlineData(HttpStatusCode.ServiceUnavailable, true)]
    [InlineData(HttpStatusCode.RequestTimeout, true)]
    [InlineData(HttpStatusCode.TooManyRequests, true)]
    [InlineData(HttpStatusCode.OK, false)]
    [InlineData(HttpStatusCode.Conflict, false)]
    [InlineData(HttpStatusCode.NotFound, false)]
    public void Only_what_may_pass_is_transient(HttpStatusCode status, bool isTransient)
    {
        using var response = new HttpResponseMessage(status);

        Assert.Equal(isTransient, HttpClientResiliencePredicates.IsTransient(Outcome.FromResult(response)));
    }

    [Fact]
    public void A_cancelled_request_is_not_transient()
    {
        Assert.False(HttpClientResiliencePredicates.IsTransient(Outcome.FromException<HttpResponseMessage>(new TaskCanceledException())));
        Assert.True(HttpClientResiliencePredicates.IsTransient(Outcome.FromException<HttpResponseMessage>(new HttpRequestException())));
        Assert.True(HttpClientResiliencePredicates.IsTransient(Outcome.FromException<HttpResponseMessage>(new TimeoutRejectedException())));
    }

    [Fact]
    public async Task A_failing_server_is_asked_four_times()
    {
        var server = new Server(_ => new(HttpStatusCode.ServiceUnavailable));
        await using var services = Services(server, Quick);

        using var response = await Client(services).GetAsync("http://a/");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal(4, server.Calls);
    }

    [Fact]
    public async Task A_server_that_recovers_is_not_asked_again()
    {
        var server = new Server(call => new(call < 3 ? HttpStatusCode.BadGateway : HttpStatusCode.OK));
        await using var services = Services(server, Quick);

        using var response = await Client(services).GetAsync("http://a/");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(3, server.Calls);
    }

    [Fact]
    public async Task The_server_may_say_when_to_come_back()
    {
        var retry = new HttpRetryStrategyOptions();
        using var busy = new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Headers = { RetryAfter = new(TimeSpan.FromSeconds(7)) } };
        using var silent = new HttpResponseMessage(HttpStatusCode.TooManyRequests);

        Assert.Equal(TimeSpan.FromSeconds(7), await Delay(busy));
        Assert.Null(await Delay(silent)); // the strategy's own then

        retry.ShouldRetryAfterHeader = false;
        Assert.Null(retry.DelayGenerator);

        async Task<TimeSpan?> Delay(HttpResponseMessage response) =>
            await retry.DelayGenerator!(new RetryDelayGeneratorArguments<HttpResponseMessage>(ResilienceContextPool.Shared.Get(), Outcome.FromResult(response), 0));
    }

    [Fact]
    public async Task A_server_that_never_answers_is_given_up()
    {
        var server = new Server(hangs: true);
        await using var services = Services(server, options =>
        {
            Quick(options);
            options.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(20);
        });

        await Assert.ThrowsAsync<TimeoutRejectedException>(() => Client(services).GetAsync("http://a/"));

        Assert.Equal(4, server.Calls);
    }

    [Fact]
    public async Task The_total_time_bounds_all_attempts()
    {
        var server = new Server(hangs: true);
        await using var services = Services(server, options =>
        {
            Quick(options);
            options.AttemptTimeout.Timeout = TimeSpan.FromMilliseconds(200);
            options.TotalRequestTimeout.Timeout = TimeSpan.FromMilliseconds(300);
            options.Retry.MaxRetryAttempts = 100;
        });

        await Assert.ThrowsAsync<TimeoutRejectedException>(() => Client(services).GetAsync("http://a/"));

        Assert.InRange(server.Calls, 1, 3);
    }

    [Fact]
    public async Task The_breaker_of_one_host_leaves_the_others_alone()
    {
        var server = new Server(call => new(HttpStatusCode.InternalServerError));
        await using var services = Services(
            server,
            options =>
            {
                Quick(options);
                options.Retry.ShouldHandle = _ => PredicateResult.False();
                options.CircuitBreaker.MinimumThroughput = 2;
                options.CircuitBreaker.FailureRatio = 0.5;
            },
            standard => standard.SelectPipelineByAuthority());
        var client = Client(services);

        for (var i = 0; i < 2; i++)
            (await client.GetAsync("http://dead/")).Dispose();
        await Assert.ThrowsAsync<BrokenCircuitException>(() => client.GetAsync("http://dead/"));
        using var other = await client.GetAsync("http://alive/");

        Assert.Equal(HttpStatusCode.InternalServerError, other.StatusCode);
        Assert.Equal(3, server.Calls);
    }

    [Fact]
    public async Task More_than_the_limiter_allows_is_rejected_at_once()
    {
        var server = new Server(hangs: true);
        await using var services = Services(server, options =>
        {
            options.RateLimiter.DefaultRateLimiterOptions.PermitLimit = 1;
            options.Retry.ShouldHandle = _ => PredicateResult.False();
        });
        var client = Client(services);
        using var stop = new CancellationTokenSource();
        var first = client.GetAsync("http://a/", stop.Token);

        await Assert.ThrowsAsync<RateLimiterRejectedException>(() => client.GetAsync("http://a/"));

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    [Fact]
    public async Task Unsafe_methods_can_be_left_out_even_when_the_connection_broke()
    {
        var server = new Server(_ => throw new HttpRequestException("reset"));
        await using var services = Services(server, options =>
        {
            Quick(options);
#pragma warning disable EXTEXP0001
            options.Retry.DisableForUnsafeHttpMethods();
#pragma warning restore EXTEXP0001
        });
        var client = Client(services);

        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync("http://a/", null));
        Assert.Equal(1, server.Calls);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("http://a/"));
        Assert.Equal(5, server.Calls);
    }

    [Fact]
    public async Task A_client_can_take_the_defaults_back()
    {
        var server = new Server(_ => new(HttpStatusCode.ServiceUnavailable));
        var collection = new ServiceCollection();
        collection.ConfigureHttpClientDefaults(http => http.ConfigurePrimaryHttpMessageHandler(() => server).AddStandardResilienceHandler(Quick));
#pragma warning disable EXTEXP0001
        collection.AddHttpClient("bare").RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
        await using var services = collection.BuildServiceProvider();

        (await services.GetRequiredService<IHttpClientFactory>().CreateClient("bare").GetAsync("http://a/")).Dispose();

        Assert.Equal(1, server.Calls);
    }

    [Fact]
    public async Task A_pipeline_of_ones_own_stands_around_the_request()
    {
        var server = new Server(call => new(call == 1 ? HttpStatusCode.Conflict : HttpStatusCode.OK));
        var collection = new ServiceCollection();
        collection.AddHttpClient("own").ConfigurePrimaryHttpMessageHandler(() => server).AddResilienceHandler("conflicts", pipeline => pipeline.AddRetry(new()
        {
            Delay = TimeSpan.Zero,
            ShouldHandle = new PredicateBuilder<HttpResponseMessage>().HandleResult(r => r.StatusCode == HttpStatusCode.Conflict),
        }));
        await using var services = collection.BuildServiceProvider();

        using var response = await services.GetRequiredService<IHttpClientFactory>().CreateClient("own").GetAsync("http://a/");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("AttemptTimeout:Timeout", "00:00:40", "greater timeout")]
    [InlineData("CircuitBreaker:SamplingDuration", "00:00:10", "sampling duration")]
    [InlineData("Retry:Delay", "00:00:20", "cumulative delay")]
    [InlineData("Retry:MaxRetryAttempts", "0", "MaxRetryAttempts")]
    public async Task Options_that_contradict_each_other_are_refused(string key, string value, string complaint)
    {
        await using var services = Services(new Server(_ => new()), key, value);

        var refused = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Contains(complaint, refused.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_setting_that_does_not_exist_is_refused()
    {
        await using var services = Services(new Server(_ => new()), "Retry:Dellay", "00:00:01");

        Assert.Throws<InvalidOperationException>(() => services.GetRequiredService<IStartupValidator>().Validate());
    }

    [Fact]
    public async Task Settings_are_read_from_a_section_and_followed_when_they_change()
    {
        var server = new Server(_ => new(HttpStatusCode.ServiceUnavailable));
        await using var services = Services(server, "Retry:MaxRetryAttempts", "1");
        var client = Client(services);
        (await client.GetAsync("http://a/")).Dispose();
        Assert.Equal(2, server.Calls);

        var configuration = (IConfigurationRoot)services.GetRequiredService<IConfiguration>();
        configuration["Http:Retry:MaxRetryAttempts"] = "2";
        configuration.Reload();
        (await client.GetAsync("http://a/")).Dispose();

        Assert.Equal(2 + 3, server.Calls);
    }

    private static void Quick(HttpStandardResilienceOptions options)
    {
        options.Retry.Delay = TimeSpan.FromMilliseconds(1);
        options.Retry.BackoffType = DelayBackoffType.Constant;
        options.Retry.UseJitter = false;
    }

    private static HttpClient Client(IServiceProvider services) => services.GetRequiredService<IHttpClientFactory>().CreateClient("any");

    private static ServiceProvider Services(
        Server server, Action<HttpStandardResilienceOptions> configure, Action<IHttpStandardResiliencePipelineBuilder>? and = null)
    {
        var services = new ServiceCollection();
        var standard = services.AddHttpClient("any").ConfigurePrimaryHttpMessageHandler(() => server).AddStandardResilienceHandler(configure);
        and?.Invoke(standard);
        return services.BuildServiceProvider();
    }

    private static ServiceProvider Services(Server server, string key, string value)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Http:Retry:BackoffType"] = "Constant", ["Http:Retry:UseJitter"] = "false", ["Http:Retry:Delay"] = "00:00:00.001", [$"Http:{key}"] = value,
        }).Build();
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(configuration);
        services.AddHttpClient("any").ConfigurePrimaryHttpMessageHandler(() => server).AddStandardResilienceHandler(configuration.GetSection("Http"));
        return services.BuildServiceProvider();
    }

    private sealed class Server(Func<int, HttpResponseMessage>? answer = null, bool hangs = false) : HttpMessageHandler
    {
        private int _calls;

        public int Calls => _calls;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var call = Interlocked.Increment(ref _calls);
            if (hangs)
                await Task.Delay(Timeout.Infinite, cancellationToken);
            var response = answer!(call);
            response.RequestMessage = request;
            return response;
        }
    }
}
