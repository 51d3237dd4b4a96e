using System.Diagnostics;
using System.Globalization;
using OpenTelemetry.Context.Propagation;

namespace OpenTelemetry.Instrumentation.Http;

/// <summary>Names and tags the client's built-in activity, and sends baggage along.</summary>
internal sealed class ClientSpans(HttpClientTraceInstrumentationOptions options)
    : DiagnosticEvents("HttpHandlerDiagnosticListener", Name, Name + ".Start", Name + ".Stop", Exception)
{
    private const string Name = "System.Net.Http.HttpRequestOut";
    private const string Exception = "System.Net.Http.Exception";

    protected override void OnEvent(string name, Activity activity, object payload)
    {
        switch (name)
        {
            case Name + ".Start" when Read<HttpRequestMessage>(payload, "Request") is { } request:
                Started(activity, request);
                break;
            case Name + ".Stop":
                Stopped(activity, Read<HttpResponseMessage>(payload, "Response"), Read<object>(payload, "RequestTaskStatus"));
                break;
            case Exception when Read<Exception>(payload, "Exception") is { } exception:
                Failed(activity, exception);
                break;
        }
    }

    private void Started(Activity activity, HttpRequestMessage request)
    {
        if (Propagators.DefaultTextMapPropagator is var propagator and not TraceContextPropagator)
        {
            propagator.Inject(new(activity.Context, Baggage.Current), request, static (r, key, value) =>
            {
                r.Headers.Remove(key);
                r.Headers.TryAddWithoutValidation(key, value);
            });
        }

        // Without a source: made only because someone listens, after the sampler had said no.
        if (activity.Source.Name.Length == 0)
            activity.IsAllDataRequested = false;
        if (!activity.IsAllDataRequested)
            return;

        if (!Wanted(request))
        {
            Drop(activity);
            return;
        }

        HttpSemantics.SetName(activity, request.Method.Method);
        HttpSemantics.SetMethod(activity, request.Method.Method);
        if (request.RequestUri is { IsAbsoluteUri: true } uri)
        {
            activity.SetTag("server.address", uri.Host);
            activity.SetTag("server.port", uri.Port);
            activity.SetTag("url.full", FullUrl(uri));
        }

        options.EnrichWithHttpRequestMessage?.Invoke(activity, request);
    }

    private void Stopped(Activity activity, HttpResponseMessage? response, object? taskStatus)
    {
        if (!activity.IsAllDataRequested)
            return;

        if (taskStatus is not (TaskStatus.RanToCompletion or TaskStatus.Faulted) && activity.Status == ActivityStatusCode.Unset)
            activity.SetStatus(ActivityStatusCode.Error);
        if (response is null)
            return;

        var status = (int)response.StatusCode;
        if (status >= 400 && activity.Status == ActivityStatusCode.Unset)
            activity.SetStatus(ActivityStatusCode.Error);
        activity.SetTag("network.protocol.version", response.Version switch
        {
            { Major: 1, Minor: 1 } => "1.1", { Major: 2 } => "2", { Major: 3 } => "3", var other => other.ToString(),
        });
        activity.SetTag("http.response.status_code", HttpSemantics.StatusCode(status));
        if (activity.Status == ActivityStatusCode.Error)
            activity.SetTag("error.type", status.ToString(CultureInfo.InvariantCulture));
        options.EnrichWithHttpResponseMessage?.Invoke(activity, response);
    }

    private void Failed(Activity activity, Exception exception)
    {
        if (!activity.IsAllDataRequested)
            return;

        activity.SetTag("error.type", ErrorType(exception));
        if (options.RecordException)
            activity.AddException(exception);
        if (exception is HttpRequestException)
            activity.SetStatus(ActivityStatusCode.Error);
        options.EnrichWithException?.Invoke(activity, exception);
    }

    private static string? ErrorType(Exception exception) => (exception as HttpRequestException)?.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "name_resolution_error",
        HttpRequestError.ConnectionError => "connection_error",
        HttpRequestError.SecureConnectionError => "secure_connection_error",
        HttpRequestError.HttpProtocolError => "http_protocol_error",
        HttpRequestError.ExtendedConnectNotSupported => "extended_connect_not_supported",
        HttpRequestError.VersionNegotiationError => "version_negotiation_error",
        HttpRequestError.UserAuthenticationError => "user_authentication_error",
        HttpRequestError.ProxyTunnelError => "proxy_tunnel_error",
        HttpRequestError.InvalidResponse => "invalid_response",
        HttpRequestError.ResponseEnded => "response_ended",
        HttpRequestError.ConfigurationLimitExceeded => "configuration_limit_exceeded",
        _ => exception.GetType().FullName,
    };

    /// <summary>Without user name, password and fragment, and with the query's values redacted.</summary>
    private string FullUrl(Uri uri)
    {
        var query = options.DisableUrlQueryRedaction ? uri.Query : HttpSemantics.RedactQuery(uri.Query);
        return $"{uri.Scheme}://{uri.Authority}{uri.AbsolutePath}{query}";
    }

    private bool Wanted(HttpRequestMessage request)
    {
        try
        {
            return options.FilterHttpRequestMessage?.Invoke(request) ?? true;
        }
#pragma warning disable CA1031 // Documented: a filter that throws filters.
        catch (Exception)
        {
            return false;
        }
#pragma warning restore CA1031
    }
}
