namespace Shop.Web.Operations;

public sealed record GatewayList(IReadOnlyList<Gateway> Items);

/// <summary><see cref="State"/>: working, troubled, silent, stopped or forced.</summary>
public sealed record Gateway(
    string Provider, string State, int HeldBack, CallCount Quarter, CallCount Hour, IReadOnlyList<GatewayFault> Faults,
    IReadOnlyList<GatewayReplica> Replicas, IReadOnlyList<GatewayTurn> Turns, DateTimeOffset? Since = null, string? Reason = null, string? Code = null,
    GatewayDecision? Decision = null)
{
    /// <summary>As it writes itself.</summary>
    public static string NameOf(string provider) => provider is "paypal" ? "PayPal" : "Stripe";
}

public sealed record GatewayDecision(string Mode, string By, string Why, DateTimeOffset At, DateTimeOffset? Until = null);

/// <summary><see cref="Answered"/>: of 1; null without a call.</summary>
public sealed record CallCount(int Calls, int Declines, int GatewayErrors, int OurErrors, double? Answered = null);

public sealed record GatewayFault(string Operation, string Class, int Count, DateTimeOffset LastAt, string? Reason = null, string? Code = null);

/// <summary><see cref="State"/>: closed, halfOpen or open.</summary>
public sealed record GatewayReplica(
    string Replica, string State, DateTimeOffset Since, DateTimeOffset SeenAt, bool IsLive, DateTimeOffset? OpenUntil = null, string? Reason = null,
    string? Code = null);

public sealed record GatewayTurn(DateTimeOffset At, string What, string By, string? Why = null);

public sealed record CardTesting(
    bool Lifted, DeclineCount Hour, DeclineCount Day, IReadOnlyList<CardTestingHour> Hours, IReadOnlyList<Suspect> Sources);

public sealed record DeclineCount(int Charges, int Declines, int Slowed, int Refused);

public sealed record CardTestingHour(DateTimeOffset From, DeclineCount Count);

public sealed record Suspect(string Kind, string Source, int Charges, int Declines, int Slowed, int Refused, DateTimeOffset LastAt);
