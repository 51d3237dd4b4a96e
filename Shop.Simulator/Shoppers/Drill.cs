using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;
using Shop.Simulator.Page;
using Shop.Simulator.State;

namespace Shop.Simulator.Shoppers;

[JsonConverter(typeof(JsonStringEnumConverter<DrillState>))]
internal enum DrillState
{
    [JsonStringEnumMemberName("idle")] Idle,
    [JsonStringEnumMemberName("running")] Running,

    /// <summary>The faults are over, and the shop finds out how things stand.</summary>
    [JsonStringEnumMemberName("settling")] Settling,
    [JsonStringEnumMemberName("done")] Done,
    [JsonStringEnumMemberName("stopped")] Stopped,
    [JsonStringEnumMemberName("failed")] Failed,
}

/// <summary>One order of a drill: what was planted, what came of it, and what the shop told its shopper.</summary>
/// <param name="Planted">The act it was part of.</param>
/// <param name="MoneyTaken">In truth: yes or no.</param>
/// <param name="Side">In truth: bank, gateway or shopper; null where nothing failed.</param>
/// <param name="Explained">Money and side as they really were; null while the shop itself says that it does not know yet.</param>
internal sealed record DrillOrder(
    Guid OrderId, long Number, string Planted, string MoneyTaken, string? Side, string? Because, Told FirstTold, Told LastTold, bool? Explained);

/// <param name="Planted">Orders, whether anything was wrong with them or not.</param>
/// <param name="Problems">Shoppers that could not order at all.</param>
internal sealed record DrillReport(
    DrillState State, int? Seed, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, string? Act, int ActsDone, int Acts, int Planted, int Explained,
    int Open, IReadOnlyList<DrillOrder> Orders, IReadOnlyList<string> Problems);

/// <summary>Plays a story of failing payments to synthetic shoppers, one story at a time, and compares what the shop says with what is true.</summary>
internal sealed class Drill(
    Account account, RequestLog requests, FaultBoxes faults, GatewayListeners gateways, IOptions<ShopOptions> shop, IOptions<SyntheticOptions> synthetic,
    TimeProvider clock, ILogger<Drill> logger) : IHostedService, IDisposable
{
    private sealed record Entry(Bought Order, string Act, Told Last, SyntheticShopper Shopper);

    private sealed class Run(int seed, DateTimeOffset startedAt, CancellationTokenSource stop) : IDisposable
    {
        public Guid Id { get; } = Guid.CreateVersion7();
        public int Seed { get; } = seed;
        public DateTimeOffset StartedAt { get; } = startedAt;
        public CancellationTokenSource Stop { get; } = stop;
        public DrillState State { get; set; } = DrillState.Running;
        public DateTimeOffset? EndedAt { get; set; }
        public string? Act { get; set; }
        public int ActsDone { get; set; }
        public int Acts { get; set; }
        public List<Entry> Entries { get; } = [];
        public List<string> Problems { get; } = [];
        public Task Task { get; set; } = Task.CompletedTask;

        public void Dispose() => Stop.Dispose();
    }

    private const int MostProblems = 20;
    private readonly Lock _gate = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = TimeSpan.FromMinutes(3) };
    private Run? _run;

    public bool CanRun => shop.Value.Api is not null;

    /// <returns>False while another one runs.</returns>
    public bool TryStart(int? seed = null)
    {
        lock (_gate)
        {
            if (_run is { State: DrillState.Running or DrillState.Settling } || _run?.Task.IsCompleted is false)
                return false;
            _run?.Dispose();
            _run = new Run(seed ?? RandomNumberGenerator.GetInt32(int.MaxValue), clock.GetUtcNow(), new CancellationTokenSource(shop.Value.Longest, clock));
            var run = _run;
            run.Task = Task.Run(() => PlayAsync(run));
            return true;
        }
    }

    /// <returns>False when none runs.</returns>
    public bool TryStop()
    {
        lock (_gate)
        {
            if (_run is not { State: DrillState.Running or DrillState.Settling } run)
                return false;
            run.Stop.Cancel();
            return true;
        }
    }

    public DrillReport Report()
    {
        Entry[] entries;
        Run run;
        string[] problems;
        lock (_gate)
        {
            if (_run is null)
                return new(DrillState.Idle, null, null, null, null, 0, 0, 0, 0, 0, [], []);
            (run, entries, problems) = (_run, [.. _run.Entries], [.. _run.Problems]);
        }

        var faulted = requests.Faulted();
        var truths = account.Read(w => entries.Select(e => FailureLedger.Of(w, faulted, $"{e.Order.Id}")).ToArray());
        DrillOrder[] orders = [.. entries.Zip(truths, (e, truth) => new DrillOrder(
            e.Order.Id, e.Order.Number, e.Act, truth.MoneyTaken, truth.Failure?.Side, truth.Failure?.Because, e.Order.First, e.Last, IsExplained(e, truth)))];
        return new(run.State, run.Seed, run.StartedAt, run.EndedAt, run.Act, run.ActsDone, run.Acts, orders.Length, orders.Count(o => o.Explained is true),
            orders.Count(o => o.Explained is null), orders, problems);
    }

    private static bool? IsExplained(Entry entry, OrderTruth truth)
    {
        // That something is under review is no failure.
        var side = new[] { entry.Order.First, entry.Last }.FirstOrDefault(t => t.Reason is not (null or "payment_processing"))?.Side;
        return Explained.Agrees(truth.Failure?.Side, truth.MoneyTaken, side, entry.Last.MoneyTaken, entry.Last.Payment);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        TryStop();
        if (_run is { } run)
            await run.Task.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        _run?.Dispose();
        _http.Dispose();
    }

    private async Task PlayAsync(Run run)
    {
        logger.DrillBegan(run.Id, run.Seed);
        var end = DrillState.Done;
        try
        {
            await PlayActsAsync(run, run.Stop.Token);
            Change(() => (run.State, run.Act) = (DrillState.Settling, null));
            await SettleAsync(run, run.Stop.Token);
        }
        catch (OperationCanceledException) when (run.Stop.IsCancellationRequested)
        {
            end = DrillState.Stopped;
        }
        catch (Exception e)
        {
            logger.DrillBroke(e, run.Id);
            end = DrillState.Failed;
        }
        finally
        {
            try
            {
                await StopFaultsAsync();
            }
            finally
            {
                Change(() => (run.State, run.Act, run.EndedAt) = (end, null, clock.GetUtcNow()));
            }
        }

        var report = Report();
        logger.DrillEnded(run.Id, $"{end}", report.Explained, report.Planted);
    }

    private async Task PlayActsAsync(Run run, CancellationToken ct)
    {
        var random = new Random(run.Seed);
        var acts = DrillStory.PaymentsFailing(random);
        Change(() => run.Acts = acts.Count);
        var number = 0;
        foreach (var act in acts)
        {
            Change(() => run.Act = act.Name);
            await StopFaultsAsync();
            if (act.Faults is { } settings)
                await ControlEndpoints.PlayAsync(settings, faults, gateways, ct);

            List<Task> shoppers = [];
            foreach (var plan in act.Shoppers)
            {
                var shopper = new SyntheticShopper(_http, shop, synthetic, clock, new Random(random.Next()), $"drill-{run.Id:N}-{++number}");
                shoppers.Add(BuyAsync(run, act, plan, shopper, ct));
                await Task.Delay(shop.Value.Pace * (0.5 + random.NextDouble()), clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            await Task.WhenAll(shoppers); // each has limits of its own
            ct.ThrowIfCancellationRequested();
            Change(() => run.ActsDone++);
        }

        await StopFaultsAsync();
    }

    private async Task BuyAsync(Run run, Act act, Plan plan, SyntheticShopper shopper, CancellationToken ct)
    {
        try
        {
            var bought = await shopper.BuyAsync(plan, ct);
            Change(() => run.Entries.Add(new(bought, act.Name, bought.First, shopper)));
        }
        catch (NotBoughtException e)
        {
            Change(() =>
            {
                if (run.Problems.Count < MostProblems)
                    run.Problems.Add($"{act.Name}: {e.Message}");
            });
        }
    }

    /// <summary>Until nobody is asking any more; what waits for its shopper is settled, too.</summary>
    private async Task SettleAsync(Run run, CancellationToken ct)
    {
        var started = clock.GetTimestamp();
        while (true)
        {
            Entry[] entries;
            lock (_gate)
                entries = [.. run.Entries];
            var open = 0;
            foreach (var (i, entry) in entries.Index())
            {
                try
                {
                    if (await entry.Shopper.SeeAsync(entry.Order, ct) is { } told)
                        Change(() => run.Entries[i] = entry with { Last = told });
                    open += run.Entries[i].Last.IsSettled ? 0 : 1;
                }
                catch (NotBoughtException)
                {
                    open++; // it is asked again
                }
            }

            if (open is 0 || clock.GetElapsedTime(started) > shop.Value.Settle)
                return;
            await Task.Delay(shop.Value.Look * 2, clock, ct);
        }
    }

    // Whatever ended the drill: nobody who stops it may be left with its faults.
    private Task<FaultSettings> StopFaultsAsync() => ControlEndpoints.StopFaultsAsync(faults, gateways, CancellationToken.None);

    private void Change(Action change)
    {
        lock (_gate)
            change();
    }
}
