using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Data;
using Shop.Data.Catalog.Seed;

namespace Shop.Api;

/// <summary><c>Shop.Api migrate</c>: brings the database up to date and ends, so that everything else may count on its tables.</summary>
internal static class MigrateCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    /// <summary>For one statement: an index of a big table takes minutes, and the usual half a minute would end each deploy in the same place.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromHours(1);

    /// <returns>The process's exit code.</returns>
    public static async Task<int> RunAsync(IServiceProvider services, CancellationToken ct)
    {
        var configuration = services.GetRequiredService<IConfiguration>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(MigrateCommand).FullName!);
        try
        {
            // Without the pools' limits: what a migration does may take longer than what a shopper does.
            var options = new DbContextOptionsBuilder<ShopDbContext>().UseShopDatabase(configuration.ShopConnectionString()).Options;
            await using var db = new ShopDbContext(options);
            db.Database.SetCommandTimeout(Limit);
            var patience = services.GetRequiredService<IOptions<ApiDatabaseOptions>>().Value.MigrationPatience;
            await MigrateAsync(db, patience, services.GetRequiredService<TimeProvider>(), ct);
            var seeded = configuration.GetValue("Seed:Catalogue", false) ? await CatalogueSeed.RunAsync(db, ct) : 0;
            await FirstAdmin.CreateAsync(db, services, logger, ct);
            logger.Migrated((await db.Database.GetAppliedMigrationsAsync(ct)).Last(), seeded);
            return 0;
        }
        catch (Exception e) when (
            e is NpgsqlException or InvalidOperationException or DbUpdateException or OptionsValidationException or OperationCanceledException)
        {
            logger.NotMigrated(e.InnerException is { } inner ? $"{e.Message} {inner.Message}" : e.Message);
            return 1;
        }
    }

    private static async Task MigrateAsync(ShopDbContext db, TimeSpan patience, TimeProvider clock, CancellationToken ct)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                await db.Database.MigrateAsync(ct);
                return;
            }
            catch (Exception e) when (IsStarting(e) && clock.GetElapsedTime(started) < patience)
            {
                await Task.Delay(Pause, clock, ct);
            }
        }
    }

    // Nobody listens yet, it is still starting, or somebody else has created the database between our question and our answer.
    private static bool IsStarting(Exception e) =>
        PostgresError.Of(e) is { } state
            ? state is PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation
            : e is NpgsqlException or InvalidOperationException { InnerException: NpgsqlException };
}
