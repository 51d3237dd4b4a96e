using System.Collections;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text;
using System.Text.Json.Serialization;

namespace Stripe;

/// <summary>Options as Stripe reads them: <c>metadata[order_id]=A+1&amp;expand[0]=latest_charge</c>.</summary>
internal static class FormEncoder
{
    private static readonly ConcurrentDictionary<Type, (string Key, PropertyInfo Property)[]> Known = new();

    public static HttpContent ContentOf(BaseOptions options)
    {
        // Without options the body is empty, but the content type is sent all the same.
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(options == null ? "" : Encode(options)));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/x-www-form-urlencoded") { CharSet = "utf-8" };
        return content;
    }

    public static string Encode(BaseOptions options) =>
        string.Join('&', Flatten(null, options).Select(p => $"{Escape(p.Key)}={Escape(p.Value)}"));

    // Brackets stay readable; the server accepts both forms.
    private static string Escape(string text) =>
        WebUtility.UrlEncode(text).Replace("%5B", "[", StringComparison.Ordinal).Replace("%5D", "]", StringComparison.Ordinal);

    private static IEnumerable<KeyValuePair<string, string>> Flatten(string key, object value) => value switch
    {
        null => [new(key, "")], // an entry of a dictionary or list: it clears what is there
        IAnyOf any => any.Value == null ? [] : Flatten(key, any.Value),
        INestedOptions options => FlattenOptions(key, options),
        string text => [new(key, text)],
        IEnumerable<KeyValuePair<string, string>> map => map.SelectMany(entry => Flatten(Nested(key, entry.Key), entry.Value)),
        IEnumerable<KeyValuePair<string, object>> map => map.SelectMany(entry => Flatten(Nested(key, entry.Key), entry.Value)),
        IEnumerable list => list.Cast<object>().SelectMany((item, index) => Flatten($"{key}[{index}]", item)),
        DateTime time => [new(key, new DateTimeOffset(time).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture))],
        bool flag => [new(key, flag ? "true" : "false")],
        _ => [new(key, string.Format(CultureInfo.InvariantCulture, "{0}", value))],
    };

    private static IEnumerable<KeyValuePair<string, string>> FlattenOptions(string prefix, INestedOptions options)
    {
        foreach (var (name, property) in Known.GetOrAdd(options.GetType(), Properties))
        {
            var value = property.GetValue(options);
            if (value == null && !(options is IHasSetTracking tracked && tracked.IsPropertySet(property.Name)))
                continue;

            foreach (var pair in Flatten(name == null ? prefix : Nested(prefix, name), value))
                yield return pair;
        }
    }

    private static string Nested(string prefix, string name) => prefix == null ? name : $"{prefix}[{name}]";

    /// <summary>A class's own properties first, then those it inherits, each in the order written; extra parameters have no name of their own.</summary>
    private static (string, PropertyInfo)[] Properties(Type type) =>
        [.. type.GetRuntimeProperties()
            .Select(p => (p.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name, p))
            .Where(p => p.Name != null || p.p.GetCustomAttribute<JsonExtensionDataAttribute>() != null)];
}
