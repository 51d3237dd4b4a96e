using System.Text.Json.Serialization;

namespace Shop.Simulator.Faults;

/// <summary>What can go wrong with a call to the gateway. Names on the wire are those of <c>PUT /faults</c>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Fault>))]
internal enum Fault
{
    /// <summary>No fault: the call is answered as it should be. For a script in which the third call fails and the first two do not.</summary>
    [JsonStringEnumMemberName("none")] None,

    /// <summary>
    /// The connection cannot be opened: nothing was sent. For all calls, without an end, the gateway's own listener is closed (<see cref="GatewayListener"/>).
    /// For some calls (a rate, an operation, a count) that cannot be played, as an operation is known only once a connection is open: those see a reset.
    /// </summary>
    [JsonStringEnumMemberName("refused")] Refused,

    /// <summary>Answered 503 before any work; the key stays free.</summary>
    [JsonStringEnumMemberName("unavailable_503")] Unavailable503,

    /// <summary>No answer, nothing done; the connection is cut after two minutes at most.</summary>
    [JsonStringEnumMemberName("hang")] Hang,

    /// <summary>Too many calls; nothing done, the key stays free.</summary>
    [JsonStringEnumMemberName("rate_limited_429")] RateLimited429,

    /// <summary>A 500 instead of the work; as at Stripe the key remembers it.</summary>
    [JsonStringEnumMemberName("error_500_before")] Error500Before,

    /// <summary>The work is done, a 500 is answered, and the key remembers that 500.</summary>
    [JsonStringEnumMemberName("error_500_after")] Error500After,

    /// <summary>The work is done, the connection is cut instead of an answer.</summary>
    [JsonStringEnumMemberName("answer_lost")] AnswerLost,

    /// <summary>The connection is reset before any work.</summary>
    [JsonStringEnumMemberName("reset")] Reset,

    /// <summary>A proxy in front answers with a page of HTML; the call never arrives.</summary>
    [JsonStringEnumMemberName("html_502")] Html502,
}
