using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>
/// Signs events as PayPal does: RSA over the transmission, its time, the webhook's id and a checksum of the body's bytes, with a certificate that
/// the receiver fetches. Self-signed: nobody outside the tests may trust it.
/// </summary>
internal sealed class Signatures(Account account, IServer server, IOptions<SimulatorOptions> simulator, TimeProvider clock)
{
    public const string Algorithm = "SHA256withRSA";

    private readonly Lock _gate = new();
    private (SigningKey Key, RSA Rsa)? _signing;

    public IEnumerable<(string Name, string Value)> Headers(byte[] body, string webhookId, string transmissionId, bool isForged)
    {
        var (key, rsa) = Signing();
        var time = clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        using var somebodyElses = isForged ? RSA.Create(2048) : null;
        byte[] signature;
        lock (_gate) // a key is nobody's to share between threads
            signature = (somebodyElses ?? rsa).SignData(Message(transmissionId, time, webhookId, body), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return
        [
            ("PAYPAL-TRANSMISSION-ID", transmissionId), ("PAYPAL-TRANSMISSION-TIME", time), ("PAYPAL-TRANSMISSION-SIG", Convert.ToBase64String(signature)),
            ("PAYPAL-CERT-URL", $"{PublicUrl}/paypal/v1/notifications/certs/{key.CertificateId}"), ("PAYPAL-AUTH-ALGO", Algorithm),
        ];
    }

    /// <summary>PEM; null: there is no such certificate.</summary>
    public string? Certificate(string id) => Signing().Key is var key && key.CertificateId == id ? key.Certificate : null;

    /// <param name="eventText">The event's own bytes: written again it may have another checksum.</param>
    public bool IsGenuine(string transmissionId, string time, string signature, string algorithm, string webhookId, string eventText)
    {
        Span<byte> bytes = stackalloc byte[1024];
        if (algorithm != Algorithm || !account.Read(w => w.PayPalWebhooks().Any(e => e.Id == webhookId)) || !Convert.TryFromBase64String(signature, bytes, out var length))
            return false;
        lock (_gate)
            return Signing().Rsa.VerifyData(Message(transmissionId, time, webhookId, Encoding.UTF8.GetBytes(eventText)), bytes[..length], HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private string PublicUrl => simulator.Value.PublicUrl?.TrimEnd('/') ?? server.Features.Get<IServerAddressesFeature>()!.Addresses.First();

    private static byte[] Message(string id, string time, string webhookId, byte[] body) => Encoding.UTF8.GetBytes($"{id}|{time}|{webhookId}|{Crc32(body)}");

    /// <summary>CRC-32 as of IEEE 802.3, bit by bit: no library of the framework has it.</summary>
    internal static uint Crc32(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (uint)-(int)(crc & 1));
        }

        return ~crc;
    }

    /// <summary>Made when it is first needed, and kept.</summary>
    private (SigningKey Key, RSA Rsa) Signing()
    {
        lock (_gate)
        {
            if (_signing is { } known)
                return known;

            if (account.Read(w => w.Find<SigningKey>(SigningKey.TheOne)) is not { } key)
            {
                using var fresh = RSA.Create(2048);
                key = Make(fresh);
                account.Write(w => w.Save(key));
            }

            var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(Convert.FromBase64String(key.Pkcs8), out _);
            _signing = (key, rsa);
            return (key, rsa);
        }
    }

    private SigningKey Make(RSA rsa)
    {
        var now = clock.GetUtcNow();
        var request = new CertificateRequest("CN=messageverificationcerts.simulator.example, O=Shop simulator", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddYears(10));
        return new(SigningKey.TheOne, Convert.ToBase64String(rsa.ExportPkcs8PrivateKey()), certificate.ExportCertificatePem())
        {
            CertificateId = $"CERT-360caa42-{Ids.New("", 12).ToLowerInvariant()}",
        };
    }
}
