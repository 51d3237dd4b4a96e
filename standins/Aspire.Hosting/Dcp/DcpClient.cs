using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aspire.Hosting.Dcp;

/// <summary>DCP's API over TLS, pinned to the certificate that this run has made.</summary>
internal sealed class DcpClient : IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);
    private readonly HttpClient http;

    internal DcpClient(Uri server, string token, X509Certificate2 certificate)
    {
        var pinned = certificate.RawDataMemory;
        var handler = new SocketsHttpHandler
        {
            EnableMultipleHttp2Connections = true,
            UseProxy = false,
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null && pinned.Span.SequenceEqual(shown.GetRawCertData()) },
        };
        http = new HttpClient(handler)
        {
            BaseAddress = server,
            // Watches and followed logs have no end; calls have CallTimeout.
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) },
        };
    }

    internal async Task<bool> IsHealthyAsync(CancellationToken ct)
    {
        using var limit = Limited(ct);
        try
        {
            using var answer = await http.GetAsync("/healthz", limit.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }

    internal async Task<DcpObject> CreateAsync(
        DcpKind kind, string name, Dictionary<string, string> annotations, JsonObject spec, CancellationToken ct)
    {
        var wanted = new DcpObject { Kind = kind.Name, Metadata = new DcpMetadata { Name = name, Annotations = annotations }, Spec = spec };
        using var limit = Limited(ct);
        using var answer = await http.PostAsJsonAsync(Path(kind), wanted, DcpObject.Json, limit.Token);
        await ThrowIfFailedAsync(answer, limit.Token);
        return (await answer.Content.ReadFromJsonAsync<DcpObject>(DcpObject.Json, limit.Token))!;
    }

    internal async Task<DcpObject?> FindAsync(DcpKind kind, string name, CancellationToken ct)
    {
        using var limit = Limited(ct);
        using var answer = await http.GetAsync(Path(kind, name), limit.Token);
        if (answer.StatusCode == HttpStatusCode.NotFound)
            return null;
        await ThrowIfFailedAsync(answer, limit.Token);
        return await answer.Content.ReadFromJsonAsync<DcpObject>(DcpObject.Json, limit.Token);
    }

    /// <summary>One-way: what was stopped starts again only as a new object.</summary>
    internal Task StopAsync(DcpKind kind, string name, CancellationToken ct) => SendAsync(
        HttpMethod.Patch, Path(kind, name), Merge("""{"spec":{"stop":true}}"""), ct);

    /// <summary>Deletes and waits until the name is free: DCP holds the object for as long as its process takes to stop.</summary>
    internal async Task DeleteAsync(DcpKind kind, string name, CancellationToken ct)
    {
        using (var limit = Limited(ct))
        using (var answer = await http.DeleteAsync(Path(kind, name), limit.Token))
        {
            if (answer.StatusCode == HttpStatusCode.NotFound)
                return;
            await ThrowIfFailedAsync(answer, limit.Token);
        }
        while (await FindAsync(kind, name, ct) is not null)
            await Task.Delay(PollEvery, ct);
    }

    /// <summary>Begins with what is there; ends when the server likes. An object may come as ADDED again after reopening.</summary>
    internal async IAsyncEnumerable<DcpChange> WatchAsync(DcpKind kind, [EnumeratorCancellation] CancellationToken ct)
    {
        using var reader = await OpenAsync(Path(kind) + "?watch=true", ct);
        while (await reader.ReadLineAsync(ct) is { } line)
        {
            if (JsonSerializer.Deserialize<DcpChange>(line, DcpObject.Json) is { Type: "ADDED" or "MODIFIED" or "DELETED" } change)
                yield return change;
        }
    }

    internal async IAsyncEnumerable<string> ReadLogAsync(
        DcpKind kind, string name, string source, bool follow, int skip, [EnumeratorCancellation] CancellationToken ct)
    {
        var query = $"?source={source}&timestamps=true&follow={(follow ? "true" : "false")}{(skip > 0 ? $"&skip={skip}" : "")}";
        using var reader = await OpenAsync(Path(kind, name) + "/log" + query, ct);
        while (await reader.ReadLineAsync(ct) is { } line)
            yield return line;
    }

    internal async Task<string?> ExecutionStatusAsync(CancellationToken ct)
    {
        using var limit = Limited(ct);
        var answer = await http.GetFromJsonAsync<JsonObject>("/admin/execution", limit.Token);
        return answer?["status"]?.GetValue<string>();
    }

    internal Task EndExecutionAsync(string status, CancellationToken ct) => SendAsync(
        HttpMethod.Patch, "/admin/execution", Merge($$"""{"status":"{{status}}","shutdownResourceCleanup":"Full"}"""), ct);

    public void Dispose() => http.Dispose();

    private static string Path(DcpKind kind) => $"/apis/{DcpObject.Group}/{kind.Plural}";

    private static string Path(DcpKind kind, string name) => $"{Path(kind)}/{Uri.EscapeDataString(name)}";

    // With a charset behind it DCP does not know the type.
    private static StringContent Merge(string json) => new(json, new MediaTypeHeaderValue("application/merge-patch+json"));

    private static CancellationTokenSource Limited(CancellationToken ct)
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(CallTimeout);
        return limit;
    }

    private async Task<StreamReader> OpenAsync(string path, CancellationToken ct)
    {
        var answer = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, ct);
        try
        {
            await ThrowIfFailedAsync(answer, ct);
            return new StreamReader(await answer.Content.ReadAsStreamAsync(ct), Encoding.UTF8);
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private async Task SendAsync(HttpMethod method, string path, HttpContent content, CancellationToken ct)
    {
        using var limit = Limited(ct);
        using var request = new HttpRequestMessage(method, path)
        {
            Content = content,
            Version = http.DefaultRequestVersion,
            VersionPolicy = http.DefaultVersionPolicy,
        };
        using var answer = await http.SendAsync(request, limit.Token);
        await ThrowIfFailedAsync(answer, limit.Token);
    }

    private static async Task ThrowIfFailedAsync(HttpResponseMessage answer, CancellationToken ct)
    {
        if (answer.IsSuccessStatusCode)
            return;
        var text = await answer.Content.ReadAsStringAsync(ct);
        string? message = null;
        try
        {
            message = JsonNode.Parse(text)?["message"]?.GetValue<string>();
        }
        catch (JsonException)
        {
            // Not every answer is a Kubernetes Status.
        }
        throw new HttpRequestException($"DCP answered {(int)answer.StatusCode}: {message ?? text}", null, answer.StatusCode);
    }
}
