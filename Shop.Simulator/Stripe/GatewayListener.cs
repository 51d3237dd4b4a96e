using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace Shop.Simulator.Stripe;

/// <summary>
/// The gateway's API at an address of its own (as <c>stripeUrl</c> in <c>GET /settings</c>), which can be gone while the controls stay: while it is
/// closed the kernel refuses connections, and a caller knows that nothing was sent. Behind a proxy (Aspire's) a caller's connection is taken by the
/// proxy and then cut, so it cannot know. The same API under the simulator's main address stays open, and resets connections instead.
/// </summary>
internal sealed class GatewayListener(
    IServer mainServer, IServiceProvider services, IOptions<StripeOptions> options, TimeProvider clock, ILoggerFactory logs) : IHostedService, IDisposable
{
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private const int Tries = 50;

    private readonly SemaphoreSlim _gate = new(1);
    private WebApplication? _open;
    private int _port = options.Value.Port;

    public string Url => $"http://127.0.0.1:{_port}/stripe";

    public Task StartAsync(CancellationToken cancellationToken) => OpenAsync(true, cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => OpenAsync(false, cancellationToken);

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
        builder.Services.AddRoutingCore().AddSingleton(logs).AddSingleton(services.GetRequiredService<StripeApi>())
            .AddSingleton<IHostLifetime, OfTheMainHost>();
        var app = builder.Build();
        app.Use((http, next) =>
        {
            // The pages a shopper is sent to (the bank's question) are at the main address.
            http.Request.Host = new HostString(http.Request.Host.Host, AddressOf(mainServer).Port);
            return next(http);
        });
        app.MapStripe();
        return app;
    }

    private static BindingAddress AddressOf(IServer server) => BindingAddress.Parse(server.Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>Signals to this process are the main host's business, which then stops this.</summary>
    private sealed class OfTheMainHost : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
