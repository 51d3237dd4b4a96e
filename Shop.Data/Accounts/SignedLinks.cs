using System.Buffers.Binary;
using System.Buffers.Text;
using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;

namespace Shop.Data.Accounts;

public enum LinkPurpose { ConfirmEmail, ResetPassword, Invitation, Order }

public enum LinkState { Wrong, Expired, Good }

/// <summary>Bound from <c>Links</c>, in every host that makes or opens a link.</summary>
public sealed class LinkSecrets
{
    public const string Section = "Links";

    [Required(ErrorMessage = "Links:Secret is missing: it signs the links in our mails."), MinLength(32, ErrorMessage = "Links:Secret must have at least 32 characters.")] public string Secret { get; init; } = "";

    /// <summary>Still opens the links of before a rotation; makes none.</summary>
    [MinLength(32, ErrorMessage = "Links:PreviousSecret must have at least 32 characters.")] public string? PreviousSecret { get; init; }
}

/// <summary>
/// Links that prove that somebody got our mail. Nothing of them is stored: a token says whom it is for and until when, and is signed
/// together with what it is for and a stamp. Where the stamp changes with the use, a link works once.
/// </summary>
/// <remarks>A token is base64url of: expiry (8 bytes, seconds since 1970, big-endian), subject (16), HMAC-SHA256 (32).</remarks>
public sealed class SignedLinks(string secret, string? previousSecret = null)
{
    private const int Signed = 8 + 16;
    private const int Length = Signed + HMACSHA256.HashSizeInBytes;

    private readonly byte[] _key = Encoding.UTF8.GetBytes(secret);
    private readonly byte[]? _previousKey = previousSecret is { Length: > 0 } ? Encoding.UTF8.GetBytes(previousSecret) : null;

    public static TimeSpan LifetimeOf(LinkPurpose purpose) => purpose switch
    {
        LinkPurpose.ConfirmEmail => TimeSpan.FromHours(24),
        LinkPurpose.ResetPassword => TimeSpan.FromHours(1),
        LinkPurpose.Invitation => TimeSpan.FromDays(7),
        _ => TimeSpan.FromDays(180),
    };

    /// <param name="issuedAt">Of the mail, not of its sending: one that is sent again is the same one.</param>
    public string Make(LinkPurpose purpose, Guid subject, DateTimeOffset issuedAt, string stamp = "")
    {
        Span<byte> token = stackalloc byte[Length];
        BinaryPrimitives.WriteInt64BigEndian(token, (issuedAt + LifetimeOf(purpose)).ToUnixTimeSeconds());
        subject.TryWriteBytes(token[8..], bigEndian: true, out _);
        Sign(_key, purpose, token[..Signed], stamp, token[Signed..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Whom it claims to be for, before anything of it is proven.</summary>
    public static Guid? SubjectOf(string? token) => Decode(token) is { } bytes ? new Guid(bytes.AsSpan(8, 16), bigEndian: true) : null;

    public LinkState Check(LinkPurpose purpose, string? token, DateTimeOffset now, string stamp = "")
    {
        if (Decode(token) is not { } bytes)
            return LinkState.Wrong;
        if (!IsSignedWith(_key) && (_previousKey is null || !IsSignedWith(_previousKey)))
            return LinkState.Wrong;
        return BinaryPrimitives.ReadInt64BigEndian(bytes) > now.ToUnixTimeSeconds() ? LinkState.Good : LinkState.Expired;

        bool IsSignedWith(byte[] key)
        {
            Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
            Sign(key, purpose, bytes.AsSpan(0, Signed), stamp, signature);
            return CryptographicOperations.FixedTimeEquals(signature, bytes.AsSpan(Signed));
        }
    }

    // The parts can't run into each other: purpose and stamp stand apart by their separators, the rest has a fixed length.
    private static void Sign(byte[] key, LinkPurpose purpose, ReadOnlySpan<byte> expiryAndSubject, string stamp, Span<byte> signature) =>
        HMACSHA256.HashData(key, [.. Encoding.UTF8.GetBytes($"{purpose}\n{stamp}\n"), .. expiryAndSubject], signature);

    private static byte[]? Decode(string? token)
    {
        var bytes = new byte[Length];
        return token is { Length: (Length * 4 + 2) / 3 } && Base64Url.IsValid(token) && Base64Url.TryDecodeFromChars(token, bytes, out var written)
            && written == Length
            ? bytes
            : null;
    }
}
