namespace StackExchange.Redis;

public readonly struct HashEntry(RedisValue name, RedisValue value) : IEquatable<HashEntry>
{
    public RedisValue Name { get; } = name;

    public RedisValue Value { get; } = value;

    public bool Equals(HashEntry other) => Name == other.Name && Value == other.Value;
    public override bool Equals(object? obj) => obj is HashEntry other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(Name, Value);
    public override string ToString() => $"{Name}: {Value}";
    public static bool operator ==(HashEntry x, HashEntry y) => x.Equals(y);
    public static bool operator !=(HashEntry x, HashEntry y) => !x.Equals(y);

#pragma warning disable CA2225
    public static implicit operator KeyValuePair<RedisValue, RedisValue>(HashEntry value) => new(value.Name, value.Value);
    public static implicit operator HashEntry(KeyValuePair<RedisValue, RedisValue> value) => new(value.Key, value.Value);
#pragma warning restore CA2225
}

/// <summary>A member of a sorted set with its score.</summary>
#pragma warning disable CA1036 // The package has no < and >.
public readonly struct SortedSetEntry(RedisValue element, double score) : IEquatable<SortedSetEntry>, IComparable, IComparable<SortedSetEntry>
{
    public RedisValue Element { get; } = element;

    public double Score { get; } = score;

    public int CompareTo(SortedSetEntry other) => Score.CompareTo(other.Score);
    public int CompareTo(object? obj) => obj is SortedSetEntry other ? CompareTo(other) : -1;
    public bool Equals(SortedSetEntry other) => Score.Equals(other.Score) && Element == other.Element;
    public override bool Equals(object? obj) => obj is SortedSetEntry other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(Element, Score);
    public override string ToString() => $"{Element}: {Score}";
    public static bool operator ==(SortedSetEntry x, SortedSetEntry y) => x.Equals(y);
    public static bool operator !=(SortedSetEntry x, SortedSetEntry y) => !x.Equals(y);

#pragma warning disable CA2225
    public static implicit operator KeyValuePair<RedisValue, double>(SortedSetEntry value) => new(value.Element, value.Score);
    public static implicit operator SortedSetEntry(KeyValuePair<RedisValue, double> value) => new(value.Key, value.Value);
#pragma warning restore CA2225
}
#pragma warning restore CA1036

#pragma warning disable CA1815 // As in the package.
public readonly struct RedisValueWithExpiry(RedisValue value, TimeSpan? expiry)
{
    /// <summary>What is left of its life; null when it has no end.</summary>
    public TimeSpan? Expiry { get; } = expiry;

    public RedisValue Value { get; } = value;
}
#pragma warning restore CA1815
