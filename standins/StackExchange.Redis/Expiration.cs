namespace StackExchange.Redis;

/// <summary>When a written value goes away. Default: never, and a former expiry is forgotten.</summary>
public readonly struct Expiration : IEquatable<Expiration>
{
    private readonly string? _word;
    private readonly long _value;

    public Expiration(TimeSpan ttl)
    {
        if (ttl == TimeSpan.MaxValue)
            return;
        var milliseconds = ttl.Ticks / TimeSpan.TicksPerMillisecond;
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds, nameof(ttl));
        (_word, _value) = milliseconds % 1000 == 0 ? ("EX", milliseconds / 1000) : ("PX", milliseconds);
    }

    public Expiration(DateTime when)
    {
        if (when == DateTime.MaxValue)
            return;
        var milliseconds = UnixMilliseconds(when);
        (_word, _value) = milliseconds % 1000 == 0 ? ("EXAT", milliseconds / 1000) : ("PXAT", milliseconds);
    }

    private Expiration(string word) => _word = word;

    public static Expiration Default => default;

    public static Expiration KeepTtl => new("KEEPTTL");

    public static Expiration Persist => new("PERSIST");

    public bool Equals(Expiration other) => _word == other._word && _value == other._value;
    public override bool Equals(object? obj) => obj is Expiration other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(_word, _value);
    public override string ToString() => string.Join(' ', Words());
    public static bool operator ==(Expiration x, Expiration y) => x.Equals(y);
    public static bool operator !=(Expiration x, Expiration y) => !x.Equals(y);
#pragma warning disable CA2225
    public static implicit operator Expiration(TimeSpan ttl) => new(ttl);
    public static implicit operator Expiration(DateTime when) => new(when);
#pragma warning restore CA2225

    internal static long UnixMilliseconds(DateTime when) => when.Kind == DateTimeKind.Unspecified
        ? throw new ArgumentException("Expiry time must be either Utc or Local", nameof(when))
        : new DateTimeOffset(when.ToUniversalTime()).ToUnixTimeMilliseconds();

    internal RedisValue[] Words() => _word switch
    {
        null => [],
        "KEEPTTL" or "PERSIST" => [_word],
        _ => [_word, _value],
    };
}

/// <summary>Whether a value may be written. Comparing with the present value (IFEQ and its kin, Redis 8.4) is not here.</summary>
public readonly struct ValueCondition : IEquatable<ValueCondition>
{
    private readonly When _when;

    private ValueCondition(When when) => _when = when;

    public static ValueCondition Always => default;

    public static ValueCondition Exists => new(When.Exists);

    public static ValueCondition NotExists => new(When.NotExists);

    public bool Equals(ValueCondition other) => _when == other._when;
    public override bool Equals(object? obj) => obj is ValueCondition other && Equals(other);
    public override int GetHashCode() => _when.GetHashCode();
    public override string ToString() => string.Join(' ', Words());
    public static bool operator ==(ValueCondition x, ValueCondition y) => x.Equals(y);
    public static bool operator !=(ValueCondition x, ValueCondition y) => !x.Equals(y);
#pragma warning disable CA2225
    public static implicit operator ValueCondition(When when) => new(when);
#pragma warning restore CA2225

    internal RedisValue[] Words() => _when switch
    {
        When.Exists => ["XX"],
        When.NotExists => ["NX"],
        _ => [],
    };
}
