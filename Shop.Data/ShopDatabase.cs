using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Shop.Data;

/// <summary>How every context of the shop is set up. Not by the context itself: one that configures itself can't be pooled.</summary>
public static class ShopDatabase
{
    public static T UseShopDatabase<T>(this T options, DbDataSource database) where T : DbContextOptionsBuilder
    {
        options.UseNpgsql(database).AddInterceptors(HoldTime.Instance).WithoutSnapshot();
        return options;
    }

    public static T UseShopDatabase<T>(this T options, string connectionString) where T : DbContextOptionsBuilder
    {
        options.UseNpgsql(connectionString).AddInterceptors(HoldTime.Instance).WithoutSnapshot();
        return options;
    }

    // The migrations are SQL by hand, without EF's snapshot of the model; a test compares a migrated database with the model instead.
    private static void WithoutSnapshot(this DbContextOptionsBuilder options) =>
        options.ConfigureWarnings(w => w.Ignore(RelationalEventId.PendingModelChangesWarning));
}
