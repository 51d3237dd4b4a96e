using Shop.Tests.Fixtures;
using StackExchange.Redis;

namespace Shop.Tests.Integration;

/// <summary>What each command says on the wire, and what the real server makes of it.</summary>
public sealed class RedisCommandTests
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
    public async Task Strings_are_replaced_appended_and_read_with_their_time()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        Assert.True(await db.StringSetAsync([new("a", 1), new("b", "two")]));
        Assert.False(await db.StringSetAsync([new("b", 3), new("c", 3)], When.NotExists));
        Assert.Equal("two", await db.StringGetSetAsync("b", "three"));
        Assert.Equal(9, await db.StringAppendAsync("b", "-and"));
        Assert.Equal(9, await db.StringLengthAsync("b"));
        Assert.Equal("three-and", await db.StringGetSetExpiryAsync("b", TimeSpan.FromMinutes(1)));
        var timed = await db.StringGetWithExpiryAsync("b");
        Assert.Equal("three-and", timed.Value);
        Assert.InRange(timed.Expiry!.Value, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(60));
        Assert.InRange((await db.KeyExpireTimeAsync("b"))!.Value, DateTime.UtcNow.AddSeconds(30), DateTime.UtcNow.AddSeconds(61));
        Assert.Equal((RedisValue)1, (await db.StringGetWithExpiryAsync("a")).Value);
        Assert.Null((await db.StringGetWithExpiryAsync("a")).Expiry);
        Assert.Equal((RedisType.String, RedisType.None), (await db.KeyTypeAsync("a"), await db.KeyTypeAsync("none")));
        Assert.Equal(2, await db.KeyTouchAsync(["a", "b", "none"]));
    }

    [Fact]
    public async Task A_counter_with_an_expiry_counts_one_window()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        for (var i = 1; i <= 3; i++)
        {
            Assert.Equal(i, await db.StringIncrementAsync("window"));
            Assert.Equal(i == 1, await db.KeyExpireAsync("window", TimeSpan.FromMinutes(1), ExpireWhen.HasNoExpiry));
        }
    }

    [Fact]
    public async Task Hashes_are_counted_listed_and_scanned()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        await db.HashSetAsync("h", [.. Enumerable.Range(0, 2000).Select(i => new HashEntry($"f{i}", i))]);

        Assert.Equal(1.5, await db.HashIncrementAsync("h", "f1", 0.5));
        Assert.Equal(0, await db.HashDecrementAsync("h", "f2", 2));
        Assert.Equal(2000, (await db.HashKeysAsync("h")).Length);
        Assert.Equal(2000, (await db.HashValuesAsync("h")).Length);
        HashSet<string> seen = [];
        await foreach (var field in db.HashScanAsync("h", "f1*", pageSize: 50))
            seen.Add(field.Name.ToString());
        Assert.Equal(1111, seen.Count); // f1, f10..19, f100..199, f1000..1999
    }

    [Fact]
    public async Task Sets_hold_each_member_once()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        Assert.True(await db.SetAddAsync("s", "a"));
        Assert.False(await db.SetAddAsync("s", "a"));
        Assert.Equal(2, await db.SetAddAsync("s", ["a", "b", "c"]));
        Assert.Equal(3, await db.SetLengthAsync("s"));
        Assert.Equal(["a", "b", "c"], (await db.SetMembersAsync("s")).Select(member => member.ToString()).Order());
        Assert.Equal((bool[])[true, false], await db.SetContainsAsync("s", ["b", "z"]));
        Assert.True(await db.SetMoveAsync("s", "t", "b"));
        Assert.True(await db.SetContainsAsync("t", "b"));
        Assert.Equal("b", await db.SetPopAsync("t"));
        Assert.True((await db.SetPopAsync("t")).IsNull);
        Assert.Equal(2, (await db.SetPopAsync("s", 5)).Length);
        Assert.Equal(0, await db.SetRemoveAsync("s", ["a"]));
        Assert.Empty(await db.SetMembersAsync("s"));
    }

    [Fact]
    public async Task Sorted_sets_are_read_by_rank_score_and_name_in_both_directions()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        Assert.Equal(4, await db.SortedSetAddAsync("z", [new("a", 1), new("b", 2), new("c", 3), new("d", 4)]));
        Assert.False(await db.SortedSetAddAsync("z", "a", 9, SortedSetWhen.NotExists));
        Assert.Equal(["d", "c"], await db.SortedSetRangeByRankAsync("z", 0, 1, Order.Descending));
        Assert.Equal([new("b", 2), new("c", 3)], await db.SortedSetRangeByScoreWithScoresAsync("z", 2, 3));
        Assert.Equal(["c", "b"], await db.SortedSetRangeByScoreAsync("z", 1, 4, Exclude.Both, Order.Descending));
        Assert.Equal(["b"], await db.SortedSetRangeByScoreAsync("z", skip: 1, take: 1));
        Assert.Equal([new("a", 1)], await db.SortedSetRangeByRankWithScoresAsync("z", 0, 0));
        Assert.Equal(0, await db.SortedSetRankAsync("z", "a"));
        Assert.Null(await db.SortedSetRankAsync("z", "none"));
        Assert.Equal(3.5, await db.SortedSetIncrementAsync("z", "c", 0.5));
        Assert.Null(await db.SortedSetIncrementAsync("z", "none", 1, When.Exists, CommandFlags.None));
        Assert.Equal([1, null], await db.SortedSetScoresAsync("z", ["a", "none"]));
        Assert.Equal(3.5, await db.SortedSetScoreAsync("z", "c"));
        Assert.Equal(2, await db.SortedSetLengthAsync("z", 2, 3.5));
        Assert.Equal(new SortedSetEntry("a", 1), await db.SortedSetPopAsync("z"));
        Assert.Equal([new("d", 4), new("c", 3.5)], await db.SortedSetPopAsync("z", 2, Order.Descending));
        Assert.Equal(1, await db.SortedSetRemoveRangeByRankAsync("z", 0, -1));
        Assert.Null(await db.SortedSetPopAsync("z"));

        await db.SortedSetAddAsync("names", [new("anna", 0), new("bert", 0), new("carl", 0)]);
        Assert.Equal(["bert", "carl"], await db.SortedSetRangeByValueAsync("names", "b"));
        Assert.Equal(["bert", "anna"], await db.SortedSetRangeByValueAsync("names", "anna", "carl", Exclude.Stop, Order.Descending));
        Assert.Equal(2, await db.SortedSetLengthByValueAsync("names", "a", "c"));
        Assert.Equal(2, await db.SortedSetRemoveAsync("names", ["anna", "carl", "none"]));
    }

    [Fact]
    public async Task A_lock_is_prolonged_only_by_its_owner()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        await db.LockTakeAsync("lock", "me", TimeSpan.FromSeconds(30));

        Assert.False(await db.LockExtendAsync("lock", "you", TimeSpan.FromHours(1)));
        Assert.True(await db.LockExtendAsync("lock", "me", TimeSpan.FromHours(1)));

        Assert.Equal("me", await db.LockQueryAsync("lock"));
        Assert.True(await db.KeyTimeToLiveAsync("lock") > TimeSpan.FromMinutes(30));
    }

    [Fact]
    public async Task The_server_lists_its_keys_and_tells_about_itself()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => redis.GetDatabase(3).StringSetAsync($"k:{i}", i)));
        var own = redis.GetServers()[0];

        HashSet<string> keys = [];
        await foreach (var key in own.KeysAsync(3, "k:1*", pageSize: 100))
            keys.Add(key.ToString());

        Assert.Equal(111, keys.Count);
        Assert.Equal((1000, 0), (await own.DatabaseSizeAsync(3), await own.DatabaseSizeAsync()));
        var memory = Assert.Single(await own.InfoAsync("memory"));
        Assert.Equal("Memory", memory.Key);
        Assert.True(long.Parse(memory.Single(fact => fact.Key == "used_memory").Value, System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.Equal("PONG", (await own.ExecuteAsync("PING")).ToString());
    }

    [Fact]
    public async Task Nothing_cannot_be_stored_as_a_member()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => redis.GetDatabase().SetAddAsync("s", RedisValue.Null));
        await Assert.ThrowsAsync<ArgumentException>(() => redis.GetDatabase().StringGetAsync(default(RedisKey)));
    }

    [Fact]
    public async Task What_is_forgotten_is_done_all_the_same()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        Assert.Equal(0, await db.StringIncrementAsync("n", 5, CommandFlags.FireAndForget));
        Assert.Empty(await db.SetMembersAsync("s", CommandFlags.FireAndForget));

        Assert.Equal(5, await db.StringGetAsync("n")); // the same connection, so after it
    }
}
