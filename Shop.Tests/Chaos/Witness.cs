using Microsoft.EntityFrameworkCore;
using Shop.Data;

namespace Shop.Tests.Chaos;

/// <summary>
/// Triggers that look at the books at every commit, because what was wrong for a moment cannot be seen in the end: a confirm that opens, or
/// goods that are given back, while the other half is missing, a second gateway that is asked without a proof about the first one, and stock
/// that is promised twice. They forbid nothing and write it down.
/// </summary>
internal static class Witness
{
    public static Task WatchAsync(ShopDbContext db) => db.Database.ExecuteSqlRawAsync("""
        CREATE SCHEMA chaos;
        CREATE TABLE chaos.broken (at timestamptz NOT NULL DEFAULT clock_timestamp(), order_id uuid, kind text NOT NULL, what text NOT NULL);

        CREATE FUNCTION chaos.confirm_opens() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO chaos.broken (order_id, kind, what)
            SELECT NEW.order_id, 'WithoutHold', 'a confirm opened without a live hold of ' || l.sku
            FROM shop.order_lines l JOIN payments.payment_intents i ON i.order_id = l.order_id AND i.provider = NEW.provider AND i.confirm_open
            WHERE l.order_id = NEW.order_id
                AND NOT EXISTS (SELECT FROM shop.stock_holds h WHERE h.order_id = l.order_id AND h.sku = l.sku AND h.quantity = l.quantity);

            INSERT INTO chaos.broken (order_id, kind, what)
            SELECT NEW.order_id, 'WithoutProof', 'confirm ' || i.confirm || ' at ' || i.provider || ' opened after confirm ' || o.confirm || ' at ' || o.provider
                || CASE WHEN o.confirm_open THEN ', which was open' ELSE ', and no failover says why' END
            FROM payments.payment_intents i JOIN payments.payment_intents o ON o.order_id = i.order_id AND o.provider <> i.provider
            WHERE i.order_id = NEW.order_id AND i.provider = NEW.provider AND i.confirm_open AND (o.confirm_open OR (o.confirm > 0 AND i.provider IS DISTINCT FROM
                (SELECT f.to_provider FROM payments.failovers f WHERE f.order_id = i.order_id ORDER BY f.at DESC LIMIT 1)));
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER confirm_opens AFTER INSERT OR UPDATE ON payments.payment_intents DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW WHEN (NEW.confirm_open) EXECUTE FUNCTION chaos.confirm_opens();

        CREATE FUNCTION chaos.hold_goes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO chaos.broken (order_id, kind, what)
            SELECT OLD.order_id, 'WithoutHold', OLD.sku || ' was given back while a confirm may have been running'
            FROM payments.payment_intents i JOIN shop.orders o ON o.id = i.order_id
            WHERE i.order_id = OLD.order_id AND i.confirm_open AND o.payment <> 'Paid'
                AND NOT EXISTS (SELECT FROM shop.stock_holds h WHERE h.order_id = OLD.order_id AND h.sku = OLD.sku);
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER hold_goes AFTER DELETE ON shop.stock_holds DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION chaos.hold_goes();

        CREATE FUNCTION chaos.stock_moves() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO chaos.broken (kind, what) VALUES ('Oversold', NEW.sku || ': ' || NEW.held || ' held of ' || NEW.on_hand);
            RETURN NULL;
        END $$;
        CREATE TRIGGER stock_moves AFTER UPDATE ON shop.stock_items
            FOR EACH ROW WHEN (NEW.held > NEW.on_hand) EXECUTE FUNCTION chaos.stock_moves();
        """);

    public static Task<List<Testimony>> HearAsync(ShopDbContext db, CancellationToken ct) =>
        db.Database.SqlQuery<Testimony>($"""SELECT at AS "At", order_id AS "OrderId", kind AS "Kind", what AS "What" FROM chaos.broken ORDER BY at""").ToListAsync(ct);
}

internal sealed record Testimony(DateTimeOffset At, Guid? OrderId, string Kind, string What);
