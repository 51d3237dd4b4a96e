using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting.Health;

/// <summary>A resource that names a check nobody registered would never become healthy; better not to start at all.</summary>
internal sealed class HealthCheckRegistrations(DistributedApplicationModel model, ILogger<HealthCheckRegistrations> logger)
    : IValidateOptions<HealthCheckServiceOptions>
{
    public ValidateOptionsResult Validate(string? name, HealthCheckServiceOptions options)
    {
        var registered = options.Registrations.Select(r => r.Name).ToHashSet(StringComparer.Ordinal);
        var missing = model.Resources
            .SelectMany(r => r.Annotations.OfType<HealthCheckAnnotation>().Select(check => (r.Name, check.Key)))
            .Where(check => !registered.Contains(check.Key))
            .ToArray();
        foreach (var (resource, key) in missing)
            logger.LogError("The health check '{Key}' is not registered and is required for resource '{ResourceName}'.", key, resource);

        return missing.Length == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail("A health check registration is missing. Check logs for more details.");
    }
}
