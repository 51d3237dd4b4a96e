using System.Globalization;
using System.Net;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.Dcp;

/// <summary>Copies what a process writes, and what DCP says about it, to the resource's console.</summary>
internal sealed class ConsoleFollower(DcpClient dcp, ResourceLoggerService consoles, ILogger logger)
{
    private static readonly TimeSpan ReopenAfter = TimeSpan.FromMilliseconds(500);

    internal Task FollowAsync(DcpKind kind, string name, Func<bool> isCurrent, CancellationToken ct) => Task.WhenAll(
        StreamAsync(kind, name, "stdout", isCurrent, line => consoles.Append(name, line, isErrorMessage: false), ct),
        StreamAsync(kind, name, "stderr", isCurrent, line => consoles.Append(name, line, isErrorMessage: true), ct));

    /// <summary>What the engine says while it fetches an image and makes a container of it.</summary>
    internal Task FollowStartupAsync(string name, Func<bool> isCurrent, CancellationToken ct) => Task.WhenAll(
        StreamAsync(DcpKind.Container, name, "startup_stdout", isCurrent, line => consoles.Append(name, line, isErrorMessage: false), ct),
        StreamAsync(DcpKind.Container, name, "startup_stderr", isCurrent, line => consoles.Append(name, line, isErrorMessage: true), ct));

    internal Task FollowSystemAsync(DcpKind kind, string name, Func<bool> isCurrent, CancellationToken ct) =>
        StreamAsync(kind, name, "system", isCurrent, line => consoles.Append(name, SystemLine(line), isErrorMessage: line.Contains("\terror\t", StringComparison.Ordinal)), ct);

    /// <summary>Streams end when DCP likes; as long as the process is the same one, reading goes on behind the last line.</summary>
    private async Task StreamAsync(DcpKind kind, string name, string source, Func<bool> isCurrent, Action<string> write, CancellationToken ct)
    {
        var read = 0;
        try
        {
            do
            {
                try
                {
                    await foreach (var line in dcp.ReadLogAsync(kind, name, source, follow: true, skip: read, ct))
                    {
                        read++;
                        write(line);
                    }
                }
                catch (HttpRequestException e) when (e.StatusCode == HttpStatusCode.NotFound)
                {
                    return;
                }
                catch (Exception e) when (e is HttpRequestException or IOException)
                {
                    logger.LogDebug("The {Source} of {Resource} broke off: {Reason}", source, name, e.Message);
                }
                await Task.Delay(ReopenAfter, ct);
            }
            while (isCurrent());
        }
        catch (OperationCanceledException)
        {
            // The application stops.
        }
    }

    /// <summary><c>time \t level \t category \t message \t {json}</c> becomes <c>time [sys] message: key = value</c>.</summary>
    private static string SystemLine(string line)
    {
        if (line.Split('\t') is not [var time, _, _, var message, ..] parts)
            return line;
        // The time may be there twice: once asked for, once DCP's own.
        var at = time.Split(' ')[0];
        if (!DateTimeOffset.TryParse(at, CultureInfo.InvariantCulture, out _))
            return line;
        return $"{at} [sys] {message}{(parts.Length > 4 ? Details(parts[4]) : "")}";
    }

    private static string Details(string json)
    {
        try
        {
            using var details = JsonDocument.Parse(json);
            var shown = details.RootElement.EnumerateObject()
                .Where(p => p.Name is "Cmd" or "Args" or "error" or "ExitCode" or "PID")
                .Select(p => $"{p.Name} = {p.Value}");
            return string.Join(", ", shown) is { Length: > 0 } text ? ": " + text : "";
        }
        catch (JsonException)
        {
            return "";
        }
    }
}
