using System.Net;
using System.Text.Json.Serialization;

namespace Stripe;

public class StripeException : Exception
{
    public StripeException()
    {
    }

    public StripeException(string message)
        : base(message)
    {
    }

    public StripeException(string message, Exception err)
        : base(message, err)
    {
    }

    public StripeException(HttpStatusCode httpStatusCode, StripeError stripeError, string message)
        : base(message)
    {
        HttpStatusCode = httpStatusCode;
        StripeError = stripeError;
    }

    public HttpStatusCode HttpStatusCode { get; set; }
    public StripeError StripeError { get; set; }
    public StripeResponse StripeResponse { get; set; }
}

public class StripeError : StripeEntity<StripeError>
{
    [JsonPropertyName("advice_code")] public string AdviceCode { get; set; }
    [JsonPropertyName("charge")] public string Charge { get; set; }
    [JsonPropertyName("code")] public string Code { get; set; }
    [JsonPropertyName("decline_code")] public string DeclineCode { get; set; }
    [JsonPropertyName("doc_url")] public string DocUrl { get; set; }
    [JsonPropertyName("message")] public string Message { get; set; }
    [JsonPropertyName("network_advice_code")] public string NetworkAdviceCode { get; set; }
    [JsonPropertyName("network_decline_code")] public string NetworkDeclineCode { get; set; }
    [JsonPropertyName("param")] public string Param { get; set; }
    [JsonPropertyName("payment_intent")] public PaymentIntent PaymentIntent { get; set; }
    [JsonPropertyName("payment_method")] public PaymentMethod PaymentMethod { get; set; }
    [JsonPropertyName("payment_method_type")] public string PaymentMethodType { get; set; }
    [JsonPropertyName("request_log_url")] public string RequestLogUrl { get; set; }
    [JsonPropertyName("setup_intent")] public SetupIntent SetupIntent { get; set; }
    [JsonPropertyName("type")] public string Type { get; set; }
    [JsonPropertyName("user_message")] public string UserMessage { get; set; }
    [JsonPropertyName("error")] public string Error { get; set; }
    [JsonPropertyName("error_description")] public string ErrorDescription { get; set; }
}
