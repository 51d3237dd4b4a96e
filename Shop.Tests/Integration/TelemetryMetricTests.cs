using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Shop.Tests.Integration;

/// <summary>The instruments that each instrumentation package brings, by a request over a real socket.</summary>
public sealed class TelemetryMetricTests
{
    [Fact]
    public async Task A_request_is_measured_where_it_leaves_where_it_arrives_and_so_is_the_process_around_it()
    {
        using var seen = new Names();
        using var reader = new BaseExportingMetricReader(seen);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddHttpClient();
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation().AddReader(reader));
        await using var service = builder.Build();
        service.MapGet("/mugs/{sku}", (string sku) => sku);
        await service.StartAsync();

        using var client = service.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        Assert.Equal("blue", await client.GetStringAsync($"{service.Urls.First()}/mugs/blue"));

        // The server notes the end of a request after its answer has left.
        for (var i = 0; i < 250 && !seen.Has("http.server.request.duration"); i++)
        {
            reader.Collect();
            await Task.Delay(20);
        }

        Assert.All(
            [
                "http.server.request.duration", "http.server.active_requests", "kestrel.active_connections", "aspnetcore.routing.match_attempts",
                "http.client.request.duration", "http.client.active_requests", "http.client.open_connections",
                "dotnet.process.memory.working_set", "dotnet.gc.collections", "dotnet.thread_pool.thread.count",
            ],
            name => Assert.True(seen.Has(name), name));
        Assert.Contains("/mugs/{sku}", seen.Routes);
        Assert.DoesNotContain("/mugs/blue", seen.Routes);
    }

    private sealed class Names : BaseExporter<Metric>
    {
        private readonly ConcurrentDictionary<string, bool> _names = new();
        private readonly ConcurrentDictionary<string, bool> _routes = new();

        public IEnumerable<string> Routes => _routes.Keys;

        public bool Has(string name) => _names.ContainsKey(name);

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                _names[metric.Name] = true;
                foreach (ref readonly var point in metric.GetMetricPoints())
                {
                    foreach (var (key, value) in point.Tags)
                    {
                        if (key == "http.route")
                            _routes[(string)value!] = true;
                    }
                }
            }

            return ExportResult.Success;
        }
    }
}
