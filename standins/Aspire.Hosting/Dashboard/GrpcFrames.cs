using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Google.Protobuf;

namespace Aspire.Hosting.Dashboard;

/// <summary>gRPC's length-prefixed messages on an HTTP/2 body: a compression flag, the length as four big-endian bytes, the message.</summary>
internal static class GrpcFrames
{
    public const int PrefixLength = 5;

    /// <summary>The dashboard asks short questions; whatever is longer is not the dashboard.</summary>
    public const int MaxRequestLength = 4 * 1024 * 1024;

    /// <summary>The next message, or null at the end of the stream.</summary>
    public static async Task<T?> ReadAsync<T>(PipeReader reader, MessageParser<T> parser, CancellationToken cancellationToken)
        where T : class, IMessage<T>
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            if (read.IsCanceled)
                throw new OperationCanceledException(cancellationToken);

            var buffer = read.Buffer;
            if (TryTake(ref buffer, out var body))
            {
                var message = parser.ParseFrom(body);
                reader.AdvanceTo(buffer.Start);
                return message;
            }

            if (read.IsCompleted)
            {
                var ended = buffer.IsEmpty;
                reader.AdvanceTo(buffer.End);
                return ended ? null : throw new RpcException(GrpcStatus.Internal, "The stream ended inside a message.");
            }

            // Nothing consumed, everything looked at: wake up only when more has come.
            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    /// <summary>Writes without flushing, so that several messages may share a packet.</summary>
    public static void Write(IBufferWriter<byte> writer, IMessage message)
    {
        var length = message.CalculateSize();
        var prefix = writer.GetSpan(PrefixLength);
        prefix[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(prefix[1..], length);
        writer.Advance(PrefixLength);
        message.WriteTo(writer);
    }

    private static bool TryTake(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> body)
    {
        body = default;
        if (buffer.Length < PrefixLength)
            return false;

        Span<byte> prefix = stackalloc byte[PrefixLength];
        buffer.Slice(0, PrefixLength).CopyTo(prefix);
        if (prefix[0] != 0)
            throw new RpcException(GrpcStatus.Unimplemented, "Compressed messages are not supported.");

        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        if (length > MaxRequestLength)
            throw new RpcException(GrpcStatus.ResourceExhausted, $"A message of {length} bytes exceeds the limit of {MaxRequestLength}.");

        if (buffer.Length < PrefixLength + length)
            return false;

        body = buffer.Slice(PrefixLength, length);
        buffer = buffer.Slice(PrefixLength + length);
        return true;
    }
}

/// <summary>The status codes of gRPC that this service answers with.</summary>
internal enum GrpcStatus
{
    Ok = 0,
    Cancelled = 1,
    InvalidArgument = 3,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// <summary>Ends a call with a status instead of an answer.</summary>
internal sealed class RpcException(GrpcStatus status, string message) : Exception(message)
{
    public GrpcStatus Status { get; } = status;
}
