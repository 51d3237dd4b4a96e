using System.ComponentModel.DataAnnotations;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;

namespace Shop.ServiceDefaults;

/// <summary>
/// Every limit from a lock in the database up to the platform that kills a process, as one ladder: an inner limit ends before the one around
/// it, so that whoever knows why it took so long is the one who answers. The rungs cross processes, so each service binds all of them from
/// <c>Timeouts</c> and must be given the same values. It is the ladder of any service that others call over HTTP and that has a database and
/// a queue; which work stands on which rung is the service's business.
/// </summary>
public sealed class Timeouts
{
    public const string Section = "Timeouts";
    private const string Shortest = "00:00:00.005";
    private const string Longest = "00:10:00";

    // The database, for work that somebody waits for.
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Lock { get; init; } = TimeSpan.FromSeconds(1);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Statement { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The client's own limit, should the server not keep the one above. Drivers count in whole seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", Longest)] public TimeSpan Command { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>For a connection, be it a new one or one of the pool. In whole seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:01", Longest)] public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>What a question to a cache may cost: it can be done without.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Cache { get; init; } = TimeSpan.FromMilliseconds(50);

    // A request, where it is answered and where it is sent from. The caller has time for two attempts.
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Request { get; init; } = TimeSpan.FromSeconds(4);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Attempt { get; init; } = TimeSpan.FromSeconds(5);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Total { get; init; } = TimeSpan.FromSeconds(11);

    // A long request: it writes, then waits for an outcome that others bring about.
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Transaction { get; init; } = TimeSpan.FromSeconds(5);
    [Range(typeof(TimeSpan), "00:00:00", Longest)] public TimeSpan Outcome { get; init; } = TimeSpan.FromSeconds(4);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan LongRequest { get; init; } = TimeSpan.FromSeconds(10);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan LongAttempt { get; init; } = TimeSpan.FromSeconds(12);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan LongTotal { get; init; } = TimeSpan.FromSeconds(26);

    // A report: somebody waits, and it may take as long as work that nobody waits for.
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Report { get; init; } = TimeSpan.FromSeconds(12);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan ReportAttempt { get; init; } = TimeSpan.FromSeconds(13);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan ReportTotal { get; init; } = TimeSpan.FromSeconds(27);

    /// <summary>What the proxy in front is known to allow. Nothing here sets it.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Proxy { get; init; } = TimeSpan.FromSeconds(30);

    // Reports, and work that nobody waits for.
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan BackgroundLock { get; init; } = TimeSpan.FromSeconds(5);
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan BackgroundStatement { get; init; } = TimeSpan.FromSeconds(10);
    [Range(typeof(TimeSpan), "00:00:01", Longest)] public TimeSpan BackgroundCommand { get; init; } = TimeSpan.FromSeconds(11);
    [Range(typeof(TimeSpan), "00:00:01", Longest)] public TimeSpan BackgroundConnect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>One call to somebody outside.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan OutsideCall { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A job up to the last answer from outside.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Job { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>Time to write down what came of it, also when <see cref="Job"/> is spent.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Recording { get; init; } = TimeSpan.FromSeconds(12);

    /// <summary>How long a job is hidden from the other workers.</summary>
    [Range(typeof(TimeSpan), Shortest, "01:00:00")] public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(90);

    // The end of a process.

    /// <summary>From the signal to the closed door: time for a load balancer to notice. None in Development, where one restarts often.</summary>
    [Range(typeof(TimeSpan), "00:00:00", Longest)] public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>All of it; shorter than <see cref="Kill"/>, so that the last telemetry leaves too.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Shutdown { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>When the platform is known to kill. Nothing here sets it.</summary>
    [Range(typeof(TimeSpan), Shortest, Longest)] public TimeSpan Kill { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For a service whose jobs are finished before it ends; its platform has to be told.</summary>
    public TimeSpan WorkerShutdown => Drain + Job + Recording + TimeSpan.FromSeconds(3);

    /// <summary>For a service whose requests wait for those of another one, retry and all; its platform has to be told.</summary>
    public TimeSpan CallerShutdown => Drain + (LongTotal > ReportTotal ? LongTotal : ReportTotal) + TimeSpan.FromSeconds(3);

    private IEnumerable<string?> Rules() =>
    [
        Shorter(Lock, Statement), Shorter(Statement, Command), Shorter(Command, Request), Shorter(Connect, Request), Shorter(Cache, Request),
        Shorter(Request, Attempt), Shorter(2 * Attempt, Total), Shorter(Total, Proxy),
        Shorter(Command, Transaction), Shorter(Transaction + Outcome, LongRequest),
        Shorter(Outcome + 2 * Statement, LongRequest), // written at once, outcome never: what was saved is still told
        Shorter(LongRequest, LongAttempt), Shorter(2 * LongAttempt, LongTotal), Shorter(LongTotal, Proxy),
        Shorter(BackgroundCommand, Report), Shorter(BackgroundConnect, Report),
        Shorter(Report, ReportAttempt), Shorter(2 * ReportAttempt, ReportTotal), Shorter(ReportTotal, Proxy),
        Shorter(BackgroundLock, BackgroundStatement), Shorter(BackgroundStatement, BackgroundCommand),
        Shorter(BackgroundCommand, Recording), Shorter(BackgroundConnect, Recording),
        Shorter(OutsideCall, Job), Shorter(Job + 2 * Recording, Lease), // or one job has two owners
        Shorter(Drain + LongRequest, Shutdown), Shorter(Drain + Report, Shutdown), Shorter(Shutdown, Kill),
        Whole(Command), Whole(Connect), Whole(BackgroundCommand), Whole(BackgroundConnect),
    ];

    private static string? Shorter(
        TimeSpan inner, TimeSpan outer, [CallerArgumentExpression(nameof(inner))] string innerName = "",
        [CallerArgumentExpression(nameof(outer))] string outerName = "") =>
        inner < outer ? null : $"{Section}: {innerName} ({inner:c}) must be shorter than {outerName} ({outer:c}).";

    private static string? Whole(TimeSpan value, [CallerArgumentExpression(nameof(value))] string name = "") =>
        value.Ticks % TimeSpan.TicksPerSecond == 0 ? null : $"{Section}: {name} ({value:c}) must be whole seconds.";

    internal sealed class Validator : IValidateOptions<Timeouts>
    {
        public ValidateOptionsResult Validate(string? name, Timeouts options) =>
            options.Rules().OfType<string>().ToArray() is [_, ..] broken ? ValidateOptionsResult.Fail(broken) : ValidateOptionsResult.Success;
    }
}
