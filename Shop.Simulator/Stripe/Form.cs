using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Shop.Simulator.Stripe;

/// <summary>The parameters of one call, by their bracketed names: <c>metadata[order_id]</c>, <c>expand[0]</c> or <c>expand[]</c>.</summary>
internal sealed class Form
{
    // What must never be kept, not even as a hash: a card number is short enough to be found again from one.
    private static readonly string[] Secrets = ["card[number]", "card[cvc]"];

    private readonly Dictionary<string, StringValues> _values;

    public Form(IEnumerable<KeyValuePair<string, StringValues>> values) => _values = new(values, StringComparer.Ordinal);

    public IEnumerable<string> Names => _values.Keys.Select(k => k.Split('[')[0]).Distinct();

    /// <summary>Null when absent; an empty string clears.</summary>
    public string? this[string name] => _values.TryGetValue(name, out var value) ? value.ToString() : null;

    public bool Has(string name) => _values.ContainsKey(name);

    public string? NonEmpty(string name) => this[name] is { Length: > 0 } value ? value : null;

    public string Required(string name) => NonEmpty(name) ?? throw StripeFailure.Missing(name);

    public long? Integer(string name)
    {
        if (NonEmpty(name) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number : throw StripeFailure.Invalid($"Invalid integer: {text}", name, "parameter_invalid_integer");
    }

    public bool Flag(string name) => NonEmpty(name) switch
    {
        null or "false" => false,
        "true" => true,
        var other => throw StripeFailure.Invalid($"Invalid boolean: {other}", name),
    };

    public string? OneOf(string name, params ReadOnlySpan<string> allowed)
    {
        if (NonEmpty(name) is not { } value || allowed.Contains(value))
            return NonEmpty(name);
        throw StripeFailure.Invalid($"Invalid {name}: must be one of {string.Join(", ", allowed.ToArray())}", name);
    }

    public string[] List(string name) =>
        [.. _values.Where(v => v.Key.StartsWith($"{name}[", StringComparison.Ordinal)).SelectMany(v => v.Value).OfType<string>().Where(v => v.Length > 0)];

    public Dictionary<string, string> Map(string name) => _values
        .Where(v => v.Key.StartsWith($"{name}[", StringComparison.Ordinal) && v.Key.EndsWith(']'))
        .ToDictionary(v => v.Key[(name.Length + 1)..^1], v => v.Value.ToString());

    /// <summary>New metadata over old: an empty value removes a key, an empty <c>metadata</c> removes all.</summary>
    public Dictionary<string, string> Metadata(Dictionary<string, string> before)
    {
        var after = this["metadata"] is "" ? [] : new Dictionary<string, string>(before);
        foreach (var (key, value) in Map("metadata"))
        {
            if (key.Length > 40)
                throw StripeFailure.Invalid($"Metadata keys must be under 40 characters. Found {key.Length}.", "metadata");
            if (value.Length > 500)
                throw StripeFailure.Invalid($"Metadata values can have up to 500 characters, but you passed in a value that is {value.Length} characters.", "metadata");
            if (value.Length == 0)
                after.Remove(key);
            else
                after[key] = value;
        }

        return after.Count <= 50 ? after : throw StripeFailure.Invalid("You can have up to 50 metadata keys.", "metadata");
    }

    /// <summary>For people to read: everything but the card.</summary>
    public Dictionary<string, string> Shown => _values.Where(v => !Secrets.Contains(v.Key)).ToDictionary(v => v.Key, v => v.Value.ToString());

    /// <summary>The same for the same call with the same parameters in any order.</summary>
    public string Fingerprint(string path)
    {
        var text = new StringBuilder(path);
        if (this["card[number]"] is { Length: > 4 } number)
            text.Append('\n').Append(number[^4..]);
        foreach (var (name, value) in Shown.OrderBy(v => v.Key, StringComparer.Ordinal))
            text.Append('\n').Append(name).Append('=').Append(value);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
