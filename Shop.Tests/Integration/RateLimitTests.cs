using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shop.Api;
using Shop.Api.RateLimits;
using Shop.ServiceDefaults;
using Shop.Tests.Fixtures;
using StackExchange.Redis;
using Service = Shop.Tests.Integration.ServiceDefaultsTests.Service;

namespace Shop.Tests.Integration;

/// <summary>The Api's limits in front of endpoints that do nothing else, over a real Redis.</summary>
public sealed class RateLimitTests : IDisposable
{
    private readonly RedisProcess _redis = new();

    public RateLimitTests() => _redis.Start();

    public void Dispose() => _redis.Dispose();

    [Fact]
    public async Task Two_replicas_share_one_limit()
    {
        await using var one = await StartAsync(_redis, ["--RateLimits:Writes:Permits=10"]);
        await using var two = await StartAsync(_redis, ["--RateLimits:Writes:Permits=10"]);

        var answers = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => PostAsync(i % 2 == 0 ? one : two, "/mirror")));

        Assert.Equal((10, 20), (answers.Count(a => a.Status == HttpStatusCode.OK), answers.Count(a => a.Status == HttpStatusCode.TooManyRequests)));
    }

    [Fact]
    public async Task A_refusal_says_when_to_come_again_and_has_a_reference()
    {
        await using var service = await StartAsync(_redis, ["--RateLimits:Writes:Permits=1"]);
        await PostAsync(service, "/mirror");

        var refused = await PostAsync(service, "/mirror");

        Assert.Equal((HttpStatusCode.TooManyRequests, "too_many_requests"), (refused.Status, refused.Problem.GetProperty("reason").GetString()));
        Assert.True(Reference.TryParse(refused.Problem.GetProperty("reference").GetString(), out _));
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task Reads_and_probes_are_never_limited()
    {
        await using var service = await StartAsync(_redis, ["--RateLimits:Writes:Permits=1"]);
        for (var i = 0; i < 3; i++)
            await PostAsync(service, "/mirror");

        foreach (var path in new[] { "/mirror", "/alive", "/ready" })
        {
            using var answer = await service.Client.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    [Fact]
    public async Task A_stricter_policy_comes_on_top_and_each_has_its_own_count()
    {
        await using var service = await StartAsync(_redis, ["--RateLimits:SignIn:Permits=2", "--RateLimits:Mail:Permits=1"]);

        var signIns = new List<HttpStatusCode>();
        for (var i = 0; i < 3; i++)
            signIns.Add((await PostAsync(service, "/sign-in")).Status);
        var mails = new List<HttpStatusCode>();
        for (var i = 0; i < 2; i++)
            mails.Add((await PostAsync(service, "/mail")).Status);

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests], signIns);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.TooManyRequests], mails);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/mirror")).Status);
    }

    [Fact]
    public async Task Each_visitor_is_counted_alone_and_nobody_becomes_another_by_writing_headers()
    {
        await using var service = await StartAsync(_redis, ["--RateLimits:Writes:Permits=1"]);

        // What Web says, what an ingress adds to it, and what is not theirs.
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/mirror", ("X-Forwarded-For", "203.0.113.1"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/mirror", ("X-Forwarded-For", "203.0.113.2"))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(service, "/mirror", ("X-Forwarded-For", "203.0.113.1, 10.0.0.5"))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(service, "/mirror", ("X-Forwarded-For", "9.9.9.9, 203.0.113.1, 10.0.0.5"))).Status);
        // One household's network of IPv6 addresses is one visitor.
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/mirror", ("X-Forwarded-For", "2001:db8:1:2::1"))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(service, "/mirror", ("X-Forwarded-For", "2001:db8:1:2:ffff::7"))).Status);
        // People who are signed in are themselves, wherever they sit.
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/mirror", ("X-Forwarded-For", "203.0.113.1"), ("X-User", "ada"))).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(service, "/mirror", ("X-Forwarded-For", "203.0.113.9"), ("X-User", "ada"))).Status);
    }

    [Fact]
    public async Task No_address_is_in_redis_in_the_clear_and_every_count_ends()
    {
        await using var service = await StartAsync(_redis, []);
        await PostAsync(service, "/mirror", ("X-Forwarded-For", "203.0.113.1"));
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_redis.Port}");

        var keys = (string[]?)await redis.GetDatabase().ExecuteAsync("KEYS", "*");

        var key = Assert.Single(keys!);
        Assert.Matches("^shop:limit:1:writes:[0-9a-f]{32}$", key);
        Assert.InRange((await redis.GetDatabase().KeyTimeToLiveAsync(key))!.Value, TimeSpan.FromMinutes(30), TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task While_redis_is_dead_each_process_counts_for_itself_and_afterwards_they_share_again()
    {
        string[] args = ["--RateLimits:Writes:Permits=5", "--Redis:Pause=00:00:00.200"];
        await using var one = await StartAsync(_redis, args);
        await using var two = await StartAsync(_redis, args);
        for (var i = 0; i < 6; i++)
            await PostAsync(one, "/mirror", ("X-Forwarded-For", "203.0.113.1"));
        Assert.Equal(HttpStatusCode.TooManyRequests, (await PostAsync(two, "/mirror", ("X-Forwarded-For", "203.0.113.1"))).Status);

        _redis.Kill();
        foreach (var service in new[] { one, two })
        {
            var answers = new List<HttpStatusCode>();
            for (var i = 0; i < 8; i++)
                answers.Add((await PostAsync(service, "/mirror", ("X-Forwarded-For", "203.0.113.2"))).Status);
            Assert.Equal(5, answers.Count(a => a == HttpStatusCode.OK));
            Assert.Equal(3, answers.Count(a => a == HttpStatusCode.TooManyRequests)); // and nothing else: no 500
        }

        _redis.Start();
        foreach (var service in new[] { one, two })
        {
            using var counted = new Counted(service);
            await Eventually.TrueAsync(async () =>
            {
                var before = counted.Shared;
                await PostAsync(service, "/mirror", ("X-Forwarded-For", $"203.0.113.{Random.Shared.Next(3, 250)}"));
                return counted.Shared > before;
            }, () => "It never came back to Redis.");
        }
    }

    [Fact]
    public async Task A_redis_that_hangs_costs_one_request_its_deadline_and_the_others_nothing()
    {
        await using var service = await StartAsync(
            _redis, ["--RateLimits:Writes:Permits=1000000", "--Redis:Pause=00:01:00"]);
        await PostAsync(service, "/mirror");
        await using var redis = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_redis.Port}");
        var key = ((string[]?)await redis.GetDatabase().ExecuteAsync("KEYS", "*"))!.Single();
        var before = (long)await redis.GetDatabase().StringGetAsync(key);

        _redis.Freeze();
        for (var i = 0; i < 50; i++)
            Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/mirror")).Status);
        _redis.Thaw();

        // What was asked while it hung it does now: of the fifty, one asked.
        await using var later = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{_redis.Port}");
        await Eventually.TrueAsync(async () => (long)await later.GetDatabase().StringGetAsync(key) > before, () => "Nobody asked.");
        Assert.Equal(before + 1, (long)await later.GetDatabase().StringGetAsync(key));
        Assert.Single(service.Logs, line => line.Event == 2006);
    }

    [Fact]
    public async Task A_late_answer_does_not_end_the_pause_that_a_failure_began()
    {
        await using var service = await StartAsync(_redis, ["--Redis:Pause=00:01:00"]);
        var quick = service.App.Services.GetRequiredService<QuickRedis>();
        var late = new TaskCompletionSource<bool>();

        var earlier = quick.AskAsync(_ => late.Task);
        var refused = await quick.AskAsync<bool>(_ => throw new RedisCommandException("The client does not send this."));
        late.SetResult(true);

        Assert.Equal((true, false), ((await earlier).IsAnswered, refused.IsAnswered));
        Assert.False((await quick.AskAsync(database => database.PingAsync())).IsAnswered);
        Assert.Single(service.Logs, line => line.Event == 2006);
    }

    [Fact]
    public async Task A_crowd_that_meets_a_hanging_redis_is_answered_all_the_same()
    {
        await using var service = await StartAsync(_redis, ["--RateLimits:Writes:Permits=40", "--Redis:Pause=00:01:00"]);

        _redis.Freeze();
        var answers = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => PostAsync(service, "/mirror", ("X-Forwarded-For", "203.0.113.2"))));
        _redis.Thaw();

        Assert.Equal((40, 20), (answers.Count(a => a.Status == HttpStatusCode.OK), answers.Count(a => a.Status == HttpStatusCode.TooManyRequests)));
        Assert.Single(service.Logs, line => line.Event == 2006); // sixty failures are one piece of news
    }

    [Fact]
    public async Task Without_a_redis_each_process_limits_for_itself()
    {
        await using var service = await StartAsync(null, ["--RateLimits:Writes:Permits=2"]);

        for (var i = 0; i < 2; i++)
            Assert.Equal(HttpStatusCode.OK, (await PostAsync(service, "/mirror")).Status);
        var refused = await PostAsync(service, "/mirror");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.NotNull(refused.RetryAfter);
    }

    [Fact]
    public async Task The_Api_limits_every_request_that_may_change_something()
    {
        await using var api = await ApiHost.StartAsync(("RateLimits:Lifted", "false"), ("RateLimits:Writes:Permits", "2"));

        for (var i = 0; i < 2; i++)
            Assert.Equal("idempotency_key_missing", (await api.PostAsync("/cart/lines", new { sku = "mug", quantity = 1 })).Reason);

        foreach (var (method, path) in new[] { ("POST", "/cart/lines"), ("PUT", "/cart/lines/mug"), ("POST", "/checkout"), ("POST", "/orders/1/payments") })
            Assert.Equal("too_many_requests", (await api.SendAsync(new(method), path, new { })).Reason);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/cart")).Status);
    }

    private static async Task<Service> StartAsync(RedisProcess? redis, string[] args)
    {
        // Windows so long that none ends while a test runs; a deadline that a busy machine keeps.
        string[] all =
        [
            "--ForwardedHeaders_Enabled=true", "--RateLimits:Writes:Window=01:00:00", "--RateLimits:SignIn:Window=01:00:00",
            "--RateLimits:Mail:Window=01:00:00", "--Timeouts:Cache=00:00:03", .. redis is null ? (string[])[] : [$"--ConnectionStrings:cache=127.0.0.1:{redis.Port}"], .. args,
        ];
        var service = await Service.StartAsync(
            builder =>
            {
                builder.AddQuickRedis();
                builder.Services.AddSingleton<ShopTelemetry>();
                builder.Services.AddRateLimits();
            },
            args: all,
            map: app =>
            {
                app.Use((context, next) =>
                {
                    if (context.Request.Headers["X-User"] is [{ } user])
                        context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], "test"));
                    return next(context);
                });
                app.UseRateLimits();
                app.MapPost("/sign-in", () => "in").RequireRateLimiting(RateLimiting.SignIn);
                app.MapPost("/mail", () => "sent").RequireRateLimiting(RateLimiting.Mail);
            });
        if (redis is not null)
        {
            var quick = service.App.Services.GetRequiredService<QuickRedis>();
            await Eventually.TrueAsync(async () => (await quick.AskAsync(database => database.PingAsync())).IsAnswered, () => "Redis never answered.");
        }

        return service;
    }

    private static async Task<Refusal> PostAsync(Service service, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path);
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var response = await service.Client.SendAsync(request);
        return new(response.StatusCode,
            response.StatusCode is HttpStatusCode.OK ? default : await response.Content.ReadFromJsonAsync<JsonElement>(), response.Headers.RetryAfter?.Delta);
    }

    private sealed record Refusal(HttpStatusCode Status, JsonElement Problem, TimeSpan? RetryAfter);

    /// <summary>Listens to one service's counter of the limits; others of its name run in this process too.</summary>
    private sealed class Counted : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _shared;

        public Counted(Service service)
        {
            var meters = service.App.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "shop.api.limits" && ReferenceEquals(instrument.Meter.Scope, meters))
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, tags, _) =>
            {
                foreach (var (name, tag) in tags)
                {
                    if (name == "source" && tag is nameof(CountSource.Shared))
                        Interlocked.Add(ref _shared, value);
                }
            });
            _listener.Start();
        }

        public long Shared => Interlocked.Read(ref _shared);

        public void Dispose() => _listener.Dispose();
    }
}
