using System.Security.Cryptography;
using System.Text;

namespace Shop.Simulator.Gateways;

internal static class Ids
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static string New(string prefix, int length = 24) => prefix + RandomNumberGenerator.GetString(Alphabet, length);

    /// <summary>As PayPal's look.</summary>
    public static string PayPal(int length = 17) => RandomNumberGenerator.GetString("0123456789ABCDEFGHJKLMNPRSTUVWXY", length);

    public static string Digits(int length) => RandomNumberGenerator.GetString("0123456789", length);

    public static string Stable(string from, int length) =>
        string.Concat(SHA256.HashData(Encoding.UTF8.GetBytes(from)).Take(length).Select(b => Alphabet[b % Alphabet.Length]));
}
