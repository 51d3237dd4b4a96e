using Shop.Tests.Fixtures;
using StackExchange.Redis;

namespace Shop.Tests.Integration;

/// <summary>Commands that belong together.</summary>
public sealed class RedisTransactionTests
{
    [Fact]
    public async Task A_transaction_answers_each_of_its_commands()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        var transaction = db.CreateTransaction();
        var set = transaction.StringSetAsync("a", 1);
        var count = transaction.StringIncrementAsync("a", 4);
        var wrong = transaction.HashGetAsync("a", "f");
        var members = transaction.SetMembersAsync("s");
        Assert.False(set.IsCompleted);

        Assert.True(await transaction.ExecuteAsync());

        Assert.True(await set);
        Assert.Equal(5, await count);
        await Assert.ThrowsAsync<RedisServerException>(() => wrong); // the others are done all the same: Redis rolls nothing back
        Assert.Empty(await members);
        Assert.Equal(5, await db.StringGetAsync("a"));
    }

    [Fact]
    public async Task A_transaction_runs_only_while_its_conditions_hold()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        await db.StringSetAsync("state", "open");
        await db.HashSetAsync("h", "f", 1);
        await db.SetAddAsync("s", "m");
        await db.SortedSetAddAsync("z", "m", 1);

        foreach (var (condition, holds) in ((Condition, bool)[])
        [
            (Condition.StringEqual("state", "open"), true), (Condition.StringEqual("state", "shut"), false),
            (Condition.StringNotEqual("state", "shut"), true), (Condition.KeyExists("none"), false), (Condition.KeyNotExists("none"), true),
            (Condition.HashEqual("h", "f", 1), true), (Condition.HashExists("h", "g"), false), (Condition.HashNotExists("h", "g"), true),
            (Condition.SetContains("s", "m"), true), (Condition.SortedSetContains("z", "x"), false),
        ])
        {
            var transaction = db.CreateTransaction();
            var known = transaction.AddCondition(condition);
            var count = transaction.StringIncrementAsync("done");

            Assert.Equal(holds, await transaction.ExecuteAsync());
            Assert.Equal(holds, known.WasSatisfied);
            if (!holds)
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => count);
        }

        Assert.Equal(6, await db.StringGetAsync("done"));
    }

    [Fact]
    public async Task Of_many_that_compare_and_set_each_step_is_taken_once()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync("asyncTimeout=30000");
        await using var other = await server.ConnectAsync("asyncTimeout=30000");
        await redis.GetDatabase().StringSetAsync("n", 0);

        // Two connections, eight loops each, other people's commands in between; every success has to count.
        var steps = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
        {
            var (db, taken) = ((i % 2 == 0 ? redis : other).GetDatabase(), 0);
            while (taken < 20)
            {
                var seen = (long)await db.StringGetAsync("n");
                var transaction = db.CreateTransaction();
                transaction.AddCondition(Condition.StringEqual("n", seen));
                var set = transaction.StringSetAsync("n", seen + 1);
                var noise = db.StringIncrementAsync("noise");
                if (await transaction.ExecuteAsync())
                    taken += await set ? 1 : 0;
                await noise;
            }

            return taken;
        })));

        Assert.Equal(16 * 20, steps.Sum());
        Assert.Equal(16 * 20, await redis.GetDatabase().StringGetAsync("n"));
    }

    [Fact]
    public async Task A_condition_that_cannot_be_asked_for_fails_the_transaction_and_nothing_else()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        await db.SetAddAsync("s", "m");
        var transaction = db.CreateTransaction();
        transaction.AddCondition(Condition.StringEqual("s", "text"));
        var set = transaction.StringSetAsync("a", 1);

        await Assert.ThrowsAsync<RedisServerException>(() => transaction.ExecuteAsync());

        await Assert.ThrowsAnyAsync<Exception>(() => set);
        Assert.False(await db.KeyExistsAsync("a"));
    }

    [Fact]
    public async Task A_key_that_may_not_be_watched_fails_the_transaction_although_its_condition_holds()
    {
        await using var server = await RedisServer.StartAsync("--user", "shop", "on", "nopass", "~*", "+@all", "-watch");
        await using var redis = await server.ConnectAsync("user=shop,password=any");
        var db = redis.GetDatabase();
        var transaction = db.CreateTransaction();
        var condition = transaction.AddCondition(Condition.KeyNotExists("a"));
        var set = transaction.StringSetAsync("a", 1);

        await Assert.ThrowsAsync<RedisServerException>(() => transaction.ExecuteAsync());

        Assert.True(condition.WasSatisfied);
        await Assert.ThrowsAsync<RedisServerException>(() => set);
        Assert.False(await db.KeyExistsAsync("a"));
    }

    [Fact]
    public async Task A_command_that_the_server_does_not_take_ends_the_transaction_and_says_which()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        var transaction = db.CreateTransaction();
        var right = transaction.StringSetAsync("a", 1);
        var wrong = transaction.ExecuteAsync("NOSUCH");

        var aborted = await Assert.ThrowsAsync<RedisServerException>(() => transaction.ExecuteAsync());

        Assert.StartsWith("EXECABORT", aborted.Message, StringComparison.Ordinal);
        Assert.Contains("unknown command", (await Assert.ThrowsAsync<RedisServerException>(() => wrong)).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<RedisServerException>(() => right);
        Assert.False(await db.KeyExistsAsync("a"));
    }

    [Fact]
    public async Task A_transaction_works_before_RESP3_too()
    {
        await using var server = await RedisServer.StartAsync("--rename-command", "HELLO", "");
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        var transaction = db.CreateTransaction();
        transaction.AddCondition(Condition.KeyNotExists("z"));
        var added = transaction.SortedSetAddAsync("z", [new("a", 1), new("b", 2)]);
        var range = transaction.SortedSetRangeByRankWithScoresAsync("z");

        Assert.True(await transaction.ExecuteAsync());

        Assert.Equal(2, await added);
        Assert.Equal([new("a", 1), new("b", 2)], await range);
        Assert.Equal(new SortedSetEntry("a", 1), await db.SortedSetPopAsync("z"));
    }

    [Fact]
    public async Task A_script_in_a_batch_is_sent_whole()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var batch = redis.GetDatabase().CreateBatch();
        var answer = batch.ScriptEvaluateAsync("return ARGV[1]", values: ["x"]);

        batch.Execute();

        Assert.Equal("x", (string?)await answer);
        Assert.Throws<NotSupportedException>(() => batch.HashScanAsync("h"));
    }
}
