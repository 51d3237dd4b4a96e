using Aspire.Hosting.Publishing;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>Generated once, then read back from the user secrets: data directories outlive the run that chose their password.</summary>
internal sealed class PersistedDefault(UserSecrets secrets, string key, ParameterDefault generator) : ParameterDefault
{
    public override string GetDefaultValue() => secrets.GetOrAdd(key, generator.GetDefaultValue);

    public override void WriteToManifest(ManifestPublishingContext context) => generator.WriteToManifest(context);
}
