using System.Security.Cryptography;
using System.Text;

namespace StackExchange.Redis;

internal sealed class RedisDatabase(ConnectionMultiplexer multiplexer, int database) : DatabaseCommands(multiplexer, database), IDatabase
{
    public IBatch CreateBatch(object? asyncState = null) => new RedisBatch(Owner, Database);

    public ITransaction CreateTransaction(object? asyncState = null) => new RedisTransaction(Owner, Database);

    /// <summary>By its hash first: the server remembers what it has run, until it is restarted.</summary>
    public override async Task<RedisResult> ScriptEvaluateAsync(
        string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None)
    {
        if ((flags & (CommandFlags.FireAndForget | CommandFlags.NoScriptCache)) == 0)
        {
            try
            {
#pragma warning disable CA5350 // The name Redis gives a script; nothing is protected by it.
                var hash = Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(script)));
#pragma warning restore CA5350
                return await Send(flags, "EVALSHA", Reply.Any, ScriptWords(hash, keys, values));
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            {
            }
        }

        return await base.ScriptEvaluateAsync(script, keys, values, flags);
    }

    public RedisResult Execute(string command, params object[] args) => Wait(ExecuteAsync(command, args));

    public RedisResult Execute(string command, ICollection<object> args, CommandFlags flags = CommandFlags.None) => Wait(ExecuteAsync(command, args, flags));

    public bool KeyDelete(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyDeleteAsync(key, flags));

    public bool KeyExists(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyExistsAsync(key, flags));

    public TimeSpan? KeyTimeToLive(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(KeyTimeToLiveAsync(key, flags));

    public RedisResult ScriptEvaluate(string script, RedisKey[]? keys = null, RedisValue[]? values = null, CommandFlags flags = CommandFlags.None) =>
        Wait(ScriptEvaluateAsync(script, keys, values, flags));

    public RedisValue StringGet(RedisKey key, CommandFlags flags = CommandFlags.None) => Wait(StringGetAsync(key, flags));

    public long StringIncrement(RedisKey key, long value = 1, CommandFlags flags = CommandFlags.None) => Wait(StringIncrementAsync(key, value, flags));

    public bool StringSet(RedisKey key, RedisValue value, Expiration expiry = default, ValueCondition when = default, CommandFlags flags = CommandFlags.None) =>
        Wait(StringSetAsync(key, value, expiry, when, flags));
}
