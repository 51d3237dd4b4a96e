using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Hosting;

namespace Shop.ServiceDefaults;

internal static class Defaults
{
    /// <summary>
    /// Below every other source of configuration, so that a file, a variable (the AppHost sets <c>LOGGING__CONSOLE__FORMATTERNAME</c>)
    /// or an argument wins.
    /// </summary>
    public static void AddConfigurationDefaults(this IHostApplicationBuilder builder)
    {
        var defaults = new Dictionary<string, string?>
        {
            ["Logging:LogLevel:Default"] = "Information",
            ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning", // one line per request is written here
            ["Logging:LogLevel:Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware"] = "None", // UnhandledException has the reference
            ["Logging:LogLevel:Microsoft.EntityFrameworkCore"] = "Warning", // every statement otherwise
            ["Logging:LogLevel:System.Net.Http.HttpClient"] = "Warning", // four lines per call otherwise
            ["Logging:LogLevel:Polly"] = "Warning",
            ["Logging:Console:LogLevel:Shop.ServiceDefaults.OutboundLog"] = "Warning", // for whoever searches, not for whoever watches
            ["Logging:OpenTelemetry:LogLevel:Shop.ServiceDefaults.OutboundLog"] = "Warning", // there it is a span
        };
        if (builder.Environment.IsDevelopment())
        {
            // One restarts often there, and nothing balances the load. The orchestrator of a development machine kills after six seconds.
            defaults[$"{Timeouts.Section}:{nameof(Timeouts.Drain)}"] = "00:00:00";
        }
        else
        {
            defaults["Logging:Console:FormatterName"] = "json";
            defaults["Logging:Console:FormatterOptions:IncludeScopes"] = "true";
            defaults["Logging:Console:FormatterOptions:UseUtcTimestamp"] = "true";
            defaults["Logging:Console:FormatterOptions:TimestampFormat"] = "yyyy-MM-ddTHH:mm:ss.fffZ";
        }

        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = defaults });
    }
}
