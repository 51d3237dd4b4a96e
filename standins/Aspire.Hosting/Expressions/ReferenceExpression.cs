using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Aspire.Hosting.Publishing;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>An interpolated string whose holes are filled when the value is needed, e.g. <c>Host={endpoint};Password={parameter}</c>.</summary>
public partial class ReferenceExpression : IExpressionValue, IValueWithReferences
{
    public static readonly ReferenceExpression Empty = new("", [], [], []);

    internal ReferenceExpression(string format, IReadOnlyList<IValueProvider> providers, IReadOnlyList<string> manifest, IReadOnlyList<string?> formats)
    {
        Format = format;
        ValueProviders = providers;
        ManifestExpressions = manifest;
        StringFormats = formats;
    }

    public string Format { get; }
    public IReadOnlyList<string> ManifestExpressions { get; }
    public IReadOnlyList<string?> StringFormats { get; }
    public IReadOnlyList<IValueProvider> ValueProviders { get; }
    public bool IsConditional => Condition is not null;
    public IValueProvider? Condition { get; private init; }
    public ReferenceExpression? WhenTrue { get; private init; }
    public ReferenceExpression? WhenFalse { get; private init; }
    public string? MatchValue { get; private init; }

    /// <summary>Under which the value of a condition stands in a manifest, which itself cannot decide anything.</summary>
    internal string? ConditionName { get; private init; }

    public string ValueExpression => IsConditional
        ? $"{{{ConditionName}.connectionString}}"
        : string.Format(CultureInfo.InvariantCulture, Format, [.. ManifestExpressions]);

    IEnumerable<object> IValueWithReferences.References => IsConditional ? [Condition!, WhenTrue!, WhenFalse!] : ValueProviders;

    public static ReferenceExpression Create(in ExpressionInterpolatedStringHandler handler) => handler.Expression();

    public static ReferenceExpression CreateConditional(
        IValueProvider condition, string matchValue, ReferenceExpression whenTrue, ReferenceExpression whenFalse) =>
        new("", [.. whenTrue.ValueProviders, .. whenFalse.ValueProviders], [], [])
        {
            Condition = condition,
            MatchValue = matchValue,
            WhenTrue = whenTrue,
            WhenFalse = whenFalse,
            ConditionName = NameOf(condition, matchValue, whenTrue, whenFalse),
        };

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => GetValueAsync(new ValueProviderContext(), cancellationToken);

    public async ValueTask<string?> GetValueAsync(ValueProviderContext context, CancellationToken cancellationToken)
    {
        if (Condition is not null)
        {
            var met = string.Equals(await Condition.GetValueAsync(context, cancellationToken), MatchValue, StringComparison.OrdinalIgnoreCase);
            return await (met ? WhenTrue! : WhenFalse!).GetValueAsync(context, cancellationToken);
        }

        if (Format.Length == 0)
            return null;

        var values = new object?[ValueProviders.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = Formatted(await ValueProviders[i].GetValueAsync(context, cancellationToken), StringFormats[i]);
        return string.Format(CultureInfo.InvariantCulture, Format, values);
    }

    internal static string? Formatted(string? value, string? format) => (value, format) switch
    {
        (_, null) => value,
        (null, _) => null,
        (_, "uri") => Uri.EscapeDataString(value),
        _ => throw new FormatException($"The format '{format}' is not supported. Supported formats are: uri"),
    };

    private static string NameOf(IValueProvider condition, string matchValue, ReferenceExpression whenTrue, ReferenceExpression whenFalse)
    {
        var text = (condition as IManifestExpressionProvider)?.ValueExpression;
        var hash = XxHash32.Of(Encoding.UTF8.GetBytes(
            $"{text ?? condition.GetType().Name}{whenTrue.ValueExpression}{whenFalse.ValueExpression}{matchValue}"));
#pragma warning disable CA1308 // Names in a manifest are written in lower case.
        var name = NotInNames().Replace(text ?? "", "-").Trim('-').ToLowerInvariant();
#pragma warning restore CA1308
        return $"cond-{(name.Length > 0 ? name : "expr")}-{hash:x8}";
    }

    [GeneratedRegex(@"[^\p{L}\p{Nd}]+")]
    private static partial Regex NotInNames();

    [InterpolatedStringHandler]
    public ref struct ExpressionInterpolatedStringHandler(int literalLength, int formattedCount)
    {
        private readonly ReferenceExpressionBuilder parts = new(literalLength, formattedCount);

        public readonly void AppendLiteral(string value) => parts.AppendLiteral(value);
        public readonly void AppendFormatted(string? value) => parts.AppendFormatted(value);
        public readonly void AppendFormatted(string? value, string? format = null) => parts.AppendFormatted(value, format);

        public readonly void AppendFormatted<T>(T valueProvider) where T : IValueProvider, IManifestExpressionProvider =>
            parts.AppendFormatted(valueProvider);

        public readonly void AppendFormatted<T>(T valueProvider, string? format = null) where T : IValueProvider, IManifestExpressionProvider =>
            parts.AppendFormatted(valueProvider, format);

        public readonly void AppendFormatted<T>(IResourceBuilder<T> valueProvider)
            where T : IResource, IValueProvider, IManifestExpressionProvider => parts.AppendFormatted(valueProvider.Resource);

        public readonly void AppendFormatted<T>(IResourceBuilder<T> valueProvider, string? format = null)
            where T : IResource, IValueProvider, IManifestExpressionProvider => parts.AppendFormatted(valueProvider.Resource, format);

        internal readonly ReferenceExpression Expression() => parts.Build();
    }
}
