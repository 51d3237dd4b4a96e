using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>What more is known of an attempt, and which of its facts fail together more often than they should.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000021_Patterns")]
internal sealed class Patterns : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        ALTER TABLE payments.payment_attempts ADD COLUMN release text, ADD COLUMN endpoint text, ADD COLUMN flags text[];

        CREATE INDEX ix_orders_synthetic ON shop.orders (placed_at) WHERE is_synthetic;

        CREATE TABLE payments.patterns (
            id uuid NOT NULL,
            traffic text NOT NULL,
            fact1 text,
            level1 text,
            fact2 text,
            level2 text,
            outcome text NOT NULL,
            outcome_value text NOT NULL,
            side text,
            failures integer NOT NULL,
            payments integer NOT NULL,
            usual_rate double precision NOT NULL,
            pvalue double precision NOT NULL,
            began_at timestamptz NOT NULL,
            last_failure_at timestamptz NOT NULL,
            orders bigint[] NOT NULL,
            found_at timestamptz NOT NULL,
            seen_at timestamptz NOT NULL,
            ended_at timestamptz,
            CONSTRAINT pk_patterns PRIMARY KEY (id),
            CONSTRAINT ck_patterns_facts CHECK ((fact1 IS NULL) = (level1 IS NULL) AND (fact2 IS NULL) = (level2 IS NULL) AND (fact2 IS NULL OR fact1 IS NOT NULL)),
            CONSTRAINT ck_patterns_counts CHECK (failures BETWEEN 1 AND payments)
        );
        CREATE INDEX ix_patterns_open ON payments.patterns (found_at) WHERE ended_at IS NULL;
        CREATE INDEX ix_patterns_seen_at ON payments.patterns (seen_at);
        """);
}
