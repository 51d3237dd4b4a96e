using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Shop.Data.Orders;

namespace Shop.Payments.Gateways;

/// <param name="Text">Null when there is none; then <paramref name="None"/> says why, and whatever wanted it was not sent.</param>
internal sealed record PayPalBearer(string? Text, GatewayAnswer.NotCharged? None = null)
{
    public override string ToString() => nameof(PayPalBearer); // who has it can charge
}

/// <summary>
/// What opens PayPal's API for some hours. Asked for once however many want it at the same time: a request of its own for each charge is
/// how shops have been locked out.
/// </summary>
internal sealed class PayPalToken(HttpClient http, string clientId, string clientSecret, TimeSpan limit, TimeProvider clock)
{
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    private readonly Lock _lock = new();
    private string? _text;
    private DateTimeOffset _until;
    private Task<PayPalBearer>? _asking;

    /// <param name="refused">The one that PayPal no longer takes; null when none was tried.</param>
    public Task<PayPalBearer> GetAsync(string? refused, CancellationToken ct)
    {
        lock (_lock)
        {
            if (refused is not null && _text == refused)
                _text = null;
            if (_text is not null && clock.GetUtcNow() < _until - Early)
                return Task.FromResult(new PayPalBearer(_text));
            // Not with the caller's token: others wait for the same answer. And elsewhere, as it takes this lock when it is done.
            _asking ??= Task.Run(RefreshAsync, CancellationToken.None);
            return _asking.WaitAsync(ct);
        }
    }

    private async Task<PayPalBearer> RefreshAsync()
    {
        var (text, lifetime, none) = await AskAsync();
        lock (_lock)
        {
            _asking = null;
            var now = clock.GetUtcNow();
            if (text is not null)
                (_text, _until) = (text, now + lifetime);
            // A refresh may fail: the old one is still good for the rest of its last minute.
            return _text is not null && now < _until ? new(_text) : new(null, none ?? NotSent("expired"));
        }
    }

    private async Task<(string? Text, TimeSpan Lifetime, GatewayAnswer.NotCharged? None)> AskAsync()
    {
        try
        {
            using var timeout = new CancellationTokenSource(limit, clock);
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/oauth2/token")
            {
                Headers = { Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{clientId}:{clientSecret}"))) },
                Content = new FormUrlEncodedContent([new("grant_type", "client_credentials")]),
            };
            using var response = await http.SendAsync(request, timeout.Token);
            var status = (int)response.StatusCode;
            if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
                return (null, default, new(Refusal.OurKey, Reasons.GatewayRefusedOurKey) { Facts = new(HttpStatus: status, Code: "token") });
            if (!response.IsSuccessStatusCode)
                return (null, default, NotSent("token", status));

            var reply = JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(timeout.Token), PayPalJson.Default.PayPalTokenReply);
            return reply is { AccessToken: { Length: > 0 } text, ExpiresIn: > 0 and var seconds }
                ? (text, TimeSpan.FromSeconds(Math.Min(seconds, (long)Longest.TotalSeconds)), null) : (null, default, NotSent("token", status));
        }
        catch (Exception e) // whatever went wrong, it went wrong before anything was asked for
        {
            return (null, default, NotSent($"token {e.GetType().Name}"));
        }
    }

    private static GatewayAnswer.NotCharged NotSent(string code, int? status = null) =>
        new(Refusal.NotSent, Reasons.GatewayUnreachable) { Facts = new(HttpStatus: status, Code: code) };
}
