using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>What an agent asks for (the card's last digits), what support of the gateway asks for, and what tells a tested card from a used one.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000004_AttemptFacts")]
internal sealed class AttemptFacts : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            ALTER TABLE payments.payment_attempts
                ADD COLUMN charge_id text,
                ADD COLUMN network_code text,
                ADD COLUMN card_brand text,
                ADD COLUMN card_last4 text,
                ADD COLUMN card_country text,
                ADD COLUMN card_fingerprint text;
            CREATE INDEX ix_payment_attempts_card_fingerprint_at ON payments.payment_attempts (card_fingerprint, at) WHERE card_fingerprint IS NOT NULL;
            """);
}
