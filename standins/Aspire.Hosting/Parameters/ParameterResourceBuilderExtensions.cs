using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

public static class ParameterResourceBuilderExtensions
{
    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, FromConfiguration(builder, $"Parameters:{name}"), secret));

    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false) =>
        builder.AddParameter(name, () => value, publishValueAsDefault, secret);

    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, Func<string> valueGetter, bool publishValueAsDefault = false, bool secret = false)
    {
        if (publishValueAsDefault && secret)
            throw new ArgumentException("A parameter cannot be both secret and published as a default value.", nameof(secret));

        return builder.AddResource(new ParameterResource(name, _ => valueGetter(), secret)
        {
            Default = publishValueAsDefault ? new ConstantDefault(valueGetter) : null,
        });
    }

    /// <param name="persist">Keep a generated value in the user secrets, so that the next run has the same.</param>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false, bool persist = false)
    {
        var key = $"Parameters:{name}";
        return builder.AddResource(new ParameterResource(name, FromConfiguration(builder, key), secret)
        {
            Default = persist && builder.ExecutionContext.IsRunMode ? new PersistedDefault(UserSecrets.Of(builder), key, value) : value,
        });
    }

    public static IResourceBuilder<ParameterResource> AddParameterFromConfiguration(
        this IDistributedApplicationBuilder builder, string name, string configurationKey, bool secret = false) =>
        builder.AddResource(new ParameterResource(name, FromConfiguration(builder, configurationKey), secret) { ConfigurationKey = configurationKey });

    public static IResourceBuilder<ParameterResource> WithDescription(
        this IResourceBuilder<ParameterResource> builder, string description, bool enableMarkdown = false)
    {
        builder.Resource.Description = description;
        builder.Resource.EnableDescriptionMarkdown = enableMarkdown;
        return builder;
    }

    /// <summary>The field in which a person enters the value. Its name is the parameter's.</summary>
    public static IResourceBuilder<ParameterResource> WithCustomInput(
        this IResourceBuilder<ParameterResource> builder, Func<ParameterResource, InteractionInput> createInput) =>
        builder.WithAnnotation(new ParameterInputAnnotation(createInput), ResourceAnnotationMutationBehavior.Replace);

    /// <summary>The connection string <c>ConnectionStrings:name</c> of the AppHost's configuration.</summary>
    public static IResourceBuilder<IResourceWithConnectionString> AddConnectionString(
        this IDistributedApplicationBuilder builder, string name, string? environmentVariableName = null) =>
        builder.AddResource(new ConnectionStringParameterResource(
            name, FromConfiguration(builder, $"ConnectionStrings:{name}", "Connection string"), environmentVariableName));

    public static ParameterResource CreateDefaultPasswordParameter(
        IDistributedApplicationBuilder builder, string name, bool lower = true, bool upper = true, bool numeric = true, bool special = true,
        int minLower = 0, int minUpper = 0, int minNumeric = 0, int minSpecial = 0) =>
        CreateGeneratedParameter(builder, name, secret: true, new GenerateParameterDefault
        {
            Lower = lower,
            Upper = upper,
            Numeric = numeric,
            Special = special,
            MinLower = minLower,
            MinUpper = minUpper,
            MinNumeric = minNumeric,
            MinSpecial = minSpecial,
        });

    public static ParameterResource CreateGeneratedParameter(
        IDistributedApplicationBuilder builder, string name, bool secret, GenerateParameterDefault parameterDefault)
    {
        var parameter = CreateParameter(builder, name, secret);
        parameter.Default = builder.ExecutionContext.IsRunMode
            ? new PersistedDefault(UserSecrets.Of(builder), parameter.ConfigurationKey, parameterDefault)
            : parameterDefault;
        return parameter;
    }

    public static ParameterResource CreateParameter(IDistributedApplicationBuilder builder, string name, bool secret) =>
        new(name, FromConfiguration(builder, $"Parameters:{name}"), secret);

    private static Func<ParameterDefault?, string> FromConfiguration(
        IDistributedApplicationBuilder builder, string key, string kind = "Parameter") => fallback =>
            builder.Configuration[key]
            // Environment variables cannot have a dash in their name everywhere.
            ?? builder.Configuration[key.Replace('-', '_')]
            ?? fallback?.GetDefaultValue()
            ?? throw new MissingParameterValueException(
                $"{kind} resource could not be used because configuration key '{key}' is missing and the {kind} has no default value.");
}

internal sealed class ParameterInputAnnotation(Func<ParameterResource, InteractionInput> create) : IResourceAnnotation
{
    internal Func<ParameterResource, InteractionInput> Create { get; } = create;
}
