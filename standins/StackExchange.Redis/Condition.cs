namespace StackExchange.Redis;

/// <summary>What has to hold for a transaction to be carried out. Its key is watched from the question to the last command.</summary>
public abstract class Condition
{
    private protected Condition()
    {
    }

    internal abstract RedisKey Key { get; }

    internal abstract string Command { get; }

    internal abstract RedisValue[] Args { get; }

    internal abstract bool Holds(RedisResult reply);

    public static Condition HashEqual(RedisKey key, RedisValue hashField, RedisValue value) =>
        new Question("HGET", key, [key.Wire(), hashField], reply => (RedisValue)reply == value);

    public static Condition HashExists(RedisKey key, RedisValue hashField) => new Question("HEXISTS", key, [key.Wire(), hashField], Yes);

    public static Condition HashNotExists(RedisKey key, RedisValue hashField) => new Question("HEXISTS", key, [key.Wire(), hashField], No);

    public static Condition KeyExists(RedisKey key) => new Question("EXISTS", key, [key.Wire()], Yes);

    public static Condition KeyNotExists(RedisKey key) => new Question("EXISTS", key, [key.Wire()], No);

    public static Condition StringEqual(RedisKey key, RedisValue value) =>
        new Question("GET", key, [key.Wire()], reply => (RedisValue)reply == value);

    public static Condition StringNotEqual(RedisKey key, RedisValue value) =>
        new Question("GET", key, [key.Wire()], reply => (RedisValue)reply != value);

    public static Condition SetContains(RedisKey key, RedisValue member) => new Question("SISMEMBER", key, [key.Wire(), member], Yes);

    public static Condition SortedSetContains(RedisKey key, RedisValue member) =>
        new Question("ZSCORE", key, [key.Wire(), member], reply => !reply.IsNull);

    private static bool Yes(RedisResult reply) => (long)reply > 0;

    private static bool No(RedisResult reply) => (long)reply == 0;

    private sealed class Question(string command, RedisKey key, RedisValue[] args, Func<RedisResult, bool> holds) : Condition
    {
        internal override RedisKey Key => key;
        internal override string Command => command;
        internal override RedisValue[] Args => args;
        internal override bool Holds(RedisResult reply) => holds(reply);
    }
}

public sealed class ConditionResult
{
    internal ConditionResult(Condition condition) => Condition = condition;

    /// <summary>Known once the transaction has been executed.</summary>
    public bool WasSatisfied { get; internal set; }

    internal Condition Condition { get; }
}
