using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Shop.Tests.Fixtures;

/// <summary>
/// Stands between a service and Postgres and counts how often the one waits for the other: whenever the server speaks after the client
/// did; but for the connection of the log lines, which comes by the clock. So a batch is one, a BEGIN that travels with the first statement is none, and a COMMIT is one.
/// </summary>
internal sealed class RoundTripMeter : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _count;

    private RoundTripMeter(string connectionString)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        _listener.Start();
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = "127.0.0.1", Port = ((IPEndPoint)_listener.LocalEndpoint).Port, ConnectionIdleLifetime = 300, // no reconnecting while it counts
        }.ConnectionString;
        _running = RunAsync(server.Host!, server.Port);
    }

    public static RoundTripMeter Before(string connectionString) => new(connectionString);

    public string ConnectionString { get; }
    public int Count => Volatile.Read(ref _count);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(string host, int port)
    {
        List<Task> connections = [];
        try
        {
            while (true)
                connections.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token), host, port));
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task RelayAsync(TcpClient client, string host, int port)
    {
        using var server = new TcpClient();
        using (client)
        {
            try
            {
                await server.ConnectAsync(host, port, _stop.Token);
                var asked = 0;
                var isTelemetry = false;
                await Task.WhenAny(
                    PumpAsync(client, server, sent =>
                    {
                        isTelemetry |= sent.IndexOf(" telemetry\0"u8) >= 0;
                        Volatile.Write(ref asked, isTelemetry ? 0 : 1);
                    }),
                    PumpAsync(server, client, _ => Interlocked.Add(ref _count, Interlocked.Exchange(ref asked, 0))));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One of the two is gone.
            }
        }
    }

    private delegate void Seen(ReadOnlySpan<byte> bytes);

    private async Task PumpAsync(TcpClient from, TcpClient to, Seen seen)
    {
        var buffer = new byte[32 * 1024];
        while (await from.GetStream().ReadAsync(buffer, _stop.Token) is > 0 and var read)
        {
            seen(buffer.AsSpan(0, read));
            await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }
}
