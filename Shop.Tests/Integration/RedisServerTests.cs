using System.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Shop.Tests.Fixtures;
using StackExchange.Redis;

namespace Shop.Tests.Integration;

/// <summary>The client against redis-server, which each test starts for itself on a port of its own.</summary>
public sealed class RedisServerTests
{
    private static TimeSpan Limit => TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Values_are_written_read_counted_and_forgotten()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        Assert.True((await db.StringGetAsync("mug")).IsNull);
        Assert.True(await db.StringSetAsync("mug", "blue"));
        Assert.Equal("blue", await db.StringGetAsync("mug"));
        Assert.Equal(["blue", RedisValue.Null], await db.StringGetAsync(["mug", "cup"]));
        Assert.False(await db.StringSetAsync("mug", "red", TimeSpan.FromMinutes(1), When.NotExists));
        Assert.False(await db.StringSetAsync("cup", "red", when: When.Exists));
        Assert.Equal(1, await db.StringIncrementAsync("n"));
        Assert.Equal(11, await db.StringIncrementAsync("n", 10));
        Assert.Equal(1.5, await db.StringIncrementAsync("d", 1.5));
        Assert.Equal(10, await db.StringDecrementAsync("n"));
        Assert.True(await db.KeyExistsAsync("mug"));
        Assert.True(await db.KeyDeleteAsync("mug"));
        Assert.False(await db.KeyDeleteAsync("mug"));
        Assert.Equal(2, await db.KeyDeleteAsync(["n", "d", "none"]));
        Assert.Equal("10", (await db.ExecuteAsync("ECHO", "10")).ToString());
        Assert.True(await db.PingAsync() > TimeSpan.Zero);
    }

    [Fact]
    public async Task Bytes_come_back_as_they_were()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        var bytes = new byte[3 * 1024 * 1024];
        new Random(1).NextBytes(bytes);

        await db.StringSetAsync("blob", bytes);
        await db.StringSetAsync("empty", "");

        Assert.Equal(bytes, (byte[]?)await db.StringGetAsync("blob"));
        Assert.Equal(RedisValue.EmptyString, await db.StringGetAsync("empty"));
    }

    [Fact]
    public async Task Expiry_is_set_kept_read_and_removed()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        await db.StringSetAsync("a", 1, TimeSpan.FromMinutes(1));
        Assert.InRange((await db.KeyTimeToLiveAsync("a"))!.Value, TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(60));
        await db.StringSetAsync("a", 2, null, keepTtl: true);
        Assert.NotNull(await db.KeyTimeToLiveAsync("a"));
        Assert.False(await db.KeyExpireAsync("a", TimeSpan.FromMinutes(2), ExpireWhen.HasNoExpiry));
        Assert.True(await db.KeyPersistAsync("a"));
        Assert.Null(await db.KeyTimeToLiveAsync("a"));
        Assert.Null(await db.KeyTimeToLiveAsync("none"));
        Assert.True(await db.KeyExpireAsync("a", DateTime.UtcNow.AddHours(1)));
        Assert.True(await db.KeyExpireAsync("a", (TimeSpan?)null));
        await db.StringSetAsync("a", 3, DateTime.UtcNow.AddMilliseconds(-1));
        Assert.False(await db.KeyExistsAsync("a"));
    }

    [Fact]
    public async Task Hashes_hold_fields()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        await db.HashSetAsync("h", [new("a", 1), new("b", "two")]);
        Assert.False(await db.HashSetAsync("h", "a", 9, When.NotExists));

        Assert.Equal(1, await db.HashGetAsync("h", "a"));
        Assert.Equal([1, "two", RedisValue.Null], await db.HashGetAsync("h", ["a", "b", "c"]));
        Assert.Equal([new("a", 1), new("b", "two")], (await db.HashGetAllAsync("h")).OrderBy(entry => entry.Name.ToString()));
        Assert.Equal(6, await db.HashIncrementAsync("h", "a", 5));
        Assert.Equal(2, await db.HashLengthAsync("h"));
        Assert.True(await db.HashDeleteAsync("h", "a"));
        Assert.False(await db.HashExistsAsync("h", "a"));
        Assert.Empty(await db.HashGetAllAsync("none"));
    }

    [Fact]
    public async Task A_script_runs_whether_the_server_knows_it_or_not()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        const string Script = "local n = redis.call('INCRBY', KEYS[1], ARGV[1]); return {n, 'ok'}";

        for (var i = 1; i <= 3; i++)
        {
            var reply = await db.ScriptEvaluateAsync(Script, ["counter"], [5]);
            Assert.Equal((5 * i, "ok"), ((int)reply[0], (string?)reply[1]));
            if (i == 2)
                await db.ExecuteAsync("SCRIPT", "FLUSH");
        }

        var failed = await Assert.ThrowsAsync<RedisServerException>(() => db.ScriptEvaluateAsync("return redis.call('GET')"));
        Assert.Contains("Wrong number of args", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_of_the_server_belongs_to_its_own_command()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        await db.StringSetAsync("text", "x");

        var wrong = db.StringIncrementAsync("text");
        var right = db.StringGetAsync("text");

        await Assert.ThrowsAsync<RedisServerException>(() => wrong);
        Assert.Equal("x", await right);
    }

    [Fact]
    public async Task Databases_are_kept_apart_on_the_one_connection()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync("defaultDatabase=2,allowAdmin=true");
        var (second, third) = (redis.GetDatabase(), redis.GetDatabase(3));

        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => (i % 2 == 0 ? second : third).StringSetAsync($"k{i}", i)));

        Assert.Equal(50, (int)await second.ExecuteAsync("DBSIZE"));
        Assert.Equal(50, (int)await third.ExecuteAsync("DBSIZE"));
        await redis.GetServers()[0].FlushDatabaseAsync(3);
        Assert.Equal((50, 0), ((int)await second.ExecuteAsync("DBSIZE"), (int)await third.ExecuteAsync("DBSIZE")));
    }

    [Fact]
    public async Task A_lock_is_released_only_by_its_owner()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        Assert.True(await db.LockTakeAsync("lock", "me", TimeSpan.FromMinutes(1)));
        Assert.False(await db.LockTakeAsync("lock", "you", TimeSpan.FromMinutes(1)));
        Assert.False(await db.LockReleaseAsync("lock", "you"));
        Assert.True(await db.LockReleaseAsync("lock", "me"));
    }

    [Fact]
    public async Task A_killed_server_is_found_again_when_it_is_back()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync("asyncTimeout=300,connectTimeout=500");
        var db = redis.GetDatabase();
        await db.StringSetAsync("a", 1);
        var (lost, restored) = (new TaskCompletionSource(), new TaskCompletionSource());
        redis.ConnectionFailed += (_, _) => lost.TrySetResult();
        redis.ConnectionRestored += (_, _) => restored.TrySetResult();

        await server.KillAsync();
        await lost.Task.WaitAsync(Limit);
        Assert.False(redis.IsConnected);
        var failed = await Assert.ThrowsAnyAsync<Exception>(() => db.StringGetAsync("a"));
        Assert.True(failed is RedisConnectionException or RedisTimeoutException);

        await server.RestartAsync();
        await restored.Task.WaitAsync(Limit);
        await db.StringSetAsync("a", 2);
        Assert.Equal(2, await db.StringGetAsync("a"));
    }

    [Fact]
    public async Task Commands_given_while_the_server_restarts_wait_for_it()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync("asyncTimeout=10000,connectTimeout=500");
        var lost = new TaskCompletionSource();
        redis.ConnectionFailed += (_, _) => lost.TrySetResult();
        await server.KillAsync();
        await lost.Task.WaitAsync(Limit);

        var waiting = redis.GetDatabase().StringSetAsync("a", 1);
        await server.RestartAsync();

        Assert.True(await waiting.WaitAsync(Limit));
    }

    [Fact]
    public async Task Messages_reach_their_subscribers_also_after_a_reconnect()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync("connectTimeout=500");
        await using var other = await server.ConnectAsync("connectTimeout=500");
        var subscriber = redis.GetSubscriber();
        var queue = await subscriber.SubscribeAsync(RedisChannel.Literal("stock"));
        var patterns = await subscriber.SubscribeAsync(RedisChannel.Pattern("st*"));

        Assert.Equal(2, await other.GetSubscriber().PublishAsync(RedisChannel.Literal("stock"), "mug"));
        Assert.Equal("mug", (await ReadAsync(queue)).Message);
        Assert.Equal("stock", (await ReadAsync(patterns)).Channel.ToString());

        await server.KillAsync();
        await server.RestartAsync();
        for (var i = 0; i < 300 && (!other.IsConnected || await other.GetSubscriber().PublishAsync(RedisChannel.Literal("stock"), "cup") < 2); i++)
            await Task.Delay(20);
        Assert.Equal("cup", (await ReadAsync(queue)).Message);

        // The same connection still answers commands.
        Assert.True(await redis.GetDatabase().StringSetAsync("a", 1));
        await subscriber.UnsubscribeAllAsync();
        Assert.Equal(0, await other.GetSubscriber().PublishAsync(RedisChannel.Literal("stock"), "plate"));

        static async Task<ChannelMessage> ReadAsync(ChannelMessageQueue queue)
        {
            using var limit = new CancellationTokenSource(Limit);
            return await queue.ReadAsync(limit.Token);
        }
    }

    [Fact]
    public async Task A_handler_hears_until_it_is_taken_off()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var subscriber = redis.GetSubscriber();
        var heard = new TaskCompletionSource<string>();
        var channel = RedisChannel.Literal("c");
        void Handler(RedisChannel from, RedisValue message) => heard.TrySetResult($"{from}:{message}");

        await subscriber.SubscribeAsync(channel, Handler);
        await subscriber.PublishAsync(channel, "x");
        Assert.Equal("c:x", await heard.Task.WaitAsync(Limit));

        await subscriber.UnsubscribeAsync(channel, Handler);
        Assert.Equal(0, await subscriber.PublishAsync(channel, "y"));
    }

    [Fact]
    public async Task A_password_and_a_user_are_asked_for()
    {
        await using var server = await RedisServer.StartAsync("--requirepass", "s3cret");

        await Assert.ThrowsAsync<RedisConnectionException>(() => server.ConnectAsync("connectRetry=1"));
        await Assert.ThrowsAsync<RedisConnectionException>(() => server.ConnectAsync("connectRetry=1,password=wrong"));
        await using var byPassword = await server.ConnectAsync("password=s3cret");
        await byPassword.GetDatabase().ExecuteAsync("ACL", "SETUSER", "shop", "on", ">pw", "~*", "&*", "+@all");
        await using var byUser = await server.ConnectAsync("user=shop,password=pw");

        Assert.True(await byPassword.GetDatabase().StringSetAsync("a", 1));
        Assert.Equal("shop", (string?)await byUser.GetDatabase().ExecuteAsync("ACL", "WHOAMI"));
    }

    [Fact]
    public async Task Synchronous_calls_work_too()
    {
        await using var server = await RedisServer.StartAsync();
        using var redis = ConnectionMultiplexer.Connect($"127.0.0.1:{server.Port}");
        var db = redis.GetDatabase();

        Assert.True(db.StringSet("a", 41));
        Assert.Equal(42, db.StringIncrement("a"));
        Assert.Equal(42, db.StringGet("a"));
        Assert.True(db.Ping() > TimeSpan.Zero);
    }

    [Fact]
    public async Task Commands_that_would_break_the_shared_connection_are_refused()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();

        await Assert.ThrowsAsync<RedisCommandException>(() => redis.GetServers()[0].FlushDatabaseAsync());
        if (typeof(ConnectionMultiplexer).Assembly.GetName().Version is { Major: 1 })
            await Assert.ThrowsAsync<RedisCommandException>(() => redis.GetDatabase().ExecuteAsync("MONITOR"));
    }

    [Fact]
    public async Task A_command_is_a_span_of_its_caller_and_shows_neither_key_nor_value()
    {
        if (typeof(ConnectionMultiplexer).Assembly.GetName().Version is not { Major: 1 })
            return; // the real client leaves it to its instrumentation package, which collects every ten seconds
        using var source = new ActivitySource("Shop.Tests.Redis");
        var spans = new System.Collections.Concurrent.ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = candidate => candidate.Name is "Shop.Tests.Redis" or "OpenTelemetry.Instrumentation.StackExchangeRedis",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();

        using var caller = source.StartActivity("caller")!;
        await redis.GetDatabase().StringSetAsync("a@example.org", "secret");

        var span = Assert.Single(spans, span => span.TraceId == caller.TraceId);
        Assert.Equal(("SET", ActivityKind.Client, caller.SpanId), (span.DisplayName, span.Kind, span.ParentSpanId));
        Assert.Equal(server.Port, span.GetTagItem("server.port"));
        Assert.DoesNotContain(span.TagObjects, tag => tag.Value?.ToString() is { } text
            && (text.Contains("example", StringComparison.Ordinal) || text.Contains("secret", StringComparison.Ordinal)));
        Assert.Same(caller, Activity.Current);
    }

    [Fact]
    public async Task The_integration_starts_without_a_server_and_reports_when_there_is_one()
    {
        await using var server = await RedisServer.StartAsync();
        await server.KillAsync();
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["ConnectionStrings:cache"] = $"127.0.0.1:{server.Port},connectTimeout=500,asyncTimeout=500" });
        builder.AddRedisClient("cache");
        using var host = builder.Build();

        await host.StartAsync().WaitAsync(Limit);
        var health = host.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);

        await server.RestartAsync();
        var status = HealthStatus.Unhealthy;
        for (var i = 0; i < 100 && status != HealthStatus.Healthy; i++)
        {
            status = (await health.CheckHealthAsync()).Status;
            await Task.Delay(50);
        }

        Assert.Equal(HealthStatus.Healthy, status);
        await host.StopAsync();
    }
}
