using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.WebUtilities;
using Shop.Simulator.State;

namespace Shop.Simulator.Authenticator;

/// <param name="Id">The secret, base 32 without blanks.</param>
/// <param name="Label">Whose it is; what the otpauth address said, or nothing.</param>
internal sealed record PhoneEntry(string Id, string Label, bool Removed = false) : Fact(Id)
{
    private const int SecondsPerCode = 30;
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static TimeSpan LeftOf(DateTimeOffset now) => TimeSpan.FromSeconds(SecondsPerCode - now.ToUnixTimeSeconds() % SecondsPerCode);

    /// <summary>Six digits, RFC 6238. Written apart from the shop's own, so that each proves the other.</summary>
    public string CodeAt(DateTimeOffset now)
    {
        var bits = string.Concat(Id.Select(digit => Base32.IndexOf(digit, StringComparison.Ordinal).ToString("b5", CultureInfo.InvariantCulture)));
        byte[] key = [.. bits.Chunk(8).Where(b => b.Length == 8).Select(b => Convert.ToByte(new string(b), 2))];
        Span<byte> period = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(period, now.ToUnixTimeSeconds() / SecondsPerCode);
#pragma warning disable CA5350 // What every authenticator app does.
        var hash = HMACSHA1.HashData(key, period);
#pragma warning restore CA5350
        var number = BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(hash[19] & 15)) & 0x7FFF_FFFF;
        return (number % 1_000_000).ToString("000 000", CultureInfo.InvariantCulture);
    }

    /// <summary>What a person pastes: the secret with or without blanks, or the whole otpauth address. Null when it is neither.</summary>
    public static PhoneEntry? Read(string? pasted)
    {
        var (secret, label) = (pasted?.Trim() ?? "", "");
        if (Uri.TryCreate(secret, UriKind.Absolute, out var uri) && uri.Scheme is "otpauth")
            (secret, label) = (QueryHelpers.ParseQuery(uri.Query).GetValueOrDefault("secret").ToString(), Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')));

        var id = secret.Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal).TrimEnd('=').ToUpperInvariant();
        return id.Length is >= 16 and <= 256 && id.All(digit => Base32.Contains(digit, StringComparison.Ordinal)) ? new PhoneEntry(id, label) : null;
    }
}

/// <summary>The developer's phone. It remembers over a restart, as a phone does.</summary>
internal sealed class Phone
{
    private readonly Lock _gate = new();
    private readonly Journal _journal;
    private readonly OrderedDictionary<string, PhoneEntry> _entries = [];

    public Phone(Journal journal)
    {
        _journal = journal;
        foreach (var entry in journal.Take(f => f is PhoneEntry).Cast<PhoneEntry>())
            Keep(entry);
    }

    public PhoneEntry[] NewestFirst()
    {
        lock (_gate)
            return [.. _entries.Values.Reverse()];
    }

    public void Add(PhoneEntry entry)
    {
        lock (_gate)
        {
            _journal.Append([entry]);
            Keep(entry);
        }
    }

    public void Remove(string id)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(id, out var entry))
                return;
            _journal.Append([entry with { Removed = true }]);
            _entries.Remove(id);
        }
    }

    private void Keep(PhoneEntry entry)
    {
        _entries.Remove(entry.Id);
        if (!entry.Removed)
            _entries.Add(entry.Id, entry);
    }
}
