using System.Buffers;
using System.IO.Pipelines;
using Aspire.Hosting.Dashboard;
using Proto = Aspire.Hosting.Dashboard.Proto;

namespace Shop.Tests.Unit;

public sealed class DashboardFramingTests
{
    [Fact]
    public async Task A_message_that_arrives_byte_by_byte_is_read_whole()
    {
        var bytes = Framed(new Proto.WatchResourceConsoleLogsRequest { ResourceName = "web-abcdefgh", SuppressFollow = true });
        var pipe = new Pipe();
        var read = GrpcFrames.ReadAsync(pipe.Reader, Proto.WatchResourceConsoleLogsRequest.Parser, DashboardFixture.Ct);
        foreach (var b in bytes)
        {
            Assert.False(read.IsCompleted);
            await pipe.Writer.WriteAsync(new[] { b }, DashboardFixture.Ct);
        }

        var message = await read;

        Assert.Equal("web-abcdefgh", message!.ResourceName);
        Assert.True(message.SuppressFollow);
    }

    [Fact]
    public async Task Messages_that_arrive_together_are_read_one_after_the_other_and_then_the_end()
    {
        byte[] bytes = [.. Framed(new Proto.WatchResourceConsoleLogsRequest { ResourceName = "a" }), .. Framed(new Proto.WatchResourceConsoleLogsRequest())];
        var reader = PipeReader.Create(new ReadOnlySequence<byte>(bytes));

        Assert.Equal("a", (await ReadAsync(reader))!.ResourceName);
        Assert.Equal("", (await ReadAsync(reader))!.ResourceName);
        Assert.Null(await ReadAsync(reader));
    }

    [Theory]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1, 2 }, (int)GrpcStatus.Internal)] // ends inside the message
    [InlineData(new byte[] { 0, 0 }, (int)GrpcStatus.Internal)] // ends inside the prefix
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, (int)GrpcStatus.Unimplemented)] // compressed
    [InlineData(new byte[] { 0, 255, 255, 255, 255 }, (int)GrpcStatus.ResourceExhausted)] // four gigabytes announced
    public async Task What_is_no_proper_message_ends_the_call_with_a_status(byte[] bytes, int status)
    {
        var failed = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(PipeReader.Create(new ReadOnlySequence<byte>(bytes))));

        Assert.Equal((GrpcStatus)status, failed.Status);
    }

    [Fact]
    public void The_prefix_is_no_compression_and_the_big_endian_length()
    {
        var message = new Proto.ApplicationInformationResponse { ApplicationName = new string('x', 300) };

        var bytes = Framed(message);

        Assert.Equal([0, 0, 0, 1, 47], bytes[..5]);
        Assert.Equal(303, message.CalculateSize());
        Assert.Equal(308, bytes.Length);
    }

    private static Task<Proto.WatchResourceConsoleLogsRequest?> ReadAsync(PipeReader reader) =>
        GrpcFrames.ReadAsync(reader, Proto.WatchResourceConsoleLogsRequest.Parser, DashboardFixture.Ct);

    private static byte[] Framed(Google.Protobuf.IMessage message)
    {
        var buffer = new ArrayBufferWriter<byte>();
        GrpcFrames.Write(buffer, message);
        return buffer.WrittenSpan.ToArray();
    }
}
