using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.People;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>Talks to the Api over HTTP, to whichever replica answers, as patiently as the storefront and a person together.</summary>
internal sealed class Visitor(LiveShop shop, Weather weather, int replica, string? session = null) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(20) };
    private int _replica = replica;

    public void Dispose() => _http.Dispose();

    public static (string, string?) Once() => ("Idempotency-Key", $"{Guid.NewGuid()}");

    /// <summary>To the next replica, and the next, until one has an answer of its own; each POST under the key it was first sent with.</summary>
    public async Task<(HttpStatusCode Status, JsonNode? Body)> SendAsync(
        HttpMethod method, string path, object? body, CancellationToken ct, params (string Name, string? Value)[] headers)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var api = shop.Apis[(Interlocked.Increment(ref _replica) & int.MaxValue) % shop.Apis.Length];
            string failure;
            try
            {
                using var request = new HttpRequestMessage(method, new Uri(api.Address, path));
                if (body is not null)
                    request.Content = JsonContent.Create(body);
                if (session is not null)
                    request.Headers.Authorization = new("Bearer", session);
                foreach (var (name, value) in headers)
                    request.Headers.TryAddWithoutValidation(name, value);
                using var response = await _http.SendAsync(request, ct);
                var text = await response.Content.ReadAsStringAsync(ct);
                if ((int)response.StatusCode < 500)
                    return (response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
                failure = $"{(int)response.StatusCode} {text}";
                weather.Count($"api {(int)response.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                failure = e.Message;
                weather.Count("api gone");
            }

            Assert.True(waited.Elapsed < Patience, $"{method} {path} was never answered: {failure}");
            await Task.Delay(100, ct);
        }
    }

    /// <summary>Decides on a page of the bank's or PayPal's, which may be gone for a moment.</summary>
    public async Task DecideAsync(string page, CancellationToken ct, params (string Name, string Value)[] fields)
    {
        for (var tries = 0; tries < 20; tries++)
        {
            try
            {
                using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
                using var answer = await _http.PostAsync(new Uri(page), form, ct);
                return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !ct.IsCancellationRequested)
            {
                await Task.Delay(200, ct);
            }
        }
    }

    /// <returns>The token of a session that outlives any storm; written down without the ceremony of signing in.</returns>
    public static async Task<(Guid UserId, string Session)> SignInAsync(ShopDbContext db, Role role)
    {
        var now = DateTimeOffset.UtcNow;
        var user = ShopUser.Of(Person.WithAccount($"{role}-{Guid.NewGuid():N}@example.org".ToLowerInvariant(), $"Some {role}", now), role, now);
        user.EmailConfirmed = true;
        user.ChangePassword("none");
        if (user.IsStaff)
            (user.TwoFactorEnabled, user.AuthenticatorKey) = (true, Totp.NewKey());
        var token = Session.NewToken();
        db.AddRange(user, new Session
        {
            Id = Guid.CreateVersion7(now), TokenHash = Session.HashOf(token), UserId = user.Id, Device = "A storm", Pending = false, CreatedAt = now,
            LastSeenAt = now, ExpiresAt = now.AddDays(1), SecondFactorAt = user.IsStaff ? now : null,
        });
        await db.SaveChangesAsync();
        return (user.Id, token);
    }
}
