using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace StackExchange.Redis;

/// <summary>Reads RESP2 and RESP3. Whatever does not look like them ends the connection: from then on no reply could be trusted.</summary>
internal static class Resp
{
    private const int MaxDepth = 32;
    private const int MaxItems = 1024 * 1024 * 16;
    private const int MaxBulk = 512 * 1024 * 1024; // Redis' own limit
    private const int MaxLine = 64 * 1024;

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
                reply = RedisResult.Create(line.ToArray(), ResultType.SimpleString);
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
