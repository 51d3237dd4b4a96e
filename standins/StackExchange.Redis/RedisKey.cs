using System.Text;

namespace StackExchange.Redis;

public readonly struct RedisKey : IEquatable<RedisKey>
{
    private readonly byte[]? _bytes;

    public RedisKey(string? key) => _bytes = key is null ? null : Encoding.UTF8.GetBytes(key);

    private RedisKey(byte[]? key) => _bytes = key;

    public RedisKey Prepend(RedisKey prefix) => new([.. prefix._bytes ?? [], .. _bytes ?? []]);

    public RedisKey Append(RedisKey suffix) => new([.. _bytes ?? [], .. suffix._bytes ?? []]);

    public bool Equals(RedisKey other) => (_bytes ?? []).AsSpan().SequenceEqual(other._bytes ?? []);

    public override bool Equals(object? obj) => obj is RedisKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_bytes);
        return hash.ToHashCode();
    }

    public override string ToString() => (string?)this ?? "(null)";

    public static bool operator ==(RedisKey x, RedisKey y) => x.Equals(y);
    public static bool operator !=(RedisKey x, RedisKey y) => !x.Equals(y);
    public static implicit operator RedisKey(string? key) => new(key);
    public static implicit operator RedisKey(byte[]? key) => new(key);
    public static implicit operator string?(RedisKey key) => key._bytes is { } bytes ? Encoding.UTF8.GetString(bytes) : null;
    public static implicit operator byte[]?(RedisKey key) => key._bytes;

    internal RedisValue Wire() => _bytes ?? throw new ArgumentException("A null key is not valid in this context");
}

/// <summary>A channel's name, or a pattern of names.</summary>
public readonly struct RedisChannel : IEquatable<RedisChannel>
{
    public enum PatternMode { Auto = 0, Literal = 1, Pattern = 2 }

    private readonly byte[]? _value;

    public RedisChannel(byte[]? value, PatternMode mode) =>
        (_value, IsPattern) = (value, mode == PatternMode.Pattern || (mode == PatternMode.Auto && value?.Contains((byte)'*') == true));

    public RedisChannel(string value, PatternMode mode) : this(Encoding.UTF8.GetBytes(value), mode) { }

    public bool IsNullOrEmpty => _value is null or [];

    public bool IsPattern { get; }

    public static RedisChannel Literal(string value) => new(value, PatternMode.Literal);
    public static RedisChannel Literal(byte[] value) => new(value, PatternMode.Literal);
    public static RedisChannel Pattern(string value) => new(value, PatternMode.Pattern);
    public static RedisChannel Pattern(byte[] value) => new(value, PatternMode.Pattern);

    public bool Equals(RedisChannel other) => IsPattern == other.IsPattern && (_value ?? []).AsSpan().SequenceEqual(other._value ?? []);

    public override bool Equals(object? obj) => obj is RedisChannel other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(_value);
        return hash.ToHashCode();
    }

    public override string ToString() => (string?)this ?? "(null)";

    public static bool operator ==(RedisChannel x, RedisChannel y) => x.Equals(y);
    public static bool operator !=(RedisChannel x, RedisChannel y) => !x.Equals(y);
    public static implicit operator byte[]?(RedisChannel key) => key._value;
    public static implicit operator string?(RedisChannel key) => key._value is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    internal RedisValue Wire() => IsNullOrEmpty ? throw new ArgumentException("A null or empty channel is not valid in this context") : _value;
}
