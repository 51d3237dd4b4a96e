namespace Shop.ServiceDefaults.Records;

/// <summary>Every minute series there is. A closed list, and closed sets of labels: what is kept for a month must not grow by itself.</summary>
public static class SeriesNames
{
    /// <summary>Seconds per request, by endpoint.</summary>
    public const string Requests = "http.requests";

    /// <summary>Requests answered with 5xx, by endpoint.</summary>
    public const string Errors = "http.errors";

    /// <summary>Pages that people opened in the storefront: product, checkout, other.</summary>
    public const string PageViews = "web.page_views";

    /// <summary>Connections in use, by pool.</summary>
    public const string PoolUsed = "db.pool.used";

    /// <summary>Seconds that a unit of work held a connection, by pool.</summary>
    public const string PoolHold = "db.pool.hold";

    /// <summary>Seconds until it got one, by pool.</summary>
    public const string PoolWait = "db.pool.wait";

    /// <summary>Seconds per statement, by pool.</summary>
    public const string Commands = "db.commands";

    /// <summary>Where catalogue reads were answered from.</summary>
    public const string CatalogueReads = "api.catalogue_reads";

    /// <summary>Answered checkouts by outcome.</summary>
    public const string Checkouts = "api.checkouts";

    /// <summary>Seconds from asking for a payment to its outcome, by gateway and outcome.</summary>
    public const string QueueTime = "payments.queue_time";

    /// <summary>Seconds per call, by gateway, operation and class of the answer.</summary>
    public const string GatewayCalls = "payments.gateway_calls";

    /// <summary>0 closed, 1 half-open, 2 open, by gateway.</summary>
    public const string Breakers = "payments.breakers";

    /// <summary>Due jobs, webhooks and mails.</summary>
    public const string Depth = "payments.depth";

    /// <summary>Seconds that the oldest of them is due.</summary>
    public const string OldestAge = "payments.oldest_age";

    /// <summary>Orders of which nobody knows whether they are paid.</summary>
    public const string Unknown = "payments.unknown";

    /// <summary>Seconds from an event's arrival to its end.</summary>
    public const string WebhookAge = "payments.webhook_age";

    /// <summary>Processors in use, 1 is one of them.</summary>
    public const string Cpu = "process.cpu";

    /// <summary>Bytes.</summary>
    public const string Memory = "process.memory";

    /// <summary>Bytes on the managed heap.</summary>
    public const string Heap = "process.heap";

    /// <summary>Seconds per minute in which garbage collection stopped the process.</summary>
    public const string GcPause = "process.gc_pause";

    /// <summary>Log lines that were not kept.</summary>
    public const string DroppedLines = "logs.dropped";

    /// <summary>Each process's own, as of a moment; all others are counted or timed, and added up.</summary>
    public static IReadOnlySet<string> Gauges { get; } =
        new HashSet<string> { PoolUsed, Breakers, Depth, OldestAge, Unknown, Cpu, Memory, Heap, GcPause };

    public static string[] Levels { get; } = [Unknown, Depth, OldestAge, Breakers];

    public static string[] OfProcesses { get; } = [Cpu, Memory, Heap, GcPause];

    /// <summary>What the dashboard shows of the machines; the views stand with the sales.</summary>
    public static string[] Shown { get; } =
    [
        Requests, Errors, PoolUsed, PoolHold, PoolWait, Commands, CatalogueReads, Checkouts, GatewayCalls, QueueTime, Breakers, Depth, OldestAge, Unknown, WebhookAge,
        Cpu, Memory, Heap, GcPause, DroppedLines,
    ];
}
