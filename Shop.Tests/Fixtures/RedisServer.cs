using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Shop.Tests.Fixtures;

/// <summary>A redis-server of the test's own, on a free port.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly string[] _args;
    private Process? _process;

    private RedisServer(int port, string[] args) => (Port, _args) = (port, args);

    public int Port { get; }

    public static Task<RedisServer> StartAsync(params string[] args) => StartAsync(_ => args);

    /// <summary>With arguments that win over the usual ones, among them the port.</summary>
    public static async Task<RedisServer> StartAsync(Func<int, string[]> args)
    {
        var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        var server = new RedisServer(port, args(port));
        await server.RestartAsync();
        return server;
    }

    public Task<ConnectionMultiplexer> ConnectAsync(string more = "connectTimeout=2000") => ConnectionMultiplexer.ConnectAsync(
        $"127.0.0.1:{Port},{more}", options => options.ReconnectRetryPolicy = new LinearRetry(50));

    public async Task RestartAsync()
    {
        _process = Process.Start(new ProcessStartInfo(
            "redis-server",
            ["--port", $"{Port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--daemonize", "no", .. _args])
        {
            RedirectStandardOutput = true,
        })!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        for (var i = 0; i < 250; i++)
        {
            try
            {
                using var probe = new TcpClient();
                await probe.ConnectAsync(IPAddress.Loopback, Port);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(20);
            }
        }

        throw new TimeoutException("redis-server did not start.");
    }

    /// <summary>STOP freezes it with all its connections open, CONT lets it go on.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{_process!.Id}"]);
        Assert.True(kill.WaitForExit(TimeSpan.FromSeconds(10)) && kill.ExitCode == 0);
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await KillAsync();
    }
}
