using System.Threading.Channels;

namespace StackExchange.Redis;

public readonly struct ChannelMessage : IEquatable<ChannelMessage>
{
    internal ChannelMessage(RedisChannel subscription, RedisChannel channel, RedisValue message) =>
        (SubscriptionChannel, Channel, Message) = (subscription, channel, message);

    public RedisChannel SubscriptionChannel { get; }

    public RedisChannel Channel { get; }

    public RedisValue Message { get; }

    public bool Equals(ChannelMessage other) => Channel == other.Channel && SubscriptionChannel == other.SubscriptionChannel && Message == other.Message;
    public override bool Equals(object? obj) => obj is ChannelMessage other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(Channel, Message);
    public override string ToString() => $"{Channel}:{Message}";
    public static bool operator ==(ChannelMessage left, ChannelMessage right) => left.Equals(right);
    public static bool operator !=(ChannelMessage left, ChannelMessage right) => !left.Equals(right);
}

/// <summary>The messages of one subscription in the order in which they came.</summary>
public sealed class ChannelMessageQueue : IAsyncEnumerable<ChannelMessage>
{
    private readonly Channel<ChannelMessage> _messages = System.Threading.Channels.Channel.CreateUnbounded<ChannelMessage>();
    private readonly Func<ChannelMessageQueue, Task> _unsubscribe;

    internal ChannelMessageQueue(RedisChannel channel, Func<ChannelMessageQueue, Task> unsubscribe) => (Channel, _unsubscribe) = (channel, unsubscribe);

    public RedisChannel Channel { get; }

    public Task Completion => _messages.Reader.Completion;

    public ValueTask<ChannelMessage> ReadAsync(CancellationToken cancellationToken = default) => _messages.Reader.ReadAsync(cancellationToken);

    public bool TryRead(out ChannelMessage item) => _messages.Reader.TryRead(out item);

    public bool TryGetCount(out int count)
    {
        count = _messages.Reader.Count;
        return true;
    }

    public void OnMessage(Action<ChannelMessage> handler) => OnMessage(message =>
    {
        handler(message);
        return Task.CompletedTask;
    });

    public void OnMessage(Func<ChannelMessage, Task> handler) => _ = Task.Run(async () =>
    {
        await foreach (var message in _messages.Reader.ReadAllAsync())
        {
            try
            {
                await handler(message);
            }
#pragma warning disable CA1031 // A handler that fails at one message still wants the next one.
            catch (Exception)
            {
            }
#pragma warning restore CA1031
        }
    });

    public void Unsubscribe(CommandFlags flags = CommandFlags.None) => UnsubscribeAsync(flags).GetAwaiter().GetResult();

    public Task UnsubscribeAsync(CommandFlags flags = CommandFlags.None) => _unsubscribe(this);

    public IAsyncEnumerator<ChannelMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        _messages.Reader.ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    internal void Add(ChannelMessage message) => _messages.Writer.TryWrite(message);

    internal void Complete() => _messages.Writer.TryComplete();
}
