using System.Diagnostics;
using System.Text;
using Shop.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>Payments as a process of its own, so that it can really die.</summary>
internal sealed class PaymentsProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private PaymentsProcess(Process process) => _process = process;

    public static PaymentsProcess Start(string database, Uri simulator, int smtpPort, string? crashAt = null)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(ShopPayments).Assembly.Location])
        {
            WorkingDirectory = AppContext.BaseDirectory, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (key, value) in PaymentsShop.Settings(database, simulator, smtpPort))
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        start.Environment["Shop__CrashAt"] = crashAt ?? "";

        var payments = new PaymentsProcess(Process.Start(start)!);
        payments._process.OutputDataReceived += payments.Keep;
        payments._process.ErrorDataReceived += payments.Keep;
        payments._process.BeginOutputReadLine();
        payments._process.BeginErrorReadLine();
        return payments;
    }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <returns>How it ended; 137 is SIGKILL.</returns>
    public async Task<int> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Payments did not end. {Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>As a deploy does it.</summary>
    public void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
            _output.AppendLine(line.Data);
    }
}
