using Shop.Web.Api;
using Shop.Web.Orders;

namespace Shop.Web.Checkout;

internal sealed class CheckoutClient(HttpClient http)
{
    /// <summary>Safe to send again with the same form: its key names the order, so there is never a second one.</summary>
    public Task<Written<OrderView>> PlaceAsync(CheckoutForm form, string cartToken, CancellationToken ct)
    {
        var request = ApiHttp.Post("/checkout", new
        {
            form.Email, form.Name, form.Line1, Line2 = form.Line2 is "" ? null : form.Line2, form.PostalCode, form.City, form.Country,
            form.CartVersion, form.TotalMinor, form.PaymentToken, Provider = "stripe",
        }, form.Key);
        request.Headers.Add("X-Cart", cartToken);
        return http.WriteAsync<OrderView>(request, ct);
    }
}
