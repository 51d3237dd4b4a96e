using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using Shop.ServiceDefaults.Records;

namespace Shop.ServiceDefaults;

/// <summary>
/// Liveness asks only this process. Readiness asks what it cannot work without, and nothing else: a check without a tag is
/// seen by neither, so a cache that is down takes no replica out of service.
/// </summary>
public static class Health
{
    public const string Live = "live";
    public const string Ready = "ready";
    internal const string AlivePath = "/alive";
    internal const string ReadyPath = "/ready";

    /// <summary>Makes a check that a client integration registered under <paramref name="name"/> count for readiness.</summary>
    public static TBuilder RequireForReadiness<TBuilder>(this TBuilder builder, string name) where TBuilder : IHostApplicationBuilder
    {
        builder.Services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            var check = options.Registrations.SingleOrDefault(registration => registration.Name == name)
                ?? throw new InvalidOperationException($"No health check is named '{name}'.");
            check.Tags.Add(Ready);
        });
        return builder;
    }

    internal static void AddHealth(this IServiceCollection services)
    {
        services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [Live]);
        services.AddSingleton<CachedHealth>();
    }

    internal static void MapHealth(this WebApplication app)
    {
        Map(AlivePath, Live);
        Map(ReadyPath, Ready);

        // Short-circuited: no limiter, no authentication and no cookie may stand between an orchestrator and the answer.
        void Map(string path, string tag) => app
            .MapMethods(path, [HttpMethods.Get, HttpMethods.Head], (HttpContext context, CachedHealth health, Drain drain, IHostEnvironment environment) =>
                tag == Ready && drain.IsUnderWay ? AnswerDraining(context) : AnswerAsync(context, health, tag, environment.IsDevelopment()))
            .WithMetadata(RequestLog.Silent).ShortCircuit().AllowAnonymous().DisableHttpMetrics().ExcludeFromDescription();
    }

    private static Task<IResult> AnswerDraining(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return Task.FromResult<IResult>(TypedResults.Text("Draining", statusCode: StatusCodes.Status503ServiceUnavailable));
    }

    private static async Task<IResult> AnswerAsync(HttpContext context, CachedHealth health, string tag, bool details)
    {
        var report = await health.GetAsync(tag).WaitAsync(context.RequestAborted);
        var isWell = report.Status != HealthStatus.Unhealthy;
        var status = isWell ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.CacheControl = "no-store";
        return details
            ? TypedResults.Json(
                new
                {
                    Status = report.Status.ToString(),
                    Checks = report.Entries.ToDictionary(
                        entry => entry.Key,
                        entry => new { Status = entry.Value.Status.ToString(), entry.Value.Description, Error = entry.Value.Exception?.Message }),
                },
                statusCode: status)
            : TypedResults.Text(isWell ? nameof(HealthStatus.Healthy) : nameof(HealthStatus.Unhealthy), statusCode: status);
    }
}

/// <summary>Runs the checks of a tag at most once in five seconds, however many ask and however often.</summary>
internal sealed class CachedHealth(HealthCheckService checks, TimeProvider clock, ILogger<CachedHealth> logger)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, Round> _rounds = new();
    private readonly Lock _lock = new();

    public Task<HealthReport> GetAsync(string tag)
    {
        lock (_lock)
        {
            if (_rounds.TryGetValue(tag, out var last) && !last.IsOver(clock, Fresh))
                return last.Report;
            return (_rounds[tag] = Start(tag)).Report;
        }
    }

    private Round Start(string tag)
    {
        var round = new Round();
        // Nobody's request: the first to ask may hang up, and its trace is not the place for a ping of the database.
        using (ExecutionContext.SuppressFlow())
            round.Report = Task.Run(() => RunAsync(tag, round));
        return round;
    }

    private async Task<HealthReport> RunAsync(string tag, Round round)
    {
        using var suppressed = SuppressInstrumentationScope.Begin();
        RecordBuffer.BeSilent();
        var limit = new CancellationTokenSource(Limit, clock);
        var run = checks.CheckHealthAsync(check => check.Tags.Contains(tag), limit.Token);
        _ = run.ContinueWith(
            _ =>
            {
                round.Ended = clock.GetTimestamp();
                limit.Dispose();
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        try
        {
            return await run.WaitAsync(Limit + TimeSpan.FromSeconds(1), clock); // the checks were told to stop a second ago
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            logger.HealthHangs(tag, Limit);
            return new HealthReport(new Dictionary<string, HealthReportEntry>(), HealthStatus.Unhealthy, Limit);
        }
    }

    private sealed class Round
    {
        private long _ended = -1;

        public Task<HealthReport> Report { get; set; } = null!;

        public long Ended { set => Volatile.Write(ref _ended, value); }

        // A check that ignores its token keeps its round open: a second one beside it would hang as well.
        public bool IsOver(TimeProvider clock, TimeSpan fresh) =>
            Volatile.Read(ref _ended) is >= 0 and var ended && clock.GetElapsedTime(ended) >= fresh;
    }
}
