using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Shop.Tests.Fixtures;

/// <summary>What the server says to one call, to the byte.</summary>
internal sealed record Reply(string? Text)
{
    public static Reply Never { get; } = new((string?)null);

    public static Reply Raw(string text) => new(text);

    public static Reply Json(int status, string body, params string[] headers) => new(
        $"HTTP/1.1 {status} Whatever\r\nContent-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\nConnection: close\r\n"
        + string.Concat(headers.Select(h => h + "\r\n")) + "\r\n" + body);
}

/// <summary>Bytes in, bytes out, one connection per call: nothing between the client and what the test means.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _firstCall = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _running;

    public ScriptedServer(params Reply[] replies)
    {
        _listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/stripe";
        _running = RunAsync(replies);
    }

    public string Address { get; }
    public List<string> Calls { get; } = [];
    public Task FirstCall => _firstCall.Task;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(Reply[] replies)
    {
        try
        {
            foreach (var reply in replies)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                await using var stream = client.GetStream();
                Calls.Add(await ReadAsync(stream));
                _firstCall.TrySetResult();
                if (reply.Text is null)
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                await stream.WriteAsync(Encoding.UTF8.GetBytes(reply.Text!), _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task<string> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        while (true)
        {
            var head = text.ToString().IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (head >= 0 && text.Length >= head + 4 + int.Parse(Header(text.ToString(), "Content-Length") ?? "0", CultureInfo.InvariantCulture))
                return text.ToString();
            var read = await stream.ReadAsync(buffer, _stop.Token);
            if (read == 0)
                return text.ToString();
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
    }

    public static string? Header(string call, string name) =>
        call.Split("\r\n").FirstOrDefault(l => l.StartsWith($"{name}: ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];
}
