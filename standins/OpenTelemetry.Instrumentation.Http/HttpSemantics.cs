using System.Diagnostics;
using System.Text;

namespace OpenTelemetry.Instrumentation;

/// <summary>What the server and the client instrumentation name alike. Compiled into both.</summary>
internal static class HttpSemantics
{
    private static readonly Dictionary<string, string> KnownMethods = new(StringComparer.OrdinalIgnoreCase)
    {
        ["GET"] = "GET", ["PUT"] = "PUT", ["POST"] = "POST", ["DELETE"] = "DELETE", ["HEAD"] = "HEAD",
        ["OPTIONS"] = "OPTIONS", ["TRACE"] = "TRACE", ["PATCH"] = "PATCH", ["CONNECT"] = "CONNECT",
    };

    // Boxed once: every request carries one of these.
    private static readonly object[] StatusCodes = [.. Enumerable.Range(100, 500).Select(code => (object)code)];

    public static object StatusCode(int code) => code is >= 100 and < 600 ? StatusCodes[code - 100] : code;

    /// <summary>The method if it is a known one; a made-up word must not become a tag value of its own.</summary>
    public static void SetMethod(Activity activity, string method)
    {
        var known = KnownMethods.GetValueOrDefault(method);
        activity.SetTag("http.request.method", known ?? "_OTHER");
        if (known != method)
            activity.SetTag("http.request.method_original", method);
    }

    public static void SetName(Activity activity, string method, string? route = null)
    {
        var known = KnownMethods.GetValueOrDefault(method) ?? "HTTP";
        activity.DisplayName = string.IsNullOrEmpty(route) ? known : $"{known} {route}";
    }

    /// <summary><c>?a=1&amp;b</c> becomes <c>?a=Redacted&amp;b</c>: what was asked stays visible, for whom does not.</summary>
    public static string RedactQuery(string query)
    {
        var equals = query.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0)
            return query;

        var redacted = new StringBuilder(query.Length + 16);
        var start = 0;
        while (equals >= 0)
        {
            redacted.Append(query, start, equals + 1 - start).Append("Redacted");
            var next = query.IndexOf('&', equals);
            if (next < 0)
                return redacted.ToString();
            start = next;
            equals = query.IndexOf('=', next);
        }

        return redacted.Append(query, start, query.Length - start).ToString();
    }
}
