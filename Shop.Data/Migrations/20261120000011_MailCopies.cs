using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>A mail that a person has sent again is told from one that we sent twice.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000011_MailCopies")]
internal sealed class MailCopies : Migration
{
    // The default stays: an older version that still runs writes rows without it.
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.Sql("ALTER TABLE shop.outbox ADD COLUMN copy integer NOT NULL DEFAULT 0;");
}
