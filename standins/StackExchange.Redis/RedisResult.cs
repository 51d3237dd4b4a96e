namespace StackExchange.Redis;

/// <summary>Any reply of the server. Maps and sets of RESP3 read as the arrays that they are in RESP2.</summary>
public abstract class RedisResult
{
    /// <summary>Of an array; -1 for anything else.</summary>
    public virtual int Length => -1;

    public ResultType Resp2Type => Resp3Type switch
    {
        ResultType.Double or ResultType.VerbatimString or ResultType.BigInteger => ResultType.BulkString,
        ResultType.Boolean => ResultType.Integer,
        ResultType.Map or ResultType.Set or ResultType.Push => ResultType.Array,
        ResultType.BlobError => ResultType.Error,
        ResultType.Null => ResultType.BulkString,
        var same => same,
    };

    public abstract ResultType Resp3Type { get; }

    public abstract bool IsNull { get; }

    public virtual RedisResult this[int index] => throw new InvalidOperationException("Indexers can only be used on array results");

    public static RedisResult Create(RedisValue value, ResultType? resultType = null) =>
        new Single(value, resultType ?? (value.IsInteger ? ResultType.Integer : ResultType.BulkString));

    public static RedisResult Create(RedisValue[] values) => Create(values, ResultType.Array);

    public static RedisResult Create(RedisValue[] values, ResultType resultType) => new Many([.. values.Select(v => Create(v))], resultType);

    public static RedisResult Create(RedisResult[] values) => Create(values, ResultType.Array);

    public static RedisResult Create(RedisResult[] values, ResultType resultType) => new Many(values, resultType);

    public static RedisResult Create(RedisKey key) => Create((RedisValue)(byte[]?)key);

    public static RedisResult Create(RedisChannel channel) => Create((RedisValue)(byte[]?)channel);

    /// <summary>Of a flat list of names and values.</summary>
    public Dictionary<string, RedisResult> ToDictionary(IEqualityComparer<string>? comparer = null)
    {
        var result = new Dictionary<string, RedisResult>(comparer);
        for (var i = 0; i + 1 < Length; i += 2)
            result.Add(this[i].AsValue().ToString(), this[i + 1]);
        return result;
    }

    public override string ToString() => AsValue().ToString();

#pragma warning disable CA2225
    public static explicit operator string?(RedisResult? result) => result?.AsValue();
    public static explicit operator byte[]?(RedisResult? result) => result?.AsValue();
    public static explicit operator double(RedisResult result) => (double)result.AsValue();
    public static explicit operator long(RedisResult result) => (long)result.AsValue();
    public static explicit operator ulong(RedisResult result) => (ulong)result.AsValue();
    public static explicit operator int(RedisResult result) => (int)result.AsValue();
    public static explicit operator bool(RedisResult result) => result.AsBoolean();
    public static explicit operator RedisValue(RedisResult? result) => result?.AsValue() ?? RedisValue.Null;
    public static explicit operator RedisKey(RedisResult? result) => (byte[]?)result?.AsValue();
    public static explicit operator double?(RedisResult? result) => (double?)(result?.AsValue() ?? RedisValue.Null);
    public static explicit operator long?(RedisResult? result) => (long?)(result?.AsValue() ?? RedisValue.Null);
    public static explicit operator ulong?(RedisResult? result) => (ulong?)(result?.AsValue() ?? RedisValue.Null);
    public static explicit operator int?(RedisResult? result) => (int?)(result?.AsValue() ?? RedisValue.Null);
    public static explicit operator bool?(RedisResult? result) => result is null or { IsNull: true } ? null : result.AsBoolean();
    public static explicit operator string?[]?(RedisResult? result) => result?.AsArray()?.Select(item => (string?)item).ToArray();
    public static explicit operator byte[]?[]?(RedisResult? result) => result?.AsArray()?.Select(item => (byte[]?)item).ToArray();
    public static explicit operator double[]?(RedisResult? result) => result?.AsArray()?.Select(item => (double)item).ToArray();
    public static explicit operator ulong[]?(RedisResult? result) => result?.AsArray()?.Select(item => (ulong)item).ToArray();
    public static explicit operator bool[]?(RedisResult? result) => result?.AsArray()?.Select(item => (bool)item).ToArray();
    public static explicit operator RedisKey[]?(RedisResult? result) => result?.AsArray()?.Select(item => (RedisKey)item).ToArray();
    public static explicit operator long[]?(RedisResult? result) => result?.AsArray()?.Select(item => (long)item).ToArray();
    public static explicit operator int[]?(RedisResult? result) => result?.AsArray()?.Select(item => (int)item).ToArray();
    public static explicit operator RedisValue[]?(RedisResult? result) => result?.AsArray()?.Select(item => item.AsValue()).ToArray();
    public static explicit operator RedisResult[]?(RedisResult? result) => result?.AsArray();
#pragma warning restore CA2225

    internal static RedisResult Nothing { get; } = Create(RedisValue.Null);

    internal static RedisResult Error(string message) => new Failure(message);

    internal abstract RedisValue AsValue();

    internal abstract RedisResult[]? AsArray();

    internal virtual string? ErrorMessage => null;

    private bool AsBoolean() => Resp3Type == ResultType.SimpleString ? (string?)AsValue() == "OK" : (bool)AsValue();

    private sealed class Single(RedisValue value, ResultType type) : RedisResult
    {
        public override ResultType Resp3Type => value.IsNull ? ResultType.Null : type;
        public override bool IsNull => value.IsNull;
        internal override RedisValue AsValue() => value;
        internal override RedisResult[]? AsArray() => value.IsNull ? null : [this];
    }

    private sealed class Many(RedisResult[] items, ResultType type) : RedisResult
    {
        public override int Length => items.Length;
        public override ResultType Resp3Type => type;
        public override bool IsNull => false;
        public override RedisResult this[int index] => items[index];
        public override string ToString() => $"{items.Length} element(s)";
        internal override RedisValue AsValue() => items is [var one] ? one.AsValue() : throw new InvalidCastException("An array is not a single value.");
        internal override RedisResult[] AsArray() => items;
    }

    private sealed class Failure(string message) : RedisResult
    {
        public override ResultType Resp3Type => ResultType.Error;
        public override bool IsNull => false;
        public override string ToString() => message;
        internal override string ErrorMessage => message;
        internal override RedisValue AsValue() => throw new RedisServerException(message);
        internal override RedisResult[] AsArray() => throw new RedisServerException(message);
    }
}
