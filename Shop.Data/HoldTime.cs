using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;

namespace Shop.Data;

/// <summary>
/// How long a context waits for a connection and how long it keeps it from everybody else, by pool. Npgsql tells how many are in use, and how long
/// single commands take; what a transaction holds is neither.
/// </summary>
internal sealed class HoldTime : DbConnectionInterceptor
{
    public static readonly HoldTime Instance = new();

    private static readonly Meter Meter = new("Shop.Data");
    private static readonly Histogram<double> Hold = Meter.CreateHistogram<double>("shop.db.hold", "s", "Time that a unit of work held a connection of its pool");
    private static readonly Histogram<double> Wait = Meter.CreateHistogram<double>("shop.db.wait", "s", "Time until a unit of work got a connection of its pool");

    // A context may keep its connection object and open it many times: the name is looked up once, the time is of the last opening.
    private readonly ConditionalWeakTable<DbConnection, Held> _held = [];

    private sealed class Held(string pool)
    {
        public KeyValuePair<string, object?> Pool { get; } = new("pool", pool);
        public long Since;
    }

    public override void ConnectionOpened(DbConnection connection, ConnectionEndEventData eventData) => Opened(connection, eventData);

    public override Task ConnectionOpenedAsync(DbConnection connection, ConnectionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Opened(connection, eventData);
        return Task.CompletedTask;
    }

    public override void ConnectionClosed(DbConnection connection, ConnectionEndEventData eventData) => Closed(connection);

    public override Task ConnectionClosedAsync(DbConnection connection, ConnectionEndEventData eventData)
    {
        Closed(connection);
        return Task.CompletedTask;
    }

    private void Opened(DbConnection connection, ConnectionEndEventData data)
    {
        var held = _held.GetValue(connection, c => new Held(new NpgsqlConnectionStringBuilder(c.ConnectionString).ApplicationName ?? ""));
        held.Since = Stopwatch.GetTimestamp();
        Wait.Record(data.Duration.TotalSeconds, held.Pool);
    }

    private void Closed(DbConnection connection)
    {
        if (_held.TryGetValue(connection, out var held) && held.Since is not 0)
            Hold.Record(Stopwatch.GetElapsedTime(held.Since).TotalSeconds, held.Pool);
    }
}
