using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.Data.Telemetry;
using Shop.ServiceDefaults;
using Shop.ServiceDefaults.Records;

namespace Shop.Api;

/// <summary>Bound from <c>Database</c>.</summary>
internal sealed class ApiDatabaseOptions
{
    public const string Section = "Database";

    /// <summary>How long <c>migrate</c> waits for a server that is still starting.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")] public TimeSpan MigrationPatience { get; init; } = TimeSpan.FromSeconds(30);
}

internal static class ApiDatabase
{
    public const string ConnectionName = "shopdb";

    /// <summary>Key of the pool for what may be slow: operators' reports and background sweeps never take a shopper's connection.</summary>
    public const string Reports = "reports";

    /// <summary>Key of the one connection that log lines and meters are written by, ours and the storefront's.</summary>
    public const string Telemetry = "telemetry";

    public static void AddShopDatabase(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<ApiDatabaseOptions>().BindConfiguration(ApiDatabaseOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<ConnectionPlan>().BindConfiguration(ConnectionPlan.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddHostedService<ConnectionCheck>();

        builder.Services.AddSingleton(sp => Pool(sp, "shop api", plan => plan.ApiShoppers, t => (t.Lock, t.Statement, t.Command, t.Connect)));
        builder.Services.AddKeyedSingleton(Reports, (sp, _) => Pool(sp, "shop api reports", plan => plan.ApiReports,
            t => (t.BackgroundLock, t.BackgroundStatement, t.BackgroundCommand, t.BackgroundConnect)));
        builder.Services.AddKeyedSingleton(Telemetry, (sp, _) => Pool(sp, "shop api telemetry", _ => 1,
            t => (t.BackgroundLock, t.BackgroundStatement, t.BackgroundCommand, t.BackgroundConnect)));
        builder.AddRecords(sp => (batch, ct) => TelemetryTables.KeepAsync(sp.GetRequiredKeyedService<NpgsqlDataSource>(Telemetry), batch.Id, batch.Tables(), ct));
        builder.Services.AddSingleton(sp => new ReportsDatabase(sp.GetRequiredKeyedService<NpgsqlDataSource>(Reports)));

        // Retries are ours: a transaction is repeated whole (OnceMore), and EF's retry would forbid a transaction of our own.
        builder.Services.AddDbContextPool<ShopDbContext>((sp, options) => options.UseShopDatabase(sp.GetRequiredService<NpgsqlDataSource>()));
        builder.EnrichNpgsqlDbContext<ShopDbContext>(settings => settings.DisableRetry = true);
        builder.RequireForReadiness(nameof(ShopDbContext));
    }

    /// <summary>As configured, for the connections that keep to no pool: LISTEN and migrations.</summary>
    public static string ShopConnectionString(this IConfiguration configuration) =>
        configuration.GetConnectionString(ConnectionName)
        ?? throw new InvalidOperationException($"The connection string '{ConnectionName}' is missing (ConnectionStrings:{ConnectionName}).");

    private static NpgsqlDataSource Pool(IServiceProvider services, string name, Func<ConnectionPlan, int> size,
        Func<Timeouts, (TimeSpan Lock, TimeSpan Statement, TimeSpan Command, TimeSpan Connect)> limits)
    {
        var limit = limits(services.GetRequiredService<IOptions<Timeouts>>().Value);
        var settings = new NpgsqlConnectionStringBuilder(services.GetRequiredService<IConfiguration>().ShopConnectionString())
        {
            ApplicationName = name, MaxPoolSize = size(services.GetRequiredService<IOptions<ConnectionPlan>>().Value),
            Timeout = (int)limit.Connect.TotalSeconds, CommandTimeout = (int)limit.Command.TotalSeconds,
        };
        settings.Options =
            $"{settings.Options} -c statement_timeout={limit.Statement.TotalMilliseconds:F0} -c lock_timeout={limit.Lock.TotalMilliseconds:F0}".Trim();
        return new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name }.Build();
    }
}

/// <summary>Contexts on the reports pool; the one that a request is handed is on the shoppers'.</summary>
internal sealed class ReportsDatabase(NpgsqlDataSource reports)
{
    private readonly DbContextOptions<ShopDbContext> _options = new DbContextOptionsBuilder<ShopDbContext>().UseShopDatabase(reports).Options;

    public ShopDbContext Open() => new(_options);
}
