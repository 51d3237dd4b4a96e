using System.Text.RegularExpressions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>
/// Repeats the consoles of all resources in the AppHost's own log, category <c>{application}.Resources.{resource}</c>: in a test, where
/// nobody has a dashboard, that is where to look.
/// </summary>
internal sealed partial class ResourceLogForwarder(
    DistributedApplicationOptions options,
    ResourceNotificationService notifications,
    ResourceLoggerService consoles,
    IHostEnvironment environment,
    ILoggerFactory loggers) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.EnableResourceLogging)
            return;

        var forwarded = new Dictionary<string, Task>(StringComparer.OrdinalIgnoreCase);
        try
        {
            await foreach (var e in notifications.WatchAsync(stoppingToken))
            {
                if (!forwarded.ContainsKey(e.ResourceId))
                    forwarded[e.ResourceId] = ForwardAsync(e, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The application host stops.
        }

        await Task.WhenAll(forwarded.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ForwardAsync(ResourceEvent e, CancellationToken cancellationToken)
    {
        var logger = loggers.CreateLogger($"{environment.ApplicationName}.Resources.{e.Resource.Name}");
        var seen = 0;
        while (true)
        {
            // A console is completed when its resource ends, and goes on when it is started again.
            await foreach (var batch in consoles.WatchAsync(e.ResourceId).WithCancellation(cancellationToken))
            {
                foreach (var line in batch.Where(line => line.LineNumber > seen))
                {
                    seen = line.LineNumber;
                    logger.Log(
                        line.IsErrorMessage ? LogLevel.Error : LogLevel.Information, "{LineNumber}: {LineContent}", line.LineNumber,
                        Timestamp().Replace(line.Content, ""));
                }
            }
        }
    }

    [GeneratedRegex(@"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\S* ")]
    private static partial Regex Timestamp();
}
