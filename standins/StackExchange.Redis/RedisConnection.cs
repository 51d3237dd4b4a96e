using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace StackExchange.Redis;

/// <summary>One socket: commands go out in the order of the queue, replies come back in the same order, pushes in between.</summary>
internal sealed class RedisConnection : IAsyncDisposable
{
    private const int BatchBytes = 64 * 1024;

    private readonly Stream _stream;
    private readonly PipeReader _reader;
    private readonly CommandQueue _queue;
    private readonly Action<RedisResult> _onPush;
    private int _db;
    private long _lastWrite = Stopwatch.GetTimestamp();

    private RedisConnection(Stream stream, CommandQueue queue, Action<RedisResult> onPush)
    {
        (_stream, _queue, _onPush) = (stream, queue, onPush);
        _reader = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024));
    }

    public bool IsResp3 { get; private set; }

    public TimeSpan UnusedFor => Stopwatch.GetElapsedTime(Volatile.Read(ref _lastWrite));

    public static async Task<RedisConnection> OpenAsync(
        EndPoint endpoint, ConfigurationOptions options, string clientName, CommandQueue queue, Action<RedisResult> onPush, CancellationToken stopping)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        limit.CancelAfter(options.ConnectTimeout);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(endpoint, limit.Token);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (options.Ssl)
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(
                    new SslClientAuthenticationOptions
                    {
                        TargetHost = options.SslHost ?? (endpoint as DnsEndPoint)?.Host ?? ((IPEndPoint)endpoint).Address.ToString(),
                        EnabledSslProtocols = options.SslProtocols ?? SslProtocols.None, // the system's choice
                        RemoteCertificateValidationCallback = options.Validation,
                    },
                    limit.Token);
            }

            var connection = new RedisConnection(stream, queue, onPush);
            await connection.GreetAsync(options, clientName, limit.Token);
            return connection;
        }
        catch (Exception e)
        {
            if (stream is not null)
                await stream.DisposeAsync();
            socket.Dispose();
            stopping.ThrowIfCancellationRequested();
            throw e switch
            {
                RedisConnectionException known => known,
                OperationCanceledException => new RedisConnectionException(
                    ConnectionFailureType.UnableToConnect, $"No connection to {EndPointCollection.ToString(endpoint)} within {options.ConnectTimeout} ms."),
                AuthenticationException => new RedisConnectionException(ConnectionFailureType.AuthenticationFailure, e.Message, e),
                _ => new RedisConnectionException(ConnectionFailureType.UnableToConnect, $"{EndPointCollection.ToString(endpoint)}: {e.Message}", e),
            };
        }
    }

    /// <summary>Until the connection ends; the exception says why. Nothing of it is left when this returns.</summary>
    public async Task<RedisConnectionException> RunAsync(CancellationToken stopping)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Task[] loops = [WriteAsync(end.Token), ReadAsync(end.Token)];
        var first = await Task.WhenAny(loops);
        await end.CancelAsync();
        await _stream.DisposeAsync();
        await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        await _reader.CompleteAsync();
        return first.Exception?.InnerException switch
        {
            RedisConnectionException known => known,
            null => new(ConnectionFailureType.ConnectionDisposed, "The connection was closed by this client."),
            var e => new(ConnectionFailureType.SocketFailure, e.Message, e),
        };
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task GreetAsync(ConfigurationOptions options, string clientName, CancellationToken ct)
    {
        RedisValue[] login = options.Password is { } password ? ["AUTH", options.User ?? "default", password] : [];
        var hello = await AskAsync("HELLO", ["3", .. login, "SETNAME", clientName], ct);
        if (hello.ErrorMessage is null)
        {
            IsResp3 = true;
        }
        else if (hello.ErrorMessage.StartsWith("ERR unknown command", StringComparison.OrdinalIgnoreCase)
            || hello.ErrorMessage.StartsWith("NOPROTO", StringComparison.Ordinal))
        {
            // Before Redis 6: RESP2, and a login with the password alone.
            if (options.Password is not null)
                ThrowIfRefused(await AskAsync("AUTH", options.User is { } user ? [user, options.Password] : [options.Password], ct));
            await AskAsync("CLIENT", ["SETNAME", clientName], ct);
        }
        else
        {
            ThrowIfRefused(hello);
        }

        ThrowIfRefused(await AskAsync("PING", [], ct)); // a server that still loads its data greets, but does not serve
    }

    private static void ThrowIfRefused(RedisResult reply)
    {
        if (reply.ErrorMessage is not { } refusal)
            return;
        var type = refusal.StartsWith("LOADING", StringComparison.Ordinal) ? ConnectionFailureType.Loading
            : refusal.StartsWith("NOAUTH", StringComparison.Ordinal) || refusal.StartsWith("WRONGPASS", StringComparison.Ordinal)
                || refusal.Contains("AUTH", StringComparison.Ordinal) ? ConnectionFailureType.AuthenticationFailure
            : ConnectionFailureType.ProtocolFailure;
        throw new RedisConnectionException(type, $"The server refused the connection: {refusal}");
    }

    private async Task<RedisResult> AskAsync(string command, RedisValue[] args, CancellationToken ct)
    {
        await _stream.WriteAsync(Resp.Encode(command, args), ct);
        while (true)
        {
            var read = await _reader.ReadAsync(ct);
            var buffer = read.Buffer;
            if (Resp.TryRead(ref buffer, out var reply))
            {
                _reader.AdvanceTo(buffer.Start);
                return reply;
            }

            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                throw new RedisConnectionException(ConnectionFailureType.SocketClosed, "The server closed the connection during the greeting.");
        }
    }

    private async Task WriteAsync(CancellationToken ct)
    {
        var batch = new ArrayBufferWriter<byte>(BatchBytes);
        while (true)
        {
            await _queue.WaitAsync(ct);
            while (_queue.TrySend(batch, BatchBytes, ref _db))
            {
                await _stream.WriteAsync(batch.WrittenMemory, ct);
                Volatile.Write(ref _lastWrite, Stopwatch.GetTimestamp());
                if (batch.Capacity > 16 * BatchBytes)
                    batch = new(BatchBytes); // one big value does not keep its memory for ever
                else
                    batch.ResetWrittenCount();
            }
        }
    }

    private async Task ReadAsync(CancellationToken ct)
    {
        while (true)
        {
            var read = await _reader.ReadAsync(ct);
            var buffer = read.Buffer;
            while (Resp.TryRead(ref buffer, out var reply))
            {
                if (reply.Resp3Type == ResultType.Push && !IsAnswerToSubscription(reply))
                    _onPush(reply);
                else if (!_queue.TryAnswer(reply, isSubscription: reply.Resp3Type == ResultType.Push))
                    throw new RedisConnectionException(ConnectionFailureType.ProtocolFailure, "The server answered what was not asked.");
            }

            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                throw new RedisConnectionException(ConnectionFailureType.SocketClosed, "The server closed the connection.");
        }
    }

    // In RESP3 these come as pushes, but in the place of the command's reply.
    private static bool IsAnswerToSubscription(RedisResult push) =>
        push.Length > 0 && push[0].ToString() is "subscribe" or "psubscribe" or "unsubscribe" or "punsubscribe";
}
