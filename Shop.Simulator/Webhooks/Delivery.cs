using System.Text.Json.Serialization;
using Shop.Simulator.State;

namespace Shop.Simulator.Webhooks;

[JsonConverter(typeof(JsonStringEnumConverter<DeliveryState>))]
internal enum DeliveryState { Waiting, Delivered, GivenUp }

/// <summary>One event on its way to one endpoint.</summary>
internal sealed record Delivery(string Id, string EventId, string Type, string Url, DateTimeOffset NextAttempt) : Fact(Id)
{
    public DeliveryState State { get; init; }
    public int Attempts { get; init; }
    public DateTimeOffset? LastAttempt { get; init; }
    public int? LastStatus { get; init; }
    public string? LastError { get; init; }

    /// <summary>Set for what never happened.</summary>
    public Forgery? Forgery { get; init; }

    public override IEnumerable<string?> Keys => [$"event:{EventId}"];
}

/// <summary>Where webhooks go, once it was said at run time; until then the configuration holds.</summary>
internal sealed record WebhookSettings(string Id, WebhookEndpoint[] Endpoints) : Fact(Id)
{
    public const string TheOne = "webhooks";
}
