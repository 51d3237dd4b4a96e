using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace Microsoft.Extensions.Http.Resilience;

/// <summary>From the outside to the inside: rate limiter, total timeout, retry, circuit breaker, timeout of one attempt.</summary>
public class HttpStandardResilienceOptions
{
    [Required]
    public HttpRateLimiterStrategyOptions RateLimiter { get; set; } = new() { Name = "Standard-RateLimiter" };

    [Required]
    public HttpTimeoutStrategyOptions TotalRequestTimeout { get; set; } = new() { Name = "Standard-TotalRequestTimeout" };

    [Required]
    public HttpRetryStrategyOptions Retry { get; set; } = new() { Name = "Standard-Retry" };

    [Required]
    public HttpCircuitBreakerStrategyOptions CircuitBreaker { get; set; } = new() { Name = "Standard-CircuitBreaker" };

    [Required]
    public HttpTimeoutStrategyOptions AttemptTimeout { get; set; } = new() { Name = "Standard-AttemptTimeout", Timeout = TimeSpan.FromSeconds(10) };
}

/// <summary>The options' own ranges, and the three ways in which they can contradict each other.</summary>
internal sealed class HttpStandardResilienceOptionsValidator : IValidateOptions<HttpStandardResilienceOptions>
{
    public ValidateOptionsResult Validate(string? name, HttpStandardResilienceOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        object?[] parts = [options, options.RateLimiter, options.TotalRequestTimeout, options.Retry, options.CircuitBreaker, options.AttemptTimeout];
        var errors = new List<ValidationResult>();
        foreach (var part in parts)
        {
            if (part is not null)
                Validator.TryValidateObject(part, new ValidationContext(part), errors, validateAllProperties: true);
        }

        result.AddResults(errors);
        if (errors is [_, ..])
            return result.Build();

        var (attempt, total) = (options.AttemptTimeout.Timeout, options.TotalRequestTimeout.Timeout);
        if (attempt > total)
        {
            result.AddError("Total request timeout strategy must have a greater timeout than the attempt timeout strategy. " +
                $"Total Request Timeout: {total.TotalSeconds}s, Attempt Timeout: {attempt.TotalSeconds}s");
        }

        if (options.CircuitBreaker.SamplingDuration < 2 * attempt)
        {
            result.AddError("The sampling duration of circuit breaker strategy needs to be at least double of an attempt timeout strategy’s " +
                $"timeout interval, in order to be effective. Sampling Duration: {options.CircuitBreaker.SamplingDuration.TotalSeconds}s, " +
                $"Attempt Timeout: {attempt.TotalSeconds}s");
        }

        if (SumOfDelays(options.Retry) is var delays && delays > total)
        {
            result.AddError("The cumulative delay of the retry strategy cannot be larger than total request timeout policy interval. " +
                $"Cumulative Delay: {delays.TotalSeconds}s, Total Request Timeout: {total.TotalSeconds}s");
        }

        return result.Build();
    }

    /// <summary>Without jitter, and no further than anyone would wait.</summary>
    private static TimeSpan SumOfDelays(HttpRetryStrategyOptions retry)
    {
        var sum = TimeSpan.Zero;
        for (var attempt = 0; attempt < retry.MaxRetryAttempts && sum < TimeSpan.FromDays(1); attempt++)
        {
            var delay = retry.BackoffType switch
            {
                DelayBackoffType.Constant => retry.Delay,
                DelayBackoffType.Linear => retry.Delay * (attempt + 1),
                _ => retry.Delay * Math.Pow(2, Math.Min(attempt, 20)),
            };
            sum += retry.MaxDelay is { } max && delay > max ? max : delay;
            if (sum == TimeSpan.Zero)
                break;
        }

        return sum;
    }
}
