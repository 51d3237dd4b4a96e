using Shop.Simulator.State;

namespace Shop.Simulator.Mail;

/// <summary>A mail as it would have arrived. <c>To</c> is the envelope's, so blind copies are in it.</summary>
internal sealed record ReceivedMail(string Id, DateTimeOffset At, string From, string[] To) : Fact(Id)
{
    public string Subject { get; init; } = "";
    public string? Text { get; init; }
    public string? Html { get; init; }
    public KeyValuePair<string, string>[] Headers { get; init; } = [];
    public int Bytes { get; init; }
}
