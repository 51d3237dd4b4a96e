using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>A mail that a person has sent again carries a link that works from then on.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000013_MailsAskedAgain")]
internal sealed class MailsAskedAgain : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.Sql("ALTER TABLE shop.outbox ADD COLUMN asked_again_at timestamptz;");
}
