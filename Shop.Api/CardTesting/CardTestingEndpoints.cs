using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Data;
using Shop.Data.Payments;

namespace Shop.Api.CardTesting;

/// <param name="Hours">The last day by hours, the newest first; hours in which nothing happened are left out.</param>
internal sealed record CardTestingView(
    bool Lifted, DeclineCount Hour, DeclineCount Day, IReadOnlyList<CardTestingHour> Hours, IReadOnlyList<SuspectView> Sources);

/// <param name="Slowed">Payments that were put off by seconds.</param>
/// <param name="Refused">Payments that were not taken.</param>
internal sealed record DeclineCount(int Charges, int Declines, int Slowed, int Refused);

internal sealed record CardTestingHour(DateTimeOffset From, DeclineCount Count);

/// <param name="Source">The first digits of an HMAC: enough to tell two apart, and nobody's address.</param>
internal sealed record SuspectView(SourceKind Kind, string Source, int Charges, int Declines, int Slowed, int Refused, DateTimeOffset LastAt);

internal static class CardTestingEndpoints
{
    public static void AddCardTesting(this IServiceCollection services)
    {
        services.AddOptions<CardTestingOptions>().BindConfiguration(CardTestingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<VelocityLimits>();
    }

    public static void MapCardTesting(this IEndpointRouteBuilder operations) =>
        operations.MapGet("/card-testing", GetCardTesting).WithName(nameof(GetCardTesting)).RequireAuthorization(Policies.Agent)
            .WithSummary("Declines of the last day, what was slowed or refused for them, and from where most of them came.");

    internal static async Task<Ok<CardTestingView>> GetCardTesting(
        [FromKeyedServices(ApiDatabase.Reports)] NpgsqlDataSource database,
        Microsoft.Extensions.Options.IOptions<CardTestingOptions> options, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        var (day, hour) = (now.AddDays(-1), now.AddHours(-1));
        await using var batch = database.CreateBatch();
        // A charge has several sources; it counts once.
        batch.Add($$"""
            WITH charges AS (
                SELECT j.created_at AS at, {{ChargeSources.IsDecline}} AS declined
                FROM payments.payment_jobs j WHERE j.id IN (SELECT job_id FROM payments.charge_sources WHERE at > $2)),
            facts AS (
                SELECT at, 1 AS charge, declined::int AS declined, 0 AS slowed, 0 AS refused FROM charges
                UNION ALL
                SELECT at, 0, 0, (tier = 'Slowed')::int, (tier = 'Refused')::int FROM payments.velocity_events WHERE id >= $3)
            SELECT date_trunc('hour', at, 'UTC'), sum(charge)::int, sum(declined)::int, sum(slowed)::int, sum(refused)::int,
                coalesce(sum(charge) FILTER (WHERE at > $4), 0)::int, coalesce(sum(declined) FILTER (WHERE at > $4), 0)::int,
                coalesce(sum(slowed) FILTER (WHERE at > $4), 0)::int, coalesce(sum(refused) FILTER (WHERE at > $4), 0)::int
            FROM facts GROUP BY 1 ORDER BY 1 DESC
            """, ChargeSources.Declines, day, TimeOrderedId.FirstAt(day), hour);
        batch.Add($$"""
            WITH declined AS (
                SELECT s.kind, s.hash, count(*) AS charges, count(*) FILTER (WHERE {{ChargeSources.IsDecline}}) AS declines, max(s.at) AS at
                FROM payments.charge_sources s JOIN payments.payment_jobs j ON j.id = s.job_id WHERE s.at > $2 GROUP BY 1, 2),
            limited AS (
                SELECT kind, hash, count(*) FILTER (WHERE tier = 'Slowed') AS slowed, count(*) FILTER (WHERE tier = 'Refused') AS refused, max(at) AS at
                FROM payments.velocity_events WHERE id >= $3 GROUP BY 1, 2)
            SELECT coalesce(d.kind, l.kind), left(encode(coalesce(d.hash, l.hash), 'hex'), 8), coalesce(d.charges, 0)::int, coalesce(d.declines, 0)::int,
                coalesce(l.slowed, 0)::int, coalesce(l.refused, 0)::int, greatest(d.at, l.at)
            FROM declined d FULL JOIN limited l ON l.kind = d.kind AND l.hash = d.hash
            WHERE d.declines > 1 OR l.hash IS NOT NULL
            ORDER BY coalesce(l.refused, 0) DESC, coalesce(d.declines, 0) DESC LIMIT 20
            """, ChargeSources.Declines, day, TimeOrderedId.FirstAt(day));
        await using var reader = await batch.ExecuteReaderAsync(ct);
        DeclineCount inHour = new(0, 0, 0, 0), inDay = inHour;
        List<CardTestingHour> hours = [];
        while (await reader.ReadAsync(ct))
        {
            hours.Add(new(reader.GetFieldValue<DateTimeOffset>(0), Count(1)));
            (inDay, inHour) = (Sum(inDay, Count(1)), Sum(inHour, Count(5)));
        }

        await reader.NextResultAsync(ct);
        List<SuspectView> sources = [];
        while (await reader.ReadAsync(ct))
        {
            sources.Add(new(
                Enum.Parse<SourceKind>(reader.GetString(0)), reader.GetString(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(4),
                reader.GetInt32(5), reader.GetFieldValue<DateTimeOffset>(6)));
        }

        return TypedResults.Ok(new CardTestingView(options.Value.Lifted, inHour, inDay, hours, sources));

        DeclineCount Count(int from) => new(reader.GetInt32(from), reader.GetInt32(from + 1), reader.GetInt32(from + 2), reader.GetInt32(from + 3));

        static DeclineCount Sum(DeclineCount one, DeclineCount other) =>
            new(one.Charges + other.Charges, one.Declines + other.Declines, one.Slowed + other.Slowed, one.Refused + other.Refused);
    }
}
