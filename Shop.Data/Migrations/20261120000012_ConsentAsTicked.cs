using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>What a shopper agreed to is kept as it read when they ticked it, not as it reads when their payment goes through.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000012_ConsentAsTicked")]
internal sealed class ConsentAsTicked : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.Sql("ALTER TABLE payments.payment_jobs ADD COLUMN consent_text text;");
}
