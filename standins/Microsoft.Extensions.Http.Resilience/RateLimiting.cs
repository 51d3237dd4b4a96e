using System.ComponentModel.DataAnnotations;
using System.Threading.RateLimiting;

// What comes with Polly.RateLimiting, a package of its own that the real one depends on.
namespace Polly.RateLimiting
{
    public class RateLimiterStrategyOptions : ResilienceStrategyOptions
    {
        public RateLimiterStrategyOptions() => Name = "RateLimiter";

        /// <summary>Null: one concurrency limiter made of <see cref="DefaultRateLimiterOptions"/>.</summary>
        public Func<RateLimiterArguments, ValueTask<RateLimitLease>>? RateLimiter { get; set; }

        [Required]
        public ConcurrencyLimiterOptions DefaultRateLimiterOptions { get; set; } = new() { PermitLimit = 1000, QueueLimit = 0 };

        public Func<OnRateLimiterRejectedArguments, ValueTask>? OnRejected { get; set; }
    }

#pragma warning disable CA1815 // Shapes of the real package.
    public readonly struct RateLimiterArguments(ResilienceContext context)
    {
        public ResilienceContext Context { get; } = context;
    }

    public readonly struct OnRateLimiterRejectedArguments(ResilienceContext context, RateLimitLease lease)
    {
        public ResilienceContext Context { get; } = context;

        public RateLimitLease Lease { get; } = lease;
    }
#pragma warning restore CA1815

    public sealed class RateLimiterRejectedException : ExecutionRejectedException
    {
        private const string Text = "The operation could not be executed because it was rejected by the rate limiter.";

        public RateLimiterRejectedException() : base(Text) { }
        public RateLimiterRejectedException(string message) : base(message) { }
        public RateLimiterRejectedException(string message, Exception inner) : base(message, inner) { }
        public RateLimiterRejectedException(TimeSpan retryAfter)
            : base($"{Text} It can be retried after '{retryAfter}'.") => RetryAfter = retryAfter;

        public TimeSpan? RetryAfter { get; }
    }

    internal sealed class RateLimiterStrategy(RateLimiterStrategyOptions options) : ResilienceStrategy, IAsyncDisposable
    {
        private readonly ConcurrencyLimiter? _own = options.RateLimiter is null ? new(options.DefaultRateLimiterOptions) : null;

        public ValueTask DisposeAsync() => _own?.DisposeAsync() ?? default;

        protected override async ValueTask<Outcome<TResult>> ExecuteCore<TResult, TState>(
            Func<ResilienceContext, TState, ValueTask<Outcome<TResult>>> callback, ResilienceContext context, TState state)
        {
            using var lease = _own is not null
                ? await _own.AcquireAsync(cancellationToken: context.CancellationToken)
                : await options.RateLimiter!(new(context));
            if (lease.IsAcquired)
                return await callback(context, state);

            if (options.OnRejected is { } rejected)
                await rejected(new(context, lease));
            return Outcome.FromException<TResult>(
                lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? new RateLimiterRejectedException(after) : new());
        }
    }
}

namespace Polly
{
    public static class RateLimiterResiliencePipelineBuilderExtensions
    {
        public static TBuilder AddRateLimiter<TBuilder>(this TBuilder builder, RateLimiting.RateLimiterStrategyOptions options)
            where TBuilder : ResiliencePipelineBuilderBase =>
            builder.AddStrategy(_ => new RateLimiting.RateLimiterStrategy(options), options);
    }
}
