using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>In which order an outcome is written: every buyer shares the rows of the stock, so they are locked last.</summary>
public sealed class OutcomeTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Stock_is_touched_after_the_order_and_its_story_are_written(bool isPaid)
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        var order = await PaymentsShop.PlaceAsync(database);
        Statements statements = new();
        await using var db = new ShopDbContext(
            new DbContextOptionsBuilder<ShopDbContext>().UseNpgsql(database).AddInterceptors(statements).Options);
        await using var transaction = await db.Database.BeginTransactionAsync();

        PaymentNews news = isPaid ? new PaymentNews.Captured(order.TotalMinor, order.Currency) : new PaymentNews.Closed(Reasons.NotConfirmedInTime);
        Assert.True((await db.ApplyPaymentOutcomeAsync(order.Id, news, DateTimeOffset.UtcNow, CancellationToken.None)).Changed);
        await transaction.CommitAsync();

        var stock = statements.Seen.FindIndex(s => s.Contains("stock_items", StringComparison.Ordinal));
        Assert.InRange(statements.Seen.FindIndex(s => s.Contains("UPDATE shop.orders", StringComparison.Ordinal)), 0, stock - 1);
        Assert.InRange(statements.Seen.FindIndex(s => s.Contains("INSERT INTO shop.order_timeline", StringComparison.Ordinal)), 0, stock - 1);
        Assert.DoesNotContain(statements.Seen[(stock + 1)..], s => s.Contains("shop.orders", StringComparison.Ordinal));
    }

    private sealed class Statements : DbCommandInterceptor
    {
        public List<string> Seen { get; } = [];

        public override ValueTask<InterceptionResult<DbDataReader>> ReaderExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<DbDataReader> result, CancellationToken cancellationToken = default)
        {
            Seen.Add(command.CommandText);
            return base.ReaderExecutingAsync(command, eventData, result, cancellationToken);
        }

        public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
            DbCommand command, CommandEventData eventData, InterceptionResult<int> result, CancellationToken cancellationToken = default)
        {
            Seen.Add(command.CommandText);
            return base.NonQueryExecutingAsync(command, eventData, result, cancellationToken);
        }
    }
}
