using Shop.Web.Api;
using Shop.Web.Orders;

namespace Shop.Web.Checkout;

/// <summary>The requests that take money: the Api waits for the payment's outcome before it answers, so these wait longer than others.</summary>
internal sealed class CheckoutClient(HttpClient http)
{
    /// <summary>Safe to send again with the same form: its key names the order, so there is never a second one.</summary>
    public Task<Written<OrderView>> PlaceAsync(CheckoutForm form, string cartToken, CancellationToken ct)
    {
        var request = ApiHttp.Post("/checkout", new
        {
            form.Email, form.Name, form.Line1, Line2 = form.Line2 is "" ? null : form.Line2, form.PostalCode, form.City, form.Country,
            Phone = form.Phone is "" ? null : form.Phone,
            form.CartVersion, form.TotalMinor, form.Way.Provider, form.PaymentToken, SavedMethod = form.Way.Saved, SaveMethod = form.Saves,
            FallbackMethod = form.Fallback,
        }, form.Key);
        request.Headers.Add("X-Cart", cartToken);
        return http.WriteAsync<OrderView>(request, ct);
    }

    /// <summary>How the ways to pay are doing. A page does without it when it is late.</summary>
    public Task<Fetched<PaymentMethods>> GetMethodsAsync(CancellationToken ct) => http.FetchAsync<PaymentMethods>("/payments/methods", ct);

    /// <param name="card">The token of the card that was entered, where one was.</param>
    public Task<Written<OrderView>> PayAgainAsync(
        long number, string? key, PaymentWay way, string? card, bool saves, Guid idempotencyKey, CancellationToken ct) =>
        http.WriteAsync<OrderView>(ApiHttp.Post(
            $"/orders/{number}/payments", new { way.Provider, PaymentToken = card, SavedMethod = way.Saved, SaveMethod = saves }, idempotencyKey)
            .WithOrderKey(key), ct);
}

public sealed record PaymentMethods(IReadOnlyList<PaymentMethod> Methods);

/// <summary>
/// <see cref="Method"/>: card or paypal. <see cref="State"/>: available, troubled or unavailable. <see cref="SaveText"/>: what they agree to who
/// have it kept for their next order.
/// </summary>
public sealed record PaymentMethod(string Method, string State, string? Text = null, string? SaveText = null);
