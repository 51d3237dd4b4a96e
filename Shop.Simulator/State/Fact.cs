using System.Text.Json.Serialization;
using Shop.Simulator.Authenticator;
using Shop.Simulator.Mail;
using Shop.Simulator.PayPal;
using Shop.Simulator.Stripe;
using Shop.Simulator.Webhooks;

namespace Shop.Simulator.State;

/// <summary>Something as it is from now on. Facts are never changed, only followed by newer ones with the same id.</summary>
[JsonDerivedType(typeof(PaymentIntent), "intent")]
[JsonDerivedType(typeof(SetupIntent), "setup")]
[JsonDerivedType(typeof(Charge), "charge")]
[JsonDerivedType(typeof(Refund), "refund")]
[JsonDerivedType(typeof(Dispute), "dispute")]
[JsonDerivedType(typeof(EarlyFraudWarning), "warning")]
[JsonDerivedType(typeof(BalanceTransaction), "balance")]
[JsonDerivedType(typeof(PaymentMethod), "card")]
[JsonDerivedType(typeof(Customer), "customer")]
[JsonDerivedType(typeof(StripeEvent), "event")]
[JsonDerivedType(typeof(SavedAnswer), "answer")]
[JsonDerivedType(typeof(PayPalOrder), "paypal order")]
[JsonDerivedType(typeof(PayPalCapture), "paypal capture")]
[JsonDerivedType(typeof(PayPalAuthorization), "paypal authorization")]
[JsonDerivedType(typeof(PayPalRefund), "paypal refund")]
[JsonDerivedType(typeof(PayPalDispute), "paypal dispute")]
[JsonDerivedType(typeof(VaultToken), "paypal token")]
[JsonDerivedType(typeof(PayPalEvent), "paypal event")]
[JsonDerivedType(typeof(DoneRequest), "paypal request")]
[JsonDerivedType(typeof(AccessToken), "paypal access")]
[JsonDerivedType(typeof(SigningKey), "paypal key")]
[JsonDerivedType(typeof(PayPalWebhookSettings), "paypal webhooks")]
[JsonDerivedType(typeof(Delivery), "delivery")]
[JsonDerivedType(typeof(WebhookSettings), "webhooks")]
[JsonDerivedType(typeof(ReceivedMail), "mail")]
[JsonDerivedType(typeof(PhoneEntry), "phone")]
internal abstract record Fact(string Id)
{
    /// <summary>By what else it is found, besides its id; nothing is searched for by looking at everything.</summary>
    [JsonIgnore] public virtual IEnumerable<string?> Keys => [];
}
