using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>Carts and orders of nobody: drills and probes walk the real way, and never count as business.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000014_SyntheticTraffic")]
internal sealed class SyntheticTraffic : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        ALTER TABLE shop.carts ADD COLUMN is_synthetic boolean NOT NULL DEFAULT false;
        ALTER TABLE shop.orders ADD COLUMN is_synthetic boolean NOT NULL DEFAULT false;
        """);
}
