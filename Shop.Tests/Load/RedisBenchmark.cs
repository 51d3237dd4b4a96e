using System.Diagnostics;
using System.Globalization;
using Shop.Tests.Fixtures;
using StackExchange.Redis;
using Xunit.Abstractions;

namespace Shop.Tests.Load;

/// <summary>
/// GET and SET of our client beside redis-benchmark: one connection each, as many commands on their way at once, the same server,
/// in turns. Figures for people; the only thing asserted is that all commands came back.
/// </summary>
public sealed class RedisBenchmark(ITestOutputHelper output)
{
    private const int Rounds = 5;

    [Theory]
    [InlineData(1, 20_000)] // one at a time is a measure of round trips, and slow
    [InlineData(50, 300_000)]
    [InlineData(500, 600_000)]
    public async Task Commands_per_second_beside_redis_benchmark(int depth, int commands)
    {
        await using var server = await RedisServer.StartAsync();
        await using var redis = await server.ConnectAsync();
        var db = redis.GetDatabase();
        var value = new byte[64];
        foreach (var (name, command) in ((string, Func<Task>)[])
            [("SET", () => db.StringSetAsync("key", value)), ("GET", () => db.StringGetAsync("key"))])
        {
            await RunAsync(commands, depth, command); // until the code that counts is compiled as well as it will be
            List<(double Rate, double Cpu)> ours = [], theirs = [];
            for (var round = 0; round < Rounds; round++)
            {
                theirs.Add(await ReferenceAsync(server.Port, name, commands, depth));
                ours.Add(await RunAsync(commands, depth, command));
            }

            var (rate, reference) = (Median(ours, run => run.Rate), Median(theirs, run => run.Rate));
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name} x{depth}: {rate:N0}/s ({ours.Min(run => run.Rate):N0} to {ours.Max(run => run.Rate):N0}), redis-benchmark {reference:N0}/s, ratio {rate / reference:P0}; CPU ms per 100k: {Median(ours, run => run.Cpu):N0}, redis-benchmark {Median(theirs, run => run.Cpu):N0}"));
        }

        Assert.Equal(value, (byte[]?)await db.StringGetAsync("key"));
    }

    private static double Median(List<(double Rate, double Cpu)> runs, Func<(double Rate, double Cpu), double> of) => runs.Select(of).Order().ElementAt(Rounds / 2);

    private static async Task<(double Rate, double Cpu)> RunAsync(int commands, int depth, Func<Task> command)
    {
        using var self = Process.GetCurrentProcess();
        var (started, cpu) = (Stopwatch.GetTimestamp(), self.TotalProcessorTime);
        await Task.WhenAll(Enumerable.Range(0, depth).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < commands / depth; i++)
                await command();
        })));
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        self.Refresh();
        return (commands / seconds, (self.TotalProcessorTime - cpu).TotalMilliseconds * 100_000 / commands);
    }

    /// <summary>One connection, <paramref name="depth"/> commands on their way. The shell's clock knows the CPU time of a process that has ended.</summary>
    private static async Task<(double Rate, double Cpu)> ReferenceAsync(int port, string name, int commands, int depth)
    {
        using var process = Process.Start(new ProcessStartInfo(
            "bash", ["-c", $"TIMEFORMAT='%U %S'; time redis-benchmark -p {port} -c 1 -P {depth} -n {commands} -d 64 -t {name.ToLowerInvariant()} --csv"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var (csv, times) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));

        // "SET","123456.78","0.31",...
        var row = (await csv).Split('\n').Single(line => line.StartsWith($"\"{name}\"", StringComparison.Ordinal));
        var cpu = (await times).Trim().Split('\n')[^1].Split(' ').Sum(seconds => double.Parse(seconds, CultureInfo.InvariantCulture));
        return (double.Parse(row.Split(',')[1].Trim('"'), CultureInfo.InvariantCulture), cpu * 1000 * 100_000 / commands);
    }
}
