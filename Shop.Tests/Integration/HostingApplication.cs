using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Shop.Tests.Integration;

/// <summary>An application of small processes on the genuine DCP: its own session and random ports, no dashboard.</summary>
internal sealed class HostingApplication : IAsyncDisposable
{
    // perl is part of every Debian; the server answers each connection with its process id.
    private const string Server = "use Socket; socket(S,PF_INET,SOCK_STREAM,6); setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1); bind(S,sockaddr_in($ARGV[0],inet_aton('127.0.0.1'))) or die; listen(S,9); while(accept(C,S)){ syswrite(C,\"$$\\n\"); close C }";

    private readonly CancellationTokenSource limit = new(TimeSpan.FromSeconds(90));
    private DistributedApplication? application;

    public HostingApplication(params string[] args)
    {
        Builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--environment", "Development", "--DcpPublisher:RandomizePorts", "true", .. args],
            AssemblyName = "Shop.AppHost",
            DisableDashboard = true,
            AllowUnsecuredTransport = true,
        });
        Builder.Services.AddLogging(logging => logging.ClearProviders());
    }

    public IDistributedApplicationBuilder Builder { get; }
    public CancellationToken Ct => limit.Token;
    public ResourceNotificationService Notifications => application!.ResourceNotifications;

    public IResourceBuilder<ExecutableResource> AddShell(string name, string script, params object[] args) =>
        Builder.AddExecutable(name, "sh", ".", ["-c", script, "sh", .. args]);

    public IResourceBuilder<ExecutableResource> AddServer(string name)
    {
        var server = Builder.AddExecutable(name, "perl", ".", "-e", Server).WithEndpoint(name: "tcp", scheme: "tcp");
        return server.WithArgs(server.GetEndpoint("tcp").Property(EndpointProperty.TargetPort));
    }

    public async Task StartAsync()
    {
        application = Builder.Build();
        await application.StartAsync(Ct);
    }

    public async Task<CustomResourceSnapshot> ReachesAsync(string resource, string state) =>
        (await Notifications.WaitForResourceAsync(resource, e => e.Snapshot.State?.Text == state, Ct)).Snapshot;

    public Task<ExecuteCommandResult> CommandAsync(IResource resource, string command) =>
        application!.ResourceCommands.ExecuteCommandAsync(resource, command, Ct);

    /// <summary>All that a resource has written, read until a line says <paramref name="last"/>.</summary>
    public async Task<IReadOnlyList<string>> ConsoleAsync(IResource resource, string last)
    {
        var lines = new List<string>();
        await foreach (var batch in application!.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(resource).WithCancellation(Ct))
        {
            // A line begins with its time.
            lines.AddRange(batch.Select(l => l.Content[(l.Content.IndexOf(' ', StringComparison.Ordinal) + 1)..]));
            // What DCP says about the command names every word of it.
            if (lines.Exists(l => l.Contains(last, StringComparison.Ordinal) && !l.StartsWith("[sys] Starting", StringComparison.Ordinal)))
                break;
        }
        return lines;
    }

    /// <summary>Asks the server of <see cref="AddServer"/> until it answers: its port accepts before it listens.</summary>
    public async Task<int> ProcessBehindAsync(EndpointReference endpoint)
    {
        while (true)
        {
            using var client = new TcpClient();
            await client.ConnectAsync(endpoint.Host, endpoint.Port, Ct);
            using var reader = new StreamReader(client.GetStream());
            try
            {
                if (await reader.ReadLineAsync(Ct) is { } line)
                    return int.Parse(line, CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // The proxy had nobody to hand the connection to.
            }
            await Task.Delay(50, Ct);
        }
    }

    public static bool IsAlive(int process)
    {
        try
        {
            using var found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (application is not null)
            await application.DisposeAsync();
        limit.Dispose();
    }
}
