using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using Service = Shop.Tests.Integration.ServiceDefaultsTests.Service;

namespace Shop.Tests.Integration;

public sealed class MeterTests
{
    [Fact]
    public async Task Every_service_exports_what_its_process_costs()
    {
        var exported = new Exported();
        using var reader = new BaseExportingMetricReader(exported);
        await using var service = await Service.StartAsync(
            builder => builder.Services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.AddReader(reader)));
        GC.Collect();

        Assert.True(reader.Collect());

        Assert.All(
            (string[])["dotnet.gc.collections", "dotnet.gc.heap.total_allocated", "dotnet.gc.pause.time", "dotnet.gc.last_collection.heap.size",
                "dotnet.thread_pool.thread.count", "dotnet.thread_pool.queue.length", "dotnet.thread_pool.work_item.count", "dotnet.process.memory.working_set"],
            name => Assert.Contains(name, exported.Values.Keys));
        Assert.Equal(OperatingSystem.IsLinux(), exported.Values.ContainsKey("process.memory.pss"));
        if (OperatingSystem.IsLinux()) // shared pages by share: some, and less than all that is resident
            Assert.InRange(exported.Values["process.memory.pss"], 10_000_000, Process.GetCurrentProcess().WorkingSet64 * 3 / 2);
        Assert.Equal(OperatingSystem.IsLinux() ? "By" : null, exported.Units.GetValueOrDefault("process.memory.pss"));
    }

    private sealed class Exported : BaseExporter<Metric>
    {
        public ConcurrentDictionary<string, long> Values { get; } = new();
        public ConcurrentDictionary<string, string> Units { get; } = new();

        public override ExportResult Export(in Batch<Metric> batch)
        {
            foreach (var metric in batch)
            {
                Units[metric.Name] = metric.Unit;
                foreach (ref readonly var point in metric.GetMetricPoints())
                    Values[metric.Name] = metric.MetricType is MetricType.LongGauge ? point.GetGaugeLastValueLong() : 0;
            }

            return ExportResult.Success;
        }
    }
}
