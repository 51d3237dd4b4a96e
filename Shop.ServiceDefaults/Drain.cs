using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Shop.ServiceDefaults;

/// <summary>
/// The time between the signal to stop and the closed door. Requests that are already on their way here are still answered; <c>/ready</c>
/// says no, so that a load balancer sends no more, and every answer asks its client for another connection next time. Only then does the
/// server stop, the workers after it. Without a load balancer, the callers' own failover (<see cref="NextEndpoint"/>) does the rest.
/// </summary>
internal sealed class Drain(IOptions<Timeouts> timeouts, TimeProvider clock, ILogger<Drain> logger) : IHostedLifecycleService
{
    private readonly Lock _gate = new();
    private volatile bool _isUnderWay;
    private Task? _end;

    public bool IsUnderWay => _isUnderWay;

    // A host may be told twice, and the second one closes the door no earlier.
    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
            return _end ??= WaitAsync(cancellationToken);
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        _isUnderWay = true;
        if (timeouts.Value.Drain <= TimeSpan.Zero)
            return;

        logger.Draining(timeouts.Value.Drain);
        await Task.Delay(timeouts.Value.Drain, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void TellClient(HttpContext context)
    {
        if (!_isUnderWay)
            return;
        if (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        else
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose(); // HTTP/2 and later: a GOAWAY
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
