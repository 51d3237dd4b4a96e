using System.Text.Json;
using System.Text.Json.Serialization;

namespace Stripe;

public interface IStripeEntity
{
    StripeResponse StripeResponse { get; set; }
}

public interface IHasObject
{
    string Object { get; set; }
}

public interface IHasId
{
    string Id { get; set; }
}

public interface IHasMetadata
{
    Dictionary<string, string> Metadata { get; set; }
}

public interface IBalanceTransactionSource : IStripeEntity, IHasId, IHasObject;

public abstract class StripeEntity : IStripeEntity
{
    /// <summary>The answer this came in; null on everything that was inside another object.</summary>
    [JsonIgnore] public StripeResponse StripeResponse { get; set; }

    public static IHasObject FromJson(string value) => JsonSerializer.Deserialize<IHasObject>(value, StripeConfiguration.SerializerOptions);
    public static T FromJson<T>(string value) where T : IStripeEntity => JsonSerializer.Deserialize<T>(value, StripeConfiguration.SerializerOptions);

    public string ToJson() => JsonSerializer.Serialize(this, GetType(), StripeJson.Indented);
    public override string ToString() => $"<{GetType().FullName} id={(this as IHasId)?.Id}> JSON: {ToJson()}";
}

public abstract class StripeEntity<T> : StripeEntity where T : StripeEntity<T>
{
#pragma warning disable CA1000 // the package declares it here
    public static new T FromJson(string value) => FromJson<T>(value);
#pragma warning restore CA1000
}
