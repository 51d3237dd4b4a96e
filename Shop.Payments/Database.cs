using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.ServiceDefaults;

namespace Shop.Payments;

/// <summary>Two pools, so that a busy queue never keeps a webhook waiting for a connection.</summary>
internal sealed class DatabaseOptions
{
    public const string Section = "Payments:Database";

    [Range(1, 100)] public int IntakeConnections { get; init; } = 5;
    [Range(1, 100)] public int BackgroundConnections { get; init; } = 8;
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")] public TimeSpan IntakeStatement { get; init; } = TimeSpan.FromSeconds(2);
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")] public TimeSpan BackgroundStatement { get; init; } = TimeSpan.FromSeconds(10);
}

internal static class Database
{
    public const string ConnectionName = "shopdb";

    /// <summary>Key of the data source that takes webhooks in.</summary>
    public const string Intake = "intake";

    public static void AddDatabase(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<DatabaseOptions>().BindConfiguration(DatabaseOptions.Section).ValidateDataAnnotations()
            .Validate<IConfiguration>((_, c) => c.GetConnectionString(ConnectionName) is { Length: > 0 }, $"ConnectionStrings:{ConnectionName} is missing.")
            .ValidateOnStart();
        builder.Services.AddDbContextFactory<ShopDbContext>((services, context) =>
        {
            var options = services.GetRequiredService<IOptions<DatabaseOptions>>().Value;
            context.UseShopDatabase(Pool(services, "shop payments", options.BackgroundConnections, options.BackgroundStatement));
        });
        // No retry by EF: a transaction is repeated whole, by us (below).
        builder.EnrichNpgsqlDbContext<ShopDbContext>(settings => settings.DisableRetry = true);
        builder.RequireForReadiness(nameof(ShopDbContext));

        builder.Services.AddKeyedSingleton(Intake, (services, _) =>
        {
            var options = services.GetRequiredService<IOptions<DatabaseOptions>>().Value;
            return NpgsqlDataSource.Create(Pool(services, "shop payments intake", options.IntakeConnections, options.IntakeStatement));
        });
    }

    public static string ConnectionString(this IConfiguration configuration) => configuration.GetConnectionString(ConnectionName)
        ?? throw new InvalidOperationException($"ConnectionStrings:{ConnectionName} is missing.");

    private static string Pool(IServiceProvider services, string name, int connections, TimeSpan statement)
    {
        var settings = new NpgsqlConnectionStringBuilder(services.GetRequiredService<IConfiguration>().ConnectionString())
        {
            ApplicationName = name, MaxPoolSize = connections, Timeout = 5, CommandTimeout = (int)Math.Ceiling(statement.TotalSeconds) + 1,
        };
        var limit = statement.TotalMilliseconds;
        settings.Options = $"{settings.Options} -c statement_timeout={limit:F0} -c lock_timeout={limit / 2:F0}".Trim();
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
