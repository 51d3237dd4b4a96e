using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace StackExchange.Redis;

/// <summary>What Redis stores: nothing, a number or bytes. Compares by content, whichever way it came in.</summary>
#pragma warning disable CA1036 // The package has no < and >.
public readonly struct RedisValue : IEquatable<RedisValue>, IComparable<RedisValue>, IComparable
{
    private enum Kind : byte { Null, Int64, Double, Text, Blob }

    private readonly Kind _kind;
    private readonly long _number;
    private readonly string? _text;
    private readonly ReadOnlyMemory<byte> _blob;

    private RedisValue(Kind kind, long number = 0, string? text = null, ReadOnlyMemory<byte> blob = default) =>
        (_kind, _number, _text, _blob) = (kind, number, text, blob);

    public static RedisValue EmptyString { get; } = new(Kind.Blob);

    public static RedisValue Null => default;

    public bool IsInteger => _kind == Kind.Int64;

    public bool IsNull => _kind == Kind.Null;

    public bool IsNullOrEmpty => _kind switch
    {
        Kind.Null => true,
        Kind.Text => _text!.Length == 0,
        Kind.Blob => _blob.IsEmpty,
        _ => false,
    };

    public bool HasValue => !IsNullOrEmpty;

    /// <summary>In bytes.</summary>
    public long Length() => ByteCount;

    public bool TryParse(out long val)
    {
        switch (_kind)
        {
            case Kind.Null:
                val = 0; // as a missing counter reads
                return true;
            case Kind.Int64:
                val = _number;
                return true;
            case Kind.Double when Number() is var number && number == Math.Floor(number) && Math.Abs(number) < 1L << 53:
                val = (long)number;
                return true;
            case Kind.Text or Kind.Blob:
                var bytes = Bytes().Span;
                return Utf8Parser.TryParse(bytes, out val, out var used) && used == bytes.Length && bytes.Length > 0;
            default:
                val = 0;
                return false;
        }
    }

    public bool TryParse(out int val)
    {
        if (TryParse(out long number) && number is >= int.MinValue and <= int.MaxValue)
        {
            val = (int)number;
            return true;
        }

        val = 0;
        return false;
    }

    public bool TryParse(out double val)
    {
        switch (_kind)
        {
            case Kind.Null:
                val = 0;
                return true;
            case Kind.Int64:
                val = _number;
                return true;
            case Kind.Double:
                val = Number();
                return true;
            default:
                return double.TryParse(ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out val);
        }
    }

    public bool StartsWith(RedisValue value) => !IsNull && !value.IsNull && StartsWith(value.Bytes().Span);

    public bool StartsWith(ReadOnlySpan<byte> value) => !IsNull && Bytes().Span.StartsWith(value);

    public bool Equals(RedisValue other)
    {
        var (a, b) = (Simple(), other.Simple());
        if (a._kind == Kind.Null || b._kind == Kind.Null)
            return a._kind == b._kind;
        return a._kind == Kind.Int64 && b._kind == Kind.Int64 ? a._number == b._number : a.Bytes().Span.SequenceEqual(b.Bytes().Span);
    }

    public override bool Equals(object? obj) => obj is RedisValue other && Equals(other);

    public override int GetHashCode()
    {
        var simple = Simple();
        if (simple._kind is Kind.Null)
            return -1;
        if (simple._kind is Kind.Int64)
            return simple._number.GetHashCode();
        var hash = new HashCode();
        hash.AddBytes(simple.Bytes().Span);
        return hash.ToHashCode();
    }

    public int CompareTo(RedisValue other)
    {
        if (IsNull || other.IsNull)
            return other.IsNull.CompareTo(IsNull);
        return (Simple(), other.Simple()) is ({ _kind: Kind.Int64, _number: var a }, { _kind: Kind.Int64, _number: var b })
            ? a.CompareTo(b)
            : Bytes().Span.SequenceCompareTo(other.Bytes().Span);
    }

    public int CompareTo(object? obj) => obj is RedisValue other ? CompareTo(other) : -1;

    public override string ToString() => (string?)this ?? "";

    public static bool operator ==(RedisValue x, RedisValue y) => x.Equals(y);
    public static bool operator !=(RedisValue x, RedisValue y) => !x.Equals(y);

    public static implicit operator RedisValue(int value) => new(Kind.Int64, value);
    public static implicit operator RedisValue(int? value) => value is { } v ? v : Null;
    public static implicit operator RedisValue(uint value) => new(Kind.Int64, value);
    public static implicit operator RedisValue(uint? value) => value is { } v ? v : Null;
    public static implicit operator RedisValue(long value) => new(Kind.Int64, value);
    public static implicit operator RedisValue(long? value) => value is { } v ? v : Null;
    public static implicit operator RedisValue(ulong value) => value <= long.MaxValue
        ? new(Kind.Int64, (long)value)
        : new(Kind.Text, text: value.ToString(CultureInfo.InvariantCulture));
    public static implicit operator RedisValue(ulong? value) => value is { } v ? v : Null;
    public static implicit operator RedisValue(double value) => new(Kind.Double, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator RedisValue(double? value) => value is { } v ? v : Null;
    public static implicit operator RedisValue(bool value) => new(Kind.Int64, value ? 1 : 0);
    public static implicit operator RedisValue(bool? value) => value is { } v ? v : Null;
    public static implicit operator RedisValue(string? value) => value is null ? Null : new(Kind.Text, text: value);
    public static implicit operator RedisValue(byte[]? value) => value is null ? Null : new(Kind.Blob, blob: value);
    public static implicit operator RedisValue(ReadOnlyMemory<byte> value) => new(Kind.Blob, blob: value);
    public static implicit operator RedisValue(Memory<byte> value) => new(Kind.Blob, blob: value);

    public static explicit operator bool(RedisValue value) => value.Simple() switch
    {
        { _kind: Kind.Null } => false,
        { _kind: Kind.Int64, _number: 0 or 1 } number => number._number == 1,
        _ => throw value.NotA(typeof(bool)),
    };

    public static explicit operator int(RedisValue value) => checked((int)(long)value);
    public static explicit operator uint(RedisValue value) => checked((uint)(long)value);
    public static explicit operator long(RedisValue value) => value.TryParse(out long number) ? number : throw value.NotA(typeof(long));
    public static explicit operator double(RedisValue value) => value.TryParse(out double number) ? number : throw value.NotA(typeof(double));
    public static explicit operator ulong(RedisValue value) => value._kind switch
    {
        Kind.Text or Kind.Blob => ulong.TryParse(value.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw value.NotA(typeof(ulong)),
        _ => checked((ulong)(long)value),
    };

    public static explicit operator float(RedisValue value) => (float)(double)value;

    public static explicit operator decimal(RedisValue value) => value._kind switch
    {
        Kind.Text or Kind.Blob => decimal.TryParse(value.ToString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number : throw value.NotA(typeof(decimal)),
        Kind.Double => (decimal)(double)value,
        _ => (long)value,
    };

    public static explicit operator bool?(RedisValue value) => value.IsNull ? null : (bool)value;
    public static explicit operator int?(RedisValue value) => value.IsNull ? null : (int)value;
    public static explicit operator uint?(RedisValue value) => value.IsNull ? null : (uint)value;
    public static explicit operator long?(RedisValue value) => value.IsNull ? null : (long)value;
    public static explicit operator ulong?(RedisValue value) => value.IsNull ? null : (ulong)value;
    public static explicit operator float?(RedisValue value) => value.IsNull ? null : (float)value;
    public static explicit operator double?(RedisValue value) => value.IsNull ? null : (double)value;
    public static explicit operator decimal?(RedisValue value) => value.IsNull ? null : (decimal)value;

    public static implicit operator string?(RedisValue value) => value._kind switch
    {
        Kind.Null => null,
        Kind.Text => value._text,
        Kind.Int64 => value._number.ToString(CultureInfo.InvariantCulture),
        Kind.Double => Show(value.Number()),
        _ => Encoding.UTF8.GetString(value._blob.Span),
    };

    public static implicit operator byte[]?(RedisValue value) => value.IsNull ? null : value.Bytes().ToArray();

    public static implicit operator ReadOnlyMemory<byte>(RedisValue value) => value.IsNull ? default : value.Bytes();

    /// <summary>As it goes over the wire.</summary>
    internal ReadOnlyMemory<byte> Bytes() => _kind switch
    {
        Kind.Null => default,
        Kind.Blob => _blob,
        _ => Encoding.UTF8.GetBytes((string?)this ?? ""),
    };

    /// <summary>Of <see cref="Bytes"/>, without making them.</summary>
    internal int ByteCount => _kind switch
    {
        Kind.Null => 0,
        Kind.Blob => _blob.Length,
        Kind.Text => Encoding.UTF8.GetByteCount(_text!),
        Kind.Int64 => Resp.Digits(_number),
        _ => Bytes().Length,
    };

    /// <summary><see cref="Bytes"/>, into a place that has room for them; how many there were.</summary>
    internal int Write(Span<byte> place)
    {
        switch (_kind)
        {
            case Kind.Text:
                return Encoding.UTF8.GetBytes(_text, place);
            case Kind.Int64:
                _number.TryFormat(place, out var written, provider: CultureInfo.InvariantCulture);
                return written;
            default:
                var bytes = Bytes().Span;
                bytes.CopyTo(place);
                return bytes.Length;
        }
    }

    private double Number() => BitConverter.Int64BitsToDouble(_number);

    private static string Show(double value) =>
        double.IsPositiveInfinity(value) ? "+inf" : double.IsNegativeInfinity(value) ? "-inf" : value.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>Text that is a number in its only spelling compares and hashes as that number.</summary>
    private RedisValue Simple() => _kind switch
    {
        Kind.Null or Kind.Int64 => this,
        _ => Length() is > 0 and <= 20 && TryParse(out long number) && Bytes().Span.SequenceEqual(((RedisValue)number).Bytes().Span) ? number : this,
    };

    private InvalidCastException NotA(Type type) => new($"Unable to cast from {_kind} to {type}: a value of {Length()} bytes.");
}
