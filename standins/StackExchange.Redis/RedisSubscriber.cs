namespace StackExchange.Redis;

/// <summary>Subscriptions outlive connections: a new one is told of all of them first.</summary>
internal sealed class RedisSubscriber(ConnectionMultiplexer multiplexer, CommandQueue queue) : RedisBase(multiplexer), ISubscriber
{
    private readonly Lock _lock = new();
    private readonly Dictionary<RedisChannel, List<(ChannelMessageQueue Queue, Action<RedisChannel, RedisValue>? Handler)>> _subscriptions = [];

    public bool IsConnected(RedisChannel channel = default) => Owner.IsConnected;

    public Task<long> PublishAsync(RedisChannel channel, RedisValue message, CommandFlags flags = CommandFlags.None) =>
        Send(flags, -1, "PUBLISH", Reply.Long, channel.Wire(), message);

    public async Task SubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue> handler, CommandFlags flags = CommandFlags.None)
    {
        ArgumentNullException.ThrowIfNull(handler);
        var messages = await ListenAsync(channel, handler, flags);
        messages.OnMessage(message => handler(message.Channel, message.Message));
    }

    public Task<ChannelMessageQueue> SubscribeAsync(RedisChannel channel, CommandFlags flags = CommandFlags.None) =>
        ListenAsync(channel, handler: null, flags);

    public async Task UnsubscribeAsync(RedisChannel channel, Action<RedisChannel, RedisValue>? handler = null, CommandFlags flags = CommandFlags.None) =>
        await RemoveAsync(channel, entry => handler is null || entry.Handler == handler, flags);

    public async Task UnsubscribeAllAsync(CommandFlags flags = CommandFlags.None)
    {
        RedisChannel[] channels;
        lock (_lock)
            channels = [.. _subscriptions.Keys];
        foreach (var channel in channels)
            await RemoveAsync(channel, _ => true, flags);
    }

    public void OnPush(RedisResult push)
    {
        if (push.Length < 3)
            return;
        var (subscription, channel) = push[0].ToString() switch
        {
            "message" => (Literal(push[1]), Literal(push[1])),
            "pmessage" when push.Length > 3 => (RedisChannel.Pattern(((byte[]?)push[1]) ?? []), Literal(push[2])),
            _ => default, // something else that servers tell
        };
        if (channel.IsNullOrEmpty)
            return;

        lock (_lock)
        {
            if (_subscriptions.TryGetValue(subscription, out var entries))
                entries.ForEach(entry => entry.Queue.Add(new(subscription, channel, (RedisValue)push[push.Length - 1])));
        }

        static RedisChannel Literal(RedisResult name) => RedisChannel.Literal(((byte[]?)name) ?? []);
    }

    /// <summary>Called before anybody else's commands go out.</summary>
    public void OnConnected()
    {
        RedisChannel[] channels;
        lock (_lock)
            channels = [.. _subscriptions.Keys];
        if (channels is [_, ..])
            ThrowIfResp2();
        foreach (var channel in channels)
            queue.AddFirst(Subscription("SUBSCRIBE", channel));
    }

    public void Close()
    {
        lock (_lock)
        {
            foreach (var entry in _subscriptions.Values.SelectMany(entries => entries))
                entry.Queue.Complete();
            _subscriptions.Clear();
        }
    }

    private async Task<ChannelMessageQueue> ListenAsync(RedisChannel channel, Action<RedisChannel, RedisValue>? handler, CommandFlags flags)
    {
        _ = channel.Wire();
        ThrowIfResp2();
        var entry = new ChannelMessageQueue(channel, own => RemoveAsync(channel, other => other.Queue == own, CommandFlags.None));
        lock (_lock)
        {
            if (!_subscriptions.TryGetValue(channel, out var entries))
                _subscriptions[channel] = entries = [];
            entries.Add((entry, handler));
        }

        try
        {
            // Also for the second subscriber of a channel: that way it knows that the server knows.
            await Owner.Send(Subscription("SUBSCRIBE", channel), flags);
            return entry;
        }
        catch
        {
            Forget(channel, other => other.Queue == entry);
            throw;
        }
    }

    private async Task RemoveAsync(
        RedisChannel channel, Func<(ChannelMessageQueue Queue, Action<RedisChannel, RedisValue>? Handler), bool> which, CommandFlags flags)
    {
        if (Forget(channel, which) && Owner.IsConnected)
            await Owner.Send(Subscription("UNSUBSCRIBE", channel), flags);
    }

    /// <summary>True when nobody listens to the channel any more.</summary>
    private bool Forget(RedisChannel channel, Func<(ChannelMessageQueue Queue, Action<RedisChannel, RedisValue>? Handler), bool> which)
    {
        lock (_lock)
        {
            if (!_subscriptions.TryGetValue(channel, out var entries))
                return false;
            entries.Where(which).ToList().ForEach(entry => entry.Queue.Complete());
            entries.RemoveAll(entry => which(entry));
            return entries.Count == 0 && _subscriptions.Remove(channel);
        }
    }

    private static Message<RedisResult> Subscription(string command, RedisChannel channel) =>
        new(channel.IsPattern ? $"P{command}" : command, -1, Reply.Any, channel.Wire()) { IsSubscription = true };

    private void ThrowIfResp2()
    {
        if (!Owner.IsResp3)
            throw new NotSupportedException("This stand-in for StackExchange.Redis subscribes over RESP3 only, which needs Redis 6 or newer.");
    }
}
