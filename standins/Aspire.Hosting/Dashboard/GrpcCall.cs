using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting.Dashboard;

/// <summary>One call: any number of messages in, any number out. Only one caller may write at a time.</summary>
internal sealed class GrpcCall(HttpContext context, CancellationToken ended)
{
    /// <summary>The client has gone, or the server stops.</summary>
    public CancellationToken Ended { get; } = ended;

    /// <summary>Null when the client has said all it has to say.</summary>
    public Task<T?> ReadAsync<T>(MessageParser<T> parser, CancellationToken cancellationToken) where T : class, IMessage<T> =>
        GrpcFrames.ReadAsync(context.Request.BodyReader, parser, cancellationToken);

    public async Task<T> ReadOneAsync<T>(MessageParser<T> parser) where T : class, IMessage<T> =>
        await ReadAsync(parser, Ended) ?? throw new RpcException(GrpcStatus.InvalidArgument, "The request has no message.");

    public async Task WriteAsync(IMessage message, CancellationToken cancellationToken)
    {
        GrpcFrames.Write(context.Response.BodyWriter, message);
        var flushed = await context.Response.BodyWriter.FlushAsync(cancellationToken);
        if (flushed.IsCompleted)
            throw new OperationCanceledException("The client no longer reads.");
    }
}
