using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.Extensions.Logging;

namespace Shop.ServiceDefaults;

/// <summary>One line per request, of closed sets and numbers: the route's template and not the path, which may hold anything.</summary>
internal sealed class RequestLog(RequestDelegate next, TimeProvider clock, ILogger<RequestLog> logger)
{
    /// <summary>Metadata of an endpoint whose requests are not worth a line.</summary>
    public static readonly object Silent = new SilentEndpoint();

    private long _missingTold, _refusedTold;

    public async Task InvokeAsync(HttpContext context)
    {
        var started = clock.GetTimestamp();
        try
        {
            await next(context);
        }
        catch (Exception e) when (context.Response.HasStarted)
        {
            // Too late for a problem. Cut off, so that half an answer is not taken for a whole one.
            if (!context.RequestAborted.IsCancellationRequested)
                UnhandledException.Report(context, e);
            context.Abort();
        }
        finally
        {
            if (IsOfInterest(context) && !IsRepeated(context))
            {
                TellOrder(context);
                logger.Request(
                    context.Request.Method, RouteOf(context), StatusOf(context),
                    Math.Round(clock.GetElapsedTime(started).TotalMilliseconds, 1), Reference.Current);
            }
        }
    }

    /// <summary>A request about an order is found by its order, and so is what went wrong in it.</summary>
    public static void TellOrder(HttpContext context)
    {
        // The exception handler clears the route's values too.
        var values = context.Features.Get<IExceptionHandlerFeature>()?.RouteValues ?? context.Request.RouteValues;
        if (RouteOf(context).Contains("orders/{", StringComparison.OrdinalIgnoreCase) && values["number"] is { } number)
            Activity.Current?.SetTag("shop.order.number", number);
    }

    // The exception handler clears the endpoint, but keeps it in its feature.
    public static string RouteOf(HttpContext context) =>
        EndpointOf(context) is RouteEndpoint { RoutePattern.RawText: { Length: > 0 } route } ? route : "(none)";

    private static Endpoint? EndpointOf(HttpContext context) =>
        context.Features.Get<IExceptionHandlerPathFeature>()?.Endpoint ?? context.GetEndpoint();

    private static int StatusOf(HttpContext context) =>
        context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted
            ? StatusCodes.Status499ClientClosedRequest
            : context.Response.StatusCode;

    private static bool IsOfInterest(HttpContext context) => EndpointOf(context) switch
    {
        { Metadata: var metadata } => metadata.GetMetadata<SilentEndpoint>() is null && metadata.GetMetadata<StaticAssetDescriptor>() is null,
        null => context.Response.StatusCode >= 400, // answered by a middleware: a file
    };

    // Anybody can have us refuse or not find as often as he likes. The meters count all of those; of each in a second there is one line.
    private bool IsRepeated(HttpContext context)
    {
        ref var told = ref _missingTold;
        if (context.Response.StatusCode is StatusCodes.Status429TooManyRequests)
            told = ref _refusedTold;
        else if (context.Response.StatusCode is not StatusCodes.Status404NotFound || EndpointOf(context) is not null)
            return false;

        var (now, last) = (clock.GetTimestamp(), Volatile.Read(ref told));
        return (last != 0 && clock.GetElapsedTime(last, now) < TimeSpan.FromSeconds(1)) || Interlocked.CompareExchange(ref told, now, last) != last;
    }

    private sealed class SilentEndpoint;
}
