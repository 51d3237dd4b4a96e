using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Publishing;

/// <summary>
/// What the manifest refers to beside the model: implicit parameters, parameters in another spelling (<c>x-uri-encoded</c>), and the
/// values of conditions.
/// </summary>
internal sealed class ManifestReferences
{
    private readonly HashSet<object> visiting = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<(ParameterResource Parameter, string Format), string> encoded = [];
    private readonly HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);

    internal OrderedDictionary<string, IResource> Resources { get; } = new(StringComparer.OrdinalIgnoreCase);
    internal OrderedDictionary<string, ReferenceExpression> Conditions { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A name that nothing made here may take.</summary>
    internal void Reserve(string name) => names.Add(name);

    internal void Add(object? value)
    {
        if (value is ReferenceExpression expression)
            AddPartsOf(expression);
        if (value is IResource resource)
        {
            if (Resources.TryAdd(resource.Name, resource))
                Reserve(resource.Name);
        }
        else if (value is IValueWithReferences references && visiting.Add(references))
        {
            foreach (var reference in references.References)
                Add(reference);
            visiting.Remove(references);
        }
    }

    /// <summary>The expression as it is written, with encoded parameters under their own names.</summary>
    internal string ManifestText(ReferenceExpression expression)
    {
        if (expression.IsConditional)
            return expression.ValueExpression;

        var texts = new object[expression.ManifestExpressions.Count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = expression.StringFormats[i] is { Length: > 0 } format && ParameterOf(expression.ValueProviders[i]) is { } parameter
                ? $"{{{EncodedName(parameter, format)}.value}}"
                : expression.ManifestExpressions[i];
        }
        return string.Format(CultureInfo.InvariantCulture, expression.Format, texts);
    }

    /// <summary>Those whose other spelling is not written yet.</summary>
    internal ParameterResource[] EncodedParameters => [.. encoded.Keys.Select(k => k.Parameter).Distinct()];

    internal IEnumerable<(string Name, string Format)> TakeEncoded(ParameterResource parameter)
    {
        foreach (var (key, name) in encoded.Where(e => e.Key.Parameter == parameter).ToArray())
        {
            encoded.Remove(key);
            yield return (name, key.Format);
        }
    }

    private void AddPartsOf(ReferenceExpression expression)
    {
        if (expression.ConditionName is { } name)
        {
            Conditions.TryAdd(name, expression);
            Reserve(name);
            AddPartsOf(expression.WhenTrue!);
            AddPartsOf(expression.WhenFalse!);
            return;
        }

        for (var i = 0; i < expression.ValueProviders.Count; i++)
        {
            if (expression.StringFormats[i] is { Length: > 0 } format && ParameterOf(expression.ValueProviders[i]) is { } parameter)
                EncodedName(parameter, format);
        }
    }

    private string EncodedName(ParameterResource parameter, string format)
    {
        if (encoded.TryGetValue((parameter, format), out var known))
            return known;

        var name = $"{parameter.Name}-{format}-encoded";
        for (var taken = 1; !names.Add(name); taken++)
            name = $"{parameter.Name}-{format}-encoded-{taken}";
        return encoded[(parameter, format)] = name;
    }

    private static ParameterResource? ParameterOf(IValueProvider provider) => provider switch
    {
        ParameterResource parameter => parameter,
        ReferenceExpression { Format: "{0}", ValueProviders: [ParameterResource only] } => only,
        _ => null,
    };
}
