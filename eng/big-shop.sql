-- Fills a migrated, seeded database with a shop's past, to measure on: orders of the last 90 days with their people, attempts, timelines, jobs
-- and mails (five timeline rows and two attempts an order), and the log lines of the last 30. Run again it adds as many.
--   PGOPTIONS='-c big.orders=1000000 -c big.lines=10000000' psql "$DATABASE" -f eng/big-shop.sql
-- Everything is drawn from an order's place in the row, so two runs of one size make the same shop, but for the time they were made at.

CREATE OR REPLACE FUNCTION pg_temp.dice(i bigint, what text) RETURNS double precision LANGUAGE sql IMMUTABLE AS
    $$ SELECT ('x' || left(md5(what || i), 8))::bit(32)::bigint / 4294967296.0 $$;

-- A version-7 id: ordered by time as the shop's own are, or an index would be filled as it never is.
CREATE OR REPLACE FUNCTION pg_temp.id(at timestamptz, i bigint, what text) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(what || i), 1, 3) || 'a' || substr(md5(what || i), 4, 15))::uuid $$;

CREATE OR REPLACE FUNCTION pg_temp.reference(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT upper(translate(left(md5('trace' || i), 5) || '-' || substr(md5('trace' || i), 6, 5), 'iloul', 'jkpvm')) $$;

CREATE OR REPLACE FUNCTION pg_temp.pick(i bigint, what text, among text[]) RETURNS text LANGUAGE sql IMMUTABLE AS
    $$ SELECT among[1 + floor(pg_temp.dice(i, what) * cardinality(among))::int] $$;

DO $fill$
DECLARE
    orders CONSTANT int := coalesce(nullif(current_setting('big.orders', true), '')::int, 100000);
    already CONSTANT bigint := (SELECT count(*) FROM shop.orders);
    chunk CONSTANT int := 20000;
    first_names CONSTANT text[] := '{Ada,Alan,Anna,Arthur,Barbara,Ben,Clara,Claude,David,Edith,Emmy,Ernst,Eva,Frida,Fritz,Grace,Greta,Hanna,Hugo,Ida,Johanna,Jonas,Karl,Lena,Lise,Ludwig,Marie,Max,Nina,Otto,Paula,Peter,Rosa,Simon,Sofia,Theo,Ute,Vera,Werner,Zoe}';
    last_names CONSTANT text[] := '{Albrecht,Bauer,Becker,Brandt,Busch,Diedrich,Ebert,Engel,Fischer,Frank,Graf,Haas,Hartmann,Heinrich,Herrmann,Hoffmann,Jung,Kaiser,Keller,Klein,Koch,Kraus,Lang,Lehmann,Lorenz,Maier,Meyer,Neumann,Otto,Peters,Pohl,Richter,Roth,Sauer,Schmidt,Schulz,Sommer,Vogel,Wagner,Winter}';
BEGIN
    CREATE TEMP TABLE goods AS
        SELECT row_number() OVER (ORDER BY v.sku) AS n, v.sku, p.slug, p.name AS product, v.name AS variant, v.price_minor
        FROM shop.variants v JOIN shop.products p ON p.id = v.product_id;
    IF NOT EXISTS (SELECT FROM goods) THEN
        RAISE EXCEPTION 'There is nothing to sell: seed the catalogue first.';
    END IF;

    FOR start IN 0..orders - 1 BY chunk LOOP
        CREATE TEMP TABLE made AS
        SELECT i, at, pg_temp.id(at, i, 'order') AS order_id, pg_temp.id(at, i, 'person') AS person_id, pg_temp.id(at, i, 'cart') AS cart_id,
            pg_temp.id(at, i, 'job') AS job_id, pg_temp.dice(i, 'end') AS fate, md5('trace' || i) AS trace, pg_temp.reference(i) AS reference,
            1 + floor(pg_temp.dice(i, 'good') * (SELECT count(*) FROM goods))::bigint AS good,
            CASE WHEN pg_temp.dice(i, 'gateway') < 0.8 THEN 'Stripe' ELSE 'PayPal' END AS provider,
            pg_temp.pick(i, 'first', first_names) AS first, pg_temp.pick(i, 'last', last_names) AS last,
            pg_temp.pick(i, 'brand', '{visa,visa,visa,mastercard,mastercard,amex}') AS brand, pg_temp.pick(i, 'country', '{DE,DE,DE,DE,DE,DE,AT,CH,FR,NL}') AS country,
            lpad(floor(pg_temp.dice(i, 'card') * 10000)::int::text, 4, '0') AS last4
        FROM (
            SELECT already + k AS i, -- more by day than by night, most in the early evening
                date_trunc('day', now()) - make_interval(days => 90 - (k::bigint * 90 / orders)::int)
                    + interval '24 hours' * ((0.35 + (pg_temp.dice(already + k, 'a') + pg_temp.dice(already + k, 'b') + pg_temp.dice(already + k, 'c')) / 4.5)::numeric % 1)::double precision AS at
            FROM generate_series(start, least(start + chunk, orders) - 1) k
        ) placed;
        ALTER TABLE made ADD amount bigint, ADD is_paid boolean, ADD reason text;
        UPDATE made SET amount = price_minor FROM goods WHERE n = good;
        UPDATE made SET is_paid = fate < 0.98, reason = CASE WHEN fate < 0.98 THEN NULL WHEN fate < 0.987 THEN 'insufficient_funds' WHEN fate < 0.995 THEN 'card_declined' ELSE 'gateway_down_too_long' END;

        INSERT INTO shop.people (id, email, name, line1, postal_code, city, country, created_at, phone)
        SELECT person_id, lower(first || '.' || last) || i || '@example.org', first || ' ' || last, 'Lindenallee ' || 1 + i % 200, lpad((10000 + i % 80000)::text, 5, '0'), 'Berlin', 'DE', at,
            CASE WHEN i % 3 = 0 THEN '0' || 1500000000 + (pg_temp.dice(i, 'phone') * 199999999)::bigint END FROM made;

        INSERT INTO shop.carts (id, token_hash, version, created_at, updated_at)
        SELECT cart_id, sha256(convert_to('cart' || i, 'UTF8')), 1, at - interval '10 minutes', at FROM made;

        INSERT INTO shop.orders (id, checkout_key, checkout_digest, cart_id, person_id, reference, trace_id, payment, fulfilment, currency, total_minor, tax_minor,
            captured_minor, refunded_minor, disputed_minor, reason, placed_at, deadline_at, paid_at, provider)
        SELECT order_id, pg_temp.id(at, i, 'key'), md5('digest' || i), cart_id, person_id, reference, trace, CASE WHEN is_paid THEN 'Paid' ELSE 'Abandoned' END, 'Open', 'EUR',
            amount, amount - round(amount / 1.19), CASE WHEN is_paid THEN amount ELSE 0 END, 0, 0, reason, at, at + interval '1 hour', CASE WHEN is_paid THEN at + interval '2 seconds' END, provider
        FROM made ORDER BY at;
        UPDATE shop.carts c SET order_id = made.order_id FROM made WHERE c.id = made.cart_id;

        INSERT INTO shop.order_lines (order_id, sku, position, product_slug, product_name, variant_name, picture_id, quantity, unit_price_minor, tax_rate_bp, total_minor, tax_minor)
        SELECT order_id, sku, 0, slug, product, variant, slug, 1, amount, 1900, amount, amount - round(amount / 1.19) FROM made JOIN goods ON n = good;

        INSERT INTO payments.payment_intents (order_id, provider, gateway_id, confirm, confirm_open, amount_minor, currency, created_at, round, saves_method)
        SELECT order_id, provider, CASE provider WHEN 'Stripe' THEN 'pi_' || substr(md5('pi' || i), 1, 24) ELSE upper(substr(md5('pi' || i), 1, 17)) END, 1, false, amount, 'EUR', at, 0, false FROM made;

        INSERT INTO payments.payment_jobs (id, order_id, kind, provider, state, due_at, leased_until, lease_token, leases, attempts, created_at, done_at, last_reason, wary, saves_method, automatic)
        SELECT job_id, order_id, 'Charge', provider, 'Done', at, at, 1, 1, 1, at, at + interval '2 seconds', reason, false, false, false FROM made;

        INSERT INTO payments.payment_attempts (id, order_id, job_id, provider, operation, key, gateway_id, charge_id, request_id, class, reason, code, decline_code, http_status,
            card_brand, card_last4, card_country, latency_ms, trace_id, at)
        SELECT pg_temp.id(at, i, operation), order_id, job_id, provider, operation, 'order:' || order_id || ':' || operation, CASE provider WHEN 'Stripe' THEN 'pi_' || substr(md5('pi' || i), 1, 24) ELSE upper(substr(md5('pi' || i), 1, 17)) END,
            CASE WHEN operation = 'confirm' AND is_paid THEN CASE provider WHEN 'Stripe' THEN 'ch_' || substr(md5('ch' || i), 1, 24) ELSE upper(substr(md5('ch' || i), 1, 17)) END END,
            CASE provider WHEN 'Stripe' THEN 'req_' || substr(md5(operation || i), 1, 14) ELSE substr(md5(operation || i), 1, 13) END,
            CASE WHEN operation = 'create' THEN 'created' WHEN is_paid THEN 'charged' WHEN reason = 'gateway_down_too_long' THEN 'unknown' ELSE 'not_charged' END,
            CASE WHEN operation = 'confirm' THEN reason END, CASE WHEN operation = 'confirm' AND NOT is_paid THEN 'card_declined' END, CASE WHEN operation = 'confirm' AND NOT is_paid THEN reason END,
            CASE WHEN is_paid OR operation = 'create' THEN 200 WHEN reason = 'gateway_down_too_long' THEN 503 ELSE 402 END,
            CASE WHEN provider = 'Stripe' THEN brand END, CASE WHEN provider = 'Stripe' THEN last4 END, CASE WHEN provider = 'Stripe' THEN country END, 80 + 400 * pg_temp.dice(i, operation), trace,
            at + CASE operation WHEN 'create' THEN interval '200 milliseconds' ELSE interval '600 milliseconds' END
        FROM made, unnest('{create,confirm}'::text[]) operation;

        INSERT INTO shop.outbox (id, kind, order_id, state, due_at, leased_until, lease_token, attempts, created_at, sent_at, copy)
        SELECT pg_temp.id(at, i, 'mail'), CASE WHEN is_paid THEN 'OrderConfirmedMail' ELSE 'PaymentFailedMail' END, order_id, 'Done', at, at, 1, 1, at, at + interval '5 seconds', 0 FROM made;

        INSERT INTO shop.order_timeline (id, order_id, at, kind, reason, summary, for_shopper, data, trace_id)
        SELECT pg_temp.id(at + told.after, i, told.kind), order_id, at + told.after, told.kind, CASE WHEN told.kind = 'payment.closed' THEN reason END, told.summary, told.is_shown,
            jsonb_build_object('job', job_id, 'gateway', provider), trace
        FROM made CROSS JOIN LATERAL (VALUES
            (interval '0', 'order.placed', 'We have received your order.', true),
            (interval '300 milliseconds', 'payment.started', 'The payment has started.', false),
            (interval '400 milliseconds', 'payment.asked', 'We asked your bank for the payment.', true),
            (interval '2 seconds', CASE WHEN is_paid THEN 'payment.paid' ELSE 'payment.closed' END, CASE WHEN is_paid THEN 'The payment went through.' ELSE 'The payment did not go through, and the order is closed.' END, true),
            (interval '5 seconds', 'mail.sent', CASE WHEN is_paid THEN 'We sent you the confirmation by mail.' ELSE 'We sent you a mail about the payment.' END, true)
        ) told (after, kind, summary, is_shown);

        DROP TABLE made;
        COMMIT;
    END LOOP;
    DROP TABLE goods;
END $fill$;

DO $fill$
DECLARE
    lines CONSTANT int := coalesce(nullif(current_setting('big.lines', true), '')::int, 0);
    days CONSTANT int := 30;
    today CONSTANT date := (now() AT TIME ZONE 'UTC')::date;
    numbers CONSTANT bigint[] := (SELECT array_agg(number) FROM (SELECT number FROM shop.orders ORDER BY placed_at DESC LIMIT 300000) newest);
    part text;
BEGIN
    FOR day IN REVERSE CASE WHEN lines > 0 THEN days - 1 ELSE -1 END..0 LOOP
        PERFORM telemetry.ensure_day('log_lines', today - day);
        -- Of a hundred lines 70 are requests in, 22 requests out, 6 about an order, 2 warnings, and one in a thousand an error.
        INSERT INTO telemetry.log_lines (id, at, service, instance, release, level, event_id, event, category, message, reference, trace_id, span_id, order_number, exception, is_synthetic)
        SELECT pg_temp.id(at, n, 'line'), at, service, service || '-1', '1.0.' || days - day, CASE kind WHEN 'warning' THEN 3 WHEN 'error' THEN 4 ELSE 2 END,
            CASE kind WHEN 'in' THEN 100 WHEN 'out' THEN 104 WHEN 'order' THEN 2001 WHEN 'warning' THEN 3050 ELSE 101 END, initcap(kind), 'Shop.' || initcap(service),
            CASE kind
                WHEN 'in' THEN 'GET ' || pg_temp.pick(n, 'route', '{/products/slug,/categories/slug,/cart,/checkout,/orders/number,/operations/orders}') || ' answered 200 in '
                    || round((pg_temp.dice(n, 'ms') * 80)::numeric, 1) || ' ms, reference ' || pg_temp.reference(n / 3)
                WHEN 'out' THEN 'POST stripe /v1/payment_intents/id/confirm answered 200 in ' || round((pg_temp.dice(n, 'ms') * 800)::numeric, 1) || ' ms'
                WHEN 'order' THEN 'Order ' || numbers[1 + n % cardinality(numbers)] || ' is paid'
                WHEN 'warning' THEN 'The gateway Stripe answered 429; tried again in ' || round((pg_temp.dice(n, 'ms') * 8)::numeric, 1) || ' s'
                ELSE 'POST /checkout failed, reference ' || pg_temp.reference(n / 3)
            END,
            pg_temp.reference(n / 3), md5('request' || n / 3), left(md5('span' || n), 16), CASE WHEN kind = 'order' THEN numbers[1 + n % cardinality(numbers)] END,
            CASE WHEN kind = 'error' THEN E'System.InvalidOperationException: It did not work.\n   at Shop.Api.Checkout.CheckoutEndpoints.Checkout()' END, false
        FROM (
            SELECT n, at, pg_temp.pick(n / 3, 'service', '{api,api,web,web,payments}') AS service,
                CASE WHEN d < 0.7 THEN 'in' WHEN d < 0.92 THEN 'out' WHEN d < 0.979 THEN 'order' WHEN d < 0.999 THEN 'warning' ELSE 'error' END AS kind
            FROM (SELECT day::bigint * (lines / days) + k AS n, k FROM generate_series(1, lines / days) k) l,
                LATERAL (SELECT pg_temp.dice(n, 'kind') AS d, ((today - day)::timestamp + interval '24 hours' * (k::double precision / (lines / days))) AT TIME ZONE 'UTC' AS at) drawn
            WHERE at < now()
        ) line;
        part := 'log_lines_' || to_char(today - day, 'YYYYMMDD');
        IF day > 0 THEN -- as the shop itself does once a day is over
            EXECUTE format('CREATE INDEX IF NOT EXISTS %I ON telemetry.%I USING gin ((message || coalesce(E''\n'' || exception, '''')) gin_trgm_ops)', part || '_words', part);
        END IF;
        COMMIT;
    END LOOP;
END $fill$;

ANALYZE;
