namespace Shop.Payments.Queue;

/// <summary>When to try again. <c>jitter</c> is a random number from 0 to 1: a gateway that comes back is not greeted by all at once.</summary>
internal static class Backoff
{
    /// <summary>Nothing was charged: 1, 2, 4, 8, then every 16 minutes, ± 20 %.</summary>
    public static TimeSpan AfterFailure(int attempts, double jitter) =>
        TimeSpan.FromMinutes(1 << Math.Clamp(attempts - 1, 0, 4)) * (0.8 + 0.4 * jitter);

    /// <summary>Something may have been charged, and somebody waits to know: 5, 10, 20, then every 30 seconds, ± 20 %.</summary>
    public static TimeSpan AfterSilence(int attempts, double jitter) =>
        TimeSpan.FromSeconds(attempts switch { <= 1 => 5, 2 => 10, 3 => 20, _ => 30 }) * (0.8 + 0.4 * jitter);
}
