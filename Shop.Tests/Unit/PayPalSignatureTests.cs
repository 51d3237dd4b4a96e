using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Shop.Payments.Gateways;
using Shop.Payments.Webhooks;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

/// <summary>Whose word an event of PayPal's is.</summary>
public sealed class PayPalSignatureTests : IDisposable
{
    private const string WebhookId = "1JE4291016473214C";
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED","resource":{"id":"ä"}}""");
    private static readonly PayPalOptions Sandbox = new() { ClientId = "client", ClientSecret = "secret", WebhookId = WebhookId };

    private readonly SteppedClock _clock = new(new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));
    private readonly PayPalSigner _signer = new(new DateTimeOffset(2026, 11, 20, 12, 0, 0, TimeSpan.Zero));

    public void Dispose() => _signer.Dispose();

    private (PayPalCertificates Certificates, CertificateHost Host) From(Func<Uri, HttpResponseMessage> answer, PayPalOptions? options = null, X509Certificate2? root = null)
    {
        var host = new CertificateHost(answer);
        return (new(new HttpClient(host), options ?? Sandbox, _clock, [root ?? _signer.Root]), host);
    }

    private static Task<PayPalCertificate> FindAsync(PayPalCertificates certificates, string place = PayPalSigner.Place) =>
        certificates.FindAsync(new Uri(place), CancellationToken.None);

    [Theory]
    [InlineData("", 0u)]
    [InlineData("123456789", 3421780262u)] // the check value of CRC-32
    [InlineData("The quick brown fox jumps over the lazy dog", 1095738169u)]
    public void The_sum_over_the_body_is_the_usual_one(string text, uint crc) => Assert.Equal(crc, PayPalSignature.Crc32(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void What_is_signed_names_the_transmission_our_endpoint_and_the_sum_as_an_unsigned_number() =>
        Assert.Equal("id|2026-11-20T12:00:00Z|hook|3421780262", PayPalSignature.Message("id", "2026-11-20T12:00:00Z", "hook", "123456789"u8));

    [Fact]
    public void A_signature_fits_its_own_message_and_key_alone()
    {
        var message = PayPalSignature.Message("id", "time", WebhookId, Body);
        var signature = _signer.Sign(message);
        using var stranger = new PayPalSigner(_clock.GetUtcNow());

        Assert.True(PayPalSignature.Fits(message, signature, _signer.PublicKey));
        Assert.False(PayPalSignature.Fits(PayPalSignature.Message("id2", "time", WebhookId, Body), signature, _signer.PublicKey));
        Assert.False(PayPalSignature.Fits(PayPalSignature.Message("id", "time2", WebhookId, Body), signature, _signer.PublicKey));
        Assert.False(PayPalSignature.Fits(PayPalSignature.Message("id", "time", "another endpoint", Body), signature, _signer.PublicKey));
        Assert.False(PayPalSignature.Fits(PayPalSignature.Message("id", "time", WebhookId, [.. Body, (byte)' ']), signature, _signer.PublicKey));
        Assert.False(PayPalSignature.Fits(message, signature, stranger.PublicKey));
        Assert.False(PayPalSignature.Fits(message, "no base 64!", _signer.PublicKey));
        Assert.False(PayPalSignature.Fits(message, "", _signer.PublicKey));
        Assert.False(PayPalSignature.Fits(message, Convert.ToBase64String(new byte[16]), _signer.PublicKey));
    }

    [Theory]
    [InlineData("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1", true)]
    [InlineData("https://API.sandbox.paypal.com/v1/notifications/certs/CERT-1", true)]
    [InlineData("http://api.sandbox.paypal.com/v1/notifications/certs/CERT-1", false)]
    [InlineData("https://api.paypal.com/v1/notifications/certs/CERT-1", false)] // live, and this is the sandbox
    [InlineData("https://api.sandbox.paypal.com:8443/v1/notifications/certs/CERT-1", false)]
    [InlineData("https://api.sandbox.paypal.com@evil.example/v1/notifications/certs/CERT-1", false)]
    [InlineData("https://me@api.sandbox.paypal.com/v1/notifications/certs/CERT-1", false)]
    [InlineData("https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/CERT-1", false)]
    [InlineData("https://api.sandbox.paypal.com./v1/notifications/certs/CERT-1", false)]
    [InlineData("https://evil.example/api.sandbox.paypal.com/v1/notifications/certs/CERT-1", false)]
    [InlineData("https://api.sandbox.paypal.com/v1/notifications/certs/../../redirect", false)]
    [InlineData("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1?to=http://evil.example", false)]
    [InlineData("https://www.paypal.com/v1/notifications/certs/CERT-1", false)]
    [InlineData("file:///etc/ssl/certs/CERT-1", false)]
    [InlineData("http://169.254.169.254/v1/notifications/certs/CERT-1", false)]
    [InlineData("http://localhost:5010/paypal/certs/1", false)]
    public async Task A_certificate_comes_from_PayPals_own_host_or_not_at_all(string place, bool may)
    {
        var (certificates, host) = From(_ => CertificateHost.Pem(_signer.Pem));

        Assert.Equal(may, certificates.MayComeFrom(new Uri(place)));
        Assert.Equal(may, (await FindAsync(certificates, place)).PublicKey is not null);
        Assert.Equal(may ? 1 : 0, host.Calls);
    }

    [Theory]
    [InlineData("http://localhost:5010/paypal/certs/1", true)]
    [InlineData("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1", true)]
    [InlineData("http://localhost:5010/paypal/other/1", false)]
    [InlineData("http://localhost:5010/paypal/certs/../other/1", false)]
    [InlineData("http://localhost:5010/paypal/certsother/1", false)]
    [InlineData("http://localhost:5011/paypal/certs/1", false)]
    [InlineData("http://localhost:5010@evil.example/paypal/certs/1", false)]
    [InlineData("https://localhost:5010/paypal/certs/1", false)]
    public void The_simulators_certificates_come_from_the_place_that_is_set_for_it(string place, bool may) => Assert.Equal(may,
        From(_ => CertificateHost.Pem(""), new() { CertificateBase = "http://localhost:5010/paypal/certs" }).Certificates.MayComeFrom(new Uri(place)));

    [Fact]
    public async Task At_the_simulators_place_the_place_is_the_trust()
    {
        using var nobody = new PayPalSigner(_clock.GetUtcNow(), "localhost");
        var (certificates, _) = From(_ => CertificateHost.Pem(nobody.Pem), new() { CertificateBase = "http://localhost:5010/paypal/certs/" });

        Assert.Equal(nobody.PublicKey, (await FindAsync(certificates, "http://localhost:5010/paypal/certs/1")).PublicKey);
    }

    [Fact]
    public async Task A_certificate_of_PayPals_is_fetched_once_a_day_however_many_events_name_it()
    {
        var (certificates, host) = From(_ => CertificateHost.Pem(_signer.Pem));
        var hold = host.Hold = new TaskCompletionSource();
        Task<PayPalCertificate>[] finding = [.. Enumerable.Range(0, 20).Select(_ => FindAsync(certificates))];
        hold.SetResult();

        Assert.All(await Task.WhenAll(finding), found => Assert.Equal(_signer.PublicKey, found.PublicKey));
        Assert.Equal(1, host.Calls);
        _clock.Advance(TimeSpan.FromHours(25));
        await FindAsync(certificates);
        Assert.Equal(2, host.Calls);
    }

    [Fact]
    public async Task A_certificate_that_ends_is_not_trusted_a_moment_longer()
    {
        using var ending = new PayPalSigner(_clock.GetUtcNow(), valid: TimeSpan.FromHours(1));
        var (certificates, host) = From(_ => CertificateHost.Pem(ending.Pem), root: ending.Root);

        Assert.NotNull((await FindAsync(certificates)).PublicKey);
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.Null((await FindAsync(certificates)).PublicKey);
        Assert.Equal(2, host.Calls);
    }

    [Theory]
    [InlineData("another root")]
    [InlineData("another name")]
    [InlineData("too early")]
    [InlineData("no certificate")]
    [InlineData("an elliptic key")]
    [InlineData("not found")]
    public async Task A_certificate_that_is_not_PayPals_is_refused_and_not_asked_for_again_soon(string what)
    {
        using var stranger = new PayPalSigner(_clock.GetUtcNow());
        using var misnamed = new PayPalSigner(_clock.GetUtcNow(), "messageverificationcerts.paypal.com.evil.example");
        using var coming = new PayPalSigner(_clock.GetUtcNow().AddYears(2));
        var (pem, root) = what switch
        {
            "another root" => (stranger.Pem, _signer.Root),
            "another name" => (misnamed.Pem, misnamed.Root),
            "too early" => (coming.Pem, coming.Root),
            "an elliptic key" => (Elliptic(), _signer.Root),
            _ => ("<html>", _signer.Root),
        };
        var (certificates, host) = From(_ => what is "not found" ? new HttpResponseMessage(HttpStatusCode.NotFound) : CertificateHost.Pem(pem), root: root);

        Assert.Equal(new PayPalCertificate(null), await FindAsync(certificates));
        Assert.Equal(new PayPalCertificate(null), await FindAsync(certificates));
        Assert.Equal(1, host.Calls);

        string Elliptic()
        {
            using var key = System.Security.Cryptography.ECDsa.Create();
            using var certificate = new CertificateRequest($"CN={PayPalSigner.Name}", key, System.Security.Cryptography.HashAlgorithmName.SHA256)
                .CreateSelfSigned(_clock.GetUtcNow().AddDays(-1), _clock.GetUtcNow().AddDays(1));
            return certificate.ExportCertificatePem();
        }
    }

    [Theory]
    [InlineData(500)]
    [InlineData(429)]
    [InlineData(0)]
    public async Task A_certificate_that_cannot_be_fetched_now_may_come_yet(int status)
    {
        var (certificates, host) = From(_ => status is 0 ? throw new HttpRequestException("gone") : new HttpResponseMessage((HttpStatusCode)status));

        Assert.Equal(new PayPalCertificate(null, MayComeYet: true), await FindAsync(certificates));
        Assert.True((await FindAsync(certificates)).MayComeYet);
        Assert.Equal(2, host.Calls);
    }

    [Fact]
    public async Task Strangers_who_name_ever_new_places_use_up_an_allowance_and_leave_what_is_known()
    {
        var (certificates, host) = From(url => url.AbsoluteUri == PayPalSigner.Place ? CertificateHost.Pem(_signer.Pem) : new HttpResponseMessage(HttpStatusCode.NotFound));
        await FindAsync(certificates);
        for (var i = 0; i < 500; i++)
            await FindAsync(certificates, $"https://api.sandbox.paypal.com/v1/notifications/certs/{i}");

        Assert.Equal(10, host.Calls);
        Assert.NotNull((await FindAsync(certificates)).PublicKey);

        for (var minute = 0; minute < 30; minute++) // and half an hour of it makes nobody forget either
        {
            _clock.Advance(TimeSpan.FromMinutes(1));
            for (var i = 0; i < 20; i++)
                await FindAsync(certificates, $"https://api.sandbox.paypal.com/v1/notifications/certs/{minute}-{i}");
        }

        Assert.Equal(310, host.Calls);
        Assert.NotNull((await FindAsync(certificates)).PublicKey);
        Assert.Equal(310, host.Calls);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(404)]
    [InlineData(0)]
    public async Task A_certificate_that_was_PayPals_stays_so_until_it_ends_and_needs_nothing_of_the_allowance(int status)
    {
        using var ending = new PayPalSigner(_clock.GetUtcNow(), valid: TimeSpan.FromHours(30));
        var (isGone, asked) = (false, 0);
        var (certificates, _) = From(Answer, root: ending.Root);
        Assert.NotNull((await FindAsync(certificates)).PublicKey);

        isGone = true;
        _clock.Advance(TimeSpan.FromHours(25));
        for (var i = 0; i < 500; i++)
            await FindAsync(certificates, $"https://api.sandbox.paypal.com/v1/notifications/certs/{i}");
        Assert.Equal(ending.PublicKey, (await FindAsync(certificates)).PublicKey);
        Assert.Equal(ending.PublicKey, (await FindAsync(certificates)).PublicKey);
        Assert.Equal(2, asked);
        _clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(ending.PublicKey, (await FindAsync(certificates)).PublicKey);
        Assert.Equal(3, asked);

        _clock.Advance(TimeSpan.FromHours(5));
        Assert.Null((await FindAsync(certificates)).PublicKey);

        HttpResponseMessage Answer(Uri url)
        {
            if (url.AbsoluteUri != PayPalSigner.Place)
                return new(HttpStatusCode.NotFound);
            asked++;
            return !isGone ? CertificateHost.Pem(ending.Pem) : status is 0 ? throw new HttpRequestException("gone") : new((HttpStatusCode)status);
        }
    }

    [Fact]
    public async Task A_place_that_does_not_answer_holds_up_no_other_and_who_leaves_ends_it_for_nobody()
    {
        const string SlowPlace = "https://api.sandbox.paypal.com/v1/notifications/certs/slow";
        var (certificates, host) = From(_ => CertificateHost.Pem(_signer.Pem));
        host.Held = new(SlowPlace);
        var hold = host.Hold = new TaskCompletionSource();
        using var leaving = new CancellationTokenSource();
        var left = certificates.FindAsync(new(SlowPlace), leaving.Token);
        var slow = FindAsync(certificates, SlowPlace);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);

        Assert.NotNull((await FindAsync(certificates)).PublicKey);
        Assert.False(slow.IsCompleted);
        hold.SetResult();
        Assert.NotNull((await slow).PublicKey);
        Assert.Equal(2, host.Calls);
    }

    [Theory]
    [InlineData("CHECKOUT.ORDER.APPROVED", """{"id":"5O1"}""", "5O1", null, null)]
    [InlineData("CHECKOUT.PAYMENT-APPROVAL.REVERSED", """{"order_id":"5O1","purchase_units":[]}""", "5O1", null, null)]
    [InlineData("PAYMENT.CAPTURE.COMPLETED", """{"id":"3C6","custom_id":"01920000-0000-7000-8000-000000000001","supplementary_data":{"related_ids":{"order_id":"5O1"}}}""", "5O1", "01920000-0000-7000-8000-000000000001", null)]
    [InlineData("PAYMENT.CAPTURE.DENIED", """{"id":"3C6","custom_id":"01920000-0000-7000-8000-000000000001"}""", null, "01920000-0000-7000-8000-000000000001", null)]
    [InlineData("PAYMENT.AUTHORIZATION.VOIDED", """{"id":"0AW","supplementary_data":{"related_ids":{"order_id":"5O1"}}}""", "5O1", null, null)]
    [InlineData("PAYMENT.CAPTURE.REFUNDED", """{"id":"1JU","custom_id":"01920000-0000-7000-8000-000000000002"}""", null, null, "1JU")]
    [InlineData("PAYMENT.REFUND.FAILED", """{"id":"1JU","invoice_id":"order:1:paypal:refund:01920000-0000-7000-8000-000000000002:2"}""", null, null, "1JU")]
    [InlineData("PAYMENT.CAPTURE.COMPLETED", """{"id":7,"custom_id":[],"supplementary_data":null}""", null, null, null)]
    [InlineData("PAYMENT.CAPTURE.COMPLETED", "null", null, null, null)]
    [InlineData("PAYMENT.CAPTURE.COMPLETED", "[]", null, null, null)]
    [InlineData("OF.TOMORROW", """{"id":"1"}""", null, null, null)]
    public void An_event_says_what_it_is_about_and_nothing_that_is_believed(string type, string resource, string? intent, string? order, string? refund)
    {
        var about = EventSubject.OfPayPal(type, Encoding.UTF8.GetBytes($$"""{"id":"WH-1","event_type":"{{type}}","resource":{{resource}}}"""));

        Assert.Equal((intent, order, refund), (about.IntentId, about.OrderId?.ToString(), about.RefundId));
        Assert.Equal(refund is null ? null : "01920000-0000-7000-8000-000000000002", about.OurRefundId?.ToString());
        Assert.Equal(intent is null && order is null && refund is null && about.DisputeId is null, about == EventSubject.None);
    }

    [Theory]
    [InlineData("""{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"}""", true)]
    [InlineData("""{"id":"","event_type":"PAYMENT.CAPTURE.COMPLETED"}""", false)]
    [InlineData("""{"id":7,"event_type":"PAYMENT.CAPTURE.COMPLETED"}""", false)]
    [InlineData("""{"id":"WH-1"}""", false)]
    [InlineData("[]", false)]
    [InlineData("null", false)]
    [InlineData("<html>", false)]
    [InlineData("", false)]
    public void Only_what_has_an_id_and_a_type_is_an_event(string body, bool isOne) => Assert.Equal(isOne, PayPalWebhook.NameOf(Encoding.UTF8.GetBytes(body)) is not null);
}
