using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using Shop.Simulator.Faults;
using Shop.Simulator.PayPal;
using Shop.Simulator.Stripe;

namespace Shop.Simulator.Gateways;

/// <summary>
/// A gateway's API at an address of its own (as <c>stripeUrl</c> and <c>payPalUrl</c> in <c>GET /settings</c>), which can be gone while the controls
/// stay: while it is closed the kernel refuses connections, and a caller knows that nothing was sent. Behind a proxy (Aspire's) a caller's connection
/// is taken by the proxy and then cut, so it cannot know. The same API under the simulator's main address stays open, and resets connections instead.
/// </summary>
internal sealed class GatewayListener(
    string path, int port, Action<IServiceCollection> services, Action<IEndpointRouteBuilder> map, IServer mainServer, TimeProvider clock, ILoggerFactory logs) : IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private const int Tries = 50;

    private readonly SemaphoreSlim _gate = new(1);
    private WebApplication? _open;
    private int _port = port;

    public string Url => $"http://127.0.0.1:{_port}{path}";

    public void Dispose() => _gate.Dispose();

    /// <summary>Closing cuts the connections that are idle at once, and those in use when they have been answered, or after a second.</summary>
    public async Task OpenAsync(bool open, CancellationToken ct)
    {
        await _gate.WaitAsync(ct);
        try
        {
            if (open && _open is null)
            {
                _open = await ListenAsync(ct);
            }
            else if (!open && _open is { } app)
            {
                _open = null;
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
                limit.CancelAfter(Grace);
                await app.StopAsync(limit.Token);
                await app.DisposeAsync();
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<WebApplication> ListenAsync(CancellationToken ct)
    {
        for (var tried = 1; ; tried++)
        {
            var app = Build();
            try
            {
                await app.StartAsync(ct);
                _port = AddressOf(app.Services.GetRequiredService<IServer>()).Port;
                return app;
            }
            catch (IOException) when (tried < Tries) // a connection of somebody else's may have been given the port meanwhile
            {
                await app.DisposeAsync();
                await Task.Delay(Pause, clock, ct);
            }
        }
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Loopback, _port);
        });
        services(builder.Services.AddRoutingCore().AddSingleton(logs).AddSingleton<IHostLifetime, OfTheMainHost>());
        var app = builder.Build();
        app.Use((http, next) =>
        {
            // The pages a shopper is sent to (the bank's question, PayPal's approval) are at the main address.
            http.Request.Host = new HostString(http.Request.Host.Host, AddressOf(mainServer).Port);
            return next(http);
        });
        map(app);
        return app;
    }

    internal static BindingAddress AddressOf(IServer server) => BindingAddress.Parse(server.Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Signals to this process are the main host's business, which then stops this.</summary>
    private sealed class OfTheMainHost : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>The doors of all gateways.</summary>
internal sealed class GatewayListeners(
    IServer mainServer, StripeApi stripe, PayPalApi payPal, IOptions<StripeOptions> stripeOptions, IOptions<PayPalOptions> payPalOptions,
    TimeProvider clock, ILoggerFactory logs) : IHostedService, IDisposable
{
    public GatewayListener Stripe { get; } =
        new("/stripe", stripeOptions.Value.Port, services => services.AddSingleton(stripe), app => app.MapStripe(), mainServer, clock, logs);

    public GatewayListener PayPal { get; } =
        new("/paypal", payPalOptions.Value.Port, services => services.AddSingleton(payPal), app => app.MapPayPal(), mainServer, clock, logs);

    public Task StartAsync(CancellationToken cancellationToken) => OpenAsync(true, true, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => OpenAsync(false, false, cancellationToken);

    /// <summary>Opens and closes as the faults say.</summary>
    public Task FollowAsync(FaultBoxes faults, CancellationToken ct) => OpenAsync(!faults.Stripe.IsDoorClosed, !faults.PayPal.IsDoorClosed, ct);

    public void Dispose()
    {
        Stripe.Dispose();
        PayPal.Dispose();
    }

    private Task OpenAsync(bool stripe, bool payPal, CancellationToken ct) => Task.WhenAll(Stripe.OpenAsync(stripe, ct), PayPal.OpenAsync(payPal, ct));
}
