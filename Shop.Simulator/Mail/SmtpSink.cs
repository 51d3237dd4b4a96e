using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Shop.Simulator.Mail;

/// <summary>Takes every mail, on this machine only, and passes none on.</summary>
internal sealed class SmtpSink(Mailbox mailbox, IOptions<SmtpOptions> options, TimeProvider clock, ILogger<SmtpSink> logger) : BackgroundService
{
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(100);

    private readonly TcpListener _listener = new(IPAddress.Loopback, options.Value.Port);
    private readonly SemaphoreSlim _sessions = new(options.Value.MaxSessions);

    /// <summary>Null until it listens.</summary>
    public int? Port { get; private set; }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        logger.SmtpListening(_listener.LocalEndpoint);
        return base.StartAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _listener.Dispose();
        _sessions.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<Task> running = [];
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptTcpClientAsync(stoppingToken);
                await _sessions.WaitAsync(stoppingToken);
                running.RemoveAll(t => t.IsCompleted);
                running.Add(ServeAsync(client, stoppingToken));
            }
            catch (SocketException e)
            {
                logger.SmtpSessionEnded(e.Message); // out of sockets, or a caller gone before it was greeted
                await Task.Delay(Breath, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        _listener.Stop();
        await Task.WhenAll(running);
    }

    private async Task ServeAsync(TcpClient client, CancellationToken stopping)
    {
        try
        {
            using (client)
                await new SmtpSession(client.GetStream(), mailbox, options.Value, clock, logger).RunAsync(stopping);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidDataException)
        {
            if (!stopping.IsCancellationRequested)
                logger.SmtpSessionEnded(e is OperationCanceledException ? "idle" : e.Message);
        }
        finally
        {
            _sessions.Release();
        }
    }
}
