using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Aspire.Hosting.ApplicationModel;

public class ReferenceExpressionBuilder
{
    private readonly StringBuilder text;
    private readonly List<IValueProvider> providers;
    private readonly List<string> manifest = [];
    private readonly List<string?> formats = [];

    public ReferenceExpressionBuilder() : this(0, 0)
    {
    }

    internal ReferenceExpressionBuilder(int literalLength, int formattedCount)
    {
        text = new StringBuilder(literalLength);
        providers = new List<IValueProvider>(formattedCount);
    }

    public bool IsEmpty => text.Length == 0;

#pragma warning disable CA1822 // The handler has written to this builder already.
    public void Append([InterpolatedStringHandlerArgument("")] in ReferenceExpressionBuilderInterpolatedStringHandler handler)
    {
    }
#pragma warning restore CA1822

    public void AppendLiteral(string value) =>
        text.Append(value.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal));

    public void AppendFormatted(string? value) => AppendFormatted(value, null);

    public void AppendFormatted(string? value, string? format = null) => AppendLiteral(ReferenceExpression.Formatted(value, format) ?? "");

    public void AppendFormatted<T>(T valueProvider) where T : IValueProvider, IManifestExpressionProvider => AppendFormatted(valueProvider, null);

    public void AppendFormatted<T>(T valueProvider, string? format) where T : IValueProvider, IManifestExpressionProvider =>
        AppendValueProvider(valueProvider, format);

    public void AppendValueProvider(object valueProvider, string? format = null)
    {
        if (valueProvider is not IValueProvider provider || valueProvider is not IManifestExpressionProvider expression)
            throw new ArgumentException("A value provider implements IValueProvider and IManifestExpressionProvider.", nameof(valueProvider));

        text.Append(CultureInfo.InvariantCulture, $"{{{providers.Count}}}");
        providers.Add(provider);
        manifest.Add(expression.ValueExpression);
        formats.Add(format);
    }

    public ReferenceExpression Build() => new(text.ToString(), [.. providers], [.. manifest], [.. formats]);

    [InterpolatedStringHandler]
    public readonly ref struct ReferenceExpressionBuilderInterpolatedStringHandler(
        int literalLength, int formattedCount, ReferenceExpressionBuilder builder)
    {
        private readonly ReferenceExpressionBuilder parts = Reserve(builder, literalLength, formattedCount);

        public void AppendLiteral(string value) => parts.AppendLiteral(value);
        public void AppendFormatted(string? value) => parts.AppendFormatted(value);
        public void AppendFormatted(string? value, string format) => parts.AppendFormatted(value, format);

        public void AppendFormatted<T>(T valueProvider) where T : IValueProvider, IManifestExpressionProvider =>
            parts.AppendFormatted(valueProvider);

        public void AppendFormatted<T>(T valueProvider, string? format) where T : IValueProvider, IManifestExpressionProvider =>
            parts.AppendFormatted(valueProvider, format);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider)
            where T : IResource, IValueProvider, IManifestExpressionProvider => parts.AppendFormatted(valueProvider.Resource);

        public void AppendFormatted<T>(IResourceBuilder<T> valueProvider, string? format)
            where T : IResource, IValueProvider, IManifestExpressionProvider => parts.AppendFormatted(valueProvider.Resource, format);

        private static ReferenceExpressionBuilder Reserve(ReferenceExpressionBuilder builder, int literalLength, int formattedCount)
        {
            builder.text.EnsureCapacity(builder.text.Length + literalLength);
            builder.providers.EnsureCapacity(builder.providers.Count + formattedCount);
            return builder;
        }
    }
}
