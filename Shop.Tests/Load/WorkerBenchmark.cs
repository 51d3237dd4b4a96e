using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Shop.Data;
using Shop.Data.Payments;
using Shop.Simulator;
using Shop.Tests.Chaos;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Load;

/// <summary>
/// How many payments a worker makes, and what one costs: real processes, a simulator that answers at once (on the same machine, which it
/// shares with Postgres and the workers), no mails. Figures for people; the only thing asserted is that every order was charged once.
/// Round trips per job are asserted elsewhere (RoundTripTests).
/// </summary>
public sealed class WorkerBenchmark(ITestOutputHelper output)
{
    private const int WarmUp = 100;
    private const int Jobs = 600;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Payments_per_second(int replicas)
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var factory = new WebApplicationFactory<ShopSimulator>().WithWebHostBuilder(host => host.UseUrls("http://127.0.0.1:0"));
        factory.UseKestrel();
        using var simulator = factory.CreateClient();
        (await simulator.PutAsJsonAsync(new Uri("/faults", UriKind.Relative), new { declineRate = 0 })).EnsureSuccessStatusCode();
        var workers = Enumerable.Range(0, replicas).Select(_ => PaymentsProcess.Start(database, simulator.BaseAddress!, 1, null,
            ("Smtp:Host", ""), ("Shop:TimeScale", "1"), ("Payments:Queue:Poll", "00:00:00.500"), ("Logging:LogLevel:Default", "Warning"))).ToArray();
        try
        {
            await PlaceAsync(database, WarmUp);
            await RunAsync(database); // until the code that counts is compiled and the connections are open
            await PlaceAsync(database, Jobs);
            var cpu = workers.Select(w => w.ProcessorTime).ToArray();

            var took = await RunAsync(database);

            var used = workers.Zip(cpu, (w, then) => w.ProcessorTime - then).Sum(t => t.TotalMilliseconds);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{replicas} replica(s), 8 in parallel each: {Jobs / took.TotalSeconds:F0} jobs/s, {used / Jobs:F1} CPU ms per job, {Jobs} jobs in {took.TotalSeconds:F1} s"));
        }
        finally
        {
            foreach (var worker in workers)
                worker.Dispose();
        }

        var ledger = (await simulator.GetFromJsonAsync<JsonArray>(new Uri("/ledger", UriKind.Relative)))!;
        Assert.Equal(WarmUp + Jobs, ledger.Sum(entry => (int)entry!["charges"]!));
        Assert.All(ledger, entry => Assert.Equal(1, (int)entry!["charges"]!));
    }

    private static async Task PlaceAsync(string database, int orders)
    {
        for (var i = 0; i < orders; i++)
            await PaymentsShop.PlaceAsync(database, dueAt: DateTimeOffset.UtcNow.AddMinutes(30));
    }

    /// <returns>From the moment they all fell due to the last outcome.</returns>
    private static async Task<TimeSpan> RunAsync(string database)
    {
        await using var db = PostgresServer.Open(database);
        await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET due_at = now() WHERE state = 'Waiting'");
        var watch = Stopwatch.StartNew();
        await db.NotifyAsync(Notices.Work, "", CancellationToken.None);
        while (await db.PaymentJobs.AnyAsync(j => j.State == JobState.Waiting))
        {
            Assert.True(watch.Elapsed < TimeSpan.FromMinutes(3), "the queue was never worked off");
            await Task.Delay(20);
        }

        return watch.Elapsed;
    }
}
