using Microsoft.EntityFrameworkCore;
using Shop.Api.Audit;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.People;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Integration;

/// <summary>The audit grows for years: Postgres tells how it would find a page of each search in a big one.</summary>
public sealed class AuditPlanTests(ITestOutputHelper output)
{
    private const int Rows = 50_000;

    [Fact]
    public async Task Every_search_is_answered_by_an_index()
    {
        await using var db = PostgresServer.Open(await PostgresServer.CreateDatabaseAsync());
        var now = DateTimeOffset.UtcNow;
        var actor = ShopUser.Of(Person.WithAccount("clerk@example.org", "A Clerk", now), Role.Operator, now);
        var idle = ShopUser.Of(Person.WithAccount("idle@example.org", "An Idler", now), Role.Operator, now);
        db.AddRange(actor, idle);
        await db.SaveChangesAsync();
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO accounts.audit (id, at, actor_id, actor_role, action, subject_kind, subject, why, reference)
            SELECT (lpad(to_hex((extract(epoch FROM now() - i * interval '1 minute') * 1000)::bigint), 12, '0') || '7000800000000000' || lpad(to_hex(i), 4, '0'))::uuid,
                now() - i * interval '1 minute', {actor.Id}, 'Operator', 'job_retried', 'order', (100000 + i)::text, 'reason' || i, 'REF' || i
            FROM generate_series(1, {Rows}) i
            """);
        await db.Database.ExecuteSqlAsync($"ANALYZE accounts.audit");

        (string Name, IQueryable<AuditRow> Query)[] searches =
        [
            ("all", Find()), ("page", Find(before: Guid.CreateVersion7(now.AddDays(-3)))), ("busy actor", Find(actors: [actor.Id])), ("idle actor", Find(actors: [idle.Id])),
            ("nobody", Find(actors: [])), ("common action", Find(action: "job_retried")), ("rare action", Find(action: "role_changed")), ("subject", Find(subject: "100042")),
            ("reference", Find(reference: "REF42")), ("words", Find(text: "reason42")), ("time", Find(from: now.AddDays(-20), to: now.AddDays(-19))),
        ];
        foreach (var (name, query) in searches)
        {
            var plan = await ExplainAsync(db, query);
            output.WriteLine($"{name}:\n{plan}\n");
            Assert.DoesNotContain("Seq Scan on audit", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Rows Removed by Filter", plan, StringComparison.Ordinal);
        }

        IQueryable<AuditRow> Find(
            Guid[]? actors = null, string? action = null, string? subject = null, string? reference = null, string? text = null, DateTimeOffset? from = null,
            DateTimeOffset? to = null, Guid? before = null) =>
            AuditEndpoints.Find(db, actors, action, subject, reference, text, from, to, before).Take(51);
    }

    private static async Task<string> ExplainAsync(ShopDbContext db, IQueryable<AuditRow> query)
    {
        await using var command = query.CreateDbCommand();
        command.CommandText = $"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) {command.CommandText}";
        await db.Database.OpenConnectionAsync();
        await using var reader = await command.ExecuteReaderAsync();
        List<string> lines = [];
        while (await reader.ReadAsync())
            lines.Add(reader.GetString(0));
        await db.Database.CloseConnectionAsync();
        return string.Join('\n', lines);
    }
}
