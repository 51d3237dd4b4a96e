using Shop.Tests.Fixtures;
using StackExchange.Redis;

namespace Shop.Tests.Integration;

/// <summary>What redis-server makes of the commands.</summary>
public sealed class RedisCommandTests
{
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
