using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>Which gateway an order pays at, why it went to another one, and what shoppers had kept for their next order.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000009_SecondGateway")]
internal sealed class SecondGateway : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE payments.saved_methods (
                id uuid NOT NULL,
                user_id uuid NOT NULL,
                provider text NOT NULL,
                token text,
                customer_id text,
                label text NOT NULL,
                consent_text text NOT NULL,
                consented_at timestamptz NOT NULL,
                removed_at timestamptz,
                CONSTRAINT pk_saved_methods PRIMARY KEY (id),
                CONSTRAINT ck_saved_methods_token CHECK (token IS NOT NULL OR removed_at IS NOT NULL),
                CONSTRAINT fk_saved_methods_users_user_id FOREIGN KEY (user_id) REFERENCES accounts.users (id) ON DELETE RESTRICT
            );
            CREATE INDEX ix_saved_methods_user_id ON payments.saved_methods (user_id);
            CREATE UNIQUE INDEX ix_saved_methods_provider_token ON payments.saved_methods (provider, token);

            CREATE TABLE payments.gateway_customers (
                user_id uuid NOT NULL,
                provider text NOT NULL,
                customer_id text NOT NULL,
                created_at timestamptz NOT NULL,
                CONSTRAINT pk_gateway_customers PRIMARY KEY (user_id, provider),
                CONSTRAINT fk_gateway_customers_users_user_id FOREIGN KEY (user_id) REFERENCES accounts.users (id) ON DELETE RESTRICT
            );

            CREATE TABLE payments.failovers (
                id uuid NOT NULL,
                order_id uuid NOT NULL,
                from_provider text NOT NULL,
                to_provider text NOT NULL,
                proof text NOT NULL,
                proof_kind text NOT NULL,
                attempt_id uuid,
                from_gateway_id text,
                confirm integer NOT NULL,
                asked_by text NOT NULL,
                at timestamptz NOT NULL,
                CONSTRAINT pk_failovers PRIMARY KEY (id),
                CONSTRAINT fk_failovers_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );
            CREATE INDEX ix_failovers_order_id ON payments.failovers (order_id);
            CREATE TRIGGER failovers_append_only BEFORE UPDATE OR DELETE ON payments.failovers
                FOR EACH ROW EXECUTE FUNCTION shop.refuse_change();
            CREATE TRIGGER failovers_never_emptied BEFORE TRUNCATE ON payments.failovers
                FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_change();

            ALTER TABLE shop.orders ADD COLUMN provider text, ADD COLUMN fallback_method_id uuid,
                ADD CONSTRAINT fk_orders_saved_methods_fallback_method_id FOREIGN KEY (fallback_method_id)
                    REFERENCES payments.saved_methods (id) ON DELETE RESTRICT;
            CREATE INDEX ix_orders_fallback_method_id ON shop.orders (fallback_method_id);

            -- The defaults stay: the release before this one writes these rows too, and knows nothing of what they mean.
            ALTER TABLE payments.payment_jobs ADD COLUMN saves_method boolean NOT NULL DEFAULT false, ADD COLUMN saved_method_id uuid,
                ADD COLUMN automatic boolean NOT NULL DEFAULT false,
                ADD CONSTRAINT fk_payment_jobs_saved_methods_saved_method_id FOREIGN KEY (saved_method_id)
                    REFERENCES payments.saved_methods (id) ON DELETE RESTRICT;
            CREATE INDEX ix_payment_jobs_saved_method_id ON payments.payment_jobs (saved_method_id);

            ALTER TABLE payments.payment_intents ADD COLUMN round integer NOT NULL DEFAULT 1, ADD COLUMN canceled_at timestamptz,
                ADD COLUMN approval_url text, ADD COLUMN customer_id text, ADD COLUMN saves_method boolean NOT NULL DEFAULT false,
                ADD COLUMN proof_confirm integer, ADD COLUMN proof_kind text, ADD COLUMN proof_attempt_id uuid;
            """);
}
