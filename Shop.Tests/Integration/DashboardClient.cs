using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Aspire.Hosting.Dashboard;
using Google.Protobuf;

namespace Shop.Tests.Integration;

/// <summary>The dashboard's side of the wire with nothing of gRPC but HTTP/2: what it sends here, any client may send.</summary>
internal sealed class DashboardClient(Uri address, string? apiKey) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler())
    {
        BaseAddress = address,
        DefaultRequestVersion = HttpVersion.Version20,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Opens the call, sends the first message, and leaves the request open for more.</summary>
    public async Task<Call> OpenAsync(string method, IMessage? first, CancellationToken cancellationToken)
    {
        var outgoing = new Pipe();
        var request = new HttpRequestMessage(HttpMethod.Post, $"/aspire.v1.DashboardService/{method}")
        {
            Content = new Outgoing(outgoing.Reader),
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        if (apiKey is not null)
            request.Headers.Add(ResourceServiceServer.ApiKeyHeader, apiKey);

        if (first is not null)
        {
            GrpcFrames.Write(outgoing.Writer, first);
            await outgoing.Writer.FlushAsync(cancellationToken);
        }

        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return new Call(request, response, outgoing.Writer, PipeReader.Create(await response.Content.ReadAsStreamAsync(cancellationToken)));
    }

    /// <summary>One question, one answer.</summary>
    public async Task<(T? Answer, int Status, string? Message)> AskAsync<T>(
        string method, IMessage question, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        using var call = await OpenAsync(method, question, cancellationToken);
        await call.CompleteAsync();
        var answer = await call.ReadAsync(parser, cancellationToken);
        var (status, message) = await call.StatusAsync(cancellationToken);
        return (answer, status, message);
    }

    public void Dispose() => _http.Dispose();

    internal sealed class Call(HttpRequestMessage request, HttpResponseMessage response, PipeWriter outgoing, PipeReader incoming) : IDisposable
    {
        public HttpStatusCode HttpStatus => response.StatusCode;

        public string? ContentType => response.Content.Headers.ContentType?.MediaType;

        public async Task WriteAsync(IMessage message, CancellationToken cancellationToken)
        {
            GrpcFrames.Write(outgoing, message);
            await outgoing.FlushAsync(cancellationToken);
        }

        public async Task WriteRawAsync(byte[] bytes, CancellationToken cancellationToken) => await outgoing.WriteAsync(bytes, cancellationToken);

        public ValueTask CompleteAsync() => outgoing.CompleteAsync();

        public Task<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken) where T : class, IMessage<T> =>
            GrpcFrames.ReadAsync(incoming, parser, cancellationToken);

        /// <summary>Reads to the end, where gRPC says how the call went.</summary>
        public async Task<(int Status, string? Message)> StatusAsync(CancellationToken cancellationToken)
        {
            while (await incoming.ReadAsync(cancellationToken) is { IsCompleted: false } read)
                incoming.AdvanceTo(read.Buffer.End);

            var trailers = response.TrailingHeaders;
            var message = trailers.TryGetValues("grpc-message", out var text) ? Uri.UnescapeDataString(text.Single()) : null;
            return (int.Parse(trailers.GetValues("grpc-status").Single(), System.Globalization.CultureInfo.InvariantCulture), message);
        }

        public void Dispose()
        {
            outgoing.Complete();
            response.Dispose();
            request.Dispose();
        }
    }

    private sealed class Outgoing : HttpContent
    {
        private readonly PipeReader _messages;

        public Outgoing(PipeReader messages)
        {
            _messages = messages;
            Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            while (true)
            {
                var read = await _messages.ReadAsync();
                foreach (var segment in read.Buffer)
                    await stream.WriteAsync(segment);

                await stream.FlushAsync();
                _messages.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                    break;
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
