using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>A browser that cannot show the card form says so before there is an order to tell it about.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000007_BrowserReports")]
internal sealed class BrowserReports : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("ALTER TABLE shop.carts ADD COLUMN reports jsonb;");
}
