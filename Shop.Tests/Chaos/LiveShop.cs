using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Shop.Api;
using Shop.Data;
using Shop.Payments;
using Shop.Simulator;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>A service of the shop as a process that keeps its port, so that it can be killed at any moment and started again.</summary>
internal sealed class Part(string name, int port, Func<int, ServiceProcess> start) : IDisposable
{
    private ServiceProcess _process = start(port);

    public string Name { get; } = name;
    public Uri Address { get; } = new($"http://127.0.0.1:{port}");
    public int Kills { get; private set; }

    /// <summary>What it said when it ended although nobody killed it. Nothing of the kind should happen.</summary>
    public List<string> EndedByItself { get; } = [];

    public string Output => _process.Output;

    public void Kill()
    {
        LookAfterIt();
        _process.Dispose();
        Kills++;
    }

    public void Start() => _process = start(port);

    public Task ReadyAsync(CancellationToken ct) => _process.AnswersAsync(new Uri(Address, "/ready"), ct);

    public void LookAfterIt()
    {
        if (!_process.HasEnded)
            return;

        EndedByItself.Add($"{Name}: {_process.Output}");
        _process.Dispose();
        Start();
    }

    public void Dispose() => _process.Dispose();
}

/// <summary>
/// The shop as it is deployed: replicas of Api and Payments over one database, and the simulator as the outside world. Waits are scaled,
/// limits are as short as the ladder of timeouts allows, so that a lease of the dead is soon free again.
/// </summary>
internal sealed class LiveShop : IAsyncDisposable
{
    private readonly string _state = Path.Combine(Directory.CreateTempSubdirectory("shop-tests-live-").FullName, "simulator.jsonl");
    private readonly int _smtpPort = FixedPort();
    private readonly int _stripePort = FixedPort();
    private readonly int _payPalPort = FixedPort();

    private LiveShop(string database) => Database = database;

    public string Database { get; }
    public Part Simulator { get; private set; } = null!;
    public Part[] Payments { get; private set; } = [];
    public Part[] Apis { get; private set; } = [];
    public IEnumerable<Part> Parts => [Simulator, .. Payments, .. Apis];

    public ShopDbContext Open() => PostgresServer.Open(Database);

    public static async Task<LiveShop> StartAsync(int replicas, double timeScale, CancellationToken ct, params (string Key, string? Value)[] more)
    {
        var shop = new LiveShop(await PostgresServer.CreateDatabaseAsync());
        int[] payments = [.. Enumerable.Range(0, replicas).Select(_ => FixedPort())];
        (string, string?)[] common =
        [
            .. Limits, ("Logging:LogLevel:Default", "Warning"), ("ASPNETCORE_ENVIRONMENT", "Development"),
            ("Shop:TimeScale", timeScale.ToString(System.Globalization.CultureInfo.InvariantCulture)),
            ("Connections:ApiReplicas", $"{replicas}"), ("Connections:PaymentsReplicas", $"{replicas}"), .. more,
        ];
        shop.Simulator = new Part("simulator", FixedPort(), port => Run<ShopSimulator>(port,
        [
            .. common, ("Simulator:StatePath", shop._state), ("Simulator:Smtp:Port", $"{shop._smtpPort}"),
            ("Simulator:Stripe:Port", $"{shop._stripePort}"), ("Simulator:PublicUrl", $"http://127.0.0.1:{port}"),
            ("Simulator:Stripe:Webhook:Url", $"http://127.0.0.1:{payments[0]}/webhooks/stripe"),
            ("Simulator:Stripe:Webhook:Secret", PaymentsShop.WebhookSecret),
            ("Simulator:PayPal:Port", $"{shop._payPalPort}"),
            ("Simulator:PayPal:Webhook:Url", $"http://127.0.0.1:{payments[0]}/webhooks/paypal"),
            ("Simulator:PayPal:Webhook:Id", PaymentsShop.PayPalWebhookId),
            ("Simulator:Stripe:FirstWebhookRetry", "00:00:00.500"), ("Simulator:Stripe:LongestWebhookRetry", "00:00:03"),
            ("Simulator:Stripe:WebhookAttempts", "20"),
        ]));
        shop.Payments =
        [
            .. payments.Select((port, i) => new Part($"payments {i + 1}", port, p => Run<ShopPayments>(p,
            [
                .. PaymentsShop.Settings(shop.Database, shop.Simulator.Address, shop._smtpPort).Select(s => (s.Key, (string?)s.Value)),
                ("Gateways:Stripe:ApiBase", $"http://127.0.0.1:{shop._stripePort}/stripe"), ("Gateways:PayPal:ApiBase", $"http://127.0.0.1:{shop._payPalPort}/paypal"),
                .. ((string[])["Stripe", "PayPal"]).SelectMany(gateway => Breakers(gateway, timeScale)), ("Payments:Queue:Poll", "00:00:10"), ("Smtp:Timeout", "00:00:02"), .. common,
            ]))),
        ];
        shop.Apis =
        [
            .. Enumerable.Range(0, replicas).Select(i => new Part($"api {i + 1}", FixedPort(), p => Run<ShopApi>(p,
            [
                .. ApiHost.PatientDatabase, ("ConnectionStrings:shopdb", shop.Database), ("Links:Secret", Any.LinkSecret), ("PaymentMethods:PayPal", "true"),
                ("RateLimits:Lifted", "true"), ("CardTesting:Lifted", "true"), .. common,
            ]))),
        ];
        await shop.ReadyAsync(ct);
        return shop;
    }

    public Task ReadyAsync(CancellationToken ct) => Task.WhenAll(Parts.Select(p => p.ReadyAsync(ct)));

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Parts)
            part.Dispose();
        await Task.Run(() => Directory.Delete(Path.GetDirectoryName(_state)!, recursive: true));
    }

    /// <summary>A worker that dies leaves its lease behind; with production's 90 seconds of it a storm would be mostly waiting.</summary>
    private static (string, string?)[] Limits =>
    [
        ("Timeouts:OutsideCall", "00:00:01"), ("Timeouts:Job", "00:00:02.500"), ("Timeouts:BackgroundLock", "00:00:01"),
        ("Timeouts:BackgroundStatement", "00:00:01.500"), ("Timeouts:BackgroundCommand", "00:00:02"), ("Timeouts:BackgroundConnect", "00:00:02"),
        ("Timeouts:Recording", "00:00:02.100"), ("Timeouts:Lease", "00:00:07"), ("Timeouts:Drain", "00:00:00"),
    ];

    /// <summary>As in production; the break is scaled like a wait.</summary>
    private static (string, string?)[] Breakers(string gateway, double timeScale) =>
    [
        ($"Gateways:{gateway}:QuietCalls", "3"), ($"Gateways:{gateway}:BusyCalls", "20"), ($"Gateways:{gateway}:SteadyCalls", "5"),
        ($"Gateways:{gateway}:Break", TimeSpan.FromSeconds(Math.Max(0.5, 30 * timeScale)).ToString("c")), ($"Gateways:{gateway}:QuietWindow", "00:01:00"),
    ];

    private static ServiceProcess Run<TService>(int port, (string, string?)[] settings) =>
        ServiceProcess.Start<TService>([.. settings, ("ASPNETCORE_URLS", $"http://127.0.0.1:{port}")]);

    /// <summary>Below those the system gives to outgoing connections: nobody takes it while its owner is dead.</summary>
    private static int FixedPort()
    {
        while (true)
        {
            var port = Random.Shared.Next(15_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken.
            }
        }
    }
}
