using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Shop.Data.Operations;
using Shop.Data.Payments;
using Shop.Payments.Reconciliation;
using Shop.ServiceDefaults;

namespace Shop.Payments.Queue;

internal sealed class QueueOptions
{
    public const string Section = "Payments:Queue";

    [Range(1, 64)] public int Parallel { get; init; } = 8;

    /// <summary>The one timer of a replica: finds retries that fell due and work whose notice was lost.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")] public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Pause after a failure of our own, such as a lost database.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")] public TimeSpan FaultDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a payment may stay unknown whose confirm has ended in a failure of the gateway: time for the gateway's own repair, or for a
    /// webhook. Then it is confirmed anew, under another key.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:30:00")] public TimeSpan UnknownGrace { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Leases without an outcome after which a person looks at the job.</summary>
    [Range(1, 100)] public int MaxLeases { get; init; } = 6;
}

internal static class QueueExtensions
{
    public static void AddQueue(this IServiceCollection services)
    {
        services.AddOptions<QueueOptions>().BindConfiguration(QueueOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<HostOptions>().Configure<IOptions<Timeouts>>((host, timeouts) =>
        {
            host.ShutdownTimeout = timeouts.Value.WorkerShutdown; // what was leased is finished
            host.ServicesStopConcurrently = true; // one after the other, the last to be told would go on leasing while a mail server hangs
        });
        services.AddSingleton<WorkSignal>();
        services.AddSingleton<WorkLoop>();
        services.AddSingleton<PaymentQueue>();
        services.AddSingleton<GatewayKeys>();
        services.AddSingleton<Books>();
        services.AddOptions<CardTestingOptions>().BindConfiguration(CardTestingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<Wariness>();
        services.AddSingleton<SourcePurge>();
        services.AddSingleton(sp => new PeriodicJob(
            BackgroundJobs.SourcePurge, TimeSpan.FromHours(1), TimeSpan.FromMinutes(1),
            (_, ct) => sp.GetRequiredService<SourcePurge>().PurgeAsync(ct)));
        services.AddSingleton<GatewayCustomers>();
        services.AddSingleton<CloseHandler>();
        services.AddSingleton<Failovers>();
        services.AddSingleton<ChargeHandler>();
        services.AddSingleton<RefundHandler>();
        services.AddSingleton<LookHandler>();
        services.AddHostedService<WorkSignalFeed>();
        services.AddHostedService<PaymentWorker>();
    }
}
