using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Shop.Data.Accounts;

namespace Shop.Payments.Gateways;

/// <summary>
/// Tells that two payments used the same card without keeping what the gateway calls it: an HMAC under a key that is derived from the links'
/// secret. A copy of our rows then says nothing about cards elsewhere. When that secret is rotated, cards are counted anew.
/// </summary>
internal sealed class CardFingerprints(IOptions<LinkSecrets> secrets)
{
    private readonly byte[] _key = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secrets.Value.Secret), HMACSHA256.HashSizeInBytes, info: "card fingerprint"u8.ToArray());

    public string? Of(string? gatewayFingerprint) => gatewayFingerprint is { Length: > 0 }
        ? Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(gatewayFingerprint))) : null;
}
