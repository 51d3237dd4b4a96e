using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data;
using Shop.ServiceDefaults;

namespace Shop.Api;

/// <summary>Bound from <c>Database</c>. The defaults are production values; each limit is shorter than the one around it.</summary>
internal sealed class ApiDatabaseOptions
{
    public const string Section = "Database";

    [Range(1, 200)] public int ShopperPool { get; init; } = 15;
    [Range(typeof(TimeSpan), "00:00:00.050", "00:00:30")] public TimeSpan LockTimeout { get; init; } = TimeSpan.FromSeconds(1);
    [Range(typeof(TimeSpan), "00:00:00.100", "00:00:30")] public TimeSpan StatementTimeout { get; init; } = TimeSpan.FromSeconds(2);
    [Range(1, 60)] public int CommandTimeoutSeconds { get; init; } = 3;

    /// <summary>For a connection, be it a new one or one of the pool.</summary>
    [Range(1, 60)] public int ConnectTimeoutSeconds { get; init; } = 3;

    [Range(typeof(TimeSpan), "00:00:00.500", "00:01:00")] public TimeSpan ReadDeadline { get; init; } = TimeSpan.FromSeconds(4);

    [Range(1, 50)] public int ReportsPool { get; init; } = 5;
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")] public TimeSpan ReportsStatementTimeout { get; init; } = TimeSpan.FromSeconds(10);
    [Range(1, 90)] public int ReportsCommandTimeoutSeconds { get; init; } = 11;

    /// <summary>How long <c>migrate</c> waits for a server that is still starting.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:10:00")] public TimeSpan MigrationPatience { get; init; } = TimeSpan.FromSeconds(30);

    public bool EachIsShorterThanTheNext() =>
        LockTimeout < StatementTimeout && StatementTimeout < TimeSpan.FromSeconds(CommandTimeoutSeconds)
        && TimeSpan.FromSeconds(CommandTimeoutSeconds) < ReadDeadline && TimeSpan.FromSeconds(ConnectTimeoutSeconds) < ReadDeadline
        && ReportsStatementTimeout < TimeSpan.FromSeconds(ReportsCommandTimeoutSeconds);
}

internal static class ApiDatabase
{
    public const string ConnectionName = "shopdb";

    /// <summary>Key of the pool for what may be slow: operators' reports and background sweeps never take a shopper's connection.</summary>
    public const string Reports = "reports";

    public static void AddShopDatabase(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<ApiDatabaseOptions>().BindConfiguration(ApiDatabaseOptions.Section).ValidateDataAnnotations()
            .Validate(o => o.EachIsShorterThanTheNext(),
                "Database: the limits must rise: LockTimeout < StatementTimeout < CommandTimeoutSeconds < ReadDeadline, "
                + "ConnectTimeoutSeconds < ReadDeadline, ReportsStatementTimeout < ReportsCommandTimeoutSeconds.")
            .ValidateOnStart();

        builder.Services.AddSingleton(sp => Pool(sp, "shop api", (o, c) =>
        {
            (c.MaxPoolSize, c.CommandTimeout) = (o.ShopperPool, o.CommandTimeoutSeconds);
            c.Options = $"-c statement_timeout={o.StatementTimeout.TotalMilliseconds:0} -c lock_timeout={o.LockTimeout.TotalMilliseconds:0}";
        }));
        builder.Services.AddKeyedSingleton(Reports, (sp, _) => Pool(sp, "shop api reports", (o, c) =>
        {
            (c.MaxPoolSize, c.CommandTimeout) = (o.ReportsPool, o.ReportsCommandTimeoutSeconds);
            c.Options = $"-c statement_timeout={o.ReportsStatementTimeout.TotalMilliseconds:0} -c lock_timeout={o.LockTimeout.TotalMilliseconds:0}";
        }));
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

    private static NpgsqlDataSource Pool(IServiceProvider services, string name, Action<ApiDatabaseOptions, NpgsqlConnectionStringBuilder> configure)
    {
        var options = services.GetRequiredService<IOptions<ApiDatabaseOptions>>().Value;
        var settings = new NpgsqlConnectionStringBuilder(services.GetRequiredService<IConfiguration>().ShopConnectionString())
        {
            ApplicationName = name, Timeout = options.ConnectTimeoutSeconds,
        };
        configure(options, settings);
        return new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name }.Build();
    }
}

/// <summary>Contexts on the reports pool; the one that a request is handed is on the shoppers'.</summary>
internal sealed class ReportsDatabase(NpgsqlDataSource reports)
{
    private readonly DbContextOptions<ShopDbContext> _options = new DbContextOptionsBuilder<ShopDbContext>().UseShopDatabase(reports).Options;

    public ShopDbContext Open() => new(_options);
}
