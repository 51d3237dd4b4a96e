using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class GatewayOperationsTests : IAsyncLifetime
{
    private ApiHost _api = null!;

    public async Task InitializeAsync() => _api = await ApiHost.StartAsync();

    public Task DisposeAsync() => _api.DisposeAsync().AsTask();

    [Fact]
    public async Task A_shopper_is_told_what_one_can_pay_with_and_no_question_goes_to_the_database_for_it()
    {
        await UntilMethodAsync("troubled"); // nobody works on payments
        await ReplicaAsync("one", BreakerState.Closed);
        var card = await UntilMethodAsync("available");
        Assert.Equal(("card", "stripe", JsonValueKind.Null), (card.GetProperty("method").GetString(), card.GetProperty("provider").GetString(), card.GetProperty("text").ValueKind));

        await ReplicaAsync("one", BreakerState.Open);
        Assert.Contains("You can order", (await UntilMethodAsync("troubled")).GetProperty("text").GetString(), StringComparison.Ordinal);
        await DecideAsync("stopped");
        await UntilMethodAsync("unavailable");
        await DecideAsync("forced", minutes: 5);
        await UntilMethodAsync("available");

        var trips = int.MaxValue;
        await ApiHost.UntilAsync(async () => // the background looks as well, every five seconds
        {
            _api.Wire.Reset();
            for (var i = 0; i < 50; i++)
                await _api.GetAsync("/payments/methods");
            return (trips = _api.Wire.RoundTrips + _api.Wire.InTheBackground) is 0;
        });
        Assert.Equal(0, trips);
    }

    [Fact]
    public async Task Declines_errors_of_the_gateway_and_errors_of_ours_are_three_numbers()
    {
        await ReplicaAsync("one", BreakerState.Open, Reasons.OutcomeUnknown, "HTTP 503");
        await ReplicaAsync("long dead", BreakerState.Closed, silent: TimeSpan.FromMinutes(10));
        var now = DateTimeOffset.UtcNow;
        await using (var db = _api.Open())
        {
            var order = await Any.StoredOrderAsync(db);
            void Attempt(string @class, string? reason, string? code = null, int minutesAgo = 1) => db.Add(new PaymentAttempt
            {
                Id = Guid.CreateVersion7(now.AddMinutes(-minutesAgo)), OrderId = order.Id, Provider = PaymentProvider.Stripe, Operation = "confirm",
                Class = @class, Reason = reason, Code = code, LatencyMs = 1, At = now.AddMinutes(-minutesAgo),
            });
            Attempt("charged", null);
            Attempt("action_needed", Reasons.AuthenticationNeeded);
            Attempt("not_charged", Reasons.CardDeclined, "card_declined");
            Attempt("not_charged", Reasons.CardDetailsWrong, "incorrect_cvc", minutesAgo: 30);
            Attempt("unknown", Reasons.OutcomeUnknown, "HttpRequestException");
            Attempt("unknown", Reasons.OutcomeUnknown, "HttpRequestException", minutesAgo: 40);
            Attempt("not_charged", Reasons.GatewayRefusedRequest, "parameter_missing");
            Attempt("not_charged", Reasons.GatewayUnreachable, "BrokenCircuitException"); // no call at all
            Attempt("charged", null, minutesAgo: 90);
            await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteUpdateAsync(j => j.SetProperty(x => x.LastReason, Reasons.GatewayUnreachable));
            await db.SaveChangesAsync();
        }

        var gateway = await SeeAsync();

        Assert.Equal("""{"calls":5,"declines":1,"gatewayErrors":1,"ourErrors":1,"answered":0.8}""", gateway.GetProperty("quarter").GetRawText());
        Assert.Equal((7, 2, 2, 1), Calls(gateway.GetProperty("hour")));
        Assert.Equal(("troubled", Reasons.OutcomeUnknown, "HTTP 503", 1), (gateway.GetProperty("state").GetString(), gateway.GetProperty("reason").GetString(),
            gateway.GetProperty("code").GetString(), gateway.GetProperty("heldBack").GetInt32()));
        Assert.Equal([("parameter_missing", 1), ("HttpRequestException", 2)], gateway.GetProperty("faults").EnumerateArray()
            .Select(f => (f.GetProperty("code").GetString()!, f.GetProperty("count").GetInt32())).OrderBy(f => f.Item2));
        Assert.Equal([true, false], gateway.GetProperty("replicas").EnumerateArray().Select(r => r.GetProperty("isLive").GetBoolean()));
    }

    [Fact]
    public async Task An_operator_decides_with_a_why_and_it_is_in_the_audit_and_among_what_changed()
    {
        await ReplicaAsync("one", BreakerState.Closed);

        Assert.Equal("gateway_not_overridden", (await DecideAsync("automatic")).Reason);
        Assert.Equal("validation_failed", (await DecideAsync("forced", minutes: 61)).Reason);
        Assert.Equal("validation_failed", (await DecideAsync("forced")).Reason);
        Assert.Equal("gateway_not_found", (await DecideAsync("stopped", provider: "nobody")).Reason);
        Assert.Equal(HttpStatusCode.NoContent, (await DecideAsync("forced", minutes: 60)).Status);
        var forced = await SeeAsync();
        Assert.Equal("forced", forced.GetProperty("state").GetString());
        Assert.InRange(forced.GetProperty("decision").GetProperty("until").GetDateTimeOffset() - DateTimeOffset.UtcNow, TimeSpan.FromMinutes(50), TimeSpan.FromMinutes(60));
        Assert.Equal(HttpStatusCode.NoContent, (await DecideAsync("stopped")).Status);
        Assert.Equal("stopped", (await SeeAsync()).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await DecideAsync("automatic")).Status);

        var gateway = await SeeAsync();
        Assert.Equal("working", gateway.GetProperty("state").GetString());
        Assert.Equal(["automatic", "stopped", "forced"], gateway.GetProperty("turns").EnumerateArray().Select(t => t.GetProperty("what").GetString()));
        await using var db = _api.Open();
        var entry = await db.Audit.OrderBy(a => a.Id).FirstAsync(a => a.Action == "gateway_overridden");
        Assert.Equal(("gateway", "Stripe", "The provider has told us so."), (entry.SubjectKind, entry.Subject, entry.Why));
        Assert.Contains("\"automatic\"", entry.Before, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_decision_that_has_ended_counts_no_more()
    {
        await ReplicaAsync("one", BreakerState.Closed);
        await DecideAsync("forced", minutes: 1);
        await using (var db = _api.Open())
            await db.GatewayOverrides.ExecuteUpdateAsync(o => o.SetProperty(x => x.Until, DateTimeOffset.UtcNow.AddSeconds(-1)));

        Assert.Equal("working", (await SeeAsync()).GetProperty("state").GetString());
    }

    private static (int, int, int, int) Calls(JsonElement calls) => (calls.GetProperty("calls").GetInt32(), calls.GetProperty("declines").GetInt32(),
        calls.GetProperty("gatewayErrors").GetInt32(), calls.GetProperty("ourErrors").GetInt32());

    private async Task<JsonElement> SeeAsync()
    {
        var seen = await _api.GetAsync("/operations/gateways", (await _api.SignedInAsync(Role.Agent)).Bearer);
        Assert.True(seen.Status is HttpStatusCode.OK, seen.Text);
        return Assert.Single(seen.Json.GetProperty("items").EnumerateArray());
    }

    private async Task<Answer> DecideAsync(string mode, int? minutes = null, string provider = "stripe") => await _api.PostAsync(
        $"/operations/gateways/{provider}/override", new { mode, minutes, why = "The provider has told us so." },
        (await _api.SignedInAsync(Role.Operator)).Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));

    private async Task<JsonElement> UntilMethodAsync(string state)
    {
        JsonElement card = default;
        await ApiHost.UntilAsync(async () =>
        {
            card = (await _api.GetAsync("/payments/methods")).Json.GetProperty("methods")[0];
            return card.GetProperty("state").GetString() == state;
        });
        return card;
    }

    private async Task ReplicaAsync(string replica, BreakerState state, string? reason = null, string? code = null, TimeSpan silent = default)
    {
        await using var db = _api.Open();
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO payments.gateway_health (provider, replica, state, since, reason, code, seen_at)
            VALUES ('Stripe', {replica}, {state.ToString()}, now(), {reason}, {code}, now() + interval '1 hour' - {silent} - {(silent > TimeSpan.Zero ? TimeSpan.FromHours(1) : TimeSpan.Zero)})
            ON CONFLICT (provider, replica) DO UPDATE SET state = excluded.state
            """);
        await db.NotifyAsync(Notices.Gateways, "", CancellationToken.None);
    }
}
