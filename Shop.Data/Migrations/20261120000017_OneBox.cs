using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>What agents find an order by: each word of it has an index. And a phone number, which a shopper may give.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000017_OneBox")]
internal sealed class OneBox : Migration
{
    // pg_trgm is a trusted extension: whoever may create in the database may create it.
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE EXTENSION IF NOT EXISTS pg_trgm;

            ALTER TABLE shop.people ADD COLUMN phone text,
                ADD COLUMN phone_backwards text GENERATED ALWAYS AS (reverse(regexp_replace(phone, '[^0-9]', '', 'g'))) STORED;
            CREATE INDEX ix_people_phone_backwards ON shop.people (phone_backwards text_pattern_ops) WHERE phone_backwards IS NOT NULL;
            CREATE INDEX ix_people_email_like ON shop.people USING gin (email gin_trgm_ops);
            CREATE INDEX ix_people_name_like ON shop.people USING gin (name gin_trgm_ops);

            CREATE INDEX ix_orders_reference_start ON shop.orders (reference text_pattern_ops);
            CREATE INDEX ix_payment_attempts_card_last4_at ON payments.payment_attempts (card_last4, at) WHERE card_last4 IS NOT NULL;
            CREATE INDEX ix_payment_attempts_gateway_id ON payments.payment_attempts (gateway_id) WHERE gateway_id IS NOT NULL;
            CREATE INDEX ix_payment_attempts_charge_id ON payments.payment_attempts (charge_id) WHERE charge_id IS NOT NULL;
            CREATE INDEX ix_payment_attempts_request_id ON payments.payment_attempts (request_id) WHERE request_id IS NOT NULL;
            CREATE INDEX ix_payment_attempts_trace_id ON payments.payment_attempts (trace_id text_pattern_ops) WHERE trace_id IS NOT NULL;
            CREATE INDEX ix_refunds_gateway_id ON payments.refunds (gateway_id) WHERE gateway_id IS NOT NULL;
            """);
}
