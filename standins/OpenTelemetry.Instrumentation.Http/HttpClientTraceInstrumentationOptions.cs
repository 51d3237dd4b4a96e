using System.Diagnostics;
using System.Net;

namespace OpenTelemetry.Instrumentation.Http;

public class HttpClientTraceInstrumentationOptions
{
    /// <summary>False for a request that shall leave no span. An exception counts as false.</summary>
    public Func<HttpRequestMessage, bool>? FilterHttpRequestMessage { get; set; }

    public Action<Activity, HttpRequestMessage>? EnrichWithHttpRequestMessage { get; set; }

    public Action<Activity, HttpResponseMessage>? EnrichWithHttpResponseMessage { get; set; }

    public Action<Activity, Exception>? EnrichWithException { get; set; }

    /// <summary>.NET Framework only, there and here alike; never called on .NET.</summary>
    public Func<HttpWebRequest, bool>? FilterHttpWebRequest { get; set; }

    /// <inheritdoc cref="FilterHttpWebRequest"/>
    public Action<Activity, HttpWebRequest>? EnrichWithHttpWebRequest { get; set; }

    /// <inheritdoc cref="FilterHttpWebRequest"/>
    public Action<Activity, HttpWebResponse>? EnrichWithHttpWebResponse { get; set; }

    public bool RecordException { get; set; }

    internal bool DisableUrlQueryRedaction { get; set; }
}
