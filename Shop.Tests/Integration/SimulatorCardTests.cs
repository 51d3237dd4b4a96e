using System.Net;
using System.Net.Http.Headers;

namespace Shop.Tests.Integration;

/// <summary>Where a card is typed, who may look on, and what remains of it.</summary>
public sealed class SimulatorCardTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private const string CardPage = "/stripe/elements/card/page?return_url=http%3A%2F%2Flocalhost%3A5100%2Fcheckout%3Fstep%3D2";

    private readonly SimulatorHost _simulator = fixture.Simulator;

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Fact]
    public async Task Only_the_shop_that_asked_may_frame_the_card_form()
    {
        using var frame = await GetAsync("/stripe/elements/card?origin=http%3A%2F%2Flocalhost%3A5100%2Fcheckout&pk=pk_test_shop");

        Assert.Equal(HttpStatusCode.OK, frame.StatusCode);
        var policy = Assert.Single(frame.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("frame-ancestors http://localhost:5100;", policy, StringComparison.Ordinal);
        Assert.Contains("data-origin=\"http://localhost:5100\"", await frame.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/stripe/elements/card?origin=https%3A%2F%2Fevil.example&pk=pk_test_shop")]
    [InlineData("/stripe/elements/card?origin=http%3A%2F%2Flocalhost.evil.example&pk=pk_test_shop")]
    [InlineData("/stripe/elements/card?origin=javascript%3Aalert(1)&pk=pk_test_shop")]
    [InlineData("/stripe/elements/card?origin=http%3A%2F%2Flocalhost%3A5100&pk=sk_test_shop")]
    [InlineData("/stripe/elements/card?pk=pk_test_shop")]
    [InlineData("/stripe/elements/card/page?return_url=https%3A%2F%2Fevil.example%2F")]
    [InlineData("/stripe/elements/card/page?return_url=%2F%2Fevil.example%2F")]
    public async Task Strangers_get_no_form(string address)
    {
        using var answer = await GetAsync(address);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task A_shop_elsewhere_can_be_allowed()
    {
        await using var simulator = SimulatorHost.Start(("Simulator:AllowedOrigins:0", "https://shop.example"));

        using var frame = await simulator.Http.GetAsync(new Uri("/stripe/elements/card?origin=https%3A%2F%2Fshop.example&pk=pk_test_shop", UriKind.Relative), Ct);

        Assert.Equal(HttpStatusCode.OK, frame.StatusCode);
    }

    [Fact]
    public async Task Without_scripts_the_form_sends_the_shopper_back_with_a_payment_method()
    {
        using var answer = await EnterAsync("4242 4242 4242 4242", "12 / 40", "123");

        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.StartsWith("http://localhost:5100/checkout?step=2&payment_method=pm_", answer.Headers.Location!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("4242 4242 4242 4241", "12/40", "123", "Your card number is incorrect.")]
    [InlineData("4242424242424242", "13/40", "123", "expiration month is invalid.")]
    [InlineData("4242424242424242", "12/20", "123", "expiration year is invalid.")]
    [InlineData("4242424242424242", "", "123", "expiration month is invalid.")]
    [InlineData("4242424242424242", "12/40", "12", "security code is invalid.")]
    [InlineData("4242424242424242", "12/40", "", "Please fill this in.")]
    [InlineData("", "12/40", "123", "Please fill this in.")]
    public async Task A_slip_is_told_beside_its_field_and_nothing_typed_comes_back(string number, string expiry, string cvc, string message)
    {
        using var answer = await EnterAsync(number, expiry, cvc);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        var page = WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync(Ct));
        Assert.Contains(message, page, StringComparison.Ordinal);
        Assert.DoesNotContain("value=\"4242", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_a_card_only_the_last_four_digits_remain()
    {
        using var state = new StateFile();
        string[] traces = ["4000056655665556", "4000 0566 5566 5556", "40000566", "56655665", "7391"]; // the number, pieces of it, and the CVC
        await using (var simulator = SimulatorHost.Start(state.Setting))
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/stripe/v1/payment_methods");
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "pk_test_shop");
            request.Headers.Add("Idempotency-Key", "card-1");
            request.Content = Form(("type", "card"), ("card[number]", traces[0]), ("card[exp_month]", "12"), ("card[exp_year]", "2040"), ("card[cvc]", "739"));
            using var made = await simulator.Http.SendAsync(request, Ct);
            Assert.Contains("\"last4\":\"5556\"", await made.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);

            using var wrong = await simulator.Http.PostAsync(new Uri(CardPage, UriKind.Relative), Form(("number", traces[1]), ("expiry", "12/40"), ("cvc", "7391")), Ct);
            Assert.Equal(HttpStatusCode.UnprocessableEntity, wrong.StatusCode);

            foreach (var page in new[] { "/", "/requests", "/webhooks", "/ledger" })
            {
                var shown = await simulator.Http.GetStringAsync(new Uri(page, UriKind.Relative), Ct);
                Assert.All(traces, t => Assert.DoesNotContain(t, shown, StringComparison.Ordinal));
            }

            Assert.All(simulator.Log, line => Assert.All(traces, t => Assert.DoesNotContain(t, line, StringComparison.Ordinal)));
        }

        var kept = await File.ReadAllTextAsync(state.Path, Ct);
        Assert.Contains("pm_card_visa_debit", kept, StringComparison.Ordinal);
        Assert.All(traces, t => Assert.DoesNotContain(t, kept, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_page_of_all_that_happened_survives_being_empty_and_shows_what_is_there()
    {
        await using var simulator = SimulatorHost.Start();
        Assert.Contains("None yet.", await simulator.Http.GetStringAsync(new Uri("/", UriKind.Relative), Ct), StringComparison.Ordinal);

        await simulator.Stripe().V1.PaymentIntents.CreateAsync(
            new() { Amount = 500, Currency = "eur", Metadata = new() { ["order_id"] = "<b>order</b>" } }, cancellationToken: Ct);

        var page = await simulator.Http.GetStringAsync(new Uri("/overview", UriKind.Relative), Ct);
        Assert.Contains("/payment_intents", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>order</b>", page, StringComparison.Ordinal);
    }

    private Task<HttpResponseMessage> GetAsync(string address) => _simulator.Http.GetAsync(new Uri(address, UriKind.Relative), Ct);

    private Task<HttpResponseMessage> EnterAsync(string number, string expiry, string cvc) =>
        _simulator.Http.PostAsync(new Uri(CardPage, UriKind.Relative), Form(("number", number), ("expiry", expiry), ("cvc", cvc)), Ct);

    private static FormUrlEncodedContent Form(params (string Key, string Value)[] fields) => new(fields.Select(f => KeyValuePair.Create(f.Key, f.Value)));
}
