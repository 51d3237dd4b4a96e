namespace Shop.Web.Edge;

internal static class HeadRequests
{
    /// <summary>
    /// Component pages know GET and POST alone, and a monitor's HEAD would find nothing. The server remembers that it was HEAD and sends no body.
    /// </summary>
    public static void UseHeadRequests(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (HttpMethods.IsHead(context.Request.Method))
            context.Request.Method = HttpMethods.Get;
        return next(context);
    });
}
