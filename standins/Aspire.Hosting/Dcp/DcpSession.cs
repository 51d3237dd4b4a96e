using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dcp;

/// <summary>One run of DCP, watched over by this process: when we vanish, DCP stops everything and goes too.</summary>
internal sealed partial class DcpSession : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan CleanUpLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(5);

    // Processes inherit DCP's environment, and these are the AppHost's own.
    private static readonly string[] NotInherited =
        ["ASPNETCORE_URLS", "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "DOTNET_LAUNCH_PROFILE", "ASPIRE_LOGLEVEL"];

    private readonly DirectoryInfo folder;
    private readonly ILogger logger;

    private DcpSession(DirectoryInfo folder, DcpClient client, ILogger logger)
    {
        this.folder = folder;
        this.logger = logger;
        Client = client;
    }

    internal DcpClient Client { get; }

    internal static async Task<DcpSession> StartAsync(string dcp, string? containerRuntime, ILogger logger, CancellationToken ct)
    {
        var folder = Directory.CreateTempSubdirectory("aspire-dcp");
        try
        {
            // Without one of ours DCP makes an RSA-4096 key first, which takes seconds.
            using var certificate = CreateCertificate();
            var kubeconfig = Path.Combine(folder.FullName, "kubeconfig");
            var start = StartInfo(dcp, kubeconfig, folder, certificate, containerRuntime);
            logger.LogDebug("Starting DCP with arguments: {Arguments}", string.Join(' ', start.ArgumentList));

            using var process = Process.Start(start) ?? throw new DistributedApplicationException($"DCP ({dcp}) did not start.");
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            limit.CancelAfter(StartLimit);
            try
            {
                return new DcpSession(folder, await ConnectAsync(process, kubeconfig, certificate, limit.Token), logger);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                throw new DistributedApplicationException($"DCP ({dcp}) was not ready after {StartLimit.TotalSeconds:0} s.");
            }
        }
        catch
        {
            TryDelete(folder);
            throw;
        }
    }

    /// <summary>Everything DCP has started is stopped when this returns, unless it took longer than the limit.</summary>
    internal async Task StopAsync()
    {
        try
        {
            using var limit = new CancellationTokenSource(CleanUpLimit);
            await Client.EndExecutionAsync("CleaningResources", limit.Token);
            while (await Client.ExecutionStatusAsync(limit.Token) is "CleaningResources" or "Running")
                await Task.Delay(50, limit.Token);
            await Client.EndExecutionAsync("Stopping", limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            logger.LogWarning("DCP did not confirm that everything has stopped ({Reason}); it goes on by itself.", e.Message);
        }

        // DCP deletes its folder last of all.
        using var end = new CancellationTokenSource(EndLimit);
        try
        {
            while (Directory.Exists(folder.FullName))
                await Task.Delay(50, end.Token);
        }
        catch (OperationCanceledException)
        {
            logger.LogDebug("DCP is still ending.");
        }
    }

    public void Dispose() => Client.Dispose();

    private static ProcessStartInfo StartInfo(
        string dcp, string kubeconfig, DirectoryInfo folder, X509Certificate2 certificate, string? containerRuntime)
    {
        var (certificateFile, keyFile) = (Path.Combine(folder.FullName, "tls.crt"), Path.Combine(folder.FullName, "tls.key"));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());

        var start = new ProcessStartInfo(dcp)
        {
            WorkingDirectory = Path.GetDirectoryName(dcp),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "start-apiserver", "--monitor", Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), "--detach",
                "--kubeconfig", kubeconfig, "--tls-cert-file", certificateFile, "--tls-key-file", keyFile,
            },
            Environment = { ["DCP_SESSION_FOLDER"] = folder.FullName },
        };
        if (!string.IsNullOrEmpty(containerRuntime))
        {
            start.ArgumentList.Add("--container-runtime");
            start.ArgumentList.Add(containerRuntime);
        }
        foreach (var name in NotInherited)
            start.Environment.Remove(name);
        return start;
    }

    private static async Task<DcpClient> ConnectAsync(Process process, string kubeconfig, X509Certificate2 certificate, CancellationToken ct)
    {
        // The process forks and ends; what it says before is all there is when the fork fails.
        var errors = process.StandardError.ReadToEndAsync(ct);
        DcpClient? client = null;
        try
        {
            while (true)
            {
                if (process.HasExited && process.ExitCode != 0)
                    throw new DistributedApplicationException($"DCP ended with exit code {process.ExitCode}: {await errors}");
                if (client is null && await TryReadAsync(kubeconfig, ct) is var (server, token))
                    client = new DcpClient(server, token, certificate);
                if (client is not null && await client.IsHealthyAsync(ct))
                    return client;
                await Task.Delay(20, ct);
            }
        }
        catch
        {
            client?.Dispose();
            throw;
        }
    }

    private static async Task<(Uri Server, string Token)?> TryReadAsync(string kubeconfig, CancellationToken ct)
    {
        if (!File.Exists(kubeconfig))
            return null;
        var text = await File.ReadAllTextAsync(kubeconfig, ct);
        return (ServerLine().Match(text), TokenLine().Match(text)) is ({ Success: true } server, { Success: true } token)
            ? (new Uri(server.Groups[1].Value), token.Groups[1].Value)
            : null;
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(30));
    }

    private static void TryDelete(DirectoryInfo folder)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (IOException)
        {
            // DCP deletes it as well.
        }
    }

    [GeneratedRegex("""^\s*server:\s*"?(https://[^"\s]+)"?""", RegexOptions.Multiline)]
    private static partial Regex ServerLine();

    [GeneratedRegex("""^\s*token:\s*"?([^"\s]+)"?""", RegexOptions.Multiline)]
    private static partial Regex TokenLine();
}
