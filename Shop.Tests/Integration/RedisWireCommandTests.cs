using Shop.Tests.Fixtures;
using StackExchange.Redis;

namespace Shop.Tests.Integration;

/// <summary>What the stand-in says, to the word, alone and in transactions that break in the middle.</summary>
public sealed class RedisWireCommandTests
{
    private static readonly DateTime At = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_500).UtcDateTime;

    public static TheoryData<string, Func<IDatabaseAsync, Task>> Commands => new()
    {
        { "GET k", db => db.StringGetAsync("k") },
        { "SET k v", db => db.StringSetAsync("k", "v") },
        { "SET k v EX 60 NX", db => db.StringSetAsync("k", "v", TimeSpan.FromMinutes(1), When.NotExists) },
        { "SET k v PX 1500", db => db.StringSetAsync("k", "v", TimeSpan.FromMilliseconds(1500)) },
        { "SET k v PXAT 1900000000500", db => db.StringSetAsync("k", "v", At) },
        { "SET k v KEEPTTL", db => db.StringSetAsync("k", "v", null, keepTtl: true) },
        { "DEL k", db => db.StringSetAsync("k", RedisValue.Null) },
        { "MSET a 1 b 2", db => db.StringSetAsync([new("a", 1), new("b", 2)]) },
        { "MSETNX a 1 b 2", db => db.StringSetAsync([new("a", 1), new("b", 2)], When.NotExists) },
        { "MSETEX 2 a 1 b 2 EX 5", db => db.StringSetAsync([new("a", 1), new("b", 2)], expiry: TimeSpan.FromSeconds(5)) },
        { "SET a 1 NX", db => db.StringSetAsync([new("a", 1)], When.NotExists) },
        { "GETSET k v", db => db.StringGetSetAsync("k", "v") },
        { "GETEX k EX 9", db => db.StringGetSetExpiryAsync("k", TimeSpan.FromSeconds(9)) },
        { "GETEX k PERSIST", db => db.StringGetSetExpiryAsync("k", (TimeSpan?)null) },
        { "GETEX k PXAT 1900000000500", db => db.StringGetSetExpiryAsync("k", At) },
        { "INCR k", db => db.StringIncrementAsync("k") },
        { "INCRBY k -3", db => db.StringDecrementAsync("k", 3) },
        { "INCRBY k -9223372036854775808", db => db.StringIncrementAsync("k", long.MinValue) },
        { "INCRBYFLOAT k -0.5", db => db.StringDecrementAsync("k", 0.5) },
        { "APPEND k v", db => db.StringAppendAsync("k", "v") },
        { "STRLEN k", db => db.StringLengthAsync("k") },
        { "PEXPIRE k 1500 GT", db => db.KeyExpireAsync("k", TimeSpan.FromMilliseconds(1500), ExpireWhen.GreaterThanCurrentExpiry) },
        { "PEXPIREAT k 1900000000500", db => db.KeyExpireAsync("k", At) },
        { "PEXPIRETIME k", db => db.KeyExpireTimeAsync("k") },
        { "TOUCH a b", db => db.KeyTouchAsync(["a", "b"]) },
        { "TYPE k", db => db.KeyTypeAsync("k") },
        { "HSET k a 1 b 2", db => db.HashSetAsync("k", [new("a", 1), new("b", 2)]) },
        { "HSETNX k f v", db => db.HashSetAsync("k", "f", "v", When.NotExists) },
        { "HDEL k f", db => db.HashSetAsync("k", "f", RedisValue.Null) },
        { "HINCRBY k f -2", db => db.HashDecrementAsync("k", "f", 2) },
        { "HINCRBYFLOAT k f 1.5", db => db.HashIncrementAsync("k", "f", 1.5) },
        { "SADD k a b", db => db.SetAddAsync("k", ["a", "b"]) },
        { "SMISMEMBER k a b", db => db.SetContainsAsync("k", ["a", "b"]) },
        { "SMOVE a b m", db => db.SetMoveAsync("a", "b", "m") },
        { "SPOP k 2", db => db.SetPopAsync("k", 2) },
        { "ZADD k 1.5 m", db => db.SortedSetAddAsync("k", "m", 1.5) },
        { "ZADD k XX GT 1 a +inf b", db => db.SortedSetAddAsync("k", [new("a", 1), new("b", double.PositiveInfinity)], SortedSetWhen.Exists | SortedSetWhen.GreaterThan) },
        { "ZADD k NX INCR 2 m", db => db.SortedSetIncrementAsync("k", "m", 2, When.NotExists, CommandFlags.None) },
        { "ZINCRBY k -1 m", db => db.SortedSetDecrementAsync("k", "m", 1) },
        { "ZCARD k", db => db.SortedSetLengthAsync("k") },
        { "ZCOUNT k (1 2", db => db.SortedSetLengthAsync("k", 1, 2, Exclude.Start) },
        { "ZLEXCOUNT k [a (c", db => db.SortedSetLengthByValueAsync("k", "a", "c", Exclude.Stop) },
        { "ZRANGE k 0 -1", db => db.SortedSetRangeByRankAsync("k") },
        { "ZREVRANGE k 0 9 WITHSCORES", db => db.SortedSetRangeByRankWithScoresAsync("k", 0, 9, Order.Descending) },
        { "ZRANGEBYSCORE k -inf +inf", db => db.SortedSetRangeByScoreAsync("k") },
        { "ZREVRANGEBYSCORE k +inf -inf LIMIT 5 10", db => db.SortedSetRangeByScoreAsync("k", order: Order.Descending, skip: 5, take: 10) },
        { "ZREVRANGEBYSCORE k (9 1 WITHSCORES", db => db.SortedSetRangeByScoreWithScoresAsync("k", 1, 9, Exclude.Stop, Order.Descending) },
        { "ZRANGEBYLEX k - +", db => db.SortedSetRangeByValueAsync("k") },
        { "ZREVRANGEBYLEX k (c [a", db => db.SortedSetRangeByValueAsync("k", "a", "c", Exclude.Stop, Order.Descending) },
        { "ZREVRANK k m", db => db.SortedSetRankAsync("k", "m", Order.Descending) },
        { "ZPOPMAX k 2", db => db.SortedSetPopAsync("k", 2, Order.Descending) },
        { "ZREMRANGEBYSCORE k -inf (7", db => db.SortedSetRemoveRangeByScoreAsync("k", double.NegativeInfinity, 7, Exclude.Stop) },
        { "ZMSCORE k a b", db => db.SortedSetScoresAsync("k", ["a", "b"]) },
        { "PUBLISH c m", db => db.PublishAsync(RedisChannel.Literal("c"), "m") },
        { "EVAL s 1 k v", db => db.ScriptEvaluateAsync("s", ["k"], ["v"], CommandFlags.NoScriptCache) },
    };

    /// <summary>All in one conversation, as none of them needs another's answer.</summary>
    [Fact]
    public async Task Commands_are_spelled_as_the_server_reads_them()
    {
        var (words, commands) = (new List<string>(), Commands.Select(row => ((string)row[0], (Func<IDatabaseAsync, Task>)row[1])).ToList());
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            for (;;)
            {
                words.Add(string.Join(' ', await peer.ReadCommandAsync("*")));
                await peer.SendAsync("_\r\n");
            }
        });
        await using var redis = await server.ConnectAsync("defaultDatabase=0");

        foreach (var (_, command) in commands)
            await command(redis.GetDatabase());

        Assert.Equal(commands.Select(command => command.Item1), words.Where(line => line != "SELECT 0"));
    }

    [Fact]
    public async Task Nobody_comes_between_the_commands_of_a_batch_or_a_transaction()
    {
        var words = new List<string>();
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            for (;;)
            {
                words.Add(string.Join(' ', await peer.ReadCommandAsync("*")));
                await peer.SendAsync(words[^1] == "EXEC" ? "*2\r\n+OK\r\n:1\r\n" : words[^1] == "GET c" ? "$1\r\n7\r\n" : "+OK\r\n");
            }
        });
        await using var redis = await server.ConnectAsync("asyncTimeout=20000,defaultDatabase=0");
        var db = redis.GetDatabase();
        var batch = db.CreateBatch();
        Task[] both = [batch.KeyExpireAsync("x", TimeSpan.FromSeconds(1)), batch.KeyTypeAsync("x")];
        var plain = db.CreateTransaction();
        both = [.. both, plain.StringSetAsync("a", 1), plain.StringIncrementAsync("b")];
        var conditional = db.CreateTransaction();
        conditional.AddCondition(Condition.StringEqual("c", 7));
        both = [.. both, conditional.StringSetAsync("c", 8), conditional.StringIncrementAsync("d")];

        var last = db.StringGetAsync("between");
        batch.Execute();
        both = [.. both, plain.ExecuteAsync(), conditional.ExecuteAsync(), last, db.StringGetAsync("after")];
        await Task.WhenAll(both.Select(task => task.ContinueWith(_ => { }, TaskScheduler.Default))).WaitAsync(TimeSpan.FromSeconds(15));

        Assert.Equal(
            [
                "GET between", "PEXPIRE x 1000", "TYPE x", "MULTI", "SET a 1", "INCR b", "EXEC",
                "WATCH c", "GET c", "MULTI", "SET c 8", "INCR d", "EXEC", "GET after",
            ],
            words.Where(line => !line.StartsWith("SELECT", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_connection_lost_while_conditions_are_asked_fails_the_transaction_and_the_next_one_works()
    {
        await using var server = new FakeRedis(
            async peer =>
            {
                await peer.GreetAsync();
                await peer.ReadCommandAsync("WATCH");
                await peer.SendAsync("+OK\r\n$1"); // and closes
            },
            async peer =>
            {
                await peer.GreetAsync();
                foreach (var (command, answer) in ((string, string)[])
                    [("WATCH", "+OK"), ("EXISTS", ":1"), ("MULTI", "+OK"), ("INCR", "+QUEUED"), ("EXEC", "*1\r\n:3")])
                {
                    await peer.ReadCommandAsync(command);
                    await peer.SendAsync($"{answer}\r\n");
                }

                await peer.StayAsync();
            });
        await using var redis = await server.ConnectAsync();

        var lost = Conditional(redis);
        await Assert.ThrowsAsync<RedisConnectionException>(() => lost.Executed);
        await Assert.ThrowsAsync<RedisConnectionException>(() => lost.Count);

        var (executed, count) = Conditional(redis);
        Assert.True(await executed);
        Assert.Equal(3, await count);
    }

    [Fact]
    public async Task An_answer_that_never_comes_times_out_the_transaction_and_lets_the_others_through()
    {
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            await peer.ReadCommandAsync("WATCH");
            await peer.ReadCommandAsync("EXISTS");
            await peer.ReadCommandAsync("UNWATCH"); // only after the timeout
            await peer.SendAsync("+OK\r\n:1\r\n+OK\r\n"); // late, and in order
            await peer.ReadCommandAsync("GET");
            await peer.SendAsync("+mine\r\n");
            await peer.StayAsync();
        });
        await using var redis = await server.ConnectAsync("asyncTimeout=2000");

        var (executed, count) = Conditional(redis);

        await Assert.ThrowsAsync<RedisTimeoutException>(() => executed);
        await Assert.ThrowsAsync<RedisTimeoutException>(() => count);
        Assert.Equal("mine", await redis.GetDatabase().StringGetAsync("a"));
    }

    [Fact]
    public async Task Cut_before_the_answer_to_EXEC_a_transaction_may_have_happened()
    {
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            await peer.ReadCommandAsync("MULTI");
            await peer.ReadCommandAsync("INCR");
            await peer.ReadCommandAsync("EXEC");
            await peer.SendAsync("+OK\r\n+QUEUED\r\n*1\r\n"); // and closes
        });
        await using var redis = await server.ConnectAsync();
        var transaction = redis.GetDatabase().CreateTransaction();
        var count = transaction.StringIncrementAsync("n");

        var lost = await Assert.ThrowsAsync<RedisConnectionException>(() => transaction.ExecuteAsync());

        Assert.Equal(CommandStatus.Sent, lost.CommandStatus);
        await Assert.ThrowsAsync<RedisConnectionException>(() => count);
    }

    private static (Task<bool> Executed, Task<long> Count) Conditional(ConnectionMultiplexer redis)
    {
        var transaction = redis.GetDatabase().CreateTransaction();
        transaction.AddCondition(Condition.KeyExists("k"));
        var count = transaction.StringIncrementAsync("n");
        return (transaction.ExecuteAsync(), count);
    }
}
