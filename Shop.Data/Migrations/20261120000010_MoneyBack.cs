using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>What goes back line by line and who asked for it, what banks take back, and an index for how many payments went through.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000010_MoneyBack")]
internal sealed class MoneyBack : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            ALTER TABLE payments.refunds ADD COLUMN asked_by uuid, ADD COLUMN why text,
                ADD CONSTRAINT fk_refunds_users_asked_by FOREIGN KEY (asked_by) REFERENCES accounts.users (id) ON DELETE RESTRICT;
            CREATE INDEX ix_refunds_asked_by ON payments.refunds (asked_by);

            CREATE TABLE payments.refund_lines (
                refund_id uuid NOT NULL,
                sku text NOT NULL,
                quantity integer NOT NULL,
                amount_minor bigint NOT NULL,
                CONSTRAINT pk_refund_lines PRIMARY KEY (refund_id, sku),
                CONSTRAINT ck_refund_lines_quantity CHECK (quantity > 0 AND amount_minor >= 0),
                CONSTRAINT fk_refund_lines_refunds_refund_id FOREIGN KEY (refund_id) REFERENCES payments.refunds (id) ON DELETE RESTRICT
            );
            CREATE TRIGGER refund_lines_append_only BEFORE UPDATE OR DELETE ON payments.refund_lines
                FOR EACH ROW EXECUTE FUNCTION shop.refuse_change();
            CREATE TRIGGER refund_lines_never_emptied BEFORE TRUNCATE ON payments.refund_lines
                FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_change();

            ALTER TABLE shop.outbox ADD COLUMN refund_id uuid,
                ADD CONSTRAINT fk_outbox_refunds_refund_id FOREIGN KEY (refund_id) REFERENCES payments.refunds (id) ON DELETE RESTRICT;
            CREATE INDEX ix_outbox_refund_id ON shop.outbox (refund_id);

            CREATE TABLE payments.disputes (
                id uuid NOT NULL,
                order_id uuid,
                provider text NOT NULL,
                gateway_id text NOT NULL,
                kind text NOT NULL,
                intent_id text,
                charge_id text,
                amount_minor bigint NOT NULL,
                currency text NOT NULL,
                reason text NOT NULL,
                status text NOT NULL,
                takes_money boolean NOT NULL,
                is_live boolean NOT NULL,
                respond_by timestamptz,
                opened_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL,
                closed_at timestamptz,
                outcome text,
                CONSTRAINT pk_disputes PRIMARY KEY (id),
                CONSTRAINT ck_disputes_outcome CHECK ((closed_at IS NULL) = (outcome IS NULL)),
                CONSTRAINT fk_disputes_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );
            CREATE UNIQUE INDEX ix_disputes_gateway_id ON payments.disputes (gateway_id);
            CREATE INDEX ix_disputes_order_id ON payments.disputes (order_id);
            CREATE INDEX ix_disputes_open ON payments.disputes (respond_by) WHERE closed_at IS NULL;
            CREATE INDEX ix_disputes_closed_at ON payments.disputes (closed_at);

            -- How many payments of a period went through is asked of a month of them.
            CREATE INDEX ix_payment_jobs_charges ON payments.payment_jobs (provider, created_at) WHERE kind = 'Charge';
            """);
}
