using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Shop.Simulator.Elements;

namespace Shop.Simulator.Authenticator;

internal static class AuthenticatorEndpoints
{
    public static void MapAuthenticator(this IEndpointRouteBuilder app)
    {
        app.MapGet("/authenticator", Show);
        // Posted, so that no secret stands in an address. Nothing here is worth forging, and no cookie says who asks.
        app.MapPost("/authenticator", Add).DisableAntiforgery();
        app.MapPost("/authenticator/remove", Remove).DisableAntiforgery();
    }

    private static RazorComponentResult<AuthenticatorPage> Show(HttpResponse response) => Page(response, wrong: false);

    private static IResult Add([FromForm] string? secret, Phone phone, HttpResponse response)
    {
        if (PhoneEntry.Read(secret) is not { } entry)
            return Page(response, wrong: true);

        phone.Add(entry);
        return new SeeOther("/authenticator");
    }

    private static SeeOther Remove([FromForm] string? secret, Phone phone)
    {
        phone.Remove(secret ?? "");
        return new SeeOther("/authenticator");
    }

    private static RazorComponentResult<AuthenticatorPage> Page(HttpResponse response, bool wrong)
    {
        response.Headers.CacheControl = "no-store";
        return new RazorComponentResult<AuthenticatorPage>(new { Wrong = wrong }) { StatusCode = wrong ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK };
    }
}
