using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>How each replica finds the gateways, what operators decided about them, and where charges come from.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000005_GatewayHealth")]
internal sealed class GatewayHealth : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE payments.gateway_health (
                provider text NOT NULL,
                replica text NOT NULL,
                state text NOT NULL,
                since timestamptz NOT NULL,
                open_until timestamptz,
                reason text,
                code text,
                seen_at timestamptz NOT NULL,
                CONSTRAINT pk_gateway_health PRIMARY KEY (provider, replica)
            );

            CREATE TABLE payments.gateway_changes (
                id uuid NOT NULL,
                provider text NOT NULL,
                replica text NOT NULL,
                breaker text NOT NULL,
                state text NOT NULL,
                reason text,
                code text,
                at timestamptz NOT NULL,
                CONSTRAINT pk_gateway_changes PRIMARY KEY (id)
            );
            CREATE TRIGGER gateway_changes_append_only BEFORE UPDATE OR DELETE ON payments.gateway_changes
                FOR EACH ROW EXECUTE FUNCTION shop.refuse_change();
            CREATE TRIGGER gateway_changes_never_emptied BEFORE TRUNCATE ON payments.gateway_changes
                FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_change();

            CREATE TABLE payments.gateway_overrides (
                provider text NOT NULL,
                mode text NOT NULL,
                until timestamptz,
                why text NOT NULL,
                by_id uuid NOT NULL,
                at timestamptz NOT NULL,
                CONSTRAINT pk_gateway_overrides PRIMARY KEY (provider),
                CONSTRAINT fk_gateway_overrides_users_by_id FOREIGN KEY (by_id) REFERENCES accounts.users (id) ON DELETE RESTRICT,
                CONSTRAINT ck_gateway_overrides_until CHECK ((mode = 'Forced') = (until IS NOT NULL))
            );
            CREATE INDEX ix_gateway_overrides_by_id ON payments.gateway_overrides (by_id);

            CREATE TABLE payments.charge_sources (
                job_id uuid NOT NULL,
                kind text NOT NULL,
                hash bytea NOT NULL,
                order_id uuid NOT NULL,
                at timestamptz NOT NULL,
                CONSTRAINT pk_charge_sources PRIMARY KEY (job_id, kind),
                CONSTRAINT fk_charge_sources_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );
            CREATE INDEX ix_charge_sources_hash_at ON payments.charge_sources (hash, at);
            CREATE INDEX ix_charge_sources_order_id ON payments.charge_sources (order_id);
            CREATE INDEX ix_charge_sources_at ON payments.charge_sources (at);

            CREATE TABLE payments.velocity_events (
                id uuid NOT NULL,
                tier text NOT NULL,
                kind text NOT NULL,
                hash bytea NOT NULL,
                declines integer NOT NULL,
                at timestamptz NOT NULL,
                CONSTRAINT pk_velocity_events PRIMARY KEY (id)
            );

            -- The default stays: the release before this one writes jobs too, and knows of no wariness.
            ALTER TABLE payments.payment_jobs ADD COLUMN wary boolean NOT NULL DEFAULT false;
            """);
}
