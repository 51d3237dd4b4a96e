using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Web.Api;

namespace Shop.Web.Accounts;

using Next = Results<RedirectHttpResult, StatusCodeHttpResult>;

internal static class AccountEndpoints
{
    public static void AddAccounts(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddTransient<VisitorHandler>();
        services.AddScoped<CurrentAccount>();
    }

    public static void MapAccounts(this IEndpointRouteBuilder app)
    {
        app.MapPost("/account/sign-out", SignOut).DisableAntiforgery();
        app.MapPost("/account/sessions/{id:guid}/revoke", Revoke).DisableAntiforgery();
        app.MapPost("/account/sessions/revoke-others", RevokeOthers).DisableAntiforgery();
    }

    /// <summary>This browser forgets the session in any case; whether the Api has ended it too is said.</summary>
    internal static async Task<RedirectHttpResult> SignOut(HttpContext context, AccountClient accounts, CancellationToken ct)
    {
        var isEnded = SessionCookie.Read(context.Request) is null;
        try
        {
            isEnded = isEnded || (await accounts.SignOutAsync(ct)).Value is not null;
        }
        catch (EntryRefusedException)
        {
            isEnded = true; // it had ended before
        }

        SessionCookie.Remove(context);
        return TypedResults.LocalRedirect($"/account/sign-in?notice={(isEnded ? "signed_out" : "signed_out_here")}");
    }

    internal static async Task<Next> Revoke(Guid id, AccountClient accounts, CancellationToken ct) =>
        Answer(await accounts.RevokeSessionAsync(id, ct), "ended");

    internal static async Task<Next> RevokeOthers(AccountClient accounts, CancellationToken ct) =>
        Answer(await accounts.RevokeOtherSessionsAsync(ct), "others_ended");

    private static Next Answer(Written<Done> revoked, string notice) => revoked switch
    {
        { Value: not null } => TypedResults.LocalRedirect($"/account/sessions?notice={notice}"),
        { Problem.Status: StatusCodes.Status404NotFound } => TypedResults.StatusCode(StatusCodes.Status404NotFound),
        _ => TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable),
    };
}
