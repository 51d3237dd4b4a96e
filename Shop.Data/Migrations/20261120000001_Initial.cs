using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

// Migrations are SQL, so that what runs is what was read. Expand, migrate, contract: the previous release keeps working on the new schema.
[DbContext(typeof(ShopDbContext))]
[Migration("20261120000001_Initial")]
internal sealed class Initial : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE SCHEMA IF NOT EXISTS shop;
            CREATE SCHEMA IF NOT EXISTS payments;

            CREATE TABLE shop.carts (
                id uuid NOT NULL,
                token_hash bytea NOT NULL,
                version integer NOT NULL,
                order_id uuid,
                created_at timestamptz NOT NULL,
                updated_at timestamptz NOT NULL,
                CONSTRAINT pk_carts PRIMARY KEY (id)
            );

            CREATE TABLE shop.people (
                id uuid NOT NULL,
                email text NOT NULL,
                name text NOT NULL,
                line1 text NOT NULL,
                line2 text,
                postal_code text NOT NULL,
                city text NOT NULL,
                country text NOT NULL,
                created_at timestamptz NOT NULL,
                CONSTRAINT pk_people PRIMARY KEY (id)
            );

            CREATE TABLE shop.pictures (
                id text NOT NULL,
                media_type text NOT NULL,
                content bytea NOT NULL,
                CONSTRAINT pk_pictures PRIMARY KEY (id)
            );

            CREATE TABLE shop.request_keys (
                key uuid NOT NULL,
                digest text NOT NULL,
                created_at timestamptz NOT NULL,
                CONSTRAINT pk_request_keys PRIMARY KEY (key)
            );

            CREATE TABLE payments.webhook_receipts (
                provider text NOT NULL,
                event_id text NOT NULL,
                type text NOT NULL,
                payload bytea NOT NULL,
                received_at timestamptz NOT NULL,
                state text NOT NULL,
                due_at timestamptz NOT NULL,
                attempts integer NOT NULL,
                last_error text,
                processed_at timestamptz,
                CONSTRAINT pk_webhook_receipts PRIMARY KEY (provider, event_id)
            );

            CREATE TABLE shop.orders (
                id uuid NOT NULL,
                number bigint GENERATED ALWAYS AS IDENTITY (START WITH 100001),
                access_key text NOT NULL,
                checkout_key uuid NOT NULL,
                checkout_digest text NOT NULL,
                cart_id uuid NOT NULL,
                person_id uuid NOT NULL,
                reference text NOT NULL,
                trace_id text NOT NULL,
                payment text NOT NULL,
                fulfilment text NOT NULL,
                currency text NOT NULL,
                total_minor bigint NOT NULL,
                tax_minor bigint NOT NULL,
                captured_minor bigint NOT NULL,
                refunded_minor bigint NOT NULL,
                disputed_minor bigint NOT NULL,
                reason text,
                action_url text,
                placed_at timestamptz NOT NULL,
                deadline_at timestamptz NOT NULL,
                paid_at timestamptz,
                CONSTRAINT pk_orders PRIMARY KEY (id),
                CONSTRAINT ck_orders_amounts CHECK (total_minor > 0 AND refunded_minor BETWEEN 0 AND captured_minor),
                CONSTRAINT fk_orders_people_person_id FOREIGN KEY (person_id) REFERENCES shop.people (id) ON DELETE RESTRICT
            );

            CREATE TABLE shop.categories (
                slug text NOT NULL,
                name text NOT NULL,
                description text NOT NULL,
                picture_id text NOT NULL,
                position integer NOT NULL,
                CONSTRAINT pk_categories PRIMARY KEY (slug),
                CONSTRAINT fk_categories_pictures_picture_id FOREIGN KEY (picture_id) REFERENCES shop.pictures (id) ON DELETE RESTRICT
            );

            CREATE TABLE payments.gateway_keys (
                key text NOT NULL,
                order_id uuid NOT NULL,
                parameters text NOT NULL,
                created_at timestamptz NOT NULL,
                CONSTRAINT pk_gateway_keys PRIMARY KEY (key),
                CONSTRAINT fk_gateway_keys_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );

            CREATE TABLE shop.order_lines (
                order_id uuid NOT NULL,
                sku text NOT NULL,
                position integer NOT NULL,
                product_slug text NOT NULL,
                product_name text NOT NULL,
                variant_name text NOT NULL,
                picture_id text NOT NULL,
                quantity integer NOT NULL,
                unit_price_minor bigint NOT NULL,
                tax_rate_bp integer NOT NULL,
                total_minor bigint NOT NULL,
                tax_minor bigint NOT NULL,
                CONSTRAINT pk_order_lines PRIMARY KEY (order_id, sku),
                CONSTRAINT ck_order_lines_quantity CHECK (quantity > 0),
                CONSTRAINT fk_order_lines_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );

            CREATE TABLE shop.order_timeline (
                id uuid NOT NULL,
                order_id uuid NOT NULL,
                at timestamptz NOT NULL,
                kind text NOT NULL,
                reason text,
                summary text NOT NULL,
                for_shopper boolean NOT NULL,
                data jsonb,
                trace_id text,
                CONSTRAINT pk_order_timeline PRIMARY KEY (id),
                CONSTRAINT fk_order_timeline_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );

            CREATE TABLE shop.outbox (
                id uuid NOT NULL,
                kind text NOT NULL,
                order_id uuid NOT NULL,
                state text NOT NULL,
                due_at timestamptz NOT NULL,
                leased_until timestamptz NOT NULL,
                lease_token bigint NOT NULL,
                attempts integer NOT NULL,
                last_error text,
                trace_parent text,
                created_at timestamptz NOT NULL,
                sent_at timestamptz,
                CONSTRAINT pk_outbox PRIMARY KEY (id),
                CONSTRAINT fk_outbox_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );

            CREATE TABLE payments.payment_attempts (
                id uuid NOT NULL,
                order_id uuid NOT NULL,
                job_id uuid,
                provider text NOT NULL,
                operation text NOT NULL,
                key text,
                gateway_id text,
                request_id text,
                class text NOT NULL,
                reason text,
                code text,
                decline_code text,
                advice_code text,
                http_status integer,
                latency_ms double precision NOT NULL,
                trace_id text,
                proof text,
                at timestamptz NOT NULL,
                CONSTRAINT pk_payment_attempts PRIMARY KEY (id),
                CONSTRAINT fk_payment_attempts_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );

            CREATE TABLE payments.payment_intents (
                order_id uuid NOT NULL,
                provider text NOT NULL,
                gateway_id text,
                confirm integer NOT NULL,
                confirm_open boolean NOT NULL,
                amount_minor bigint NOT NULL,
                currency text NOT NULL,
                created_at timestamptz NOT NULL,
                CONSTRAINT pk_payment_intents PRIMARY KEY (order_id, provider),
                CONSTRAINT fk_payment_intents_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );

            CREATE TABLE payments.payment_jobs (
                id uuid NOT NULL,
                order_id uuid NOT NULL,
                kind text NOT NULL,
                provider text NOT NULL,
                payment_token text,
                refund_id uuid,
                state text NOT NULL,
                due_at timestamptz NOT NULL,
                leased_until timestamptz NOT NULL,
                lease_token bigint NOT NULL,
                leases integer NOT NULL,
                attempts integer NOT NULL,
                trace_parent text,
                last_reason text,
                created_at timestamptz NOT NULL,
                done_at timestamptz,
                CONSTRAINT pk_payment_jobs PRIMARY KEY (id),
                CONSTRAINT fk_payment_jobs_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );

            CREATE TABLE payments.refunds (
                id uuid NOT NULL,
                order_id uuid NOT NULL,
                provider text NOT NULL,
                amount_minor bigint NOT NULL,
                currency text NOT NULL,
                reason text NOT NULL,
                state text NOT NULL,
                gateway_id text,
                created_at timestamptz NOT NULL,
                settled_at timestamptz,
                CONSTRAINT pk_refunds PRIMARY KEY (id),
                CONSTRAINT ck_refunds_amount CHECK (amount_minor > 0),
                CONSTRAINT fk_refunds_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT
            );

            CREATE TABLE shop.products (
                id uuid NOT NULL,
                slug text NOT NULL,
                name text NOT NULL,
                summary text NOT NULL,
                description text NOT NULL,
                category_slug text NOT NULL,
                picture_id text NOT NULL,
                tax_rate_bp integer NOT NULL,
                rank integer NOT NULL,
                created_at timestamptz NOT NULL,
                CONSTRAINT pk_products PRIMARY KEY (id),
                CONSTRAINT fk_products_categories_category_slug FOREIGN KEY (category_slug) REFERENCES shop.categories (slug) ON DELETE RESTRICT,
                CONSTRAINT fk_products_pictures_picture_id FOREIGN KEY (picture_id) REFERENCES shop.pictures (id) ON DELETE RESTRICT
            );

            CREATE TABLE shop.variants (
                sku text NOT NULL,
                product_id uuid NOT NULL,
                name text NOT NULL,
                price_minor bigint NOT NULL,
                currency text NOT NULL,
                position integer NOT NULL,
                CONSTRAINT pk_variants PRIMARY KEY (sku),
                CONSTRAINT ck_variants_price CHECK (price_minor > 0),
                CONSTRAINT fk_variants_products_product_id FOREIGN KEY (product_id) REFERENCES shop.products (id) ON DELETE RESTRICT
            );

            CREATE TABLE shop.cart_lines (
                cart_id uuid NOT NULL,
                sku text NOT NULL,
                quantity integer NOT NULL,
                added_at timestamptz NOT NULL,
                CONSTRAINT pk_cart_lines PRIMARY KEY (cart_id, sku),
                CONSTRAINT ck_cart_lines_quantity CHECK (quantity BETWEEN 1 AND 99),
                CONSTRAINT fk_cart_lines_carts_cart_id FOREIGN KEY (cart_id) REFERENCES shop.carts (id) ON DELETE CASCADE,
                CONSTRAINT fk_cart_lines_variants_sku FOREIGN KEY (sku) REFERENCES shop.variants (sku) ON DELETE CASCADE
            );

            CREATE TABLE shop.stock_items (
                sku text NOT NULL,
                on_hand integer NOT NULL,
                held integer NOT NULL,
                CONSTRAINT pk_stock_items PRIMARY KEY (sku),
                CONSTRAINT ck_stock_items_held CHECK (held >= 0),
                CONSTRAINT fk_stock_items_variants_sku FOREIGN KEY (sku) REFERENCES shop.variants (sku) ON DELETE RESTRICT
            ) WITH (fillfactor = 70);

            CREATE TABLE shop.stock_holds (
                order_id uuid NOT NULL,
                sku text NOT NULL,
                quantity integer NOT NULL,
                expires_at timestamptz NOT NULL,
                CONSTRAINT pk_stock_holds PRIMARY KEY (order_id, sku),
                CONSTRAINT ck_stock_holds_quantity CHECK (quantity > 0),
                CONSTRAINT fk_stock_holds_orders_order_id FOREIGN KEY (order_id) REFERENCES shop.orders (id) ON DELETE RESTRICT,
                CONSTRAINT fk_stock_holds_stock_items_sku FOREIGN KEY (sku) REFERENCES shop.stock_items (sku) ON DELETE RESTRICT
            );

            CREATE INDEX ix_cart_lines_sku ON shop.cart_lines (sku);
            CREATE UNIQUE INDEX ix_carts_token_hash ON shop.carts (token_hash);
            CREATE INDEX ix_carts_updated_at ON shop.carts (updated_at);
            CREATE INDEX ix_categories_picture_id ON shop.categories (picture_id);
            CREATE INDEX ix_gateway_keys_order_id ON payments.gateway_keys (order_id);
            CREATE INDEX ix_order_timeline_order_id_at ON shop.order_timeline (order_id, at);
            CREATE UNIQUE INDEX ix_orders_cart_id ON shop.orders (cart_id);
            CREATE UNIQUE INDEX ix_orders_checkout_key ON shop.orders (checkout_key);
            CREATE UNIQUE INDEX ix_orders_number ON shop.orders (number);
            CREATE INDEX ix_orders_person_id ON shop.orders (person_id);
            CREATE INDEX ix_orders_placed_at ON shop.orders (placed_at);
            CREATE INDEX ix_orders_reference ON shop.orders (reference);
            CREATE INDEX ix_outbox_due_at ON shop.outbox (due_at) WHERE state = 'Waiting';
            CREATE INDEX ix_outbox_order_id ON shop.outbox (order_id);
            CREATE INDEX ix_outbox_parked ON shop.outbox (created_at) WHERE state = 'Parked';
            CREATE INDEX ix_payment_attempts_order_id_at ON payments.payment_attempts (order_id, at);
            CREATE UNIQUE INDEX ix_payment_intents_gateway_id ON payments.payment_intents (gateway_id);
            CREATE INDEX ix_payment_jobs_due_at ON payments.payment_jobs (due_at) WHERE state = 'Waiting';
            CREATE INDEX ix_payment_jobs_order_id ON payments.payment_jobs (order_id);
            CREATE INDEX ix_payment_jobs_parked ON payments.payment_jobs (created_at) WHERE state = 'Parked';
            CREATE UNIQUE INDEX ux_payment_jobs_open_charge ON payments.payment_jobs (order_id) WHERE state <> 'Done' AND kind = 'Charge';
            CREATE INDEX ix_people_email ON shop.people (email);
            CREATE INDEX ix_products_category_slug ON shop.products (category_slug);
            CREATE INDEX ix_products_picture_id ON shop.products (picture_id);
            CREATE UNIQUE INDEX ix_products_slug ON shop.products (slug);
            CREATE INDEX ix_refunds_order_id ON payments.refunds (order_id);
            CREATE INDEX ix_request_keys_created_at ON shop.request_keys (created_at);
            CREATE INDEX ix_stock_holds_expires_at ON shop.stock_holds (expires_at);
            CREATE INDEX ix_stock_holds_sku ON shop.stock_holds (sku);
            CREATE INDEX ix_variants_product_id ON shop.variants (product_id);
            CREATE INDEX ix_webhook_receipts_due_at ON payments.webhook_receipts (due_at) WHERE state = 'Waiting';
            CREATE INDEX ix_webhook_receipts_received_at ON payments.webhook_receipts (received_at);

            -- The story of an order and of its attempts is only ever added to.
            CREATE FUNCTION shop.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
            END $$;
            CREATE TRIGGER order_timeline_append_only BEFORE UPDATE OR DELETE ON shop.order_timeline
                FOR EACH ROW EXECUTE FUNCTION shop.refuse_change();
            CREATE TRIGGER payment_attempts_append_only BEFORE UPDATE OR DELETE ON payments.payment_attempts
                FOR EACH ROW EXECUTE FUNCTION shop.refuse_change();
            """);
}
