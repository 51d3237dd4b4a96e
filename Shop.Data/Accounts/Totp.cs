using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Shop.Data.Accounts;

/// <summary>
/// Six digits of the current half minute (RFC 6238, SHA-1, as every authenticator app has it). Not Identity's provider: it answers yes or
/// no, and without the code's period a code that was used can't be told from a new one.
/// </summary>
public static class Totp
{
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private const int SecondsPerStep = 30;
    private const int KeyBytes = 20;

    public static string NewKey()
    {
        // 160 bits are 32 digits of 5 bits, without a rest.
        var bytes = RandomNumberGenerator.GetBytes(KeyBytes);
        var key = new StringBuilder(KeyBytes * 8 / 5);
        for (var bit = 0; bit < KeyBytes * 8; bit += 5)
        {
            var pair = bytes[bit / 8] << 8 | (bit / 8 + 1 < KeyBytes ? bytes[bit / 8 + 1] : 0);
            key.Append(Base32[pair >> (11 - bit % 8) & 31]);
        }

        return key.ToString();
    }

    /// <summary>The period whose code this is; a phone's clock may be one period off. Null when it is none of them.</summary>
    public static long? StepOf(string? key, string? code, DateTimeOffset now)
    {
        if (key is null || code is not { Length: 6 })
            return null;

        var current = now.ToUnixTimeSeconds() / SecondsPerStep;
        long? found = null;
        for (var step = current - 1; step <= current + 1; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(CodeOf(key, step)), Encoding.UTF8.GetBytes(code)))
                found = step;
        }

        return found;
    }

    public static string CodeOf(string key, long step)
    {
        Span<byte> counter = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        Span<byte> hash = stackalloc byte[HMACSHA1.HashSizeInBytes];
#pragma warning disable CA5350 // Authenticator apps know nothing else, and HMAC does not rest on what is broken in SHA-1.
        HMACSHA1.HashData(Decode(key), counter, hash);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadInt32BigEndian(hash[(hash[^1] & 15)..]) & int.MaxValue;
        return (number % 1_000_000).ToString("000000", CultureInfo.InvariantCulture);
    }

    private static byte[] Decode(string key)
    {
        var bytes = new byte[key.Length * 5 / 8];
        var (buffer, bits, length) = (0, 0, 0);
        foreach (var digit in key)
        {
            buffer = buffer << 5 & 0xFFF | Base32.IndexOf(digit, StringComparison.Ordinal);
            bits += 5;
            if (bits >= 8)
                bytes[length++] = (byte)(buffer >> (bits -= 8));
        }

        return bytes;
    }
}
