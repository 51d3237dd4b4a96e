using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting.Dashboard;

/// <summary>
/// gRPC over plain HTTP/2 for the one client it has, the dashboard. The framing is written out here because the gRPC server packages
/// are not on every feed; it needs no more than length prefixes and trailers.
/// </summary>
internal sealed class ResourceServiceServer(DashboardService service, ILoggerFactory loggers) : IAsyncDisposable
{
    public const string ApiKeyHeader = "x-resource-service-api-key";
    private const string ServicePath = "/aspire.v1.DashboardService/";
    private static readonly TimeSpan _stopLimit = TimeSpan.FromSeconds(2);

    private readonly ILogger<ResourceServiceServer> _logger = loggers.CreateLogger<ResourceServiceServer>();
    private readonly CancellationTokenSource _stopping = new();
    private KestrelServer? _server;

    /// <summary>
    /// Listens on <c>http://host:port</c>; port 0, or no address at all, is a free port of the loopback address. Answers with the address
    /// in use. Without an API key everybody is served.
    /// </summary>
    public async Task<Uri> StartAsync(Uri? address, string? apiKey, CancellationToken cancellationToken)
    {
        if (_server is not null)
            throw new InvalidOperationException("The resource service is started once.");

        address ??= new Uri("http://127.0.0.1:0");
        if (address.Scheme != Uri.UriSchemeHttp)
            throw new NotSupportedException($"The resource service is served over http only, not on {address}. Use the http launch profile.");

        var options = new KestrelServerOptions { AddServerHeader = false };

        // A stream on which nobody says anything for hours is normal here; Kestrel would cut it after five seconds.
        options.Limits.MinRequestBodyDataRate = null;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MaxRequestBodySize = null;
        Listen(options, address);

        _server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), loggers), loggers);
        await _server.StartAsync(new Application(this, apiKey is null ? null : Encoding.UTF8.GetBytes(apiKey)), cancellationToken);
        return new Uri(_server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        if (_server is null)
            return;

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_stopLimit);
        await _server.StopAsync(limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _server?.Dispose();
        _stopping.Dispose();
    }

    private static void Listen(KestrelServerOptions options, Uri address)
    {
        static void Http2(ListenOptions listen) => listen.Protocols = HttpProtocols.Http2;

        if (IPAddress.TryParse(address.DnsSafeHost, out var ip))
            options.Listen(ip, address.Port, Http2);
        else if (!address.IsLoopback)
            throw new NotSupportedException($"The resource service listens on localhost or an IP address, not on {address}.");
        else if (address.Port == 0)
            options.Listen(IPAddress.Loopback, 0, Http2); // "localhost" is two addresses, which cannot share a port nobody chose
        else
            options.ListenLocalhost(address.Port, Http2);
    }

    private async Task ServeAsync(HttpContext context, byte[]? apiKey)
    {
        if (!HttpMethods.IsPost(context.Request.Method)
            || context.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) is not true)
        {
            context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
            return;
        }

        // Headers at once: a client may wait for them, and the first message of a stream may be hours away. Starting alone keeps them
        // in the buffer.
        context.Response.ContentType = "application/grpc";
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        var (status, message) = await AnswerAsync(context, apiKey, ended.Token);
        context.Response.AppendTrailer("grpc-status", ((int)status).ToString(CultureInfo.InvariantCulture));
        if (message is not null)
            context.Response.AppendTrailer("grpc-message", Uri.EscapeDataString(message));
    }

    private async Task<(GrpcStatus Status, string? Message)> AnswerAsync(HttpContext context, byte[]? apiKey, CancellationToken ended)
    {
        if (!IsAuthorized(context.Request, apiKey))
            return (GrpcStatus.Unauthenticated, "The API key is missing or wrong.");

        var path = context.Request.Path.Value ?? "";
        try
        {
            var method = path.StartsWith(ServicePath, StringComparison.Ordinal) ? path[ServicePath.Length..] : "";
            await service.HandleAsync(method, new GrpcCall(context, ended));
            return (GrpcStatus.Ok, null);
        }
        catch (RpcException e)
        {
            return (e.Status, e.Message);
        }
        catch (InvalidProtocolBufferException e)
        {
            return (GrpcStatus.InvalidArgument, e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or ConnectionAbortedException or ConnectionResetException)
        {
            return _stopping.IsCancellationRequested
                ? (GrpcStatus.Unavailable, "The application host is stopping.")
                : (GrpcStatus.Cancelled, "The call was cancelled.");
        }
#pragma warning disable CA1031 // The edge of the service: one call's failure is its status.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logger.LogError(e, "The dashboard's call {Path} failed", path);
            return (GrpcStatus.Internal, "The call failed; see the log of the application host.");
        }
    }

    private static bool IsAuthorized(HttpRequest request, byte[]? apiKey) =>
        apiKey is null
        || (request.Headers[ApiKeyHeader] is [{ } sent] && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), apiKey));

    private sealed class Application(ResourceServiceServer server, byte[]? apiKey) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => server.ServeAsync(context, apiKey);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
