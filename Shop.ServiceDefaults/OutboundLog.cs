using Microsoft.Extensions.Logging;

namespace Shop.ServiceDefaults;

/// <summary>
/// One line per request that leaves, each attempt for itself: to which host, what for, how it ended. Of the path only what are surely words of
/// an API: what stands where an id would is none of a log's business.
/// </summary>
internal sealed class OutboundLog(TimeProvider clock, ILogger<OutboundLog> logger) : DelegatingHandler
{
    private const int LongestWord = 30;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!logger.IsEnabled(LogLevel.Information))
            return await base.SendAsync(request, cancellationToken);

        var (host, route) = (request.RequestUri?.Host, RouteOf(request.RequestUri)); // discovery will change it
        var started = clock.GetTimestamp();
        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            logger.Outbound(request.Method.Method, host, route, (int)response.StatusCode, Elapsed());
            return response;
        }
        catch (Exception e)
        {
            logger.OutboundFailed(request.Method.Method, host, route, e.GetType().Name, Elapsed());
            throw;
        }

        double Elapsed() => Math.Round(clock.GetElapsedTime(started).TotalMilliseconds, 1);
    }

    /// <summary><c>/v1/payment_intents/pi_1/confirm</c> becomes <c>/v1/payment_intents/{id}/confirm</c>: two words at most, and one after each id.</summary>
    internal static string RouteOf(Uri? address)
    {
        if (address is not { IsAbsoluteUri: true })
            return "(none)";

        var (words, afterId) = (0, false);
        List<string> route = [];
        foreach (var segment in address.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (segment is not ['v', >= '1' and <= '9'])
            {
                afterId = !((afterId || words < 2) && IsWord(segment));
                words++;
            }

            route.Add(afterId ? "{id}" : segment);
        }

        return $"/{string.Join('/', route)}";
    }

    private static bool IsWord(string segment) => segment.Length <= LongestWord && segment.All(c => char.IsAsciiLetter(c) || c is '_' or '-');
}
