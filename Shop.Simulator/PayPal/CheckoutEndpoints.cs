using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Shop.Simulator.Elements;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>The page where a payer looks at an order and agrees, or does not. Without a script.</summary>
internal static class CheckoutEndpoints
{
    public static void MapPayPalCheckout(this IEndpointRouteBuilder app)
    {
        var pages = app.MapGroup("/paypal").DisableAntiforgery();
        pages.MapGet("/checkoutnow", Show);
        pages.MapPost("/checkoutnow", Decide);
    }

    private static RazorComponentResult<ApprovalPage> Show(string? token, Account account, HttpResponse response) =>
        Page(account.Read(w => Payable(w, token)), response);

    private static IResult Decide(string? token, [FromForm] string? decision, [FromForm] string? source, [FromForm] string? remember, Account account, HttpResponse response)
    {
        if (decision is not ("agree" or "cancel"))
            return TypedResults.BadRequest("The decision is agree or cancel.");
        if (decision == "agree" && FundingSource.ByName(source) is null)
            return TypedResults.BadRequest("The source is one of those on the page.");

        var order = decision == "cancel" ? account.Read(w => Payable(w, token))
            : account.Write(w => Payable(w, token) is { } open ? Orders.Approve(w, open, FundingSource.ByName(source)!, remember is "on" or "true") : null);
        if ((decision == "agree" ? order?.ReturnUrl : order?.CancelUrl) is not { } back)
            return Page(null, response);

        var told = new Dictionary<string, string?> { ["token"] = order!.Id };
        if (decision == "agree")
            told["PayerID"] = Payer.Id;
        return new SeeOther(QueryHelpers.AddQueryString(back, told));
    }

    /// <summary>Also one that was approved: its source may have been declined.</summary>
    internal static PayPalOrder? Payable(Work work, string? token) => work.Find<PayPalOrder>(token) is { IsOpen: true } order && order.ExpiresAt > work.Now ? order : null;

    private static RazorComponentResult<ApprovalPage> Page(PayPalOrder? order, HttpResponse response)
    {
        // Browsers hold a form's redirect to form-action too.
        var ways = string.Join(' ', new[] { order?.ReturnUrl, order?.CancelUrl }.OfType<string>().Select(u => new Uri(u).GetLeftPart(UriPartial.Authority)).Distinct());
        ElementsEndpoints.Guard(response, $"frame-ancestors 'none'; form-action 'self' {ways}");
        return new(new { Token = order?.Id });
    }
}
