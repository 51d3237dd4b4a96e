using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Shop.Payments.Queue;

internal sealed class QueueOptions
{
    public const string Section = "Payments:Queue";

    [Range(1, 64)] public int Parallel { get; init; } = 8;

    /// <summary>The one timer of a replica: finds retries that fell due and work whose notice was lost.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")] public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Pause after a failure of our own, such as a lost database.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")] public TimeSpan FaultDelay { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a job is hidden from the other workers. Longer than budget and recording together, or one job has two owners.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")] public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Time for everything up to the gateway's last answer.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")] public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Time to write down an answer, also when the budget is spent.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:01:00")] public TimeSpan Recording { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>Leases without an outcome after which a person looks at the job.</summary>
    [Range(1, 100)] public int MaxLeases { get; init; } = 6;
}

internal static class QueueExtensions
{
    public static void AddQueue(this IServiceCollection services)
    {
        services.AddOptions<QueueOptions>().BindConfiguration(QueueOptions.Section).ValidateDataAnnotations()
            .Validate(o => o.Lease > o.Budget + 2 * o.Recording, "Lease must be longer than Budget and two Recordings, or one job has two owners.")
            .ValidateOnStart();
        services.AddOptions<HostOptions>().Configure<IOptions<QueueOptions>>((host, queue) =>
            host.ShutdownTimeout = queue.Value.Budget + queue.Value.Recording + TimeSpan.FromSeconds(3)); // what was leased is finished
        services.AddSingleton<WorkSignal>();
        services.AddSingleton<WorkLoop>();
        services.AddSingleton<PaymentQueue>();
        services.AddSingleton<Books>();
        services.AddSingleton<ChargeHandler>();
        services.AddSingleton<CloseHandler>();
        services.AddSingleton<RefundHandler>();
        services.AddSingleton<LookHandler>();
        services.AddHostedService<WorkSignalFeed>();
        services.AddHostedService<PaymentWorker>();
    }
}
