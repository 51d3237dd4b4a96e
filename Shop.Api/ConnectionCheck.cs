using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.ServiceDefaults;

namespace Shop.Api;

/// <summary>
/// Refuses to start a replica too many: it would work until the first busy hour, and then take connections from all the others. A
/// database that is not there yet is no reason not to start; readiness tells about that.
/// </summary>
internal sealed class ConnectionCheck(
    IConfiguration configuration, IOptions<ConnectionPlan> plan, IOptions<Timeouts> timeouts, ILogger<ConnectionCheck> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var room = await ConnectionPlan.RoomAsync(
                configuration.ShopConnectionString(), timeouts.Value.Connect, timeouts.Value.Command, cancellationToken);
            if (plan.Value.Refuse(room) is { } why)
                throw new InvalidOperationException(why);
            logger.ConnectionsFit(plan.Value.Sum, room);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            logger.ConnectionsNotCounted(e.Message);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
