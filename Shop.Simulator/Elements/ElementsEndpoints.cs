using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
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
        var intent = account.Read(work => ByToken(work, token));
        Guard(response, $"frame-ancestors *; form-action 'self' {Source(intent?.Action?.ReturnUrl)}");
        return Show<BankPage>(new() { ["Amount"] = intent is null ? null : Money.Show(intent.Amount, intent.Currency) });
    }

    private static IResult BankHears(string token, [FromForm] string? decision, Account account)
    {
        if (decision is not ("approve" or "refuse"))
            return TypedResults.BadRequest("The decision is approve or refuse.");

        var (before, after) = account.Write(work => ByToken(work, token) is { } intent
            ? (intent, (PaymentIntent?)Bank.Answered(work, intent, decision == "approve")) : (null, null));
        if (before?.Action?.ReturnUrl is not { } returnUrl || after is null)
            return Show<BankPage>(new() { ["Amount"] = null });

        return new SeeOther(QueryHelpers.AddQueryString(returnUrl, new Dictionary<string, string?>
        {
            ["payment_intent"] = after.Id,
            ["payment_intent_client_secret"] = after.ClientSecret,
            ["redirect_status"] = after.Status is "succeeded" or "requires_capture" ? "succeeded" : "failed",
        }));
    }

    private static PaymentIntent? ByToken(Work work, string token) => work.With<PaymentIntent>($"token:{token}").FirstOrDefault();

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

    private static void Guard(HttpResponse response, string policy)
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
