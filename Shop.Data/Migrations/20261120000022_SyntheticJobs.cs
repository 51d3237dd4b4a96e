using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>Which charges a drill itself asked for; of a synthetic order somebody else may ask for one.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000022_SyntheticJobs")]
internal sealed class SyntheticJobs : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        "ALTER TABLE payments.payment_jobs ADD COLUMN is_synthetic boolean NOT NULL DEFAULT false;");
}
