using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shop.Simulator;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;
using Stripe;

namespace Shop.Tests.Integration;

/// <summary>One simulator for a class of tests.</summary>
public sealed class SimulatorFixture : IAsyncLifetime
{
    internal SimulatorHost Simulator { get; } = SimulatorHost.Start();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => Simulator.DisposeAsync().AsTask();
}

/// <summary>A simulator on a real socket, so that a cut connection is one.</summary>
internal sealed class SimulatorHost : IAsyncDisposable
{
    // No charge.updated comes in between, unless a test is about it.
    private static readonly KeyValuePair<string, string?> Unsettled = new("Simulator:Stripe:BalanceAfter", "1.00:00:00");

    private readonly WebApplicationFactory<ShopSimulator> _factory;

    private SimulatorHost(WebApplicationFactory<ShopSimulator> factory, ConcurrentQueue<string> log)
    {
        _factory = factory;
        Log = log;
        Address = factory.ClientOptions.BaseAddress;
        Http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Address };
    }

    public Uri Address { get; }
    public HttpClient Http { get; }
    public ConcurrentQueue<string> Log { get; }
    public IServiceProvider Services => _factory.Services;

    public static SimulatorHost Start(params (string Key, string Value)[] settings)
    {
        ConcurrentQueue<string> log = new();
#pragma warning disable CA2000 // disposed with the host
        var factory = new WebApplicationFactory<ShopSimulator>().WithWebHostBuilder(web => web
            .UseEnvironment("Development")
            .ConfigureAppConfiguration(c => c.AddInMemoryCollection([Unsettled]).AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))))
            .ConfigureServices(services => services.AddLogging(l => l.SetMinimumLevel(LogLevel.Trace).AddProvider(new Recorder(log)))));
#pragma warning restore CA2000
        factory.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0)); // UseKestrel(0) means port 5000
        factory.StartServer();
        return new SimulatorHost(factory, log);
    }

    /// <summary>As the shop has it: no retries below us.</summary>
    public StripeClient Stripe(string key = "sk_test_shop", TimeSpan? timeout = null) => new(key, apiBase: $"{Address.GetLeftPart(UriPartial.Authority)}/stripe",
        httpClient: new SystemNetHttpClient(new HttpClient { Timeout = timeout ?? TimeSpan.FromSeconds(15) }, maxNetworkRetries: 0, enableTelemetry: false));

    public Task FaultAsync(Fault fault, int? count = null, string? operation = null) =>
        FaultAsync(new FaultSettings { Rules = [new() { Fault = fault, Count = count, Operation = operation }] });

    public async Task FaultAsync(FaultSettings faults)
    {
        using var answer = await Http.PutAsJsonAsync("/faults", faults);
        answer.EnsureSuccessStatusCode();
    }

    public async Task<LedgerEntry> LedgerOfAsync(string intent) =>
        Assert.Single(await Http.GetFromJsonAsync<LedgerEntry[]>("/ledger") ?? [], l => l.Intent == intent);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _factory.DisposeAsync();
    }

    /// <summary>Waits for something to become true, with a limit.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> isSo)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var value = await read();
            if (isSo(value))
                return value;
            await Task.Delay(20, limit.Token);
        }
    }

    private sealed class Recorder(ConcurrentQueue<string> log) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
