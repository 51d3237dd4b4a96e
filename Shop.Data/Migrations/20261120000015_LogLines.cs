using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>
/// Log lines, one partition a day, and the errors among them. The trigram index for words in messages is built on a day that is over
/// (by telemetry_days), so that writing stays cheap.
/// </summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000015_LogLines")]
internal sealed class LogLines : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
        CREATE SCHEMA IF NOT EXISTS telemetry;
        CREATE EXTENSION IF NOT EXISTS pg_trgm;

        CREATE TABLE telemetry.log_lines (
            id uuid NOT NULL,
            at timestamptz NOT NULL,
            service text NOT NULL,
            instance text NOT NULL,
            release text NOT NULL,
            level smallint NOT NULL,
            event_id integer NOT NULL,
            event text,
            category text NOT NULL,
            message text NOT NULL,
            reference text,
            trace_id text,
            span_id text,
            order_id uuid,
            order_number bigint,
            payment_id uuid,
            person_id text,
            exception text,
            is_synthetic boolean NOT NULL,
            PRIMARY KEY (at, id)
        ) PARTITION BY RANGE (at);
        -- For a day that nobody has made a partition for: late is better than never.
        CREATE TABLE telemetry.log_lines_default PARTITION OF telemetry.log_lines DEFAULT;
        CREATE INDEX ix_log_lines_order_number ON telemetry.log_lines (order_number, at) WHERE order_number IS NOT NULL;
        CREATE INDEX ix_log_lines_order_id ON telemetry.log_lines (order_id, at) WHERE order_id IS NOT NULL;
        CREATE INDEX ix_log_lines_reference ON telemetry.log_lines (reference) WHERE reference IS NOT NULL;
        CREATE INDEX ix_log_lines_trace_id ON telemetry.log_lines (trace_id) WHERE trace_id IS NOT NULL;
        CREATE INDEX ix_log_lines_person_id ON telemetry.log_lines (person_id, at) WHERE person_id IS NOT NULL;
        CREATE INDEX ix_log_lines_trouble ON telemetry.log_lines (at, id) WHERE level >= 3;
        -- Most lines are requests, in (100) and out (104); whoever asks for those finds them everywhere.
        CREATE INDEX ix_log_lines_event ON telemetry.log_lines (event_id, at) WHERE event_id NOT IN (100, 104);

        -- Batches that were kept, so that one that is sent again, because our answer was lost, is not kept twice.
        CREATE TABLE telemetry.batches (
            id uuid PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT now()
        );
        CREATE INDEX ix_batches_at ON telemetry.batches (at);

        -- The partition of a day (UTC) of a table of this schema that is partitioned by day and has a default. Rows that the default has taken in
        -- move; meanwhile it takes in no others, or the new partition could not be attached. One day in each transaction, please.
        CREATE FUNCTION telemetry.ensure_day(parent text, day date) RETURNS boolean LANGUAGE plpgsql AS $$
        DECLARE
            part text := parent || '_' || to_char(day, 'YYYYMMDD');
            from_at timestamptz := day::timestamp AT TIME ZONE 'UTC';
            to_at timestamptz := (day + 1)::timestamp AT TIME ZONE 'UTC';
            key text;
        BEGIN
            IF to_regclass('telemetry.' || quote_ident(part)) IS NOT NULL THEN
                RETURN false;
            END IF;
            SELECT a.attname INTO STRICT key FROM pg_partitioned_table p JOIN pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = p.partattrs[0]
                WHERE p.partrelid = ('telemetry.' || quote_ident(parent))::regclass;
            EXECUTE format('LOCK TABLE telemetry.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
            EXECUTE format('CREATE TABLE telemetry.%I (LIKE telemetry.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part, parent);
            EXECUTE format('WITH moved AS (DELETE FROM telemetry.%I WHERE %I >= $1 AND %I < $2 RETURNING *) INSERT INTO telemetry.%I SELECT * FROM moved',
                parent || '_default', key, key, part) USING from_at, to_at;
            EXECUTE format('ALTER TABLE telemetry.%I ATTACH PARTITION telemetry.%I FOR VALUES FROM (%L) TO (%L)', parent, part, from_at, to_at);
            RETURN true;
        END $$;

        SELECT telemetry.ensure_day('log_lines', (now() AT TIME ZONE 'UTC')::date + d) FROM generate_series(0, 2) d;

        CREATE TABLE telemetry.error_groups (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            fingerprint text NOT NULL UNIQUE,
            service text NOT NULL,
            type text NOT NULL,
            title text NOT NULL,
            culprit text NOT NULL,
            first_at timestamptz NOT NULL,
            last_at timestamptz NOT NULL,
            first_release text NOT NULL,
            last_release text NOT NULL,
            seen bigint NOT NULL,
            state text NOT NULL DEFAULT 'Open' CHECK (state IN ('Open', 'Resolved', 'Ignored')),
            resolved_at timestamptz,
            resolved_in text,
            regressed_at timestamptz,
            regressed_in text,
            is_synthetic boolean NOT NULL DEFAULT false -- no real request has seen it
        );
        CREATE INDEX ix_error_groups_state ON telemetry.error_groups (state, last_at DESC, id DESC);
        CREATE INDEX ix_error_groups_last_at ON telemetry.error_groups (last_at DESC, id DESC);

        -- The newest of each group; what is counted is counted there.
        CREATE TABLE telemetry.error_events (
            id uuid PRIMARY KEY,
            fingerprint text NOT NULL,
            at timestamptz NOT NULL,
            service text NOT NULL,
            instance text NOT NULL,
            release text NOT NULL,
            type text NOT NULL,
            title text NOT NULL,
            culprit text NOT NULL,
            stack text,
            route text,
            reference text,
            trace_id text,
            order_id uuid,
            order_number bigint,
            person_id text,
            is_synthetic boolean NOT NULL
        );
        CREATE INDEX ix_error_events_fingerprint ON telemetry.error_events (fingerprint, at DESC, id DESC);

        -- Whom and what a group has hit, each once.
        CREATE TABLE telemetry.error_hits (
            group_id bigint NOT NULL REFERENCES telemetry.error_groups ON DELETE CASCADE,
            kind text NOT NULL CHECK (kind IN ('Order', 'Person')),
            hit text NOT NULL,
            last_at timestamptz NOT NULL,
            PRIMARY KEY (group_id, kind, hit)
        );
        """);
}
