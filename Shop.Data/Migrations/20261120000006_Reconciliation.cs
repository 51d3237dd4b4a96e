using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>What the reconciler compares and finds, what the watch over webhooks misses, and when background jobs ran.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000006_Reconciliation")]
internal sealed class Reconciliation : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            ALTER TABLE payments.webhook_receipts ADD COLUMN intent_id text, ADD COLUMN changed text, ADD COLUMN fetched_at timestamptz;
            CREATE INDEX ix_webhook_receipts_intent_id ON payments.webhook_receipts (intent_id);
            CREATE INDEX ix_orders_paid_at ON shop.orders (paid_at) WHERE paid_at IS NOT NULL;

            CREATE TABLE payments.webhook_gaps (
                order_id uuid NOT NULL,
                type text NOT NULL,
                expected_by timestamptz NOT NULL,
                noticed_at timestamptz NOT NULL,
                arrived_at timestamptz,
                CONSTRAINT pk_webhook_gaps PRIMARY KEY (order_id, type),
                CONSTRAINT fk_webhook_gaps_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );
            CREATE INDEX ix_webhook_gaps_noticed_at ON payments.webhook_gaps (noticed_at);

            CREATE TABLE shop.background_jobs (
                name text NOT NULL,
                due_at timestamptz NOT NULL,
                leased_until timestamptz NOT NULL,
                lease_token bigint NOT NULL,
                started_at timestamptz,
                ended_at timestamptz,
                succeeded_at timestamptz,
                took_ms double precision,
                result text,
                failures integer NOT NULL,
                CONSTRAINT pk_background_jobs PRIMARY KEY (name)
            );

            CREATE TABLE payments.reconciliation_runs (
                id uuid NOT NULL,
                provider text NOT NULL,
                from_at timestamptz NOT NULL,
                to_at timestamptz NOT NULL,
                done_until timestamptz NOT NULL,
                started_by uuid,
                created_at timestamptz NOT NULL,
                state text NOT NULL,
                due_at timestamptz NOT NULL,
                leased_until timestamptz NOT NULL,
                lease_token bigint NOT NULL,
                attempts integer NOT NULL,
                last_error text,
                ended_at timestamptz,
                objects integer NOT NULL,
                charges integer NOT NULL,
                gateway_minor bigint NOT NULL,
                attempts_minor bigint NOT NULL,
                orders_minor bigint NOT NULL,
                mismatches integer NOT NULL,
                CONSTRAINT pk_reconciliation_runs PRIMARY KEY (id),
                CONSTRAINT fk_reconciliation_runs_users_started_by FOREIGN KEY (started_by) REFERENCES accounts.users (id) ON DELETE RESTRICT
            );
            CREATE INDEX ix_reconciliation_runs_due_at ON payments.reconciliation_runs (due_at) WHERE state = 'Waiting';
            CREATE INDEX ix_reconciliation_runs_started_by ON payments.reconciliation_runs (started_by);

            -- A copy of what the gateway has, filled anew for every day that is compared: nothing is lost with it.
            CREATE UNLOGGED TABLE payments.gateway_items (
                run_id uuid NOT NULL,
                id text NOT NULL,
                kind text NOT NULL,
                intent_id text,
                our_id uuid,
                amount_minor bigint NOT NULL,
                refunded_minor bigint NOT NULL,
                currency text NOT NULL,
                status text NOT NULL,
                at timestamptz NOT NULL,
                CONSTRAINT pk_gateway_items PRIMARY KEY (run_id, id),
                CONSTRAINT fk_gateway_items_reconciliation_runs_run_id FOREIGN KEY (run_id) REFERENCES payments.reconciliation_runs (id) ON DELETE RESTRICT
            );
            CREATE INDEX ix_gateway_items_run_id_intent_id ON payments.gateway_items (run_id, intent_id);

            CREATE TABLE payments.mismatches (
                id uuid NOT NULL,
                kind text NOT NULL,
                subject text NOT NULL,
                order_id uuid,
                provider text NOT NULL,
                intent_id text,
                ours_minor bigint,
                gateway_minor bigint,
                currency text NOT NULL,
                at timestamptz NOT NULL,
                found_at timestamptz NOT NULL,
                last_run_id uuid NOT NULL,
                state text NOT NULL,
                repair text,
                due_at timestamptz NOT NULL,
                leased_until timestamptz NOT NULL,
                lease_token bigint NOT NULL,
                attempts integer NOT NULL,
                result text,
                closed_at timestamptz,
                CONSTRAINT pk_mismatches PRIMARY KEY (id),
                CONSTRAINT fk_mismatches_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT,
                CONSTRAINT fk_mismatches_reconciliation_runs_last_run_id FOREIGN KEY (last_run_id) REFERENCES payments.reconciliation_runs (id) ON DELETE RESTRICT
            );
            CREATE UNIQUE INDEX ix_mismatches_kind_subject ON payments.mismatches (kind, subject);
            CREATE INDEX ix_mismatches_at ON payments.mismatches (at);
            CREATE INDEX ix_mismatches_due_at ON payments.mismatches (due_at) WHERE state = 'Repairing';
            CREATE INDEX ix_mismatches_order_id ON payments.mismatches (order_id);
            CREATE INDEX ix_mismatches_last_run_id ON payments.mismatches (last_run_id);
            CREATE INDEX ix_mismatches_unsettled ON payments.mismatches (found_at) WHERE state IN ('Open', 'Repairing', 'Parked');
            """);
}
