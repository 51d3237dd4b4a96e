using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;

namespace Shop.Api.RateLimits;

/// <summary>
/// Every request that may change something counts against <c>writes</c>; an endpoint that invites guessing or sends mails asks for a
/// stricter limit on top, by <c>RequireRateLimiting</c>. Reads are not limited: they are cached, and cheap.
/// </summary>
internal static class RateLimiting
{
    public const string Writes = "writes";

    /// <summary>Per address, for what somebody could try passwords or codes at.</summary>
    public const string SignIn = "sign-in";

    /// <summary>Per address, for what sends a mail to an address that a visitor typed.</summary>
    public const string Mail = "mail";

    /// <summary>Per address, for what a browser tells without being asked.</summary>
    public const string Reports = "reports";

    internal static readonly MetadataName<(string Policy, CountSource Source)> RefusedBy = new("shop.refused-by");

    public static void AddRateLimits(this IServiceCollection services)
    {
        // Web tells the visitor's address; an ingress between Web and here may add Web's own.
        services.BelievesProxies(2);
        services.AddOptions<RateLimitOptions>().BindConfiguration(RateLimitOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<SharedCounts>();
        services.AddRateLimiter(limiter =>
        {
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(http => IsRead(http.Request.Method)
                ? RateLimitPartition.GetNoLimiter("")
                : PartitionOf(http, Writes, UserOf(http) ?? AddressOf(http), o => o.Writes));
            limiter.AddPolicy(SignIn, http => PartitionOf(http, SignIn, AddressOf(http), o => o.SignIn));
            limiter.AddPolicy(Mail, http => PartitionOf(http, Mail, AddressOf(http), o => o.Mail));
            limiter.AddPolicy(Reports, http => PartitionOf(http, Reports, AddressOf(http), o => o.Reports));
            limiter.OnRejected = async (context, _) => await RefuseAsync(context.HttpContext, context.Lease);
        });
    }

    public static void UseRateLimits(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<RateLimitOptions>>().Value.Lifted)
            app.Services.GetRequiredService<ILogger<ShopApi>>().RateLimitsLifted();
        app.UseRateLimiter();
    }

    private static RateLimitPartition<string> PartitionOf(HttpContext http, string policy, string who, Func<RateLimitOptions, RateLimit> limit)
    {
        var services = http.RequestServices;
        var options = services.GetRequiredService<IOptions<RateLimitOptions>>().Value;
        if (options.Lifted)
            return RateLimitPartition.GetNoLimiter("");

        return RateLimitPartition.Get(who, key => new SharedLimiter(
            services.GetRequiredService<SharedCounts>(), new(policy, key, limit(options)), services.GetRequiredService<TimeProvider>()));
    }

    private static bool IsRead(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    // An office full of people who are signed in is not one visitor.
    private static string? UserOf(HttpContext http) =>
        http.User is { Identity.IsAuthenticated: true } user && user.FindFirstValue(ClaimTypes.NameIdentifier) is { Length: > 0 } id ? $"user {id}" : null;

    internal static string AddressOf(HttpContext http)
    {
        var address = http.Connection.RemoteIpAddress;
        if (address is null)
            return "nowhere"; // a socket without addresses
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily is not AddressFamily.InterNetworkV6)
            return $"address {address}";

        // A household gets 2^64 of them: the network is the visitor.
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return $"address {new IPAddress(bytes)}/64";
    }

    private static async Task RefuseAsync(HttpContext http, RateLimitLease lease)
    {
        var seconds = lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? Math.Max((int)Math.Ceiling(after.TotalSeconds), 1) : 1;
        if (lease.TryGetMetadata(RefusedBy, out var by))
            http.RequestServices.GetRequiredService<ILogger<ShopApi>>().RateLimited(by.Policy, $"{by.Source}");
        http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await Problems.Refuse(
            StatusCodes.Status429TooManyRequests, "too_many_requests",
            $"There were too many requests from you. Please try again in {(seconds < 100 ? $"{seconds} seconds" : $"{(seconds + 59) / 60} minutes")}.")
            .ExecuteAsync(http);
    }
}
