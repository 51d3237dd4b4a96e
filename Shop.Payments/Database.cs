using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.Data.Telemetry;
using Shop.ServiceDefaults;
using Shop.ServiceDefaults.Records;

namespace Shop.Payments;

/// <summary>Two pools, so that a busy queue never keeps a webhook waiting for a connection.</summary>
internal static class Database
{
    public const string ConnectionName = "shopdb";

    /// <summary>Key of the data source that takes webhooks in.</summary>
    public const string Intake = "intake";

    /// <summary>Key of the one connection that log lines and meters are written by.</summary>
    public const string Telemetry = "telemetry";

    public static void AddDatabase(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<ConnectionPlan>().BindConfiguration(ConnectionPlan.Section).ValidateDataAnnotations()
            .Validate<IConfiguration>((_, c) => c.GetConnectionString(ConnectionName) is { Length: > 0 }, $"ConnectionStrings:{ConnectionName} is missing.")
            .ValidateOnStart();
        builder.Services.AddHostedService<ConnectionCheck>();
        builder.Services.AddDbContextFactory<ShopDbContext>((services, context) =>
        {
            context.UseShopDatabase(Pool(services, "shop payments", plan => plan.PaymentsBackground,
                t => (t.BackgroundLock, t.BackgroundStatement, t.BackgroundCommand, t.BackgroundConnect)));
        });
        // No retry by EF: a transaction is repeated whole, by us (below).
        builder.EnrichNpgsqlDbContext<ShopDbContext>(settings => settings.DisableRetry = true);
        builder.RequireForReadiness(nameof(ShopDbContext));

        builder.Services.AddKeyedSingleton(Telemetry, (services, _) => NpgsqlDataSource.Create(Pool(services, "shop payments telemetry", _ => 1,
            t => (t.BackgroundLock, t.BackgroundStatement, t.BackgroundCommand, t.BackgroundConnect))));
        builder.AddRecords(services =>
            (batch, ct) => TelemetryTables.KeepAsync(services.GetRequiredKeyedService<NpgsqlDataSource>(Telemetry), batch.Id, batch.Tables(), ct));

        builder.Services.AddKeyedSingleton(Intake, (services, _) =>
            NpgsqlDataSource.Create(Pool(services, "shop payments intake", plan => plan.PaymentsIntake, t => (t.Lock, t.Statement, t.Command, t.Connect))));
    }

    public static string ConnectionString(this IConfiguration configuration) => configuration.GetConnectionString(ConnectionName)
        ?? throw new InvalidOperationException($"ConnectionStrings:{ConnectionName} is missing.");

    private static string Pool(IServiceProvider services, string name, Func<ConnectionPlan, int> size,
        Func<Timeouts, (TimeSpan Lock, TimeSpan Statement, TimeSpan Command, TimeSpan Connect)> limits)
    {
        var limit = limits(services.GetRequiredService<IOptions<Timeouts>>().Value);
        var settings = new NpgsqlConnectionStringBuilder(services.GetRequiredService<IConfiguration>().ConnectionString())
        {
            ApplicationName = name, MaxPoolSize = size(services.GetRequiredService<IOptions<ConnectionPlan>>().Value),
            Timeout = (int)limit.Connect.TotalSeconds, CommandTimeout = (int)limit.Command.TotalSeconds,
        };
        settings.Options =
            $"{settings.Options} -c statement_timeout={limit.Statement.TotalMilliseconds:F0} -c lock_timeout={limit.Lock.TotalMilliseconds:F0}".Trim();
        return settings.ConnectionString;
    }

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction and saves it; once more from the start when Postgres made it a deadlock's victim.
    /// It may run twice, so it changes nothing but the context it is given.
    /// </summary>
    public static async Task<T> TransactAsync<T>(
        this IDbContextFactory<ShopDbContext> contexts, Func<ShopDbContext, Task<T>> work, CancellationToken ct)
    {
        try
        {
            return await OnceAsync();
        }
        catch (Exception e) when (LostAgainstAnother(e))
        {
            return await OnceAsync();
        }

        async Task<T> OnceAsync()
        {
            await using var db = await contexts.CreateDbContextAsync(ct);
            db.Database.AutoSavepointsEnabled = false; // it is repeated whole or not at all, and each savepoint costs a round trip
            await using var transaction = await db.Database.BeginTransactionAsync(ct);
            var result = await work(db);
            await db.SaveChangesAsync(ct);
            await transaction.CommitAsync(ct);
            return result;
        }
    }

    private static bool LostAgainstAnother(Exception? e) => e switch
    {
        null => false,
        PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure } => true,
        _ => LostAgainstAnother(e.InnerException), // EF wraps what it thinks is transient
    };
}
