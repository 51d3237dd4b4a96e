using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace Shop.Tests.Integration;

/// <summary>The faults of the simulated PayPal, and that they are not Stripe's.</summary>
public sealed class SimulatorPayPalFaultTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>, IAsyncLifetime, IDisposable
{
    private readonly SimulatorHost _simulator = fixture.Simulator;
    private readonly PayPalCaller _payPal = new(fixture.Simulator);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => (await _simulator.Http.DeleteAsync(new Uri("/faults", UriKind.Relative))).Dispose();

    public void Dispose() => _payPal.Dispose();

    [Theory]
    [InlineData("unavailable_503", HttpStatusCode.ServiceUnavailable)]
    [InlineData("rate_limited_429", HttpStatusCode.TooManyRequests)]
    [InlineData("html_502", HttpStatusCode.BadGateway)]
    [InlineData("error_500_before", HttpStatusCode.InternalServerError)]
    public async Task What_never_arrived_can_be_sent_again(string fault, HttpStatusCode status)
    {
        var order = await _payPal.ApprovedAsync(custom: fault);
        await SetAsync(new { gateway = "paypal", rules = new[] { new { fault, count = 1, operation = "capture" } } });

        Assert.Equal(status, (await _payPal.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "k")).Status);
        Assert.Equal(0, await ChargesAsync(fault));

        Assert.Equal(HttpStatusCode.Created, (await _payPal.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "k")).Status);
        Assert.Equal(1, await ChargesAsync(fault));
    }

    [Theory]
    [InlineData("error_500_after")]
    [InlineData("answer_lost")]
    public async Task What_was_done_unheard_is_told_to_who_asks_again(string fault)
    {
        var order = await _payPal.ApprovedAsync(custom: fault);
        await SetAsync(new { gateway = "paypal", rules = new[] { new { fault, count = 1, operation = "capture" } } });

        if (fault == "answer_lost")
            await Assert.ThrowsAsync<HttpRequestException>(() => _payPal.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "k"));
        else
            Assert.Equal(HttpStatusCode.InternalServerError, (await _payPal.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "k")).Status);
        Assert.Equal(1, await ChargesAsync(fault));

        Assert.Equal("ORDER_ALREADY_CAPTURED", (await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "another")).Issue);
        Assert.Equal(HttpStatusCode.OK, (await _payPal.SendAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", key: "k")).Status);
        Assert.Equal(1, await ChargesAsync(fault));
    }

    [Fact]
    public async Task A_PayPal_that_refuses_cannot_be_connected_to_and_Stripe_still_can()
    {
        var settings = (await _simulator.Http.GetFromJsonAsync<JsonNode>("/settings"))!;
        await SetAsync(new { gateway = "paypal", rules = new[] { new { fault = "refused" } } });

        using var http = new HttpClient();
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri($"{settings["payPalUrl"]}/v2/checkout/orders/x")));
        Assert.Equal(HttpRequestError.ConnectionError, refused.HttpRequestError);
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri($"{settings["stripeUrl"]}/v1/charges"))).StatusCode);

        await SetAsync(new { gateway = "paypal" });
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync(new Uri($"{settings["payPalUrl"]}/v2/checkout/orders/x"))).StatusCode);
    }

    [Fact]
    public async Task One_gateways_faults_are_not_the_others()
    {
        await _payPal.SignInAsync();
        await SetAsync(new { rules = new object[] { new { fault = "html_502" }, new { fault = "unavailable_503", gateway = "paypal" } } });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await CreateAsync());
        Assert.Equal(HttpStatusCode.BadGateway, await StripeAsync());

        await SetAsync(new { gateway = "stripe" }); // Stripe's alone
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await CreateAsync());
        Assert.Equal(HttpStatusCode.OK, await StripeAsync());
        Assert.Equal(1, (int)(await _simulator.Http.GetFromJsonAsync<JsonNode>("/faults?gateway=paypal"))!["rules"]!.AsArray().Count);

        (await _simulator.Http.DeleteAsync(new Uri("/faults", UriKind.Relative))).EnsureSuccessStatusCode(); // everybody's
        Assert.Equal(HttpStatusCode.Created, await CreateAsync());
    }

    [Fact]
    public async Task Payments_are_declined_in_PayPals_words_or_come_back_pending()
    {
        var order = await _payPal.ApprovedAsync();
        await DeclineAsync("PAYER_CANNOT_PAY");
        Assert.Equal((422, "UNPROCESSABLE_ENTITY", "PAYER_CANNOT_PAY"), await _payPal.RefusedAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture"));

        await DeclineAsync("PENDING");
        Assert.Equal("PENDING", (string?)PayPalCaller.CaptureOf(await _payPal.CaptureAsync(order))["status"]);
    }

    [Theory]
    [InlineData("""{ "gateway": "klarna" }""")]
    [InlineData("""{ "gateway": "paypal", "rules": [ { "fault": "hang", "operation": "confirm" } ] }""")]
    [InlineData("""{ "rules": [ { "fault": "hang", "operation": "token" } ] }""")]
    public async Task A_fault_that_means_nothing_is_refused(string faults)
    {
        using var body = new StringContent(faults, Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.BadRequest, (await _simulator.Http.PutAsync(new Uri("/faults", UriKind.Relative), body)).StatusCode);
    }

    [Fact]
    public async Task The_token_can_fail_alone()
    {
        await SetAsync(new { gateway = "paypal", rules = new[] { new { fault = "unavailable_503", operation = "token" } } });
        using var answer = await _payPal.TokenAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }

    [Fact]
    public async Task The_page_plays_faults_of_PayPal_and_shows_its_orders()
    {
        using var played = await _simulator.Http.PostAsync(new Uri("/faults", UriKind.Relative), new FormUrlEncodedContent(
            [new("gateway", "paypal"), new("do", "play"), new("fault", "html_502"), new("operation", "capture"), new("rate", "50")]));
        Assert.Equal(HttpStatusCode.SeeOther, played.StatusCode);
        var order = (string)(await _payPal.CreateAsync(custom: "shown"))["id"]!;

        var page = await _simulator.Http.GetStringAsync("/");

        Assert.Contains("PayPal: html_502", page, StringComparison.Ordinal);
        Assert.Contains(order, page, StringComparison.Ordinal);
        Assert.Contains("paypal/v2/checkout/orders", page, StringComparison.Ordinal);
    }

    private async Task<HttpStatusCode> CreateAsync() =>
        (await _payPal.SendAsync(HttpMethod.Post, "v2/checkout/orders", PayPalCaller.Order(), Guid.NewGuid().ToString())).Status;

    private async Task<HttpStatusCode> StripeAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/stripe/v1/charges", UriKind.Relative)) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", "sk_test_shop") } };
        return (await _simulator.Http.SendAsync(request)).StatusCode;
    }

    private Task DeclineAsync(string code) => SetAsync(new { gateway = "paypal", declineRate = 1, declineCodes = new[] { code } });

    private async Task SetAsync(object faults) => (await _simulator.Http.PutAsJsonAsync("/faults", faults)).EnsureSuccessStatusCode();

    private async Task<int> ChargesAsync(string order) => (await _simulator.Http.GetFromJsonAsync<JsonArray>($"/ledger?order={order}"))!.Sum(e => (int)e!["charges"]!);
}
