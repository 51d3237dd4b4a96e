using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Shop.Payments.Webhooks;

namespace Shop.Tests.Fixtures;

/// <summary>Signs events as PayPal does, with a certificate below a root of its own.</summary>
internal sealed class PayPalSigner : IDisposable
{
    public const string Name = "messageverificationcerts.sandbox.paypal.com";
    public const string Place = "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1";

    private readonly RSA _key = RSA.Create(2048);
    private readonly RSA _rootKey = RSA.Create(2048);

    public PayPalSigner(DateTimeOffset now, string name = Name, TimeSpan? valid = null)
    {
        var request = new CertificateRequest("CN=Root of a test", _rootKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Root = request.CreateSelfSigned(now.AddYears(-2), now.AddYears(5));
        var own = new CertificateRequest($"CN={name}, O=PayPal", _key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        own.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        using var certificate = own.Create(Root, now.AddYears(-1), now + (valid ?? TimeSpan.FromDays(365)), [1, 2, 3, 4]);
        Pem = certificate.ExportCertificatePem();
        PublicKey = _key.ExportSubjectPublicKeyInfo();
    }

    public X509Certificate2 Root { get; }
    public string Pem { get; }
    public byte[] PublicKey { get; }

    public string Sign(string message) => Convert.ToBase64String(_key.SignData(Encoding.UTF8.GetBytes(message), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    /// <summary>An event on its way to us.</summary>
    public HttpRequestMessage Send(string body, string webhookId, string place = Place, DateTimeOffset? at = null)
    {
        var (id, time) = ($"{Guid.NewGuid()}", (at ?? DateTimeOffset.UtcNow).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture));
        var bytes = Encoding.UTF8.GetBytes(body);
        return new(HttpMethod.Post, new Uri("/webhooks/paypal", UriKind.Relative))
        {
            Content = new ByteArrayContent(bytes) { Headers = { ContentType = new("application/json") } },
            Headers =
            {
                { "PAYPAL-TRANSMISSION-ID", id }, { "PAYPAL-TRANSMISSION-TIME", time }, { "PAYPAL-CERT-URL", place },
                { "PAYPAL-AUTH-ALGO", PayPalSignature.Algorithm }, { "PAYPAL-TRANSMISSION-SIG", Sign(PayPalSignature.Message(id, time, webhookId, bytes)) },
            },
        };
    }

    public void Dispose()
    {
        Root.Dispose();
        _key.Dispose();
        _rootKey.Dispose();
    }
}

/// <summary>The place where certificates are fetched from.</summary>
internal sealed class CertificateHost(Func<Uri, HttpResponseMessage> answer) : HttpMessageHandler
{
    private int _calls;

    public int Calls => _calls;
    public TaskCompletionSource? Hold { get; set; }

    /// <summary>The one place that is held; null: all.</summary>
    public Uri? Held { get; set; }

    public static HttpResponseMessage Pem(string pem) => new(HttpStatusCode.OK) { Content = new StringContent(pem) };

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _calls);
        if (Hold is { } hold && (Held is null || Held == request.RequestUri))
            await hold.Task.WaitAsync(cancellationToken);
        return answer(request.RequestUri!);
    }
}
