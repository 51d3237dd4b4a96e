using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;

namespace Shop.Tests.Chaos;

/// <summary>
/// What goes wrong around the shop, drawn from a seed: the simulator's faults, which change every few seconds, and a killer. It counts.
/// </summary>
internal sealed class Weather(LiveShop shop, int seed) : IDisposable
{
    private static readonly string[] Broken = ["rate_limited_429", "error_500_before", "error_500_after", "answer_lost", "reset", "html_502"];
    private static readonly string[] Outages = ["refused", "unavailable_503", "hang"];
    private static readonly string[] Gateways = ["stripe", "paypal"];

    private enum Blow { Worker, AllWorkers, Api, Simulator, Connections }

    private readonly HttpClient _simulator = new() { BaseAddress = shop.Simulator.Address, Timeout = TimeSpan.FromSeconds(5) };
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly List<Blow> _deck = [];
    private readonly Dictionary<string, object> _now = [];

    public IEnumerable<KeyValuePair<string, int>> Counts => _counts.OrderBy(c => c.Key, StringComparer.Ordinal);

    public int Kills => shop.Parts.Sum(p => p.Kills);

    public void Count(string what, int times = 1) => _counts.AddOrUpdate(what, times, (_, before) => before + times);

    public void Dispose()
    {
        _simulator.Dispose();
        _oneAtATime.Dispose();
    }

    /// <summary>Changing weather, each gateway's its own, until it is told to stop; then every fault ends.</summary>
    public async Task BlowAsync(CancellationToken stop)
    {
        var random = new Random(seed);
        try
        {
            for (var change = 0; ; change++)
            {
                var outages = 0;
                foreach (var gateway in Gateways)
                {
                    var isOut = random.NextDouble() < 0.2;
                    outages += isOut ? 1 : 0;
                    await SetAsync(isOut ? Outage(random, change, gateway) : Mixed(random, change), gateway);
                }

                await Task.Delay(TimeSpan.FromSeconds(outages > 0 ? 0.5 + random.NextDouble() * 2 : 2 + random.NextDouble() * 3), stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            foreach (var gateway in Gateways)
                await SetAsync(null, gateway);
        }
    }

    private object Mixed(Random random, int change) => new
    {
        seed = seed + change, declineRate = 0.02, latency = new { medianMs = 10, p99Ms = 400 },
        rules = Broken.Select(fault => new { fault, rate = random.NextDouble() * 0.06 }).ToArray(),
        webhooks = new { late = new { rate = 0.2, delayMs = 2000 }, duplicated = 0.2, reordered = 0.2, lost = 0.15, forged = 0.05 },
    };

    private object Outage(Random random, int change, string gateway)
    {
        var fault = Outages[random.Next(Outages.Length)];
        Count($"outage of {gateway}: {fault}");
        return new { seed = seed + change, rules = new[] { new { fault, rate = 1.0 } } };
    }

    /// <summary>Kills somebody, and starts the same again. In ten turns everybody has theirs, in a drawn order.</summary>
    public async Task KillAsync(Random random, CancellationToken ct)
    {
        if (_deck is [])
        {
            _deck.AddRange(Enum.GetValues<Blow>().SelectMany(blow => Enumerable.Repeat(blow, blow switch { Blow.Worker => 5, Blow.Api => 2, _ => 1 })));
            random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_deck));
        }

        var next = _deck[^1];
        _deck.RemoveAt(_deck.Count - 1);
        await Task.Delay(random.Next(300), ct);
        switch (next)
        {
            case Blow.Worker:
                Restart(shop.Payments[random.Next(shop.Payments.Length)]);
                break;
            case Blow.AllWorkers: // what they were doing lies with nobody
                Restart(shop.Payments);
                break;
            case Blow.Api:
                Restart(shop.Apis[random.Next(shop.Apis.Length)]);
                break;
            case Blow.Simulator:
                await RestartSimulatorAsync(ct);
                break;
            case Blow.Connections:
                await CutConnectionsAsync(ct);
                break;
        }

        foreach (var part in shop.Parts)
            part.LookAfterIt();

        static void Restart(params Part[] parts)
        {
            foreach (var part in parts)
                part.Kill();
            foreach (var part in parts)
                part.Start();
        }
    }

    private async Task RestartSimulatorAsync(CancellationToken ct)
    {
        await _oneAtATime.WaitAsync(ct);
        try
        {
            foreach (var gateway in Gateways)
                await KeepCountsAsync(gateway);
            shop.Simulator.Kill();
            shop.Simulator.Start();
            await shop.Simulator.ReadyAsync(ct); // its faults died with it
            foreach (var (gateway, faults) in _now)
                await PutAsync(faults, gateway);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task CutConnectionsAsync(CancellationToken ct)
    {
        await using var db = shop.Open();
        var cut = await db.Database.SqlQuery<int>($"""
            SELECT count(pg_terminate_backend(pid))::int AS "Value" FROM pg_stat_activity
            WHERE datname = current_database() AND application_name LIKE 'shop%' AND random() < 0.5
            """).SingleAsync(ct);
        Count("connections cut", cut);
    }

    /// <param name="faults">Null for fair weather.</param>
    public async Task SetAsync(object? faults, string gateway = "stripe")
    {
        await _oneAtATime.WaitAsync();
        try
        {
            await KeepCountsAsync(gateway);
            _now.Remove(gateway);
            if (faults is not null)
                _now[gateway] = faults;
            await PutAsync(faults, gateway);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task PutAsync(object? faults, string gateway)
    {
        var body = faults is null ? new JsonObject() : JsonSerializer.SerializeToNode(faults)!.AsObject();
        body["gateway"] = gateway;
        (await _simulator.PutAsJsonAsync(new Uri("/faults", UriKind.Relative), body)).EnsureSuccessStatusCode();
    }

    /// <summary>The simulator counts from one setting of its faults to the next.</summary>
    private async Task KeepCountsAsync(string gateway)
    {
        var told = await _simulator.GetFromJsonAsync<JsonNode>(new Uri($"/faults?gateway={gateway}", UriKind.Relative));
        foreach (var rule in told?["rules"]?.AsArray() ?? [])
            Count($"{gateway} {rule!["fault"]}", (int?)rule["played"] ?? 0);
        foreach (var (fault, played) in told?["played"]?.AsObject() ?? [])
            Count($"{gateway} {fault}", (int)played!);
    }
}
