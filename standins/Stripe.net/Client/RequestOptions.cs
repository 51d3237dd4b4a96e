namespace Stripe;

public class RequestOptions
{
    public string ApiKey { get; set; }
    public string IdempotencyKey { get; set; }
    public string StripeAccount { get; set; }
    public string StripeContext { get; set; }
    public string StripeRequestTrigger { get; set; }

    /// <summary>What one call says wins over what the client was built with.</summary>
    internal static RequestOptions Merge(RequestOptions call, StripeClientOptions client) => new()
    {
        ApiKey = call?.ApiKey ?? client.ApiKey,
        IdempotencyKey = call?.IdempotencyKey,
        StripeAccount = call?.StripeAccount ?? client.StripeAccount,
        StripeContext = call?.StripeContext ?? client.StripeContext,
        StripeRequestTrigger = call?.StripeRequestTrigger,
    };
}
