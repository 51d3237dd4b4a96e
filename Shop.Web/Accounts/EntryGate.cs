namespace Shop.Web.Accounts;

/// <summary>Where somebody goes whom the Api refused: to sign in, to prove the second factor, or to a page that says so.</summary>
internal static class EntryGate
{
    public static void UseEntryGate(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        try
        {
            await next(context);
        }
        catch (EntryRefusedException e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            var onward = ReturnUrl.Query(ReturnUrl.Of(context.Request));
            switch (e.Refusal)
            {
                case EntryRefusal.SignInNeeded:
                    SessionCookie.Remove(context); // it opens nothing any more
                    context.Response.Redirect($"/account/sign-in{onward}");
                    break;
                case EntryRefusal.SecondFactorNeeded:
                    context.Response.Redirect($"/account/second-factor{onward}");
                    break;
                default:
                    context.Features.Set(e); // for the page that says so
                    context.Response.StatusCode = StatusCodes.Status403Forbidden;
                    break;
            }
        }
    });
}
