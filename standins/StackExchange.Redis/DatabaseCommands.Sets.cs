using System.Globalization;

namespace StackExchange.Redis;

internal abstract partial class DatabaseCommands
{
    public Task<bool> SetAddAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "SADD", Reply.Flag, key.Wire(), value);

    public Task<long> SetAddAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None) => Count(flags, "SADD", key, values);

    public Task<bool> SetContainsAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "SISMEMBER", Reply.Flag, key.Wire(), value);

    public Task<bool[]> SetContainsAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None) =>
        values is [] ? Task.FromResult<bool[]>([]) : Send(flags, "SMISMEMBER", Reply.Flags, [key.Wire(), .. values]);

    public Task<long> SetLengthAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "SCARD", Reply.Long, key.Wire());

    public Task<RedisValue[]> SetMembersAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "SMEMBERS", Reply.Values, key.Wire());

    public Task<bool> SetMoveAsync(RedisKey source, RedisKey destination, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "SMOVE", Reply.Flag, source.Wire(), destination.Wire(), value);

    public Task<RedisValue> SetPopAsync(RedisKey key, CommandFlags flags = CommandFlags.None) => Send(flags, "SPOP", Reply.Value, key.Wire());

    public Task<RedisValue[]> SetPopAsync(RedisKey key, long count, CommandFlags flags = CommandFlags.None) =>
        count == 0 ? Task.FromResult<RedisValue[]>([]) : Send(flags, "SPOP", Reply.Values, key.Wire(), count);

    public Task<bool> SetRemoveAsync(RedisKey key, RedisValue value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "SREM", Reply.Flag, key.Wire(), value);

    public Task<long> SetRemoveAsync(RedisKey key, RedisValue[] values, CommandFlags flags = CommandFlags.None) => Count(flags, "SREM", key, values);

    public Task<bool> SortedSetAddAsync(
        RedisKey key, RedisValue member, double score, SortedSetWhen when = SortedSetWhen.Always, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "ZADD", Reply.Flag, [key.Wire(), .. Words(when), score, member]);

    public Task<long> SortedSetAddAsync(
        RedisKey key, SortedSetEntry[] values, SortedSetWhen when = SortedSetWhen.Always, CommandFlags flags = CommandFlags.None) =>
        Count(flags, "ZADD", key, values is [] ? [] : [.. Words(when), .. values.SelectMany(entry => (RedisValue[])[entry.Score, entry.Element])]);

    public Task<double> SortedSetDecrementAsync(RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None) =>
        SortedSetIncrementAsync(key, member, -value, flags);

    public Task<double> SortedSetIncrementAsync(RedisKey key, RedisValue member, double value, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "ZINCRBY", Reply.Double, key.Wire(), value, member);

    public Task<double?> SortedSetIncrementAsync(RedisKey key, RedisValue member, double value, ValueCondition when, CommandFlags flags) =>
        Send(flags, "ZADD", Reply.DoubleOrNull, [key.Wire(), .. when.Words(), "INCR", value, member]);

    public Task<long> SortedSetLengthAsync(
        RedisKey key, double min = double.NegativeInfinity, double max = double.PositiveInfinity, Exclude exclude = Exclude.None,
        CommandFlags flags = CommandFlags.None) => double.IsNegativeInfinity(min) && double.IsPositiveInfinity(max)
        ? Send(flags, "ZCARD", Reply.Long, key.Wire())
        : Send(flags, "ZCOUNT", Reply.Long, key.Wire(), Limit(min, exclude, Exclude.Start), Limit(max, exclude, Exclude.Stop));

    public Task<long> SortedSetLengthByValueAsync(
        RedisKey key, RedisValue min, RedisValue max, Exclude exclude = Exclude.None, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "ZLEXCOUNT", Reply.Long, key.Wire(), Limit(min, exclude, Exclude.Start, "-"), Limit(max, exclude, Exclude.Stop, "+"));

    public Task<SortedSetEntry?> SortedSetPopAsync(RedisKey key, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        Send(flags, order == Order.Ascending ? "ZPOPMIN" : "ZPOPMAX", Reply.Entry, key.Wire());

    public Task<SortedSetEntry[]> SortedSetPopAsync(RedisKey key, long count, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        count == 0 ? Task.FromResult<SortedSetEntry[]>([]) : Send(flags, order == Order.Ascending ? "ZPOPMIN" : "ZPOPMAX", Reply.Entries, key.Wire(), count);

    public Task<RedisValue[]> SortedSetRangeByRankAsync(
        RedisKey key, long start = 0, long stop = -1, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        Send(flags, order == Order.Ascending ? "ZRANGE" : "ZREVRANGE", Reply.Values, key.Wire(), start, stop);

    public Task<SortedSetEntry[]> SortedSetRangeByRankWithScoresAsync(
        RedisKey key, long start = 0, long stop = -1, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        Send(flags, order == Order.Ascending ? "ZRANGE" : "ZREVRANGE", Reply.Entries, key.Wire(), start, stop, "WITHSCORES");

    public Task<RedisValue[]> SortedSetRangeByScoreAsync(
        RedisKey key, double start = double.NegativeInfinity, double stop = double.PositiveInfinity, Exclude exclude = Exclude.None,
        Order order = Order.Ascending, long skip = 0, long take = -1, CommandFlags flags = CommandFlags.None) =>
        Send(flags, ByScore(order), Reply.Values, [key.Wire(), .. Range(start, stop, exclude, order), .. Page(skip, take)]);

    public Task<SortedSetEntry[]> SortedSetRangeByScoreWithScoresAsync(
        RedisKey key, double start = double.NegativeInfinity, double stop = double.PositiveInfinity, Exclude exclude = Exclude.None,
        Order order = Order.Ascending, long skip = 0, long take = -1, CommandFlags flags = CommandFlags.None) =>
        Send(flags, ByScore(order), Reply.Entries, [key.Wire(), .. Range(start, stop, exclude, order), "WITHSCORES", .. Page(skip, take)]);

    public Task<RedisValue[]> SortedSetRangeByValueAsync(
        RedisKey key, RedisValue min, RedisValue max, Exclude exclude, long skip, long take = -1, CommandFlags flags = CommandFlags.None) =>
        SortedSetRangeByValueAsync(key, min, max, exclude, Order.Ascending, skip, take, flags);

    public Task<RedisValue[]> SortedSetRangeByValueAsync(
        RedisKey key, RedisValue min = default, RedisValue max = default, Exclude exclude = Exclude.None, Order order = Order.Ascending,
        long skip = 0, long take = -1, CommandFlags flags = CommandFlags.None)
    {
        var isBackward = !min.IsNull && !max.IsNull && min.CompareTo(max) > 0;
        var (low, lowSide, high, highSide) = isBackward ? (max, Exclude.Stop, min, Exclude.Start) : (min, Exclude.Start, max, Exclude.Stop);
        RedisValue[] range = [Limit(low, exclude, lowSide, "-"), Limit(high, exclude, highSide, "+")];
        if (order == Order.Descending)
            Array.Reverse(range);
        return Send(flags, order == Order.Ascending ? "ZRANGEBYLEX" : "ZREVRANGEBYLEX", Reply.Values, [key.Wire(), .. range, .. Page(skip, take)]);
    }

    public Task<long?> SortedSetRankAsync(RedisKey key, RedisValue member, Order order = Order.Ascending, CommandFlags flags = CommandFlags.None) =>
        Send(flags, order == Order.Ascending ? "ZRANK" : "ZREVRANK", Reply.LongOrNull, key.Wire(), member);

    public Task<bool> SortedSetRemoveAsync(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "ZREM", Reply.Flag, key.Wire(), member);

    public Task<long> SortedSetRemoveAsync(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None) =>
        Count(flags, "ZREM", key, members);

    public Task<long> SortedSetRemoveRangeByRankAsync(RedisKey key, long start, long stop, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "ZREMRANGEBYRANK", Reply.Long, key.Wire(), start, stop);

    public Task<long> SortedSetRemoveRangeByScoreAsync(
        RedisKey key, double start, double stop, Exclude exclude = Exclude.None, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "ZREMRANGEBYSCORE", Reply.Long, key.Wire(), Limit(start, exclude, Exclude.Start), Limit(stop, exclude, Exclude.Stop));

    public Task<double?> SortedSetScoreAsync(RedisKey key, RedisValue member, CommandFlags flags = CommandFlags.None) =>
        Send(flags, "ZSCORE", Reply.DoubleOrNull, key.Wire(), member);

    public Task<double?[]> SortedSetScoresAsync(RedisKey key, RedisValue[] members, CommandFlags flags = CommandFlags.None) =>
        members is [] ? Task.FromResult<double?[]>([]) : Send(flags, "ZMSCORE", Reply.Doubles, [key.Wire(), .. members]);

    private static string ByScore(Order order) => order == Order.Ascending ? "ZRANGEBYSCORE" : "ZREVRANGEBYSCORE";

    /// <summary>In the command's direction, whichever way round they were given.</summary>
    private static RedisValue[] Range(double start, double stop, Exclude exclude, Order order)
    {
        RedisValue[] range = [Limit(start, exclude, Exclude.Start), Limit(stop, exclude, Exclude.Stop)];
        if (order == Order.Ascending == start > stop)
            Array.Reverse(range);
        return range;
    }

    private static RedisValue[] Page(long skip, long take) => skip == 0 && take == -1 ? [] : ["LIMIT", skip, take];

    private static RedisValue Limit(double score, Exclude exclude, Exclude side) =>
        exclude.HasFlag(side) ? string.Create(CultureInfo.InvariantCulture, $"({(RedisValue)score}") : score;

    private static RedisValue Limit(RedisValue member, Exclude exclude, Exclude side, string open)
    {
        if (member.IsNull)
            return open;
        ReadOnlyMemory<byte> bytes = member;
        return (byte[])[exclude.HasFlag(side) ? (byte)'(' : (byte)'[', .. bytes.Span];
    }

    private static RedisValue[] Words(SortedSetWhen when)
    {
        List<RedisValue> words = [];
        Add(SortedSetWhen.NotExists, "NX");
        Add(SortedSetWhen.Exists, "XX");
        Add(SortedSetWhen.GreaterThan, "GT");
        Add(SortedSetWhen.LessThan, "LT");
        return [.. words];

        void Add(SortedSetWhen flag, string word)
        {
            if (when.HasFlag(flag))
                words.Add(word);
        }
    }
}
