using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Api.Audit;
using Shop.Api.Carts;
using Shop.Api.Checkout;
using Shop.Api.Operations;
using Shop.Data;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.ServiceDefaults;

namespace Shop.Api.Gateways;

/// <summary>Silent: no replica of Payments says anything. Troubled: at least one keeps away from it, or tries with one call at a time.</summary>
internal enum GatewayWord { Working, Troubled, Silent, Stopped, Forced }

internal sealed record GatewaysView(IReadOnlyList<GatewayView> Items);

/// <param name="Since">When that began; null for what has no beginning that we know.</param>
/// <param name="HeldBack">Jobs that wait for the gateway to be asked again.</param>
internal sealed record GatewayView(
    PaymentProvider Provider, GatewayWord State, DateTimeOffset? Since, string? Reason, string? Code, GatewayDecision? Decision, int HeldBack,
    GatewayCalls Quarter, GatewayCalls Hour, IReadOnlyList<GatewayFault> Faults, IReadOnlyList<ReplicaView> Replicas,
    IReadOnlyList<GatewayTurn> Turns);

internal sealed record GatewayDecision(OverrideMode Mode, DateTimeOffset? Until, string By, string Why, DateTimeOffset At);

/// <summary>Three different numbers: what banks said no to, what the gateway failed at, what we did wrong.</summary>
internal sealed record GatewayCalls(int Calls, int Declines, int GatewayErrors, int OurErrors)
{
    /// <summary>Of 1; null without a call.</summary>
    public double? Answered => Calls is 0 ? null : (Calls - GatewayErrors) / (double)Calls;
}

internal sealed record GatewayFault(string Operation, string Class, string? Reason, string? Code, int Count, DateTimeOffset LastAt);

internal sealed record ReplicaView(
    string Replica, BreakerState State, DateTimeOffset Since, DateTimeOffset? OpenUntil, string? Reason, string? Code, DateTimeOffset SeenAt, bool IsLive);

/// <summary>A breaker that opened or closed, or an operator who decided.</summary>
/// <param name="What">open, closed, stopped, forced or automatic.</param>
/// <param name="By">A replica's breaker, or a person.</param>
internal sealed record GatewayTurn(DateTimeOffset At, string What, string By, string? Why);

internal enum OverrideChoice { Automatic, Stopped, Forced }

internal sealed record OverrideRequest(OverrideChoice? Mode, int? Minutes, string? Why);

/// <summary>How the gateways stand, and what an operator decides about them.</summary>
internal static class GatewayEndpoints
{
    private const int MaxMinutes = 60;

    // What never left: a breaker was open, or an operator has stopped the gateway. Not a call.
    private static readonly string[] NeverLeft = ["BrokenCircuitException", "IsolatedCircuitException", "stopped_by_operator"];

    private static readonly string[] WaitsForGateway = [.. Reasons.WaitForGateway];

    public static void MapGateways(this IEndpointRouteBuilder operations)
    {
        operations.MapGet("/gateways", GetGateways).WithName(nameof(GetGateways)).RequireAuthorization(Policies.Agent)
            .WithSummary("How each gateway stands, since when and why, and what was asked of it lately.");
        operations.MapPost("/gateways/{provider}/override", OverrideGateway).WithName(nameof(OverrideGateway)).RequireAuthorization(Policies.Operator)
            .WithSummary("Stops a gateway, ignores its breakers for at most an hour, or leaves it to them again.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409).ProducesProblem(422);
    }

    internal static async Task<Ok<GatewaysView>> GetGateways(
        ReportsDatabase reports, IOptions<PaymentMethodsOptions> methods, TimeProvider clock, CancellationToken ct)
    {
        var now = clock.GetUtcNow();
        await using var db = reports.Open();
        List<GatewayView> items = [];
        foreach (var provider in methods.Value.Offered)
            items.Add(await ReadAsync(db, provider, now, ct));
        return TypedResults.Ok(new GatewaysView(items));
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> OverrideGateway(
        string provider, OverrideRequest form, [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey, Caller caller,
        ReportsDatabase reports, IOptions<PaymentMethodsOptions> methods, TimeProvider clock, ILogger<GatewaysView> logger, CancellationToken ct)
    {
        if (CheckoutRequest.ProviderOf(provider) is not { } gateway || !methods.Value.IsOffered(gateway))
            return Problems.Refuse(404, "gateway_not_found", "There is no such gateway.");

        Dictionary<string, string[]> errors = [];
        if (form.Mode is null)
            errors["mode"] = ["Please say what to do: stopped, forced or automatic."];
        if (form.Mode is OverrideChoice.Forced && form.Minutes is not (>= 1 and <= MaxMinutes))
            errors["minutes"] = [$"Please say for how many minutes, 1 to {MaxMinutes}."];

        var answer = await Acts.OnceAsync(
            reports, idempotencyKey, form.Why, IdempotencyKey.DigestOf("override gateway", $"{gateway}", $"{form.Mode}", $"{form.Minutes}"), clock, logger,
            async (db, now, why) =>
            {
                var before = await db.GatewayOverrides
                    .FromSql($"SELECT * FROM payments.gateway_overrides WHERE provider = {gateway.ToString()} FOR UPDATE").SingleOrDefaultAsync(ct);
                OverrideMode? mode = form.Mode switch
                {
                    OverrideChoice.Stopped => OverrideMode.Stopped,
                    OverrideChoice.Forced => OverrideMode.Forced,
                    _ => null,
                };
                if (mode is null && before is null)
                    return Problems.Refuse(409, "gateway_not_overridden", "Nobody has decided anything about this gateway.");

                DateTimeOffset? until = mode is OverrideMode.Forced ? now.AddMinutes(form.Minutes!.Value) : null;
                db.Record(
                    caller, now, AuditActions.GatewayOverridden, AuditSubjects.Gateway, $"{gateway}", new { Mode = WordOf(before?.Mode), before?.Until },
                    new { Mode = WordOf(mode), until }, why);
                if (mode is null)
                    db.Remove(before!);
                else if (before is null)
                    db.Add(new GatewayOverride { Provider = gateway, Mode = mode.Value, Until = until, Why = why, ById = caller.UserId, At = now });
                else
                    (before.Mode, before.Until, before.Why, before.ById, before.At) = (mode.Value, until, why, caller.UserId, now);
                return null;
            }, ct, errors);
        if (answer.Result is NoContent)
            await TellAsync(reports, logger, ct);
        return answer;
    }

    private static string WordOf(OverrideMode? mode) => mode?.ToString().ToLowerInvariant() ?? "automatic";

    /// <summary>Saves the few seconds until everybody looks by themselves.</summary>
    private static async Task TellAsync(ReportsDatabase reports, ILogger logger, CancellationToken ct)
    {
        try
        {
            await using var db = reports.Open();
            await db.NotifyAsync(Notices.Gateways, "", ct);
        }
        catch (NpgsqlException e)
        {
            logger.NotNotified(e.Message);
        }
    }

    private static async Task<GatewayView> ReadAsync(ShopDbContext db, PaymentProvider provider, DateTimeOffset now, CancellationToken ct)
    {
        await db.Database.OpenConnectionAsync(ct);
        await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
        batch.Add("""
            SELECT replica, state, since, open_until, reason, code, seen_at, seen_at > now() - $2
            FROM payments.gateway_health WHERE provider = $1 ORDER BY seen_at > now() - $2 DESC, replica LIMIT 50
            """, $"{provider}", GatewayState.Silence);
        batch.Add("""
            SELECT o.mode, o.until, p.name, o.why, o.at FROM payments.gateway_overrides o JOIN shop.people p ON p.id = o.by_id
            WHERE o.provider = $1 AND (o.until IS NULL OR o.until > now())
            """, $"{provider}");
        batch.Add("""
            SELECT count(*)::int FROM payments.payment_jobs WHERE state = 'Waiting' AND provider = $1 AND last_reason = ANY ($2)
            """, $"{provider}", WaitsForGateway);
        // The ids begin with their time: no index of its own for the time.
        batch.Add("""
            SELECT operation, class, reason, coalesce(code, 'HTTP ' || http_status), count(*)::int, count(*) FILTER (WHERE at > $3)::int, max(at)
            FROM payments.payment_attempts
            WHERE id >= $2 AND provider = $1 AND (code IS NULL OR code <> ALL ($4)) GROUP BY 1, 2, 3, 4
            """, $"{provider}", TimeOrderedId.FirstAt(now.AddHours(-1)), now.AddMinutes(-15), NeverLeft);
        batch.Add("""
            SELECT at, lower(state), replica || ' (' || breaker || ')', concat_ws(', ', reason, code)
            FROM payments.gateway_changes WHERE provider = $1 AND id >= $2 ORDER BY id DESC LIMIT 20
            """, $"{provider}", TimeOrderedId.FirstAt(now.AddDays(-7)));
        batch.Add("""
            SELECT a.at, a.after ->> 'mode', p.name, a.why FROM accounts.audit a JOIN shop.people p ON p.id = a.actor_id
            WHERE a.action = $2 AND a.subject = $1 ORDER BY a.id DESC LIMIT 20
            """, $"{provider}", AuditActions.GatewayOverridden);

        await using var reader = await batch.ExecuteReaderAsync(ct);
        List<ReplicaView> replicas = [];
        while (await reader.ReadAsync(ct))
        {
            replicas.Add(new(
                reader.GetString(0), Enum.Parse<BreakerState>(reader.GetString(1)), At(2), reader.IsDBNull(3) ? null : At(3), Text(4), Text(5), At(6),
                reader.GetBoolean(7)));
        }

        await reader.NextResultAsync(ct);
        var decision = await reader.ReadAsync(ct)
            ? new GatewayDecision(
                Enum.Parse<OverrideMode>(reader.GetString(0)), reader.IsDBNull(1) ? null : At(1), reader.GetString(2), reader.GetString(3), At(4))
            : null;
        await reader.NextResultAsync(ct);
        await reader.ReadAsync(ct);
        var heldBack = reader.GetInt32(0);

        await reader.NextResultAsync(ct);
        GatewayCalls quarter = new(0, 0, 0, 0), hour = quarter;
        List<GatewayFault> faults = [];
        while (await reader.ReadAsync(ct))
        {
            var (@class, reason, inHour, inQuarter) = (reader.GetString(1), Text(2), reader.GetInt32(4), reader.GetInt32(5));
            (hour, quarter) = (Counted(hour, @class, reason, inHour), Counted(quarter, @class, reason, inQuarter));
            if (SideOf(@class, reason) is Side.Gateway or Side.Us)
                faults.Add(new(reader.GetString(0), @class, reason, Text(3), inHour, At(6)));
        }

        await reader.NextResultAsync(ct);
        List<GatewayTurn> turns = [];
        while (await reader.ReadAsync(ct))
            turns.Add(new(At(0), reader.GetString(1), reader.GetString(2), Text(3) is { Length: > 0 } why ? why : null));
        await reader.NextResultAsync(ct);
        while (await reader.ReadAsync(ct))
            turns.Add(new(At(0), reader.GetString(1), reader.GetString(2), Text(3)));

        ReplicaView[] live = [.. replicas.Where(r => r.IsLive)];
        var worst = live.OrderByDescending(r => r.State).ThenBy(r => r.Since).FirstOrDefault();
        var (state, since) = (decision, worst) switch
        {
            ({ Mode: OverrideMode.Stopped }, _) => (GatewayWord.Stopped, decision.At),
            ({ Mode: OverrideMode.Forced }, _) => (GatewayWord.Forced, decision.At),
            (_, null) => (GatewayWord.Silent, replicas.Count > 0 ? replicas.Max(r => r.SeenAt) : (DateTimeOffset?)null),
            (_, { State: BreakerState.Closed }) => (GatewayWord.Working, live.Max(r => r.Since)),
            _ => (GatewayWord.Troubled, worst.Since),
        };
        return new(
            provider, state, since, worst?.Reason, worst?.Code, decision, heldBack, quarter, hour,
            [.. faults.OrderByDescending(f => f.LastAt).Take(10)], replicas, [.. turns.OrderByDescending(t => t.At).Take(20)]);

        DateTimeOffset At(int column) => reader.GetFieldValue<DateTimeOffset>(column);

        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }

    private static GatewayCalls Counted(GatewayCalls counted, string @class, string? reason, int count)
    {
        counted = counted with { Calls = counted.Calls + count };
        return SideOf(@class, reason) switch
        {
            Side.Bank or Side.Shopper => counted with { Declines = counted.Declines + count },
            Side.Gateway => counted with { GatewayErrors = counted.GatewayErrors + count },
            Side.Us => counted with { OurErrors = counted.OurErrors + count },
            _ => counted,
        };
    }

    /// <summary>Whose fault a call was; null for one that went well, be it that the bank waits for the shopper.</summary>
    private static Side? SideOf(string @class, string? reason) =>
        @class is not ("not_charged" or "unknown") || reason is null or Reasons.PaymentProcessing or Reasons.NotConfirmedInTime || !Reasons.IsKnown(reason)
            ? null : Reasons.Of(reason).Side;
}
