using Npgsql;
using Shop.Data;

namespace Shop.Api;

internal static class WorkNotice
{
    /// <summary>After the commit of new work. A worker that is not told finds it by its poll, so a failure here fails nobody.</summary>
    public static async Task NotifyWorkerAsync(this ShopDbContext db, ILogger logger, CancellationToken ct)
    {
        try
        {
            await db.NotifyAsync(Notices.Work, "", ct);
        }
        catch (NpgsqlException e)
        {
            logger.NotNotified(e.Message);
        }
    }
}
