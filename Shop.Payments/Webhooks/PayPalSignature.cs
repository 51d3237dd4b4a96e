using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Shop.Payments.Webhooks;

/// <summary>What PayPal signs: a line about the body, with our endpoint's id in it, which the event itself does not say.</summary>
internal static class PayPalSignature
{
    public const string Algorithm = "SHA256withRSA";

    private static readonly uint[] Crc = [.. Enumerable.Range(0, 256).Select(i => CrcOf((uint)i))];

    public static string Message(string transmissionId, string transmissionTime, string webhookId, ReadOnlySpan<byte> body) =>
        string.Create(CultureInfo.InvariantCulture, $"{transmissionId}|{transmissionTime}|{webhookId}|{Crc32(body)}");

    /// <param name="publicKey">As a certificate holds it (SubjectPublicKeyInfo).</param>
    /// <param name="signature">In base 64.</param>
    public static bool Fits(string message, string signature, ReadOnlySpan<byte> publicKey)
    {
        var bytes = new byte[signature.Length];
        if (!Convert.TryFromBase64String(signature, bytes, out var length))
            return false;
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(publicKey, out _);
        return rsa.VerifyData(Encoding.UTF8.GetBytes(message), bytes.AsSpan(0, length), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    /// <summary>As in gzip. System.IO.Hashing has it, and nothing else of it is needed here.</summary>
    internal static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
            crc = (crc >> 8) ^ Crc[(byte)(crc ^ b)];
        return ~crc;
    }

    private static uint CrcOf(uint value)
    {
        for (var bit = 0; bit < 8; bit++)
            value = (value & 1) != 0 ? (value >> 1) ^ 0xEDB88320 : value >> 1;
        return value;
    }
}
