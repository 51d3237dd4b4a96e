using System.Net.Sockets;
using System.Text;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>AUTH and PING in Redis' own protocol: two lines need no client library in the application host.</summary>
internal static class RedisProbe
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    internal static async Task<HealthCheckResult> CheckAsync(RedisResource redis, CancellationToken ct)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
            // A port whose server is away accepts and stays silent.
            limit.CancelAfter(Limit);
            using var client = new TcpClient();
            await client.ConnectAsync(redis.PrimaryEndpoint.Host, redis.PrimaryEndpoint.Port, limit.Token);
            await using var stream = client.GetStream();
            using var reader = new StreamReader(stream, Encoding.UTF8);
            if (redis.PasswordParameter is { } parameter && await AskAsync("AUTH", await parameter.GetValueAsync(limit.Token)) is var said and not "+OK")
                return HealthCheckResult.Unhealthy($"Redis refused the password: {said}");
            return await AskAsync("PING", null) is "+PONG"
                ? HealthCheckResult.Healthy()
                : HealthCheckResult.Unhealthy("Redis did not answer PING with PONG.");

            async Task<string?> AskAsync(string command, string? argument)
            {
                string[] words = argument is null ? [command] : [command, argument];
                var text = $"*{words.Length}\r\n" + string.Concat(words.Select(word => $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n"));
                await stream.WriteAsync(Encoding.UTF8.GetBytes(text), limit.Token);
                return await reader.ReadLineAsync(limit.Token);
            }
        }
        catch (Exception e) when (e is SocketException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return HealthCheckResult.Unhealthy(exception: e);
        }
    }
}
