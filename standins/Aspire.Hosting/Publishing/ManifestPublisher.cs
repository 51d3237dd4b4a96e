using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Publishing;

/// <summary>
/// What an application host does instead of running: writes the manifest and ends. A failure is two lines in the log and, as with the
/// real package, exit code 0: whether the file is there is the answer.
/// </summary>
internal sealed class ManifestPublisher(
    DistributedApplicationModel model,
    DistributedApplicationExecutionContext execution,
    IDistributedApplicationEventing eventing,
    IConfiguration configuration,
    IHostApplicationLifetime lifetime,
    IServiceProvider services,
    ILogger<ManifestPublisher> logger) : IHostedService
{
    private const string FileName = "aspire-manifest.json";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Stopping a host that has not finished its start would make the start fail.
        lifetime.ApplicationStarted.Register(lifetime.StopApplication);
        try
        {
            await eventing.PublishAsync(new BeforeStartEvent(services, model), cancellationToken);
            var path = ManifestPath();
            await eventing.PublishAsync(new BeforePublishEvent(services, model), cancellationToken);
            await WriteAsync(path, cancellationToken);
            await eventing.PublishAsync(new AfterPublishEvent(services, model), cancellationToken);
            logger.LogInformation("Published manifest to: {ManifestPath}", path);
        }
#pragma warning disable CA1031 // The AppHost's own callbacks ran; whatever they threw is the reason there is no manifest.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            logger.LogError("{Reason}", e.Message);
            logger.LogCritical(e, "There is no manifest.");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private string ManifestPath()
    {
        var isManifest = execution.PublisherName.Equals("manifest", StringComparison.OrdinalIgnoreCase)
            || configuration["Pipeline:Step"] == "publish-manifest";
        if (!isManifest)
        {
            throw new NotSupportedException(
                "This is the stand-in for Aspire.Hosting, which publishes manifests only: add --publisher manifest, or build with -p:StandIns=false where the package feed has the Aspire packages.");
        }

        var path = configuration["Pipeline:OutputPath"] is { Length: > 0 } given
            ? Path.GetFullPath(given)
            : throw new DistributedApplicationException(
                "The '--output-path [path]' option was not specified even though '--publisher manifest' argument was used.");
        return path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? path : Path.Combine(path, FileName);
    }

    /// <summary>Under its name only when it is whole: half a manifest would be deployed.</summary>
    private async Task WriteAsync(string path, CancellationToken ct)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var unfinished = $"{path}.{Environment.ProcessId}";
        try
        {
            await using (var stream = new FileStream(unfinished, FileMode.Create))
            await using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
            {
                await ManifestDocument.WriteAsync(model, new ManifestPublishingContext(execution, path, writer, ct));
            }
            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}
