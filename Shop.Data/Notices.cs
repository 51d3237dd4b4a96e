using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Shop.Data;

/// <summary>
/// What processes tell each other through Postgres. A notice only saves time: every listener also polls, so a lost one costs a moment.
/// Sent after the commit, never inside it: NOTIFY in a transaction makes commits queue up behind one lock.
/// </summary>
public static class Notices
{
    /// <summary>A payment job, webhook receipt or outbox message is due; no payload.</summary>
    public const string Work = "work";

    /// <summary>An order changed; the payload is its id.</summary>
    public const string Orders = "orders";

    /// <summary>A gateway's breaker changed, or an operator decided about one; no payload.</summary>
    public const string Gateways = "gateways";

    /// <summary>The catalogue changed; the payload is a product's or category's slug, or empty for everything.</summary>
    public const string Catalogue = "catalogue";

    public static Task NotifyAsync(this ShopDbContext db, string channel, string payload, CancellationToken ct) =>
        db.Database.ExecuteSqlAsync($"SELECT pg_notify({channel}, {payload})", ct);
}

/// <summary>
/// One connection of its own (unpooled, kept alive) that waits for notices. Not through a transaction-pooling proxy, which forgets LISTEN.
/// </summary>
public static class PostgresListener
{
    /// <summary>Listens until the connection breaks (throws) or <paramref name="ct"/> ends. The caller decides when to try again.</summary>
    /// <param name="connect">For the connection, in whole seconds; and <paramref name="command"/> for the LISTEN. Then it waits without a limit.</param>
    /// <param name="onListening">Called when notices flow: whoever waited for one looks again, it may have been missed.</param>
    public static async Task ListenAsync(
        string connectionString, TimeSpan connect, TimeSpan command, IReadOnlyList<string> channels, Action onListening,
        Action<string, string> onNotice, CancellationToken ct)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false, KeepAlive = 10, TcpKeepAlive = true, ApplicationName = "shop listener",
            Timeout = (int)connect.TotalSeconds, CommandTimeout = (int)command.TotalSeconds,
        };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(ct);
        connection.Notification += (_, notice) => onNotice(notice.Channel, notice.Payload);
        await using (var listen = connection.CreateCommand())
        {
            listen.CommandText = string.Join("; ", channels.Select(c => $"LISTEN {c}"));
            await listen.ExecuteNonQueryAsync(ct);
        }

        onListening();
        while (true)
            await connection.WaitAsync(ct);
    }
}
