using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>Twice a minute somebody asks which refunds are still owed: nearly none, of all there ever were.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000008_RefundsPending")]
internal sealed class RefundsPending : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) =>
        migrationBuilder.Sql("CREATE INDEX ix_refunds_pending ON payments.refunds (created_at) WHERE state = 'Pending';");
}
