using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Stripe;

public static class EventUtility
{
    public const int DefaultTimeTolerance = 300;

    // Bytes that are not text would be replaced, and two different payloads could then share a signature.
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static bool IsCompatibleApiVersion(string sdkApiVersion, string eventApiVersion)
    {
        // Versions are yyyy-MM-dd.train. Those from before there were trains fit nothing, previews fit only themselves.
        if (eventApiVersion.Split('.') is not [_, var eventTrain, ..])
            return false;
        var train = sdkApiVersion.Split('.')[1];
        return train == "preview" ? eventApiVersion == sdkApiVersion : eventTrain == train;
    }

    public static bool IsCompatibleApiVersion(string eventApiVersion) => IsCompatibleApiVersion(StripeConfiguration.ApiVersion, eventApiVersion);

    public static Event ParseEvent(string json, bool throwOnApiVersionMismatch = true)
    {
        var @event = JsonSerializer.Deserialize<Event>(json, StripeConfiguration.SerializerOptions);
        if (@event.Object == "v2.core.event")
            throw new ArgumentException("This is a thin event notification, not a webhook payload.", nameof(json));

        if (throwOnApiVersionMismatch && !IsCompatibleApiVersion(@event.ApiVersion))
        {
            throw new StripeException(
                $"Received event with API version {@event.ApiVersion}, but Stripe.net {StripeConfiguration.StripeNetVersion} expects API version "
                + $"{StripeConfiguration.ApiVersion}. Create a webhook endpoint with this API version, or pass `throwOnApiVersionMismatch: false`.");
        }

        return @event;
    }

    public static Event ConstructEvent(
        string json, string stripeSignatureHeader, string secret, long tolerance = DefaultTimeTolerance, bool throwOnApiVersionMismatch = true) =>
        ConstructEvent(json, stripeSignatureHeader, secret, tolerance, DateTimeOffset.UtcNow.ToUnixTimeSeconds(), throwOnApiVersionMismatch);

    public static Event ConstructEvent(
        string json, string stripeSignatureHeader, string secret, long tolerance, long utcNow, bool throwOnApiVersionMismatch = true)
    {
        ValidateSignature(json, stripeSignatureHeader, secret, tolerance, utcNow);
        return ParseEvent(json, throwOnApiVersionMismatch);
    }

    public static void ValidateSignature(string json, string stripeSignatureHeader, string secret, long tolerance = DefaultTimeTolerance) =>
        ValidateSignature(json, stripeSignatureHeader, secret, tolerance, DateTimeOffset.UtcNow.ToUnixTimeSeconds());

    public static void ValidateSignature(string json, string stripeSignatureHeader, string secret, long tolerance, long utcNow)
    {
        var items = stripeSignatureHeader.Trim().Split(',')
            .Select(item => item.Trim().Split('=', 2) is [var key, var value]
                ? (key, value) : throw new StripeException("The signature header format is unexpected."))
            .ToLookup(item => item.key, item => item.value);
        var sent = items["t"].FirstOrDefault();

        byte[] expected;
        try
        {
            expected = Encoding.ASCII.GetBytes(ComputeSignature(secret, sent, json));
        }
        catch (EncoderFallbackException e)
        {
            throw new StripeException("The webhook cannot be processed because the signature cannot be safely calculated.", e);
        }

        // While a secret is being rolled there are two signatures; one that fits is enough.
        if (!items["v1"].Any(v1 => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(v1), expected)))
        {
            throw new StripeException(
                "The expected signature was not found in the Stripe-Signature header. Make sure you're using the correct webhook secret (whsec_) "
                + "and confirm the incoming request came from Stripe.");
        }

        // Both ways: a clock that runs ahead is as suspect as an old message.
        if (Math.Abs(utcNow - Convert.ToInt32(sent, CultureInfo.InvariantCulture)) > tolerance)
            throw new StripeException("The webhook cannot be processed because the current timestamp is outside of the allowed tolerance.");
    }

    public static string ComputeSignature(string secret, string timestamp, string payload) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(Strict.GetBytes(secret), Strict.GetBytes($"{timestamp}.{payload}")));
}
