using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Shop.Payments.Gateways;

namespace Shop.Payments.Webhooks;

/// <param name="PublicKey">Null when there is none to trust.</param>
/// <param name="MayComeYet">It could not be fetched now: the event is to be sent again.</param>
internal sealed record PayPalCertificate(byte[]? PublicKey, bool MayComeYet = false);

/// <summary>
/// The certificates that PayPal signs events with. Where one is comes with the event, from whoever sent it: so it is fetched from PayPal's own
/// host alone, must be PayPal's by a chain of trust, and strangers who name ever new ones use up a small allowance and nothing else.
/// </summary>
/// <param name="roots">In the place of the machine's; for tests.</param>
internal sealed class PayPalCertificates(HttpClient http, PayPalOptions options, TimeProvider clock, X509Certificate2Collection? roots = null) : IDisposable
{
    public const int MaxBytes = 64 * 1024;
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private const int FetchesPerMinute = 10;
    private const int MaxKept = 100;
    private const string Path = "/v1/notifications/certs/";
    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);
    private static readonly TimeSpan KeptRefused = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _one = new(1); // a hundred events of a new certificate fetch it once
    private readonly Dictionary<Uri, (byte[]? Key, DateTimeOffset Until)> _known = [];
    private DateTimeOffset _minute;
    private int _fetches;

    /// <summary>PayPal's own, of the world we are in: live or sandbox.</summary>
    public bool IsPayPals(Uri url) =>
        url is { IsDefaultPort: true, UserInfo: "", Query: "", Fragment: "" } && url.Scheme == Uri.UriSchemeHttps && url.Host == options.CertificateHost
        && url.AbsolutePath.StartsWith(Path, StringComparison.Ordinal);

    public bool MayComeFrom(Uri url) => IsPayPals(url) || IsSimulators(url);

    public async Task<PayPalCertificate> FindAsync(Uri url, CancellationToken ct)
    {
        if (!MayComeFrom(url))
            return new(null);
        if (Known(url) is { } known)
            return known;
        if (!await _one.WaitAsync(Limit, ct))
            return new(null, MayComeYet: true);
        try
        {
            return Known(url) ?? (MayFetch() ? await FetchAsync(url, ct) : new(null, MayComeYet: true));
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose()
    {
        _one.Dispose();
        http.Dispose();
    }

    private bool IsSimulators(Uri url) => options.CertificateBase is { } @base && Uri.TryCreate($"{@base.TrimEnd('/')}/", UriKind.Absolute, out var place)
        && url.UserInfo is "" && place.IsBaseOf(url);

    private PayPalCertificate? Known(Uri url)
    {
        lock (_lock)
            return _known.TryGetValue(url, out var known) && clock.GetUtcNow() < known.Until ? new(known.Key) : null;
    }

    private bool MayFetch()
    {
        var now = clock.GetUtcNow();
        if (now - _minute >= TimeSpan.FromMinutes(1))
            (_minute, _fetches) = (now, 0);
        return _fetches++ < FetchesPerMinute;
    }

    private async Task<PayPalCertificate> FetchAsync(Uri url, CancellationToken ct)
    {
        string pem;
        try
        {
            using var response = await http.GetAsync(url, ct);
            if (response.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
                return new(null, MayComeYet: true);
            pem = response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync(ct) : "";
        }
        catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return new(null, MayComeYet: true);
        }

        var (key, until) = Read(pem, IsPayPals(url));
        Keep(url, key, until);
        return new(key);
    }

    private (byte[]? Key, DateTimeOffset Until) Read(string pem, bool isPayPals)
    {
        var now = clock.GetUtcNow();
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
            if (certificates is [var own, ..] && own.GetRSAPublicKey() is { } key && (!isPayPals || IsTrusted(own, certificates, now)))
            {
                using (key)
                {
                    var until = now + Kept;
                    return (key.ExportSubjectPublicKeyInfo(), isPayPals && own.NotAfter.ToUniversalTime() < until ? own.NotAfter.ToUniversalTime() : until);
                }
            }
        }
        catch (CryptographicException)
        {
        }
        finally
        {
            foreach (var certificate in certificates)
                certificate.Dispose();
        }

        return (null, now + KeptRefused);
    }

    private bool IsTrusted(X509Certificate2 certificate, X509Certificate2Collection sent, DateTimeOffset now)
    {
        var name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        if (!name.StartsWith("messageverificationcerts.", StringComparison.Ordinal) || !name.EndsWith(".paypal.com", StringComparison.Ordinal))
            return false;

        using var chain = new X509Chain();
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck; // nobody is asked while an event waits
        chain.ChainPolicy.UrlRetrievalTimeout = Limit;
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        if (roots is not null)
        {
            chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        }

        return chain.Build(certificate);
    }

    private void Keep(Uri url, byte[]? key, DateTimeOffset until)
    {
        lock (_lock)
        {
            if (_known.Count >= MaxKept) // there are two or three real ones
            {
                var now = clock.GetUtcNow();
                foreach (var (other, known) in _known.ToArray())
                {
                    if (known.Key is null || known.Until <= now)
                        _known.Remove(other);
                }
            }

            if (_known.Count < MaxKept)
                _known[url] = (key, until);
        }
    }
}
