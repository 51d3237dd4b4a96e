using System.Text;

namespace Shop.Simulator.Stripe;

internal static class ApiKey
{
    /// <summary>True for a publishable key, which is public and may only turn a card into a payment method. Throws for a key that is none.</summary>
    public static bool IsPublishable(string header, Operation operation)
    {
        var key = header.StartsWith("Bearer ", StringComparison.Ordinal) ? header["Bearer ".Length..].Trim()
            : header.StartsWith("Basic ", StringComparison.Ordinal) ? UserName(header["Basic ".Length..]) : "";

        if (key.Length == 0)
        {
            throw StripeFailure.Unauthorized("You did not provide an API key. You need to provide your API key in the Authorization header, using "
                + "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').");
        }

        // A live key has no business here, and its owner should hear about it.
        if (key.Contains("_live_", StringComparison.Ordinal))
            throw StripeFailure.Unauthorized("A live key was sent to the simulator. It takes test keys only.", "testmode_charges_only");
        if (key.StartsWith("pk_test_", StringComparison.Ordinal))
        {
            return operation.IsForBrowsers ? true : throw StripeFailure.Unauthorized(
                "This API call cannot be made with a publishable API key. Please use a secret API key.", "secret_key_required");
        }

        if (!key.StartsWith("sk_test_", StringComparison.Ordinal) && !key.StartsWith("rk_test_", StringComparison.Ordinal))
            throw StripeFailure.Unauthorized($"Invalid API Key provided: {new string('*', Math.Min(key.Length, 12))}{(key.Length > 16 ? key[^4..] : "")}");
        return false;
    }

    private static string UserName(string basic)
    {
        Span<byte> bytes = stackalloc byte[512];
        return Convert.TryFromBase64String(basic.Trim(), bytes, out var length)
            ? Encoding.ASCII.GetString(bytes[..length]).Split(':')[0] : "";
    }
}
