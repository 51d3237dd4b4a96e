using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace StackExchange.Redis;

/// <summary>Writes commands; reads RESP2 and RESP3. Whatever does not look like them ends the connection: from then on no reply could be trusted.</summary>
internal static class Resp
{
    private const int MaxDepth = 32;
    private const int MaxItems = 1024 * 1024 * 16;
    private const int MaxBulk = 512 * 1024 * 1024; // Redis' own limit
    private const int MaxLine = 64 * 1024;

    private static readonly RedisResult Ok = RedisResult.Create("OK"u8.ToArray(), ResultType.SimpleString);

    public static byte[] Encode(string command, ReadOnlySpan<RedisValue> args)
    {
        var size = 1 + Digits(args.Length + 1) + 2 + BulkSize(command.Length);
        foreach (ref readonly var arg in args)
        {
            if (arg.IsNull)
                throw new ArgumentException("A null value is not valid in this context");
            size += BulkSize(arg.ByteCount);
        }

        var bytes = GC.AllocateUninitializedArray<byte>(size);
        var rest = bytes.AsSpan();
        Header(ref rest, (byte)'*', args.Length + 1);
        Header(ref rest, (byte)'$', command.Length);
        rest = rest[Encoding.ASCII.GetBytes(command, rest)..];
        NewLine(ref rest);
        foreach (ref readonly var arg in args)
        {
            Header(ref rest, (byte)'$', arg.ByteCount);
            rest = rest[arg.Write(rest)..];
            NewLine(ref rest);
        }

        return bytes;

        static int BulkSize(int length) => 1 + Digits(length) + 2 + length + 2;

        static void Header(ref Span<byte> rest, byte type, int number)
        {
            rest[0] = type;
            number.TryFormat(rest[1..], out var digits, provider: CultureInfo.InvariantCulture);
            rest = rest[(1 + digits)..];
            NewLine(ref rest);
        }

        static void NewLine(ref Span<byte> rest)
        {
            "\r\n"u8.CopyTo(rest);
            rest = rest[2..];
        }
    }

    /// <summary>Of a number as text, with its sign.</summary>
    public static int Digits(long number)
    {
        var digits = number < 0 ? 2 : 1;
        while ((number /= 10) != 0)
            digits++;
        return digits;
    }

    /// <summary>False, and nothing consumed, when the reply is not complete yet.</summary>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out RedisResult reply)
    {
        var reader = new SequenceReader<byte>(buffer);
        if (!TryRead(ref reader, 0, out reply))
            return false;
        buffer = buffer.Slice(reader.Position);
        return true;
    }

    private static bool TryRead(ref SequenceReader<byte> reader, int depth, out RedisResult reply)
    {
        reply = null!;
        if (depth > MaxDepth)
            throw Garbage("it is nested too deeply");
        if (!reader.TryRead(out var type))
            return false;
        if (!reader.TryReadTo(out ReadOnlySequence<byte> line, "\r\n"u8))
            return reader.Remaining > MaxLine ? throw Garbage("a line does not end") : false;

        switch (type)
        {
            case (byte)'+':
                reply = line.IsSingleSegment && line.FirstSpan.SequenceEqual("OK"u8) ? Ok : RedisResult.Create(line.ToArray(), ResultType.SimpleString);
                return true;
            case (byte)'-':
                reply = RedisResult.Error(Encoding.UTF8.GetString(line));
                return true;
            case (byte)':':
                reply = RedisResult.Create(Number(line), ResultType.Integer);
                return true;
            case (byte)'_':
                reply = RedisResult.Create(RedisValue.Null);
                return true;
            case (byte)'#':
                reply = RedisResult.Create(line.FirstSpan is [(byte)'t'], ResultType.Boolean);
                return true;
            case (byte)',':
                reply = RedisResult.Create(Double(line), ResultType.Double);
                return true;
            case (byte)'(':
                reply = RedisResult.Create(line.ToArray(), ResultType.BigInteger);
                return true;
            case (byte)'$' or (byte)'=' or (byte)'!':
                return TryReadBulk(ref reader, type, Number(line), out reply);
            case (byte)'*' or (byte)'~' or (byte)'>' or (byte)'%' or (byte)'|':
                return TryReadMany(ref reader, type, Number(line), depth, out reply);
            default:
                throw Garbage($"0x{type:x2} begins no reply");
        }
    }

    private static bool TryReadBulk(ref SequenceReader<byte> reader, byte type, long length, out RedisResult reply)
    {
        reply = RedisResult.Create(RedisValue.Null);
        if (length == -1)
            return true;
        if (length is < 0 or > MaxBulk)
            throw Garbage("a string's length is not one");
        if (reader.Remaining < length + 2)
            return false;

        var bytes = reader.Sequence.Slice(reader.Position, length).ToArray();
        reader.Advance(length);
        if (!reader.IsNext("\r\n"u8, advancePast: true))
            throw Garbage("a string is longer than it said");
        reply = type switch
        {
            (byte)'!' => RedisResult.Error(Encoding.UTF8.GetString(bytes)),
            (byte)'=' when bytes.Length >= 4 => RedisResult.Create(bytes[4..], ResultType.VerbatimString), // without its "txt:"
            _ => RedisResult.Create(bytes, ResultType.BulkString),
        };
        return true;
    }

    private static bool TryReadMany(ref SequenceReader<byte> reader, byte type, long count, int depth, out RedisResult reply)
    {
        reply = RedisResult.Create(RedisValue.Null);
        if (count == -1)
            return true;
        if (count is < 0 or > MaxItems)
            throw Garbage("an array's length is not one");
        if (type is (byte)'%' or (byte)'|')
            count *= 2;

        // Grows as items arrive: the length alone, which may be a lie, reserves nothing.
        var items = new List<RedisResult>((int)Math.Min(count, 64));
        while (items.Count < count)
        {
            if (!TryRead(ref reader, depth + 1, out var item))
                return false;
            items.Add(item);
        }

        if (type == (byte)'|')
            return TryRead(ref reader, depth, out reply); // attributes say something about the reply that follows
        reply = RedisResult.Create([.. items], type switch
        {
            (byte)'~' => ResultType.Set,
            (byte)'>' => ResultType.Push,
            (byte)'%' => ResultType.Map,
            _ => ResultType.Array,
        });
        return true;
    }

    private static long Number(ReadOnlySequence<byte> line)
    {
        Span<byte> digits = stackalloc byte[24];
        if (line.Length is 0 or > 24)
            throw Garbage("a number is none");
        line.CopyTo(digits);
        digits = digits[..(int)line.Length];
        return Utf8Parser.TryParse(digits, out long number, out var used) && used == digits.Length ? number : throw Garbage("a number is none");
    }

    private static double Double(ReadOnlySequence<byte> line) => Encoding.ASCII.GetString(line) switch
    {
        "inf" => double.PositiveInfinity,
        "-inf" => double.NegativeInfinity,
        var text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : throw Garbage("a number is none"),
    };

    private static RedisConnectionException Garbage(string what) =>
        new(ConnectionFailureType.ProtocolFailure, $"The server's answer is not RESP: {what}.");
}
