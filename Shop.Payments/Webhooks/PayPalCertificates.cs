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
/// host alone and must be PayPal's by a chain of trust. One that was is kept until it ends, and strangers who name ever new ones use up an
/// allowance that only those need which are not known yet.
/// </summary>
/// <remarks>
/// What is left to them: as long as they use it up, a certificate that this process has not seen yet (all of them after a start, a new one when
/// PayPal changes it) waits for a turn. Its events are answered with 503 and sent again, and what they tell is asked for by the sweeps meanwhile.
/// </remarks>
/// <param name="roots">In the place of the machine's; for tests.</param>
internal sealed class PayPalCertificates(HttpClient http, PayPalOptions options, TimeProvider clock, X509Certificate2Collection? roots = null) : IDisposable
{
    public const int MaxBytes = 64 * 1024;
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private const int FetchesPerMinute = 10;
    private const int MaxKept = 100;
    private const string Path = "/v1/notifications/certs/";
    private static readonly TimeSpan Fresh = TimeSpan.FromHours(24);
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(10);

    private readonly Lock _lock = new();
    private readonly Dictionary<Uri, Known> _known = [];
    private readonly Dictionary<Uri, Task<PayPalCertificate>> _fetching = []; // a hundred events of a certificate fetch it once, and wait for no other
    private DateTimeOffset _minute;
    private int _fetches;

    /// <summary>PayPal's own, of the world we are in: live or sandbox.</summary>
    public bool IsPayPals(Uri url) =>
        url is { IsDefaultPort: true, UserInfo: "", Query: "", Fragment: "" } && url.Scheme == Uri.UriSchemeHttps && url.Host == options.CertificateHost
        && url.AbsolutePath.StartsWith(Path, StringComparison.Ordinal);

    public bool MayComeFrom(Uri url) => IsPayPals(url) || IsSimulators(url);

    public Task<PayPalCertificate> FindAsync(Uri url, CancellationToken ct)
    {
        if (!MayComeFrom(url))
            return Task.FromResult(new PayPalCertificate(null));

        lock (_lock)
        {
            var now = clock.GetUtcNow();
            var known = _known.GetValueOrDefault(url);
            if (known is not null && now < known.FreshUntil)
                return Task.FromResult(new PayPalCertificate(known.Key));
            if (!_fetching.TryGetValue(url, out var fetching))
            {
                var trusted = known?.Key is not null && now < known.Ends ? known : null;
                if (trusted is null && !MayFetch(now))
                    return Task.FromResult(new PayPalCertificate(null, MayComeYet: true));
                _fetching[url] = fetching = Task.Run(() => FetchAsync(url, trusted), CancellationToken.None); // for all who wait, whoever leaves
            }

            return fetching.WaitAsync(ct);
        }
    }

    public void Dispose() => http.Dispose();

    private bool IsSimulators(Uri url) => options.CertificateBase is { } @base && Uri.TryCreate($"{@base.TrimEnd('/')}/", UriKind.Absolute, out var place)
        && url.UserInfo is "" && place.IsBaseOf(url);

    private bool MayFetch(DateTimeOffset now)
    {
        if (now - _minute >= TimeSpan.FromMinutes(1))
            (_minute, _fetches) = (now, 0);
        return _fetches++ < FetchesPerMinute;
    }

    /// <param name="trusted">What is known and only not fresh: it stays while there is nothing better.</param>
    private async Task<PayPalCertificate> FetchAsync(Uri url, Known? trusted)
    {
        Known? found = null;
        try
        {
            using var response = await http.GetAsync(url); // its own limit ends it
            if (response.StatusCode is not (HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError))
                found = Read(response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync() : "", IsPayPals(url));
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
        }
        finally
        {
            lock (_lock)
            {
                if (found?.Key is null && trusted is not null)
                    found = trusted with { FreshUntil = Earlier(clock.GetUtcNow() + AskAgain, trusted.Ends) };
                if (found is not null)
                    Keep(url, found);
                _fetching.Remove(url);
            }
        }

        return new(found?.Key, MayComeYet: found is null);
    }

    private Known Read(string pem, bool isPayPals)
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
                    var ends = isPayPals ? own.NotAfter.ToUniversalTime() : now + Fresh;
                    return new(key.ExportSubjectPublicKeyInfo(), Earlier(now + Fresh, ends), ends);
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

        return new(null, now + AskAgain, now + AskAgain);
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

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

    private void Keep(Uri url, Known found)
    {
        if (_known.Count >= MaxKept) // there are two or three real ones
        {
            var now = clock.GetUtcNow();
            foreach (var (other, known) in _known.ToArray())
            {
                if (known.Key is null || known.Ends <= now)
                    _known.Remove(other);
            }
        }

        if (_known.Count < MaxKept || _known.ContainsKey(url))
            _known[url] = found;
    }

    /// <param name="Key">Null: it is none of PayPal's.</param>
    /// <param name="FreshUntil">Then it is asked for again.</param>
    /// <param name="Ends">Until then the key is trusted, whether or not it can be had again.</param>
    private sealed record Known(byte[]? Key, DateTimeOffset FreshUntil, DateTimeOffset Ends);
}
