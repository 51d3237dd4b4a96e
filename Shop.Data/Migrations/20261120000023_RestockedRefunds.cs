using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>With which refunds goods went back on sale, so that a cancel puts back the others. Of those from before the audit knows.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000023_RestockedRefunds")]
internal sealed class RestockedRefunds : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            ALTER TABLE payments.refunds ADD COLUMN restocked boolean NOT NULL DEFAULT false;
            UPDATE payments.refunds r SET restocked = true FROM accounts.audit a
            WHERE a.action = 'order_refunded' AND a.after ->> 'restock' = 'true' AND a.after ->> 'refund' = r.id::text;
            """);
}
