using Shop.Tests.Fixtures;
using StackExchange.Redis;

namespace Shop.Tests.Integration;

/// <summary>The stand-in against servers that misbehave. Each connection is one step of the script, which knows what this client says first.</summary>
public sealed class RedisWireTests
{
    [Fact]
    public async Task A_connection_cut_in_the_middle_of_a_reply_fails_the_command_and_is_replaced()
    {
        await using var server = new FakeRedis(
            async peer =>
            {
                await peer.GreetAsync();
                await peer.ReadCommandAsync("GET");
                await peer.SendAsync("$10\r\nhalf"); // and closes
            },
            async peer =>
            {
                await peer.GreetAsync();
                await peer.ReadCommandAsync("GET");
                await peer.SendAsync("$5\r\nwhole\r\n");
                await peer.StayAsync();
            });
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        var lost = await Assert.ThrowsAsync<RedisConnectionException>(() => db.StringGetAsync("a"));
        Assert.Equal(CommandStatus.Sent, lost.CommandStatus); // it may have been done: the caller has to know

        Assert.Equal("whole", await db.StringGetAsync("a"));
    }

    [Fact]
    public async Task Garbage_ends_the_connection_instead_of_being_believed()
    {
        await using var server = new FakeRedis(
            async peer =>
            {
                await peer.GreetAsync();
                await peer.ReadCommandAsync("GET");
                await peer.SendAsync("HTTP/1.1 400 Bad Request\r\n\r\n");
                await peer.StayAsync();
            },
            async peer =>
            {
                await peer.GreetAsync();
                await peer.ReadCommandAsync("GET");
                await peer.SendAsync("+fine\r\n");
                await peer.StayAsync();
            });
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        var refused = await Assert.ThrowsAsync<RedisConnectionException>(() => db.StringGetAsync("a"));

        Assert.Equal(ConnectionFailureType.ProtocolFailure, refused.FailureType);
        Assert.Equal("fine", await db.StringGetAsync("a"));
    }

    [Fact]
    public async Task An_answer_of_another_shape_fails_its_command_and_no_other()
    {
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            foreach (var (command, answer) in ((string, string)[])
                [("GET", "*2\r\n+a\r\n+b"), ("INCR", "$4\r\nmany"), ("HSCAN", ":1"), ("MULTI", "+OK"), ("INCR", "+QUEUED"), ("EXEC", "*0"), ("GET", "+right")])
            {
                await peer.ReadCommandAsync(command);
                await peer.SendAsync($"{answer}\r\n");
            }

            await peer.StayAsync();
        });
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        var transaction = db.CreateTransaction();

        await Assert.ThrowsAnyAsync<Exception>(() => db.StringGetAsync("a"));
        await Assert.ThrowsAsync<InvalidCastException>(() => db.StringIncrementAsync("n"));
        await Assert.ThrowsAnyAsync<Exception>(async () => await db.HashScanAsync("h").GetAsyncEnumerator().MoveNextAsync());
        var inside = transaction.StringIncrementAsync("n");
        await Assert.ThrowsAnyAsync<Exception>(() => transaction.ExecuteAsync());
        await Assert.ThrowsAnyAsync<Exception>(() => inside);

        Assert.Equal("right", await db.StringGetAsync("a"));
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_late_reply_is_not_taken_for_the_next_ones()
    {
        var late = new TaskCompletionSource();
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            await peer.ReadCommandAsync("GET");
            await late.Task;
            await peer.SendAsync("$4\r\nlate\r\n");
            await peer.ReadCommandAsync("GET");
            await peer.SendAsync("$5\r\nright\r\n");
            await peer.StayAsync();
        });
        await using var redis = await server.ConnectAsync("asyncTimeout=2000");
        var db = redis.GetDatabase();

        // On a busy machine the time may be up before it was sent; then the server has not seen it and owes nothing.
        while ((await Assert.ThrowsAsync<RedisTimeoutException>(() => db.StringGetAsync("a"))).Commandstatus is not CommandStatus.Sent)
        {
        }

        late.SetResult();

        Assert.Equal("right", await db.StringGetAsync("b"));
    }

    [Fact]
    public async Task A_server_that_stops_answering_is_left_for_a_new_connection()
    {
        await using var server = new FakeRedis(
            async peer =>
            {
                await peer.GreetAsync();
                await peer.StayAsync();
            },
            async peer =>
            {
                await peer.GreetAsync();
                for (;;)
                {
                    await peer.ReadCommandAsync("GET");
                    await peer.SendAsync("+back\r\n");
                }
            });
        await using var redis = await server.ConnectAsync("asyncTimeout=50");
        var db = redis.GetDatabase();

        for (var i = 0; i < 200; i++)
        {
            try
            {
                if (await db.StringGetAsync("a") == "back")
                    return;
            }
            catch (Exception e) when (e is RedisTimeoutException or RedisConnectionException)
            {
                await Task.Delay(20);
            }
        }

        Assert.Fail("The dead connection was kept.");
    }

    [Fact]
    public async Task A_server_that_reads_nothing_costs_a_timeout_and_no_more_memory()
    {
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            await peer.StayAsync(reads: false);
        });
        await using var redis = await server.ConnectAsync("asyncTimeout=20000");
        var db = redis.GetDatabase();
        var value = new byte[1024 * 1024];
        var calls = new List<Task<bool>>();

        // Far more than is held back for a silent server.
        for (var i = 0; i < 400 && !calls.Any(call => call.IsFaulted); i++)
            calls.Add(db.StringSetAsync($"k{i}", value));

        var refused = calls.Find(call => call.IsFaulted);
        Assert.IsType<RedisTimeoutException>(refused!.Exception!.InnerException);
    }

    [Fact]
    public async Task Replies_in_pieces_are_put_together()
    {
        const string Reply = "*3\r\n$5\r\nfirst\r\n:-7\r\n*2\r\n_\r\n,1.5\r\n";
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            await peer.ReadCommandAsync("CUSTOM");
            foreach (var piece in Reply)
                await peer.SendAsync(piece.ToString());
            await peer.StayAsync();
        });
        await using var redis = await server.ConnectAsync();

        var reply = await redis.GetDatabase().ExecuteAsync("CUSTOM");

        Assert.Equal(3, reply.Length);
        Assert.Equal("first", (string?)reply[0]);
        Assert.Equal(-7, (int)reply[1]);
        Assert.True(reply[2][0].IsNull);
        Assert.Equal(1.5, (double)reply[2][1]);
    }

    [Fact]
    public async Task Many_callers_share_one_connection_and_get_their_own_answers()
    {
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            for (;;)
                await peer.SendAsync($"+{(await peer.ReadCommandAsync("ECHO"))[1]}\r\n");
        });
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();

        var answers = await Task.WhenAll(Enumerable.Range(0, 500).Select(async i => (string?)await db.ExecuteAsync("ECHO", i) == $"{i}"));

        Assert.DoesNotContain(false, answers);
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task A_wrong_password_is_told_from_a_dead_server()
    {
        await using var server = new FakeRedis(async peer =>
        {
            await peer.ReadCommandAsync("HELLO");
            await peer.SendAsync("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
            await peer.StayAsync();
        });

        var refused = await Assert.ThrowsAsync<RedisConnectionException>(() => server.ConnectAsync("connectRetry=1"));

        Assert.Equal(ConnectionFailureType.AuthenticationFailure, refused.FailureType);
    }

    [Fact]
    public async Task A_server_before_RESP3_is_spoken_to_in_RESP2()
    {
        await using var server = new FakeRedis(async peer =>
        {
            await peer.ReadCommandAsync("HELLO");
            await peer.SendAsync("-ERR unknown command 'HELLO'\r\n");
            await peer.ReadCommandAsync("AUTH");
            await peer.SendAsync("+OK\r\n");
            await peer.ReadCommandAsync("CLIENT");
            await peer.SendAsync("+OK\r\n");
            await peer.ReadCommandAsync("PING");
            await peer.SendAsync("+PONG\r\n");
            await peer.ReadCommandAsync("GET");
            await peer.SendAsync("$-1\r\n");
            await peer.StayAsync();
        });
        await using var redis = await server.ConnectAsync("password=x");

        Assert.True((await redis.GetDatabase().StringGetAsync("a")).IsNull);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_told_at_once_or_awaited_as_configured()
    {
        var port = PostgresServer.FreePort();

        await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port},connectTimeout=500,connectRetry=1"));

        await using var patient = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{port},connectTimeout=500,asyncTimeout=100,abortConnect=false");
        Assert.False(patient.IsConnected);
        await Assert.ThrowsAnyAsync<Exception>(() => patient.GetDatabase().StringGetAsync("a"));
    }

    [Fact]
    public async Task Failing_fast_does_not_wait_for_a_server_that_is_not_there()
    {
        var options = ConfigurationOptions.Parse($"127.0.0.1:{PostgresServer.FreePort()},connectTimeout=500,asyncTimeout=60000,abortConnect=false");
        options.BacklogPolicy = BacklogPolicy.FailFast;
        await using var redis = await ConnectionMultiplexer.ConnectAsync(options);

        await Assert.ThrowsAsync<RedisConnectionException>(() => redis.GetDatabase().StringGetAsync("a").WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task A_peer_that_accepts_and_says_nothing_is_given_up_after_the_connect_timeout()
    {
        await using var server = new FakeRedis(peer => peer.StayAsync());

        await Assert.ThrowsAsync<RedisConnectionException>(
            () => server.ConnectAsync("connectTimeout=200,connectRetry=1").WaitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task Closing_ends_what_still_waits()
    {
        await using var server = new FakeRedis(async peer =>
        {
            await peer.GreetAsync();
            await peer.StayAsync();
        });
        var redis = await server.ConnectAsync("asyncTimeout=60000");
        var waiting = redis.GetDatabase().StringGetAsync("a");

        await redis.DisposeAsync();

        await Assert.ThrowsAsync<RedisConnectionException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(10)));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => redis.GetDatabase().StringGetAsync("a"));
    }
}
