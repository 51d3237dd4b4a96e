using System.Net;
using System.Net.Sockets;
using System.Text;
using StackExchange.Redis;

namespace Shop.Tests.Fixtures;

/// <summary>A server that follows a script, one step for each connection; the last one again for all later ones.</summary>
internal sealed class FakeRedis : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;
    private int _connections;

    public FakeRedis(params Func<Peer, Task>[] connections)
    {
        _listener.Start();
        _serving = Task.Run(async () =>
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_end.Token);
                var script = connections[Math.Min(_connections++, connections.Length - 1)];
                _ = Task.Run(async () =>
                {
                    using (client)
                    {
                        using var peer = new Peer(client.GetStream(), _end.Token);
                        await script(peer);
                    }
                });
            }
        });
    }

    public int Connections => _connections;

    public Task<ConnectionMultiplexer> ConnectAsync(string more = "asyncTimeout=5000") => ConnectionMultiplexer.ConnectAsync(
        $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port},connectTimeout=2000,{more}",
        options => options.ReconnectRetryPolicy = new LinearRetry(50));

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await Assert.ThrowsAnyAsync<Exception>(() => _serving);
        _end.Dispose();
    }
}

internal sealed class Peer(NetworkStream stream, CancellationToken end) : IDisposable
{
    private readonly StreamReader _reader = new(stream, Encoding.UTF8);

    public void Dispose() => _reader.Dispose();

    public async Task GreetAsync()
    {
        await ReadCommandAsync("HELLO");
        await SendAsync("%1\r\n$5\r\nproto\r\n:3\r\n");
        await ReadCommandAsync("PING");
        await SendAsync("+PONG\r\n");
    }

    /// <summary>The command of that name with its arguments; any for <c>*</c>.</summary>
    public async Task<string[]> ReadCommandAsync(string name)
    {
        var words = new string[int.Parse((await LineAsync())[1..], System.Globalization.CultureInfo.InvariantCulture)];
        for (var i = 0; i < words.Length; i++)
        {
            await LineAsync();
            words[i] = await LineAsync();
        }

        return words[0] == name || name == "*" ? words : throw new InvalidOperationException($"{words[0]} came, {name} was expected.");
    }

    public Task SendAsync(string text) => stream.WriteAsync(Encoding.UTF8.GetBytes(text), end).AsTask();

    public async Task StayAsync(bool reads = true)
    {
        var buffer = new byte[4096];
        if (!reads)
            await Task.Delay(Timeout.Infinite, end);
        while (await stream.ReadAsync(buffer, end) > 0)
        {
        }
    }

    private async Task<string> LineAsync() => await _reader.ReadLineAsync(end) ?? throw new EndOfStreamException();
}
