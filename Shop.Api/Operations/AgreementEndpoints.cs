using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Shop.Api.Accounts;
using Shop.Data;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Operations;

/// <param name="Periods">The last day, the last 7 and the last 30; or the one that was asked for.</param>
internal sealed record AgreementOfGateway(PaymentProvider Provider, IReadOnlyList<Agreement> Periods);

internal sealed record Agreements(IReadOnlyList<AgreementOfGateway> Items);

/// <summary>Does a gateway keep its agreed share of payments? One sentence, with what chance alone could do.</summary>
internal static class AgreementEndpoints
{
    private const int MaxDays = 366;
    private static readonly int[] Days = [1, 7, 30];

    public static void AddAgreement(this IServiceCollection services) =>
        services.AddOptions<AgreementOptions>().BindConfiguration(AgreementOptions.Section).ValidateDataAnnotations().ValidateOnStart();

    public static void MapAgreement(this IEndpointRouteBuilder operations) =>
        operations.MapGet("/agreement", GetAgreement).WithName(nameof(GetAgreement)).RequireAuthorization(Policies.Agent)
            .WithSummary("Whether each gateway keeps its agreed share of payments: 24 hours, 7 days and 30 days, or from and to.").ProducesProblem(422);

    internal static async Task<Results<Ok<Agreements>, ProblemHttpResult>> GetAgreement(
        ReportsDatabase reports, IOptions<AgreementOptions> options, TimeProvider clock, CancellationToken ct, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var now = clock.GetUtcNow();
        var (start, end) = (from?.ToUniversalTime() ?? now.AddDays(-Days[^1]), to?.ToUniversalTime() ?? now);
        if (end <= start || end - start > TimeSpan.FromDays(MaxDays))
            return Problems.Refuse(422, "period_invalid", $"The end must be after the beginning, by {MaxDays} days at most.");

        var starts = from is null && to is null ? Days.Select(days => now.AddDays(-days)) : [start];
        return TypedResults.Ok(await ReadAsync(reports, options.Value, starts, end, ct));
    }

    internal static async Task<Agreements> ReadAsync(
        ReportsDatabase reports, AgreementOptions options, IEnumerable<DateTimeOffset> starts, DateTimeOffset end, CancellationToken ct)
    {
        await using var db = reports.Open();
        List<AgreementOfGateway> items = [];
        foreach (var provider in Enum.GetValues<PaymentProvider>())
        {
            List<Agreement> periods = [];
            foreach (var begin in starts)
                periods.Add(Agreement.Of(provider, begin, end, options.Of(provider), await EndsAsync(db, provider, begin, end, ct)));
            if (provider is PaymentProvider.Stripe || periods.Any(p => p.Ends != new PaymentEnds())) // one that nobody uses is not judged
                items.Add(new(provider, periods));
        }

        return new(items);
    }

    /// <summary>
    /// A payment is a charge that a shopper asked for, however often it was tried; it ends before the next one of its order begins. How the
    /// last one ended is told by its order, an earlier one by the last no it was given; so is the last one of an order that was closed after its
    /// no: that the shopper did not come back does not make it less of a no.
    /// </summary>
    internal static async Task<PaymentEnds> EndsAsync(ShopDbContext db, PaymentProvider provider, DateTimeOffset from, DateTimeOffset to, CancellationToken ct)
    {
        var name = provider.ToString();
        // A card's job without a token or a saved card only finishes what the one before it began. At a gateway with a page of its own it is the other way
        // round: the first has none, and once the shopper has agreed there the next one has: one payment, counted with the second. One with a token
        // right after that, or after something saved, goes on with it.
        // Our own end of a payment (a cancel, and what is read after it) is not how the gateway answered it.
        var rows = await db.Database.SqlQuery<EndRow>($"""
            SELECT c.charged AS "IsCharged", CASE WHEN NOT c.charged THEN e.reason END AS "Reason", count(*)::int AS "Count"
            FROM payments.payment_jobs j JOIN shop.orders o ON o.id = j.order_id
            LEFT JOIN LATERAL (
                SELECT n.created_at AS at, n.provider, n.payment_token IS NOT NULL AS agreed FROM payments.payment_jobs n
                WHERE n.order_id = j.order_id AND n.kind = 'Charge' AND n.created_at > j.created_at
                    AND (n.payment_token IS NOT NULL OR n.saved_method_id IS NOT NULL OR n.provider <> 'Stripe')
                    AND NOT (n.provider <> 'Stripe' AND n.payment_token IS NOT NULL AND coalesce((
                        SELECT p.payment_token IS NOT NULL OR p.saved_method_id IS NOT NULL FROM payments.payment_jobs p
                        WHERE p.order_id = n.order_id AND p.kind = 'Charge' AND p.provider = n.provider AND p.created_at < n.created_at
                        ORDER BY p.created_at DESC LIMIT 1), false))
                ORDER BY n.created_at LIMIT 1) next ON true
            CROSS JOIN LATERAL (SELECT EXISTS (
                SELECT FROM payments.payment_attempts a WHERE a.order_id = j.order_id AND a.provider = j.provider AND a.class = 'charged'
                    AND a.at >= j.created_at AND (next.at IS NULL OR a.at < next.at)) AS charged) c
            CROSS JOIN LATERAL (SELECT CASE
                WHEN next.at IS NULL AND o.payment NOT IN ('Declined', 'Abandoned') THEN NULL
                WHEN next.at IS NULL AND coalesce(o.reason, '') NOT IN ({Reasons.NotConfirmedInTime}, {Reasons.CancelledOnRequest}) THEN o.reason
                ELSE coalesce((
                    SELECT a.reason FROM payments.payment_attempts a
                    WHERE a.order_id = j.order_id AND a.provider = j.provider AND a.class IN ('not_charged', 'awaits_card')
                        AND a.operation <> 'cancel' AND a.reason <> {Reasons.NotConfirmedInTime}
                        AND a.at >= j.created_at AND (next.at IS NULL OR a.at < next.at)
                    ORDER BY a.at DESC LIMIT 1), j.last_reason, CASE WHEN next.at IS NULL THEN nullif(o.reason, {Reasons.CancelledOnRequest}) END) END AS reason) e
            WHERE j.kind = 'Charge' AND j.provider = {name} AND j.created_at >= {from} AND j.created_at < {to} AND NOT o.is_synthetic
                AND (j.payment_token IS NOT NULL OR j.saved_method_id IS NOT NULL
                    OR (j.provider <> 'Stripe' AND NOT (coalesce(next.agreed, false) AND next.provider = j.provider)))
                AND NOT (j.provider <> 'Stripe' AND j.payment_token IS NOT NULL AND coalesce((
                    SELECT p.payment_token IS NOT NULL OR p.saved_method_id IS NOT NULL FROM payments.payment_jobs p
                    WHERE p.order_id = j.order_id AND p.kind = 'Charge' AND p.provider = j.provider AND p.created_at < j.created_at
                    ORDER BY p.created_at DESC LIMIT 1), false))
            GROUP BY 1, 2
            """).ToListAsync(ct);
        return rows.Aggregate(new PaymentEnds(), (ends, row) => ends.Add(row.IsCharged, row.Reason, row.Count));
    }

    private sealed record EndRow(bool IsCharged, string? Reason, int Count);
}
