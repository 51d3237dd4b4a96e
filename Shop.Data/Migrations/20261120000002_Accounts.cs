using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Shop.Data.Migrations;

[DbContext(typeof(ShopDbContext))]
[Migration("20261120000002_Accounts")]
internal sealed class Accounts : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("""
            CREATE SCHEMA IF NOT EXISTS accounts;

            ALTER TABLE shop.people ADD COLUMN account_email text;
            CREATE UNIQUE INDEX ix_people_account_email ON shop.people (account_email);

            CREATE TABLE accounts.users (
                id uuid NOT NULL,
                role text NOT NULL,
                email_confirmed boolean NOT NULL,
                password_hash text,
                security_stamp text NOT NULL,
                two_factor_enabled boolean NOT NULL,
                authenticator_key text,
                new_authenticator_key text,
                recovery_codes text[] NOT NULL,
                last_code_step bigint NOT NULL,
                access_failed_count integer NOT NULL,
                lockout_end timestamptz,
                session_failed_count integer NOT NULL,
                session_lockout_end timestamptz,
                disabled_at timestamptz,
                last_sign_in_at timestamptz,
                created_at timestamptz NOT NULL,
                CONSTRAINT pk_users PRIMARY KEY (id),
                CONSTRAINT fk_users_people_id FOREIGN KEY (id) REFERENCES shop.people (id) ON DELETE RESTRICT
            );

            CREATE TABLE accounts.sessions (
                id uuid NOT NULL,
                token_hash bytea NOT NULL,
                user_id uuid NOT NULL,
                device text NOT NULL,
                pending boolean NOT NULL,
                created_at timestamptz NOT NULL,
                last_seen_at timestamptz NOT NULL,
                expires_at timestamptz NOT NULL,
                second_factor_at timestamptz,
                revoked_at timestamptz,
                CONSTRAINT pk_sessions PRIMARY KEY (id),
                CONSTRAINT fk_sessions_users_user_id FOREIGN KEY (user_id) REFERENCES accounts.users (id) ON DELETE RESTRICT
            );

            CREATE TABLE accounts.audit (
                id uuid NOT NULL,
                at timestamptz NOT NULL,
                actor_id uuid NOT NULL,
                actor_role text NOT NULL,
                action text NOT NULL,
                subject_kind text NOT NULL,
                subject text NOT NULL,
                before jsonb,
                after jsonb,
                why text,
                reference text,
                session_id uuid,
                words tsvector GENERATED ALWAYS AS (to_tsvector('simple'::regconfig,
                    coalesce(why, '') || ' ' || coalesce(before::text, '') || ' ' || coalesce(after::text, ''))) STORED,
                CONSTRAINT pk_audit PRIMARY KEY (id),
                CONSTRAINT fk_audit_users_actor_id FOREIGN KEY (actor_id) REFERENCES accounts.users (id) ON DELETE RESTRICT
            );

            CREATE INDEX ix_users_staff ON accounts.users (role) WHERE role <> 'Shopper';
            CREATE UNIQUE INDEX ix_sessions_token_hash ON accounts.sessions (token_hash);
            CREATE INDEX ix_sessions_user_id ON accounts.sessions (user_id);
            CREATE INDEX ix_sessions_expires_at ON accounts.sessions (expires_at);
            CREATE INDEX ix_audit_actor_id_id ON accounts.audit (actor_id, id);
            CREATE INDEX ix_audit_action_id ON accounts.audit (action, id);
            CREATE INDEX ix_audit_subject_id ON accounts.audit (subject, id);
            CREATE INDEX ix_audit_reference ON accounts.audit (reference);
            CREATE INDEX ix_audit_words ON accounts.audit USING gin (words);
            CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON accounts.audit
                FOR EACH ROW EXECUTE FUNCTION shop.refuse_change();

            -- TRUNCATE fires no trigger of a row.
            CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON accounts.audit
                FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_change();
            CREATE TRIGGER order_timeline_never_emptied BEFORE TRUNCATE ON shop.order_timeline
                FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_change();
            CREATE TRIGGER payment_attempts_never_emptied BEFORE TRUNCATE ON payments.payment_attempts
                FOR EACH STATEMENT EXECUTE FUNCTION shop.refuse_change();

            -- Guests open their order by a signed link from now on. Nothing is released yet, so no link of the old kind is out there.
            ALTER TABLE shop.orders DROP COLUMN access_key;
            ALTER TABLE shop.orders ADD COLUMN user_id uuid,
                ADD CONSTRAINT fk_orders_users_user_id FOREIGN KEY (user_id) REFERENCES accounts.users (id) ON DELETE RESTRICT;
            CREATE INDEX ix_orders_user_id_number ON shop.orders (user_id, number);

            ALTER TABLE shop.outbox ALTER COLUMN order_id DROP NOT NULL;
            ALTER TABLE shop.outbox ADD COLUMN person_id uuid,
                ADD CONSTRAINT fk_outbox_people_person_id FOREIGN KEY (person_id) REFERENCES shop.people (id) ON DELETE RESTRICT,
                ADD CONSTRAINT ck_outbox_about CHECK (num_nonnulls(order_id, person_id) = 1);
            CREATE INDEX ix_outbox_person_id ON shop.outbox (person_id);
            """);
}
