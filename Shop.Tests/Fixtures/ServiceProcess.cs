using System.Diagnostics;
using System.Text;

namespace Shop.Tests.Fixtures;

/// <summary>A service as a process of its own, so that it can refuse to start, be told to stop, or really die.</summary>
internal sealed class ServiceProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4); // from the first line of a cold process, on a machine that does other things
    private static readonly string[] OfTheMachine = ["PATH", "HOME", "DOTNET_ROOT", "TMPDIR"];
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private ServiceProcess(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public static ServiceProcess Start<TService>(params (string Key, string? Value)[] settings) => Start<TService>([], settings);

    /// <typeparam name="TService">Of the service's assembly.</typeparam>
    public static ServiceProcess Start<TService>(string[] args, (string Key, string? Value)[] settings)
    {
        var start = Info(typeof(TService).Assembly.Location, args);
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var (key, value) in settings)
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return new ServiceProcess(start);
    }

    /// <summary>With exactly the environment it is given, as a container has it.</summary>
    public static ServiceProcess StartAlone(string assembly, IEnumerable<string> args, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = Info(Path.Combine(AppContext.BaseDirectory, assembly), args);
        foreach (var name in start.Environment.Keys.Except(OfTheMachine).ToArray())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new ServiceProcess(start);
    }

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>What it has used of the machine so far.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
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
            Assert.Fail($"It did not end. {Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>Asks until the answer is 200; a process that has ended will not give it any more.</summary>
    public async Task AnswersAsync(Uri address, CancellationToken ct)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(10) };
        while (true)
        {
            Assert.False(_process.HasExited, Output);
            try
            {
                using var answer = await http.GetAsync(address, ct);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested))
            {
                // It does not listen yet.
            }

            await Task.Delay(100, ct);
        }
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
        _process.WaitForExit();
        _process.Dispose();
    }

    private static ProcessStartInfo Info(string assembly, IEnumerable<string> args) => new("dotnet", [assembly, .. args])
    {
        WorkingDirectory = AppContext.BaseDirectory, RedirectStandardOutput = true, RedirectStandardError = true,
    };

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
            _output.AppendLine(line.Data);
    }
}
