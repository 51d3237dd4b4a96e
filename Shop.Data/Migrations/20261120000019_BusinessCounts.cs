using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

/// <summary>
/// How the business goes, counted exactly and without counting again: what changes an order also writes what changed, in its own transaction, as
/// a row that nobody else touches, so no two checkouts meet. Folding adds these rows up by minute, hour and day; who reads adds what is not yet
/// folded. And the minute series by which the shop watches itself.
/// </summary>
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000019_BusinessCounts")]
internal sealed class BusinessCounts : Migration
{
    // What became of orders. c: an order with how it stood before (was, had) and since when (at). One order may count for several things.
    private const string Changes = """
        INSERT INTO reports.deltas (metric, at, provider, class, reason, currency, count, amount_minor)
        SELECT e.metric, date_trunc('minute', e.at), coalesce(c.provider, 'Stripe'), '', e.reason, c.currency, sum(e.count), sum(e.amount)
        FROM changed c CROSS JOIN LATERAL (VALUES
            ('attempted', c.at, '', 1, c.total_minor, c.was = 'None' AND c.payment NOT IN ('None', 'Abandoned')),
            ('paid', CASE WHEN c.was <> 'Paid' THEN coalesce(c.paid_at, c.at) ELSE c.at END, '', (c.payment = 'Paid' AND c.was <> 'Paid')::int, c.captured_minor - c.had,
                (c.payment = 'Paid' AND c.was <> 'Paid') OR c.captured_minor <> c.had),
            ('declined', c.at, coalesce(c.reason, ''), 1, c.total_minor, c.payment = 'Declined' AND c.was <> 'Declined'),
            ('deferred', c.at, coalesce(c.reason, ''), 1, c.total_minor, c.payment = 'Deferred' AND c.was <> 'Deferred'),
            ('abandoned', c.at, coalesce(c.reason, ''), 1, c.total_minor, c.payment = 'Abandoned' AND c.was <> 'Abandoned'),
            ('unknown_entered', c.at, coalesce(c.reason, ''), 1, c.total_minor, c.payment = 'Unknown' AND c.was <> 'Unknown'),
            ('unknown_left', c.at, '', 1, c.total_minor, c.was = 'Unknown' AND c.payment <> 'Unknown')
        ) e (metric, at, reason, count, amount, applies)
        WHERE e.applies GROUP BY 1, 2, 3, 5, 6;
        """;

    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql($"""
        CREATE SCHEMA reports;
        CREATE SCHEMA IF NOT EXISTS telemetry;

        -- No key and no index: it is written by everybody, read whole, and emptied all the time. Not given back to the disk, either: for that,
        -- vacuum locks out those who write.
        CREATE TABLE reports.deltas (
            metric text NOT NULL,
            at timestamptz NOT NULL,
            provider text NOT NULL,
            class text NOT NULL,
            reason text NOT NULL,
            currency text NOT NULL,
            count bigint NOT NULL,
            amount_minor bigint NOT NULL
        ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, vacuum_truncate = false);

        CREATE TABLE reports.counts (
            grain text NOT NULL,
            metric text NOT NULL,
            at timestamptz NOT NULL,
            provider text NOT NULL,
            class text NOT NULL,
            reason text NOT NULL,
            currency text NOT NULL,
            count bigint NOT NULL,
            amount_minor bigint NOT NULL,
            CONSTRAINT pk_counts PRIMARY KEY (grain, metric, at, provider, class, reason, currency),
            CONSTRAINT ck_counts_grain CHECK (grain IN ('minute', 'hour', 'day'))
        ) WITH (fillfactor = 70);

        -- One statement: a row is taken away and added up, or neither, however the process ends. Two who fold take different rows, and write the
        -- sums in one order, so that they wait for each other and never in a circle.
        CREATE FUNCTION reports.fold(most bigint) RETURNS bigint LANGUAGE sql AS $$
            WITH taken AS (
                DELETE FROM reports.deltas
                WHERE ctid = ANY (ARRAY(SELECT d.ctid FROM reports.deltas d LIMIT most FOR UPDATE SKIP LOCKED)) RETURNING *),
            written AS (
                INSERT INTO reports.counts AS c (grain, metric, at, provider, class, reason, currency, count, amount_minor)
                SELECT g.grain, t.metric, date_trunc(g.grain, t.at, 'UTC'), t.provider, t.class, t.reason, t.currency, sum(t.count), sum(t.amount_minor)
                FROM taken t CROSS JOIN (VALUES ('minute'), ('hour'), ('day')) g (grain)
                GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
                ON CONFLICT ON CONSTRAINT pk_counts DO UPDATE
                    SET count = c.count + excluded.count, amount_minor = c.amount_minor + excluded.amount_minor)
            SELECT count(*) FROM taken
        $$;

        CREATE FUNCTION reports.count_new_orders() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO reports.deltas (metric, at, provider, class, reason, currency, count, amount_minor)
            SELECT 'placed', date_trunc('minute', n.placed_at), coalesce(n.provider, 'Stripe'), '', '', n.currency, count(*), sum(n.total_minor)
            FROM new_rows n WHERE NOT n.is_synthetic GROUP BY 2, 3, 6;
            IF EXISTS (SELECT FROM new_rows WHERE payment <> 'None') THEN -- brought in from elsewhere, with its history behind it
                WITH changed AS (SELECT n.*, 'None'::text AS was, 0::bigint AS had, n.placed_at AS at FROM new_rows n WHERE NOT n.is_synthetic)
                {Changes}
            END IF;
            RETURN NULL;
        END $$;

        CREATE FUNCTION reports.count_order_changes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            WITH changed AS (
                SELECT n.*, o.payment AS was, o.captured_minor AS had, now() AS at FROM new_rows n JOIN old_rows o ON o.id = n.id
                WHERE NOT n.is_synthetic AND (n.payment <> o.payment OR n.captured_minor <> o.captured_minor))
            {Changes}
            RETURN NULL;
        END $$;

        CREATE FUNCTION reports.count_new_carts() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO reports.deltas (metric, at, provider, class, reason, currency, count, amount_minor)
            SELECT 'cart', date_trunc('minute', created_at), '', '', '', '', count(*), 0 FROM new_rows WHERE NOT is_synthetic GROUP BY 2;
            RETURN NULL;
        END $$;

        -- How the gateway answered each confirm. What a word means for us (whose side it was) is the reader's to say.
        CREATE FUNCTION reports.count_new_attempts() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO reports.deltas (metric, at, provider, class, reason, currency, count, amount_minor)
            SELECT 'attempt', date_trunc('minute', n.at), n.provider, n.class, coalesce(n.reason, ''), '', count(*), 0
            FROM new_rows n JOIN shop.orders o ON o.id = n.order_id WHERE n.operation = 'confirm' AND NOT o.is_synthetic GROUP BY 2, 3, 4, 5;
            RETURN NULL;
        END $$;

        CREATE FUNCTION reports.count_new_refunds() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO reports.deltas (metric, at, provider, class, reason, currency, count, amount_minor)
            SELECT m.metric, date_trunc('minute', m.at), n.provider, '', n.reason, n.currency, count(*), sum(n.amount_minor)
            FROM new_rows n JOIN shop.orders o ON o.id = n.order_id
            CROSS JOIN LATERAL (VALUES ('refund_owed', n.created_at, true), ('refunded', coalesce(n.settled_at, n.created_at), n.state = 'Succeeded'))
                m (metric, at, applies)
            WHERE m.applies AND NOT o.is_synthetic GROUP BY 1, 2, 3, 5, 6;
            RETURN NULL;
        END $$;

        CREATE FUNCTION reports.count_refund_changes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO reports.deltas (metric, at, provider, class, reason, currency, count, amount_minor)
            SELECT CASE n.state WHEN 'Succeeded' THEN 'refunded' ELSE 'refund_returned' END, date_trunc('minute', now()), n.provider, '', n.reason,
                n.currency, count(*), sum(n.amount_minor)
            FROM new_rows n JOIN old_rows b ON b.id = n.id JOIN shop.orders o ON o.id = n.order_id
            WHERE (n.state = 'Succeeded') <> (b.state = 'Succeeded') AND NOT o.is_synthetic GROUP BY 1, 3, 5, 6;
            RETURN NULL;
        END $$;

        -- One row per series, minute, process and label. Buckets: see SeriesBuckets. Partitions come and go by the day; the job makes them.
        CREATE TABLE telemetry.minute_series (
            series text NOT NULL,
            minute timestamptz NOT NULL,
            service text NOT NULL,
            instance text NOT NULL,
            label text NOT NULL,
            count bigint NOT NULL,
            sum double precision NOT NULL,
            max double precision NOT NULL,
            buckets integer[]
        ) PARTITION BY RANGE (minute);
        CREATE INDEX ix_minute_series_series_minute ON telemetry.minute_series (series, minute);
        CREATE INDEX ix_minute_series_views ON telemetry.minute_series (minute) INCLUDE (label, count) WHERE series = 'web.page_views';

        -- Days ahead too, so that nothing is lost while nobody calls it.
        CREATE FUNCTION telemetry.keep_series(days integer) RETURNS integer LANGUAGE plpgsql AS $$
        DECLARE
            today date := (now() AT TIME ZONE 'UTC')::date;
            name text;
            dropped integer := 0;
        BEGIN
            FOR i IN -1 .. 7 LOOP
                name := 'minute_series_' || to_char(today + i, 'YYYYMMDD');
                IF to_regclass('telemetry.' || name) IS NULL THEN
                    EXECUTE format('CREATE TABLE telemetry.%I PARTITION OF telemetry.minute_series FOR VALUES FROM (%L) TO (%L)', name,
                        (today + i)::timestamp AT TIME ZONE 'UTC', (today + i + 1)::timestamp AT TIME ZONE 'UTC');
                END IF;
            END LOOP;
            FOR name IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'telemetry.minute_series'::regclass AND c.relname < 'minute_series_' || to_char(today - days, 'YYYYMMDD') LOOP
                EXECUTE format('DROP TABLE telemetry.%I', name);
                dropped := dropped + 1;
            END LOOP;
            RETURN dropped;
        END $$;
        SELECT telemetry.keep_series(30);

        -- A panel may do without its extension; the shop may not do without its migrations.
        DO $$ BEGIN
            CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
        EXCEPTION WHEN OTHERS THEN
            RAISE NOTICE 'pg_stat_statements is not here: %', SQLERRM;
        END $$;

        -- Last, because from here on writers wait until this migration ends. While it waits for one of them itself, all others wait behind it: so
        -- never for long, all locks or none, and then again. Now and then a little longer, because a vacuum gives way only after a second. What the
        -- shop had before is counted by the next migration.
        DO $$ BEGIN
            FOR i IN 1 .. 300 LOOP
                BEGIN
                    PERFORM set_config('lock_timeout', CASE WHEN i % 20 = 0 THEN '1500ms' ELSE '200ms' END, true);
                    LOCK TABLE shop.orders, shop.carts, payments.payment_attempts, payments.refunds IN SHARE ROW EXCLUSIVE MODE;
                    EXIT;
                EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
                    IF i = 300 THEN RAISE; END IF;
                    PERFORM pg_sleep(0.2);
                END;
            END LOOP;
            PERFORM set_config('lock_timeout', '0', true);
        END $$;
        CREATE TRIGGER orders_counted AFTER INSERT ON shop.orders REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION reports.count_new_orders();
        CREATE TRIGGER orders_changes_counted AFTER UPDATE ON shop.orders REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION reports.count_order_changes();
        CREATE TRIGGER carts_counted AFTER INSERT ON shop.carts REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION reports.count_new_carts();
        CREATE TRIGGER payment_attempts_counted AFTER INSERT ON payments.payment_attempts REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION reports.count_new_attempts();
        CREATE TRIGGER refunds_counted AFTER INSERT ON payments.refunds REFERENCING NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION reports.count_new_refunds();
        CREATE TRIGGER refunds_changes_counted AFTER UPDATE ON payments.refunds REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
            FOR EACH STATEMENT EXECUTE FUNCTION reports.count_refund_changes();
        """);
}
