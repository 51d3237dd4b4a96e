using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Api.Search;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Integration;

/// <summary>A shop of years: Postgres tells how it would find an order by each thing in a big one.</summary>
public sealed class SearchPlanTests(ITestOutputHelper output)
{
    private const int Rows = 40_000;

    [Fact]
    public async Task Whatever_is_searched_is_found_by_an_index()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        await db.Database.ExecuteSqlAsync($"""
            SET session_replication_role = replica; -- how they came to be is not what this is about
            INSERT INTO shop.people (id, email, name, line1, postal_code, city, country, created_at, phone)
            SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'person' || md5(i::text) || '@example.org', md5('first' || i % 300) || ' ' || md5('last' || i), 'x', '1', 'x', 'DE', now(),
                CASE WHEN i % 3 = 0 THEN '+49 171 ' || lpad(i::text, 8, '7') END FROM generate_series(1, {Rows}) i;
            INSERT INTO shop.orders (id, checkout_key, checkout_digest, cart_id, person_id, reference, trace_id, payment, fulfilment, currency, total_minor, tax_minor, captured_minor,
                refunded_minor, disputed_minor, placed_at, deadline_at)
            SELECT p.id, gen_random_uuid(), 'x', gen_random_uuid(), p.id, upper(left(md5('r' || p.id), 5)) || '-' || upper(left(md5(p.id::text), 5)), md5('t' || p.id), 'Paid', 'Open', 'EUR', 100, 0, 100, 0, 0, now(), now() FROM shop.people p;
            INSERT INTO payments.payment_attempts (id, order_id, provider, operation, class, gateway_id, charge_id, request_id, card_last4, latency_ms, trace_id, at)
            SELECT gen_random_uuid(), o.id, 'Stripe', 'confirm', 'charged', 'pi_' || md5(o.id::text), 'ch_' || md5(o.id::text), 'req_' || md5(o.id::text), right(o.number::text, 4), 1, md5('t' || o.id), now() FROM shop.orders o;
            INSERT INTO payments.payment_intents (order_id, provider, gateway_id, confirm, confirm_open, amount_minor, currency, created_at)
            SELECT o.id, 'Stripe', 'pi_' || md5(o.id::text), 1, false, 100, 'EUR', now() FROM shop.orders o;
            RESET session_replication_role;
            """);
        await db.Database.ExecuteSqlAsync($"ANALYZE");
        var known = await db.Orders.AsNoTracking().OrderBy(o => o.Number).Skip(Rows / 2).Select(o => new { o.Number, o.Reference, o.TraceId, o.Id, o.Person!.Email, o.Person.Name }).FirstAsync();

        foreach (var typed in (string[])
            [
                $"{known.Number}", "1100", known.Reference, known.Reference[..7], known.Email, known.Email[..14], known.Email.Replace("example", "exmaple", StringComparison.Ordinal), known.Name,
                known.Name[..^2] + "xx", "+49 171 77712345", "4242", "pi_0123456789", "req_0123456789", known.TraceId, $"{known.Id}", "zzyzx quux",
            ])
        {
            var plan = await ExplainAsync(database, SearchTerm.Read(typed));
            output.WriteLine($"{typed}:\n{plan}\n");
            foreach (var table in (string[])["people", "orders", "payment_attempts", "payment_intents"])
                Assert.DoesNotContain($"Seq Scan on {table}", plan, StringComparison.Ordinal);
        }
    }

    private static async Task<string> ExplainAsync(string database, SearchTerm term)
    {
        var sql = OrderSearch.Sql(term)!;
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync();
        await using var batch = connection.CreateBatch();
        OrderSearch.Settings(batch);
        var command = new NpgsqlBatchCommand($"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {sql.Text}");
        foreach (var parameter in sql.Parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync();
        await reader.NextResultAsync();
        var plan = new StringBuilder();
        while (await reader.ReadAsync())
            plan.AppendLine(reader.GetString(0));
        return plan.ToString();
    }
}
