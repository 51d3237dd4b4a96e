namespace StackExchange.Redis;

internal class RedisBatch(ConnectionMultiplexer multiplexer, int database) : DatabaseCommands(multiplexer, database), IBatch
{
    private readonly Lock _lock = new();
    private List<Message> _messages = [];

    public void Execute() => Owner.Send([.. Take()]);

    public override IAsyncEnumerable<HashEntry> HashScanAsync(
        RedisKey key, RedisValue pattern = default, int pageSize = 250, long cursor = 0, int pageOffset = 0, CommandFlags flags = CommandFlags.None) =>
        throw new NotSupportedException("A scan asks page by page, which cannot be done all at once.");

    protected sealed override Task<T> Send<T>(Message<T> message, CommandFlags flags)
    {
        lock (_lock)
            _messages.Add(message);
        return flags.HasFlag(CommandFlags.FireAndForget) ? Task.FromResult(message.Nothing) : message.Reply;
    }

    protected List<Message> Take()
    {
        lock (_lock)
        {
            var taken = _messages;
            _messages = [];
            return taken;
        }
    }
}

internal sealed class RedisTransaction(ConnectionMultiplexer multiplexer, int database) : RedisBatch(multiplexer, database), ITransaction
{
    private readonly Lock _lock = new();
    private List<ConditionResult> _conditions = [];

    public ConditionResult AddCondition(Condition condition)
    {
        ArgumentNullException.ThrowIfNull(condition);
        var result = new ConditionResult(condition);
        lock (_lock)
            _conditions.Add(result);
        return result;
    }

    void IBatch.Execute() => Execute();

    public bool Execute(CommandFlags flags = CommandFlags.None) => Wait(ExecuteAsync(flags));

    public Task<bool> ExecuteAsync(CommandFlags flags = CommandFlags.None)
    {
        List<ConditionResult> conditions;
        lock (_lock)
        {
            conditions = _conditions;
            _conditions = [];
        }

        var transaction = new Transaction(Database, Take(), conditions);
        Owner.Send(transaction);
        return flags.HasFlag(CommandFlags.FireAndForget) ? Task.FromResult(false) : transaction.Executed;
    }
}
