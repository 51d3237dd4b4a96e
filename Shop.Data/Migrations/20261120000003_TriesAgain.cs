using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>What a person starts again, a webhook or a refund, is told from what came before.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000003_TriesAgain")]
internal sealed class TriesAgain : Migration
{
    // The defaults are for the rows that are there; whoever writes a new one says the number.
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            ALTER TABLE payments.webhook_receipts ADD COLUMN forgiven integer NOT NULL DEFAULT 0;
            ALTER TABLE payments.webhook_receipts ALTER COLUMN forgiven DROP DEFAULT;
            ALTER TABLE payments.refunds ADD COLUMN send integer NOT NULL DEFAULT 1;
            ALTER TABLE payments.refunds ALTER COLUMN send DROP DEFAULT;
            CREATE INDEX ix_webhook_receipts_parked ON payments.webhook_receipts (received_at) WHERE state = 'Parked';
            """);
}
