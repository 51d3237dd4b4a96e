using Microsoft.AspNetCore.Diagnostics;

namespace Shop.Web.Edge;

internal static class FormsOnly
{
    /// <summary>For handlers that read the form themselves: whatever else is sent gets 415 instead of an exception.</summary>
    public static RouteHandlerBuilder TakesFormsOnly(this RouteHandlerBuilder endpoint) => endpoint.AddEndpointFilter((context, next) =>
    {
        if (context.HttpContext.Request.HasFormContentType)
            return next(context);
        // No page of ours sends this. The page about it would be asked for by the same POST, and takes forms only, too.
        context.HttpContext.Features.Get<IStatusCodePagesFeature>()?.Enabled = false;
        return ValueTask.FromResult<object?>(TypedResults.StatusCode(StatusCodes.Status415UnsupportedMediaType));
    });
}
