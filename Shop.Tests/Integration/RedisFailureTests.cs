using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Shop.Tests.Fixtures;
using StackExchange.Redis;

namespace Shop.Tests.Integration;

/// <summary>A real server that stalls, dies, or has to be trusted first.</summary>
public sealed class RedisFailureTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("redis-").FullName;

    private static TimeSpan Limit => TimeSpan.FromSeconds(60);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_stalled_server_costs_its_callers_a_timeout_and_turns_a_crowd_away_and_is_used_again_when_it_goes_on()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync("asyncTimeout=1000,connectTimeout=1000");
        var db = redis.GetDatabase();
        var value = new byte[100 * 1024];
        await db.PingAsync();
        using var writing = new CancellationTokenSource();
        var (done, refused, turnedAway, lost) = (0, 0, 0, 0);
        redis.ConnectionFailed += (_, _) => Interlocked.Increment(ref lost);
        var unexpected = new System.Collections.Concurrent.ConcurrentQueue<Exception>();

        // 400 MB if all of them were kept, and each tries again.
        server.Signal("STOP");
        var writers = Enumerable.Range(0, 4000).Select(i => Task.Run(async () =>
        {
            while (!writing.IsCancellationRequested)
            {
                try
                {
                    await db.StringSetAsync($"k{i % 10}", value);
                    Interlocked.Increment(ref done);
                }
                catch (Exception e) when (e is RedisTimeoutException or RedisConnectionException)
                {
                    Interlocked.Increment(ref refused);
                    if (e.Message.StartsWith("Too many commands", StringComparison.Ordinal))
                        Interlocked.Increment(ref turnedAway);
                    await Task.Delay(1000);
                }
                catch (Exception e)
                {
                    unexpected.Enqueue(e);
                    return;
                }
            }
        })).ToArray();
        await UntilAsync(() => Volatile.Read(ref refused) > 8000 && Volatile.Read(ref lost) > 0); // it was also left, and tried again in vain

        Assert.Equal(0, Volatile.Read(ref done));
        server.Signal("CONT");
        await UntilAsync(() => Volatile.Read(ref done) > 500);
        await writing.CancelAsync();
        await Task.WhenAll(writers).WaitAsync(Limit);

        Assert.Empty(unexpected);
        if (typeof(ConnectionMultiplexer).Assembly.GetName().Version is not { Major: 1 })
            return; // the real client's patience is its timeout alone
        Assert.InRange(turnedAway, 2000, int.MaxValue); // at once, and so not kept: there is room for 640, 64 MB of them
    }

    [Fact]
    public async Task Under_load_a_kill_and_a_restart_lose_only_what_was_on_its_way()
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync("asyncTimeout=20000,connectTimeout=1000");
        var db = redis.GetDatabase();
        using var counting = new CancellationTokenSource();
        var (done, lost) = (0, 0);
        var failures = new System.Collections.Concurrent.ConcurrentDictionary<Type, int>();
        var callers = Enumerable.Range(0, 64).Select(_ => Task.Run(async () =>
        {
            while (!counting.IsCancellationRequested)
            {
                try
                {
                    await db.StringIncrementAsync("n");
                    Interlocked.Increment(ref done);
                }
                catch (Exception e)
                {
                    Interlocked.Increment(ref lost);
                    failures.AddOrUpdate(e.GetType(), 1, (_, count) => count + 1);
                    await Task.Delay(10);
                }
            }
        })).ToArray();

        for (var round = 0; round < 3; round++)
        {
            var seen = Volatile.Read(ref done);
            await UntilAsync(() => Volatile.Read(ref done) > seen + 1000);
            await server.KillAsync();
            await server.RestartAsync();
        }

        var last = Volatile.Read(ref done);
        await UntilAsync(() => Volatile.Read(ref done) > last + 1000);
        await counting.CancelAsync();
        await Task.WhenAll(callers).WaitAsync(Limit);

        // At most every caller once for each kill, each told that the server may have done it; the others waited for the new server.
        Assert.InRange(lost, 0, 3 * 64);
        Assert.Empty(failures.Keys.Except([typeof(RedisConnectionException)]));
    }

    [Fact]
    public async Task Over_TLS_the_server_has_to_be_the_one_it_says()
    {
        var (issuer, certificate, key) = Certificates("shop.test");
        await using var server = await RedisServer.StartAsync(port =>
        [
            "--port", "0", "--tls-port", $"{port}", "--tls-cert-file", certificate, "--tls-key-file", key,
            "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no", "--requirepass", "s3cret",
        ]);
        var configuration = $"127.0.0.1:{server.Port},ssl=true,sslHost=shop.test,password=s3cret,connectRetry=1,connectTimeout=10000,sslProtocols=Tls12|Tls13";

        var stranger = await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(configuration));
        var otherName = await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(
            configuration.Replace("shop.test", "other.test", StringComparison.Ordinal), options => options.TrustIssuer(issuer)));
        var plain = await Assert.ThrowsAsync<RedisConnectionException>(() => ConnectionMultiplexer.ConnectAsync(
            configuration.Replace("ssl=true", "ssl=false", StringComparison.Ordinal).Replace("10000", "1000", StringComparison.Ordinal)));
        await using var redis = await ConnectionMultiplexer.ConnectAsync(configuration, options => options.TrustIssuer(issuer));
        await using var pinned = await ConnectionMultiplexer.ConnectAsync(configuration, options => options.CertificateValidation += (_, certificate, _, _) => certificate?.Subject == "CN=shop.test");

        Assert.Equal(
            [ConnectionFailureType.AuthenticationFailure, ConnectionFailureType.AuthenticationFailure],
            [stranger.FailureType, otherName.FailureType]);
        Assert.NotEqual(ConnectionFailureType.None, plain.FailureType);
        var values = await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            await redis.GetDatabase().StringSetAsync($"k{i}", new string('x', i * 100));
            return (await pinned.GetDatabase().StringGetAsync($"k{i}")).Length();
        }));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => i * 100L), values);
    }

    [Fact]
    public async Task A_user_may_do_what_its_rules_allow_and_is_told_the_rest()
    {
        await using var server = await RedisServer.StartAsync("--requirepass", "s3cret", "--user", "shop", "on", ">pw", "~shop:*", "&*", "+@all", "-@dangerous");
        await using var redis = await server.ConnectAsync("user=shop,password=pw");
        var db = redis.GetDatabase();
        var told = new TaskCompletionSource<string>();
        redis.ErrorMessage += (_, error) => told.TrySetResult(error.Message);

        Assert.True(await db.StringSetAsync("shop:a", 1));
        var refused = await Assert.ThrowsAsync<RedisServerException>(() => db.StringSetAsync("other:a", 1));

        Assert.StartsWith("NOPERM", refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("NOPERM", await told.Task.WaitAsync(Limit), StringComparison.Ordinal);
        await Assert.ThrowsAsync<RedisConnectionException>(() => server.ConnectAsync("connectRetry=1,user=shop,password=wrong"));
    }

    /// <summary>An issuer (in a file), and what it issued for one host (certificate and key in files).</summary>
    private (string Issuer, string Certificate, string Key) Certificates(string host)
    {
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Test issuer", issuerKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var issuer = request.CreateSelfSigned(from, to);

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        names.AddIpAddress(IPAddress.Parse("192.0.2.1")); // not the one it is reached by: the name counts
        var own = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        own.CertificateExtensions.Add(names.Build());
        using var certificate = own.Create(issuer, from, to, [1, 2, 3, 4]);

        return (Write("issuer.pem", issuer.ExportCertificatePem()), Write("own.pem", certificate.ExportCertificatePem()),
            Write("own.key", key.ExportPkcs8PrivateKeyPem()));

        string Write(string name, string pem)
        {
            var path = Path.Combine(_folder, name);
            File.WriteAllText(path, pem);
            return path;
        }
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var waited = Stopwatch.StartNew(); !holds(); await Task.Delay(100))
            Assert.True(waited.Elapsed < Limit, "It did not come about.");
    }
}
