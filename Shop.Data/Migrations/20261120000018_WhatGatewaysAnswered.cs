using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>The answers of gateways as they came, scrubbed, for a month; and that somebody has asked for an order to be cancelled.</summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000018_WhatGatewaysAnswered")]
internal sealed class WhatGatewaysAnswered : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE TABLE payments.gateway_answers (
                attempt_id uuid NOT NULL,
                n integer NOT NULL,
                request text NOT NULL,
                outcome text NOT NULL,
                http_status integer,
                headers jsonb,
                body text,
                body_bytes bigint NOT NULL,
                latency_ms double precision NOT NULL,
                at timestamptz NOT NULL,
                CONSTRAINT pk_gateway_answers PRIMARY KEY (attempt_id, n),
                CONSTRAINT fk_gateway_answers_payment_attempts_attempt_id FOREIGN KEY (attempt_id)
                    REFERENCES payments.payment_attempts (id) ON DELETE RESTRICT
            );
            CREATE INDEX ix_gateway_answers_at ON payments.gateway_answers (at);

            ALTER TABLE shop.orders ADD COLUMN cancel_asked_at timestamptz;
            """);
}
