using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;
using Shop.Simulator.Stripe;

namespace Shop.Simulator.Elements;

/// <summary>The pages where a shopper meets the gateway: card entry, in a frame or on its own, and the bank's question.</summary>
internal static class ElementsEndpoints
{
    public static void MapElements(this IEndpointRouteBuilder app)
    {
        var pages = app.MapGroup("/stripe").DisableAntiforgery();
        pages.MapGet("/elements/card", CardFrame);
        pages.MapGet("/elements/card/page", CardPageForm);
        pages.MapPost("/elements/card/page", CardPageEntered);
        pages.MapGet("/3ds/{token}", BankAsks);
        pages.MapPost("/3ds/{token}", BankHears);
    }

    private static IResult CardFrame(string? origin, string? pk, IOptions<SimulatorOptions> options, HttpResponse response)
    {
        if (!Uri.TryCreate(origin, UriKind.Absolute, out var shop) || !options.Value.Allows(shop))
            return TypedResults.BadRequest("The origin must be http(s) on this machine, or be listed in Simulator:AllowedOrigins.");
        if (pk?.StartsWith("pk_test_", StringComparison.Ordinal) is not true)
            return TypedResults.BadRequest("A publishable test key (pk_test_…) is needed.");

        // Only that shop may frame the form, and only that shop is told the result.
        var exact = shop.GetLeftPart(UriPartial.Authority);
        Guard(response, $"frame-ancestors {exact}; form-action 'none'");
        return Show<CardElement>(new() { ["Origin"] = exact, ["PublishableKey"] = pk });
    }

    private static IResult CardPageForm([FromQuery(Name = "return_url")] string? returnUrl, IOptions<SimulatorOptions> options, HttpResponse response) =>
        Back(returnUrl, options.Value) is { } back ? CardForm(back, response, null, null) : NoWayBack();

    private static async Task<IResult> CardPageEntered(
        [FromQuery(Name = "return_url")] string? returnUrl, HttpRequest request, Account account, StripeApi api, IOptions<SimulatorOptions> options)
    {
        if (Back(returnUrl, options.Value) is not { } back)
            return NoWayBack();

        var entered = await request.ReadFormAsync(request.HttpContext.RequestAborted);
        var (month, year) = Expiry(entered["expiry"].ToString());
        var card = new Form(new Dictionary<string, StringValues>
        {
            ["type"] = "card", ["card[number]"] = entered["number"], ["card[cvc]"] = entered["cvc"], ["card[exp_month]"] = month, ["card[exp_year]"] = year,
        });
        try
        {
            if (entered["cvc"].ToString().Length == 0)
                throw StripeFailure.Missing("cvc");
            var call = new CallContext(null, request.Path, api.PublicUrl(request), "", IsPublishableKey: true, () => null);
            var method = account.Write(work => PaymentMethods.Create(work, card, call));
            return new SeeOther(QueryHelpers.AddQueryString(back.ToString(), "payment_method", (string)method.Body["id"]!));
        }
        catch (StripeFailure failure)
        {
            request.HttpContext.Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
            return CardForm(back, request.HttpContext.Response, Field(failure.Param), failure.Code == "parameter_missing" ? "Please fill this in." : failure.Message);
        }
    }

    private static RazorComponentResult<BankPage> BankAsks(string token, Account account, HttpResponse response)
    {
        var (action, about) = account.Read<(PendingAction?, string?)>(work =>
            Payment(work, token) is { } intent ? (intent.Action, Money.Show(intent.Amount, intent.Currency))
            : Setup(work, token) is { } setup ? (setup.Action, "Saving this card") : default);
        Guard(response, $"frame-ancestors *; form-action 'self' {Source(action?.ReturnUrl)}");
        return Show<BankPage>(new() { ["Amount"] = about });
    }

    private static IResult BankHears(string token, [FromForm] string? decision, Account account)
    {
        if (decision is not ("approve" or "refuse"))
            return TypedResults.BadRequest("The decision is approve or refuse.");

        var approved = decision == "approve";
        var back = account.Write(work => Payment(work, token) is { } intent ? Back("payment_intent", intent.Action, Bank.Answered(work, intent, approved))
            : Setup(work, token) is { } setup ? Back("setup_intent", setup.Action, SetupIntents.Answered(work, setup, approved)) : null);
        return back is null ? Show<BankPage>(new() { ["Amount"] = null }) : new SeeOther(back);

        static string? Back(string kind, PendingAction? asked, Fact after)
        {
            var (secret, status) = after is PaymentIntent intent ? (intent.ClientSecret, intent.Status) : (((SetupIntent)after).ClientSecret, ((SetupIntent)after).Status);
            return asked?.ReturnUrl is not { } returnUrl ? null : QueryHelpers.AddQueryString(returnUrl, new Dictionary<string, string?>
            {
                [kind] = after.Id, [$"{kind}_client_secret"] = secret, ["redirect_status"] = status is "succeeded" or "requires_capture" ? "succeeded" : "failed",
            });
        }
    }

    private static PaymentIntent? Payment(Work work, string token) => work.With<PaymentIntent>($"token:{token}").FirstOrDefault();

    private static SetupIntent? Setup(Work work, string token) => work.With<SetupIntent>($"token:{token}").FirstOrDefault();

    private static RazorComponentResult<CardPage> CardForm(Uri back, HttpResponse response, string? wrong, string? message)
    {
        // Browsers hold a form's redirect to form-action too.
        Guard(response, $"frame-ancestors 'none'; form-action 'self' {Source(back.ToString())}");
        return Show<CardPage>(new() { ["ShopName"] = back.Authority, ["Wrong"] = wrong, ["Message"] = message });
    }

    private static Uri? Back(string? returnUrl, SimulatorOptions options) =>
        Uri.TryCreate(returnUrl, UriKind.Absolute, out var url) && options.Allows(url) ? url : null;

    private static BadRequest<string> NoWayBack() =>
        TypedResults.BadRequest("The return_url must be http(s) on this machine, or its origin be listed in Simulator:AllowedOrigins.");

    private static (string Month, string Year) Expiry(string text)
    {
        var digits = new string([.. text.Where(char.IsAsciiDigit)]);
        return digits.Length is 4 or 6 ? (digits[..2], digits[2..]) : ("0", "0");
    }

    private static string? Field(string? param) => param?.StartsWith("card[", StringComparison.Ordinal) is true ? param[5..^1] : param;

    private static string Source(string? url) => Uri.TryCreate(url, UriKind.Absolute, out var address) ? address.GetLeftPart(UriPartial.Authority) : "";

    internal static void Guard(HttpResponse response, string policy)
    {
        response.Headers.ContentSecurityPolicy = $"default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; {policy}";
        response.Headers.CacheControl = "no-store";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.XContentTypeOptions = "nosniff";
    }

    private static RazorComponentResult<T> Show<T>(Dictionary<string, object?> parameters) where T : IComponent =>
        new(parameters);
}

/// <summary>303: the form was taken, go there and ask with GET.</summary>
internal sealed class SeeOther(string url) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = url;
        return Task.CompletedTask;
    }
}
