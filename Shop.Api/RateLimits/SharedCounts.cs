using System.Security.Cryptography;
using System.Text;
using System.Threading.RateLimiting;
using StackExchange.Redis;

namespace Shop.Api.RateLimits;

/// <summary>
/// How often somebody came in the current window, counted in Redis for all replicas; while Redis is down or slow, by each process for
/// itself. Nobody is refused because a count could not be had.
/// </summary>
internal sealed class SharedCounts(QuickRedis redis, IConfiguration configuration, ShopTelemetry telemetry) : IDisposable
{
    private const string Prefix = "shop:limit:1:";

    // A key without an end would count for ever, hence the look at its TTL each time. A refused request does not prolong the window.
    private const string Script = """
        local count = redis.call('INCR', KEYS[1])
        local left = redis.call('PTTL', KEYS[1])
        if left < 0 then
            redis.call('PEXPIRE', KEYS[1], ARGV[1])
            left = tonumber(ARGV[1])
        end
        return { count, left }
        """;

    // No address in the clear in Redis, its backups or its MONITOR. The connection string is what all replicas share and nobody else
    // has, with a password in it wherever one is set.
    private readonly byte[] _secret = SHA256.HashData(
        Encoding.UTF8.GetBytes($"rate limits\n{configuration.GetConnectionString(QuickRedis.ConnectionName)}"));

    private readonly PartitionedRateLimiter<Subject> _local = PartitionedRateLimiter.Create<Subject, (string, string)>(subject =>
        RateLimitPartition.GetFixedWindowLimiter((subject.Policy, subject.Who), _ => new FixedWindowRateLimiterOptions
        {
            PermitLimit = subject.Limit.Permits, Window = subject.Limit.Window, QueueLimit = 0,
        }));

    /// <returns>How long to stay away; null when there is a permit.</returns>
    public async Task<(TimeSpan? RetryAfter, CountSource Source)> TakeAsync(Subject subject)
    {
        var who = HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes(subject.Who)).AsSpan(0, 16);
        RedisKey[] key = [$"{Prefix}{subject.Policy}:{Convert.ToHexStringLower(who)}"];
        RedisValue[] window = [(long)subject.Limit.Window.TotalMilliseconds];
        var (isAnswered, answer) = await redis.AskAsync(database => database.ScriptEvaluateAsync(Script, key, window));
        var source = isAnswered ? CountSource.Shared : CountSource.Local;
        var retryAfter = isAnswered && (long[]?)answer is [var count, var left]
            ? count <= subject.Limit.Permits ? (TimeSpan?)null : TimeSpan.FromMilliseconds(left)
            : Local(subject);
        telemetry.RateLimited(subject.Policy, source, isRefused: retryAfter is not null);
        return (retryAfter, source);
    }

    public void Dispose() => _local.Dispose();

    private TimeSpan? Local(Subject subject)
    {
        using var lease = _local.AttemptAcquire(subject);
        return lease.IsAcquired ? null : lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : subject.Limit.Window;
    }

    /// <param name="Policy">One of a closed set.</param>
    /// <param name="Who">An address or a user.</param>
    internal sealed record Subject(string Policy, string Who, RateLimit Limit);
}

internal enum CountSource { Shared, Local }

/// <summary>
/// The framework's middleware asks without waiting first and takes that for an answer only if it is yes. Here no is "ask again and wait",
/// for the count is elsewhere.
/// </summary>
internal sealed class SharedLimiter(SharedCounts counts, SharedCounts.Subject subject, TimeProvider clock) : RateLimiter
{
    private static readonly Lease AskAndWait = new(null, default);
    private long _lastUse = clock.GetTimestamp();

    public override TimeSpan? IdleDuration => clock.GetElapsedTime(Volatile.Read(ref _lastUse)); // nothing is kept here: forgotten soon

    public override RateLimiterStatistics? GetStatistics() => null;

    protected override RateLimitLease AttemptAcquireCore(int permitCount) => AskAndWait;

    protected override async ValueTask<RateLimitLease> AcquireAsyncCore(int permitCount, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _lastUse, clock.GetTimestamp());
        var (retryAfter, source) = await counts.TakeAsync(subject);
        return retryAfter is null ? Lease.Granted : new Lease((subject.Policy, source), retryAfter.Value);
    }

    private sealed class Lease((string Policy, CountSource Source)? refusedBy, TimeSpan retryAfter) : RateLimitLease
    {
        public static readonly Lease Granted = new(null, default, isAcquired: true);

        private Lease((string, CountSource)? refusedBy, TimeSpan retryAfter, bool isAcquired) : this(refusedBy, retryAfter) => IsAcquired = isAcquired;

        public override bool IsAcquired { get; }

        public override IEnumerable<string> MetadataNames => refusedBy is null ? [] : [MetadataName.RetryAfter.Name, RateLimiting.RefusedBy.Name];

        public override bool TryGetMetadata(string metadataName, out object? metadata)
        {
            metadata = refusedBy is null ? null
                : metadataName == MetadataName.RetryAfter.Name ? retryAfter
                : metadataName == RateLimiting.RefusedBy.Name ? refusedBy.Value : null;
            return metadata is not null;
        }
    }
}
