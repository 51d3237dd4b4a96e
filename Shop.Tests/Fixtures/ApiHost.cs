using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Shop.Api;
using Shop.Api.Accounts;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Data.People;

namespace Shop.Tests.Fixtures;

/// <summary>The real Api on Kestrel, over a database of its own and a wire that counts. It waits long for an outcome, so that a
/// slow machine changes no answer; a test without a worker asks for a short wait.</summary>
public sealed class ApiHost : IAsyncLifetime, IAsyncDisposable
{
    /// <summary>For a test in which no outcome comes.</summary>
    internal static readonly (string, string?) ShortWait = ("Timeouts:Outcome", "00:00:00.100");

    /// <summary>Production's limits, several times over: on a machine that does other things, a crowd on one row is "busy" too soon.</summary>
    internal static readonly (string, string?)[] PatientDatabase =
    [
        ("Timeouts:Lock", "00:00:03"), ("Timeouts:Statement", "00:00:04"), ("Timeouts:Command", "00:00:05"), ("Timeouts:Connect", "00:00:05"),
        ("Timeouts:Request", "00:00:06"), ("Timeouts:Attempt", "00:00:07"), ("Timeouts:Total", "00:00:15"), ("Timeouts:Transaction", "00:00:08"),
        ("Timeouts:LongRequest", "00:00:15"), ("Timeouts:LongAttempt", "00:00:16"), ("Timeouts:LongTotal", "00:00:33"), ("Timeouts:Proxy", "00:00:34"),
    ];

    private static readonly (string, string?)[] OfTests =
    [
        ("Timeouts:Outcome", "00:00:18"), ("Timeouts:LongRequest", "00:00:29"), ("Timeouts:LongAttempt", "00:00:30"), ("Timeouts:LongTotal", "00:01:01"),
        ("Timeouts:Proxy", "00:01:02"), ("Timeouts:Shutdown", "00:00:35"), ("Timeouts:Kill", "00:00:40"), ("Timeouts:Drain", "00:00:00"),
        ("RateLimits:Lifted", "true"), ("CardTesting:Lifted", "true"), // all tests come from one address
        ("Links:Secret", Any.LinkSecret), ("Accounts:HashIterations", "10000"),
    ];

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly Dictionary<string, string?> _settings;
    private Factory? _factory;

    public ApiHost() : this([])
    {
    }

    internal ApiHost(params (string Key, string? Value)[] settings) =>
        _settings = PatientDatabase.Concat(OfTests).Concat(settings)
            .GroupBy(s => s.Item1).ToDictionary(g => g.Key, g => g.Last().Item2);

    public HttpClient Http { get; private set; } = null!;

    /// <summary>What was logged, as it would be in production.</summary>
    public ConcurrentQueue<string> Logged { get; } = new();

    public PostgresWire Wire { get; private set; } = null!;
    public IServiceProvider Services => _factory!.Services;
    internal string Database { get; private set; } = "";

    internal static CancellationToken Ct => new CancellationTokenSource(Limit).Token;

    internal static async Task<ApiHost> StartAsync(params (string Key, string? Value)[] settings)
    {
        var host = new ApiHost(settings);
        await host.InitializeAsync();
        return host;
    }

    /// <summary>Over a database that others use too.</summary>
    internal static async Task<ApiHost> OverAsync(string database)
    {
        var host = new ApiHost { Database = database };
        await host.InitializeAsync();
        return host;
    }

    public async Task InitializeAsync()
    {
        if (Database is "")
            Database = _settings.GetValueOrDefault("ConnectionStrings:shopdb") ?? await PostgresServer.CreateDatabaseAsync();
        Wire = new PostgresWire(new NpgsqlConnectionStringBuilder(Database).Port);
        var wired = new NpgsqlConnectionStringBuilder(Database) { Port = Wire.Port, SslMode = SslMode.Disable };
        _settings.TryAdd("ConnectionStrings:shopdb", wired.ConnectionString);
        _factory = new Factory(_settings, Logged);
        _factory.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0)); // a port given as such is set after the start, at times too late
        _factory.StartServer();
        var address = _factory.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        Http = new HttpClient { BaseAddress = new Uri(address), Timeout = Limit };
    }

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        await (_factory?.DisposeAsync() ?? default);
        await (Wire?.DisposeAsync() ?? default);
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public ShopDbContext Open() => PostgresServer.Open(Database);

    public async Task StockAsync(int onHand, params string[] skus)
    {
        await using var db = Open();
        await Any.StockAsync(db, onHand, skus);
    }

    internal Task<Answer> GetAsync(string path, params (string Name, string? Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    internal Task<Answer> PostAsync(string path, object? body, params (string Name, string? Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body, headers);

    internal async Task<Answer> SendAsync(HttpMethod method, string path, object? body, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = JsonContent.Create(body);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new Answer(
            response.StatusCode, text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default, text,
            response.Headers.Concat(response.Content.Headers).ToDictionary(h => h.Key, h => string.Join(",", h.Value), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>A visitor with these goods in the cart.</summary>
    internal async Task<Guest> GuestAsync(params (string Sku, int Quantity)[] lines)
    {
        var guest = new Guest(this);
        foreach (var (sku, quantity) in lines)
            Assert.Equal(HttpStatusCode.OK, (await guest.AddAsync(sku, quantity)).Status);
        return guest;
    }

    /// <summary>What Payments does, with a gateway that has already answered: takes the next charge job, applies the news, tells everybody.</summary>
    internal async Task<Guid> WorkAsync(PaymentNews news)
    {
        var limit = Stopwatch.StartNew();
        while (limit.Elapsed < Limit)
        {
            await using var db = Open();
            await using var transaction = await db.Database.BeginTransactionAsync();
            var jobs = await db.PaymentJobs.FromSql($"""
                SELECT * FROM payments.payment_jobs WHERE state = 'Waiting' AND kind = 'Charge' LIMIT 1 FOR UPDATE SKIP LOCKED
                """).ToListAsync();
            if (jobs is [var job])
            {
                var order = await db.LockOrderAsync(job.OrderId, Ct);
                order.TryApply(PaymentEvent.Started, DateTimeOffset.UtcNow);
                job.State = JobState.Done;
                await db.SaveChangesAsync();
                var told = news is PaymentNews.Captured ? new PaymentNews.Captured(order.TotalMinor, order.Currency, job.Provider) : news;
                await db.ApplyPaymentOutcomeAsync(job.OrderId, told, DateTimeOffset.UtcNow, Ct);
                await transaction.CommitAsync();
                await db.NotifyAsync(Notices.Orders, $"{job.OrderId}", Ct);
                return job.OrderId;
            }

            await Task.Delay(10);
        }

        throw new TimeoutException("No charge job came.");
    }

    /// <summary>Somebody who is signed in, a second factor shown where it is due; written down without the ceremony.</summary>
    internal async Task<Somebody> SignedInAsync(Role role = Role.Shopper, bool pending = false, string? password = null)
    {
        var now = DateTimeOffset.UtcNow;
        var user = ShopUser.Of(Person.WithAccount($"{role}-{Guid.NewGuid():N}@example.org".ToLowerInvariant(), $"Some {role}", now), role, now);
        user.EmailConfirmed = true;
        user.ChangePassword(password is null ? "none" : Services.GetRequiredService<Passwords>().Hash(password));
        if (user.IsStaff || pending)
            (user.TwoFactorEnabled, user.AuthenticatorKey) = (true, Totp.NewKey());
        var token = Session.NewToken();
        var session = new Session
        {
            Id = Guid.CreateVersion7(now), TokenHash = Session.HashOf(token), UserId = user.Id, Device = "A test", Pending = pending, CreatedAt = now,
            LastSeenAt = now, ExpiresAt = now.AddMinutes(10), SecondFactorAt = user.TwoFactorEnabled && !pending ? now : null,
        };
        await using var db = Open();
        db.AddRange(user, session);
        await db.SaveChangesAsync();
        return new Somebody(user.Id, user.Person.Email, token, session.Id, user.AuthenticatorKey ?? "");
    }

    internal static PaymentNews Paid { get; } = new PaymentNews.Captured(0, "EUR");

    internal static async Task UntilAsync(Func<Task<bool>> holds)
    {
        var limit = Stopwatch.StartNew();
        while (!await holds())
        {
            if (limit.Elapsed > Limit)
                throw new TimeoutException("It did not become true in time.");
            await Task.Delay(20);
        }
    }

    private sealed class Factory(Dictionary<string, string?> settings, ConcurrentQueue<string> logged) : WebApplicationFactory<ShopApi>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment(settings.GetValueOrDefault("environment") ?? "Development");
            foreach (var (key, value) in settings)
                builder.UseSetting(key, value);
            builder.ConfigureLogging(logging => logging.AddProvider(new Recorder(logged)));
        }
    }

    private sealed class Recorder(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}

internal sealed record Somebody(Guid Id, string Email, string Token, Guid SessionId, string Key)
{
    public (string, string?) Bearer => BearerOf(Token);

    public static (string, string?) BearerOf(string? token) => ("Authorization", $"Bearer {token}");
}

internal sealed record Answer(HttpStatusCode Status, JsonElement Json, string Text, IReadOnlyDictionary<string, string> Headers)
{
    public string? this[string member] => Json.ValueKind is JsonValueKind.Object && Json.TryGetProperty(member, out var value) ? value.ToString() : null;

    public string? Reason => this["reason"];
}

/// <summary>A visitor: keeps the cart's token as the storefront's cookie does.</summary>
internal sealed class Guest(ApiHost api)
{
    public string? Token { get; set; }
    public Answer? Cart { get; private set; }

    public async Task<Answer> AddAsync(string sku, int quantity = 1, Guid? key = null)
    {
        var answer = await api.PostAsync("/cart/lines", new { sku, quantity }, ("X-Cart", Token), ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));
        Token = answer["token"] is { Length: > 0 } token ? token : Token;
        Cart = answer;
        return answer;
    }

    public Task<Answer> SetAsync(string sku, int quantity, int version) =>
        api.SendAsync(HttpMethod.Put, $"/cart/lines/{sku}", new { quantity, version }, ("X-Cart", Token));

    public Task<Answer> SeeCartAsync() => api.GetAsync("/cart", ("X-Cart", Token));

    public Task<Answer> CheckoutAsync(Guid? key = null, Action<Dictionary<string, object?>>? but = null)
    {
        var form = Form();
        but?.Invoke(form);
        return api.PostAsync("/checkout", form, ("X-Cart", Token), ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));
    }

    public Dictionary<string, object?> Form() => new()
    {
        ["email"] = "guest@example.org", ["name"] = "A Guest", ["line1"] = "Street 1", ["postalCode"] = "10115", ["city"] = "Berlin", ["country"] = "DE",
        ["cartVersion"] = Cart!.Json.GetProperty("version").GetInt32(), ["totalMinor"] = Cart.Json.GetProperty("totalMinor").GetInt64(),
        ["paymentToken"] = "pm_card_visa", ["provider"] = "stripe",
    };
}

/// <summary>
/// A relay before Postgres that counts round trips as a network sees them: a client speaks after the server has spoken. What the client
/// writes in one go is gathered first, so that a large batch is one trip and a BEGIN in front of it no second one.
/// </summary>
public sealed class PostgresWire : IAsyncDisposable
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(3);
    private static ReadOnlySpan<byte> ReadyForQuery => [(byte)'Z', 0, 0, 0, 5];
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<TcpClient, bool> _open = new();
    private readonly int _target;
    private int _roundTrips, _inTheBackground;

    public PostgresWire(int target)
    {
        _target = target;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Since the last reset, on connections of the shoppers' pool that stand: what runs by the clock, or opens a connection, is
    /// none of a request's.</summary>
    public int RoundTrips => Volatile.Read(ref _roundTrips);

    /// <summary>Since the last reset, on every other connection but the one that listens and the one of the log lines.</summary>
    public int InTheBackground => Volatile.Read(ref _inTheBackground);

    public bool IsDown { get; set; }

    /// <summary>Takes what it is given and says nothing more.</summary>
    public bool IsFrozen { get; set; }

    public void Reset()
    {
        Volatile.Write(ref _roundTrips, 0);
        Volatile.Write(ref _inTheBackground, 0);
    }

    public void CutAll()
    {
        foreach (var client in _open.Keys)
            client.Close();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        CutAll();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                if (IsDown)
                    client.Close();
                else
                    _ = RelayAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using var server = new TcpClient();
        try
        {
            _open[client] = true;
            client.NoDelay = server.NoDelay = true;
            await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            var (answered, stands) = (true, false);
            string? startup = null;
            await Task.WhenAny(UpAsync(), DownAsync());

            async Task UpAsync()
            {
                var buffer = new byte[1 << 20];
                while (true)
                {
                    var length = await client.GetStream().ReadAsync(buffer, _stop.Token);
                    if (length == 0)
                        return;
                    await Task.Delay(Gather);
                    for (; client.Available > 0 && length < buffer.Length; await Task.Delay(Gather))
                        length += await client.GetStream().ReadAsync(buffer.AsMemory(length), _stop.Token);

                    startup ??= Encoding.ASCII.GetString(buffer, 0, length);
                    if (Interlocked.Exchange(ref answered, false))
                    {
                        if (startup.Contains("application_name\0shop api\0", StringComparison.Ordinal) && Volatile.Read(ref stands))
                            Interlocked.Increment(ref _roundTrips);
                        else if (!startup.Contains("shop listener", StringComparison.Ordinal) && !startup.Contains(" telemetry\0", StringComparison.Ordinal))
                            Interlocked.Increment(ref _inTheBackground);
                    }

                    await server.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
                }
            }

            async Task DownAsync()
            {
                var buffer = new byte[1 << 16];
                while (await server.GetStream().ReadAsync(buffer, _stop.Token) is var length && length > 0)
                {
                    if (buffer.AsSpan(0, length).IndexOf(ReadyForQuery) >= 0)
                        Volatile.Write(ref stands, true);
                    Volatile.Write(ref answered, true);
                    while (IsFrozen)
                        await Task.Delay(20, _stop.Token);
                    await client.GetStream().WriteAsync(buffer.AsMemory(0, length), _stop.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // A cut wire is what some tests are about.
        }
        finally
        {
            _open.TryRemove(client, out _);
            client.Close();
        }
    }
}

/// <summary>A Redis of the test's own that can be killed.</summary>
public sealed class RedisProcess(string password = "") : IDisposable
{
    private Process? _process;

    public int Port { get; } = PostgresServer.FreePort();

    public void Start()
    {
        _process = Process.Start(new ProcessStartInfo("redis-server",
            ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath(), "--requirepass", password])
        { RedirectStandardOutput = true }) ?? throw new InvalidOperationException("redis-server is missing: install the package redis-server.");
        _process.BeginOutputReadLine();
    }

    /// <summary>It is there and says nothing.</summary>
    public void Freeze() => Signal("-STOP");

    public void Thaw() => Signal("-CONT");

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [signal, $"{_process!.Id}"]);
        kill.WaitForExit();
    }

    public void Kill()
    {
        _process?.Kill();
        _process?.WaitForExit();
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
            Kill();
        _process?.Dispose();
    }
}
