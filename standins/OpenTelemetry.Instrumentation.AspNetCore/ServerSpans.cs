using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using OpenTelemetry.Context.Propagation;

namespace OpenTelemetry.Instrumentation.AspNetCore;

/// <summary>Adds to the server's built-in activity what it lacks: the semantic conventions, the route, the outcome, baggage.</summary>
internal sealed class ServerSpans(AspNetCoreTraceInstrumentationOptions options)
    : DiagnosticEvents("Microsoft.AspNetCore", Name, Name + ".Start", Name + ".Stop", HostingException, PageException)
{
    private const string Name = "Microsoft.AspNetCore.Hosting.HttpRequestIn";
    private const string HostingException = "Microsoft.AspNetCore.Hosting.UnhandledException";
    private const string PageException = "Microsoft.AspNetCore.Diagnostics.UnhandledException";
    private static readonly object SiblingKey = new();

    protected override void OnEvent(string name, Activity activity, object payload)
    {
        switch (name, payload)
        {
            case (Name + ".Start", HttpContext context):
                Started(activity, context);
                break;
            case (Name + ".Stop", HttpContext context):
                Stopped(activity, context);
                break;
            case (HostingException or PageException, _) when Read<Exception>(payload, "exception") is { } exception:
                Failed(activity, exception);
                break;
        }
    }

    private void Started(Activity activity, HttpContext context)
    {
        var request = context.Request;
        var propagator = Propagators.DefaultTextMapPropagator;
        if (propagator is not TraceContextPropagator)
        {
            var inbound = propagator.Extract(default, request, static (r, key) => r.Headers.TryGetValue(key, out var v) ? v : default(IEnumerable<string>));
            Baggage.Current = inbound.Baggage;
            if (inbound.ActivityContext is { } parent && parent.IsValid() && (parent.TraceId != activity.TraceId || parent.SpanId != activity.ParentSpanId))
                activity = Sibling(activity, parent, context);
        }

        if (!activity.IsAllDataRequested)
            return;

        if (!Wanted(context))
        {
            Drop(activity);
            return;
        }

        HttpSemantics.SetName(activity, request.Method);
        HttpSemantics.SetMethod(activity, request.Method);
        if (request.Host.HasValue)
        {
            activity.SetTag("server.address", request.Host.Host);
            if (request.Host.Port is { } port)
                activity.SetTag("server.port", port);
        }

        if (request.QueryString is { HasValue: true, Value: { } query })
            activity.SetTag("url.query", options.DisableUrlQueryRedaction ? query : HttpSemantics.RedactQuery(query));

        activity.SetTag("url.scheme", request.Scheme);
        activity.SetTag("url.path", (request.PathBase + request.Path) is { HasValue: true, Value: var path } ? path : "/");
        activity.SetTag("network.protocol.version", request.Protocol switch
        {
            "HTTP/1.1" => "1.1", "HTTP/2" => "2", "HTTP/3" => "3", "HTTP/1.0" => "1.0", var other => other,
        });
        if (request.Headers.UserAgent is [{ Length: > 0 } agent, ..])
            activity.SetTag("user_agent.original", agent);

        options.EnrichWithHttpRequest?.Invoke(activity, request);
    }

    private void Stopped(Activity activity, HttpContext context)
    {
        try
        {
            if (!activity.IsAllDataRequested)
                return;

            // An exception handler clears the endpoint; what was asked for is still in its feature.
            var endpoint = context.Features.Get<IExceptionHandlerPathFeature>()?.Endpoint ?? context.GetEndpoint();
            if (endpoint is RouteEndpoint { RoutePattern.RawText: { Length: > 0 } route })
            {
                HttpSemantics.SetName(activity, context.Request.Method, route);
                activity.SetTag("http.route", route);
            }

            var status = context.Response.StatusCode;
            activity.SetTag("http.response.status_code", HttpSemantics.StatusCode(status));
            if (status >= 500)
            {
                if (activity.Status == ActivityStatusCode.Unset)
                    activity.SetStatus(ActivityStatusCode.Error);
                if (activity.GetTagItem("error.type") is null)
                    activity.SetTag("error.type", status.ToString(CultureInfo.InvariantCulture));
            }

            options.EnrichWithHttpResponse?.Invoke(activity, context.Response);
        }
        finally
        {
            if (context.Items.Remove(SiblingKey, out var sibling))
                ((Activity)sibling!).Stop();
        }
    }

    private void Failed(Activity activity, Exception exception)
    {
        if (!activity.IsAllDataRequested)
            return;
        activity.SetTag("error.type", exception.GetType().FullName);
        if (options.RecordException)
            activity.AddException(exception);
        activity.SetStatus(ActivityStatusCode.Error);
        options.EnrichWithException?.Invoke(activity, exception);
    }

    /// <summary>The propagator names another parent than the server found: the server's own activity is replaced by one that follows it.</summary>
    private static Activity Sibling(Activity activity, ActivityContext parent, HttpContext context)
    {
        // Null when the sampler does not want that parent's traces; then the server's own stays.
        if (activity.Source.CreateActivity(Name, ActivityKind.Server, parent) is not { } sibling)
            return activity;
        sibling.TraceStateString = parent.TraceState;
        sibling.Start();
        Drop(activity);
        context.Items[SiblingKey] = sibling;
        return sibling;
    }

    private bool Wanted(HttpContext context)
    {
        try
        {
            return options.Filter?.Invoke(context) ?? true;
        }
#pragma warning disable CA1031 // Documented: a filter that throws filters.
        catch (Exception)
        {
            return false;
        }
#pragma warning restore CA1031
    }
}
