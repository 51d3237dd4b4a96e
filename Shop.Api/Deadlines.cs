using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.Extensions.Options;
using Shop.Api.Checkout;
using Shop.ServiceDefaults;

namespace Shop.Api;

internal static class Deadlines
{
    /// <summary>Policy of the requests that read what may be slow to read.</summary>
    public const string Report = "report";

    /// <summary>No request outlives its caller's patience; what ran out of time is answered like any other sign of too much to do.</summary>
    public static void AddDeadlines(this IServiceCollection services)
    {
        services.AddRequestTimeouts();
        services.AddOptions<RequestTimeoutOptions>().Configure<IOptions<Timeouts>>((timeouts, ladder) =>
        {
            timeouts.DefaultPolicy = Policy(ladder.Value.Request);
            timeouts.AddPolicy(CheckoutOptions.DeadlinePolicy, Policy(ladder.Value.LongRequest));
            timeouts.AddPolicy(Report, Policy(ladder.Value.Report));
        });

        static RequestTimeoutPolicy Policy(TimeSpan deadline) => new()
        {
            Timeout = deadline,
            TimeoutStatusCode = StatusCodes.Status503ServiceUnavailable,
            WriteTimeoutResponse = http => Busy.Refuse(http).ExecuteAsync(http),
        };
    }
}
