using System.ComponentModel.DataAnnotations;
using Npgsql;

namespace Shop.Data;

/// <summary>
/// Every connection the shop may hold at once. Bound from <c>Connections</c> by each service that has pools: they share one server, so
/// each has to know the sum, and all must be given the same values.
/// </summary>
public sealed class ConnectionPlan
{
    public const string Section = "Connections";
    private const int Listen = 1; // per process, beside its pools
    private const int Telemetry = 1; // per process: its log lines and meters

    [Range(1, 1000)] public int ApiReplicas { get; init; } = 1;
    [Range(1, 200)] public int ApiShoppers { get; init; } = 15;
    [Range(1, 50)] public int ApiReports { get; init; } = 5;
    [Range(1, 1000)] public int PaymentsReplicas { get; init; } = 1;
    [Range(1, 100)] public int PaymentsIntake { get; init; } = 5;
    [Range(1, 100)] public int PaymentsBackground { get; init; } = 8;

    /// <summary>Migrations, backups, a person with psql.</summary>
    [Range(0, 1000)] public int Others { get; init; } = 5;

    public int Sum => ApiReplicas * (ApiShoppers + ApiReports + Listen + Telemetry)
        + PaymentsReplicas * (PaymentsIntake + PaymentsBackground + Listen + Telemetry) + Others;

    /// <summary>How many connections the server gives to anybody but its superuser.</summary>
    /// <param name="connect">In whole seconds, as <paramref name="command"/>.</param>
    public static async Task<int> RoomAsync(string connectionString, TimeSpan connect, TimeSpan command, CancellationToken ct)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Pooling = false, Timeout = (int)connect.TotalSeconds, CommandTimeout = (int)command.TotalSeconds,
        };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(ct);
        // The last one exists since PostgreSQL 16.
        await using var asked = new NpgsqlCommand("""
            SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
                - coalesce(current_setting('reserved_connections', true), '0')::int
            """, connection);
        return (int)(await asked.ExecuteScalarAsync(ct))!;
    }

    /// <summary>Null when it fits.</summary>
    public string? Refuse(int room) => Sum <= room ? null
        : $"{Section}: the shop may hold {Sum} connections ({ApiReplicas} x Api {ApiShoppers} + {ApiReports} + {Listen} + {Telemetry}, "
            + $"{PaymentsReplicas} x Payments {PaymentsIntake} + {PaymentsBackground} + {Listen} + {Telemetry}, others {Others}), but the server gives {room}. "
            + "Raise its max_connections, or lower pools or replicas.";
}
