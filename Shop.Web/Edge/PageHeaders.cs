using System.Net.Mime;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.Options;
using Shop.Web.Checkout;
using Shop.Web.Operations;

namespace Shop.Web.Edge;

/// <summary>What every answer says about itself: how it may be used, and by whom it may be kept.</summary>
internal static class PageHeaders
{
    // Output caching reads the same metadata, so a page is shared by both or by none.
    private const string Shared = "public, max-age=30";
    private const string EnhancedNavigation = "blazor-enhanced-nav";

    public static void UsePageHeaders(this IApplicationBuilder app)
    {
        var cards = app.ApplicationServices.GetRequiredService<IOptions<HostedFieldsOptions>>().Value;
        if (!cards.IsSetUp)
            app.ApplicationServices.GetRequiredService<ILogger<HostedFieldsOptions>>().CardsNotSetUp();
        var policy = Policy("", "", "'none'");
        var mailPolicy = Policy("", "", "'self'");
        var cardPolicy = Policy(cards.ScriptSources, cards.CallSources, cards.FrameSources);
        var payment = cards.IsFramed ? $"self \"{cards.Origin}\"" : cards.IsSetUp ? "self \"https://js.stripe.com\"" : "self";

        app.Use((context, next) =>
        {
            context.Response.OnStarting(() =>
            {
                var headers = context.Response.Headers;
                headers.XContentTypeOptions = "nosniff";
                var takesCards = context.GetEndpoint()?.Metadata.GetMetadata<TakesCardsAttribute>() is not null;
                var showsMails = context.GetEndpoint()?.Metadata.GetMetadata<ShowsMailsAttribute>() is not null;
                // Pictures and mails bring a narrower one.
                headers.TryAdd("Content-Security-Policy", takesCards ? cardPolicy : showsMails ? mailPolicy : policy);
                // An order's address holds its key: no other site may read it. And "no-referrer" would hide our origin from ourselves.
                headers["Referrer-Policy"] = "same-origin";
                headers["Permissions-Policy"] = $"payment=({payment}), camera=(), microphone=(), geolocation=()";

                if (context.Response.ContentType?.StartsWith(MediaTypeNames.Text.Html, StringComparison.Ordinal) is true)
                {
                    var isShared = context.Response.StatusCode is StatusCodes.Status200OK
                        && context.GetEndpoint()?.Metadata.GetMetadata<OutputCacheAttribute>() is not null;
                    headers.CacheControl = isShared ? Shared : "no-store";
                }
                // The output cache gives this header back as "Allow". Blazor's script wants "allow", and would load the whole page again.
                // A policy is its document's: a page with another one is loaded whole.
                if (takesCards || showsMails)
                    headers.Remove(EnhancedNavigation);
                else if (headers.ContainsKey(EnhancedNavigation))
                    headers[EnhancedNavigation] = "allow";
                // Blazor answers a form with 302, which leaves the next method to the browser; 303 says GET.
                if (context.Response.StatusCode is StatusCodes.Status302Found && HttpMethods.IsPost(context.Request.Method))
                    context.Response.StatusCode = StatusCodes.Status303SeeOther;
                return Task.CompletedTask;
            });
            return next(context);
        });
    }

    private static string Policy(string scripts, string calls, string frames) =>
        $"default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'{calls}; "
        + $"frame-src {frames}; form-action 'self'; base-uri 'self'; frame-ancestors 'none'; manifest-src 'self'";
}
