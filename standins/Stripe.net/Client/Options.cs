using System.Text.Json.Serialization;

namespace Stripe;

public interface INestedOptions;

internal interface IHasSetTracking
{
    bool IsPropertySet(string propertyName);
}

public class BaseOptions : INestedOptions, IHasSetTracking
{
    private readonly HashSet<string> _set = [];

    [JsonPropertyName("expand")] public List<string> Expand { get; set; }
    [JsonExtensionData] public IDictionary<string, object> ExtraParams { get; set; }

    public void AddExpand(string value) => (Expand ??= []).Add(value);
    public void AddRangeExpand(IEnumerable<string> values) => (Expand ??= []).AddRange(values);
    public void AddExtraParam(string key, object value) => (ExtraParams ??= new Dictionary<string, object>()).Add(key, value);

    bool IHasSetTracking.IsPropertySet(string propertyName) => _set.Contains(propertyName);

    /// <summary>Remembers that a property was given: null then means "clear it", and goes out as an empty value.</summary>
    private protected void Track(string propertyName) => _set.Add(propertyName);
}

public class ListOptions : BaseOptions
{
    [JsonPropertyName("limit")] public long? Limit { get; set; }
    [JsonPropertyName("starting_after")] public string StartingAfter { get; set; }
    [JsonPropertyName("ending_before")] public string EndingBefore { get; set; }

    internal ListOptions Clone() => (ListOptions)MemberwiseClone();
}

public class SearchOptions : BaseOptions
{
    [JsonPropertyName("limit")] public long? Limit { get; set; }
    [JsonPropertyName("page")] public string Page { get; set; }
    [JsonPropertyName("query")] public string Query { get; set; }

    internal SearchOptions Clone() => (SearchOptions)MemberwiseClone();
}

public class DateRangeOptions : INestedOptions
{
    [JsonPropertyName("gt")] public DateTime? GreaterThan { get; set; }
    [JsonPropertyName("gte")] public DateTime? GreaterThanOrEqual { get; set; }
    [JsonPropertyName("lt")] public DateTime? LessThan { get; set; }
    [JsonPropertyName("lte")] public DateTime? LessThanOrEqual { get; set; }
}

public interface IAnyOf
{
    object Value { get; }
    Type Type { get; }
}

public class AnyOf<T1, T2> : IAnyOf
{
    public AnyOf(T1 value) => (Value, Type) = (value, typeof(T1));
    public AnyOf(T2 value) => (Value, Type) = (value, typeof(T2));

    public object Value { get; }
    public Type Type { get; }

    public static implicit operator AnyOf<T1, T2>(T1 value) => value == null ? null : new(value);
    public static implicit operator AnyOf<T1, T2>(T2 value) => value == null ? null : new(value);
    public static implicit operator T1(AnyOf<T1, T2> anyOf) => anyOf == null ? default : (T1)anyOf.Value;
    public static implicit operator T2(AnyOf<T1, T2> anyOf) => anyOf == null ? default : (T2)anyOf.Value;
}
