using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Talks to the simulated PayPal as a shop without an SDK does.</summary>
internal sealed class PayPalCaller(SimulatorHost simulator) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(simulator.Address, "/paypal/"), Timeout = TimeSpan.FromSeconds(30) };
    private string? _token;

    public void Dispose() => _http.Dispose();

    public async Task<HttpResponseMessage> TokenAsync(string client = "simulator-client", string secret = "simulator-secret", string grant = "client_credentials")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("v1/oauth2/token", UriKind.Relative));
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{client}:{secret}")));
        request.Content = new FormUrlEncodedContent([new("grant_type", grant)]);
        return await _http.SendAsync(request);
    }

    public async Task SignInAsync()
    {
        using var answer = await TokenAsync();
        _token = (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["access_token"]!;
    }

    public async Task<(HttpStatusCode Status, JsonNode? Body, HttpResponseHeaders Headers)> SendAsync(
        HttpMethod method, string path, string? body = null, string? key = null, string? mock = null, bool all = true, bool isJson = true)
    {
        if (_token is null)
            await SignInAsync();
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = new("Bearer", _token);
        if (key is not null)
            request.Headers.Add("PayPal-Request-Id", key);
        if (all)
            request.Headers.Add("Prefer", "return=representation");
        if (mock is not null)
            request.Headers.Add("PayPal-Mock-Response", $$"""{"mock_application_codes":"{{mock}}"}""");
        if (method == HttpMethod.Post || method == HttpMethod.Patch)
            request.Content = new StringContent(body ?? "", Encoding.UTF8, isJson ? "application/json" : "text/plain");
        using var answer = await _http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return (answer.StatusCode, text.Length > 0 && answer.Content.Headers.ContentType?.MediaType == "application/json" ? JsonNode.Parse(text) : null, answer.Headers);
    }

    /// <summary>What has to succeed.</summary>
    public async Task<JsonNode> DoAsync(HttpMethod method, string path, string? body = null, string? key = null, string? mock = null, bool all = true)
    {
        var (status, answer, _) = await SendAsync(method, path, body, key, mock, all);
        Assert.True((int)status < 300, $"{method} {path}: {(int)status} {answer?.ToJsonString()}");
        return answer ?? new JsonObject();
    }

    /// <summary>What has to be refused.</summary>
    public async Task<(int Status, string Name, string Issue)> RefusedAsync(HttpMethod method, string path, string? body = null, string? key = null, string? mock = null)
    {
        var (status, answer, headers) = await SendAsync(method, path, body, key, mock);
        Assert.True((int)status >= 400, $"{method} {path}: {(int)status} {answer?.ToJsonString()}");
        Assert.Equal((string?)answer!["debug_id"], headers.GetValues("Paypal-Debug-Id").Single());
        return ((int)status, (string)answer["name"]!, (string)answer["details"]![0]!["issue"]!);
    }

    public Task<JsonNode> GetAsync(string path) => DoAsync(HttpMethod.Get, path);

    /// <summary>An order as the shop makes one: the payer still has to agree.</summary>
    public async Task<JsonNode> CreateAsync(string value = "19.99", string currency = "EUR", string intent = "CAPTURE", string? custom = null, string? invoice = null, bool keeps = false, string? key = null) =>
        await DoAsync(HttpMethod.Post, "v2/checkout/orders", Order(value, currency, intent, custom, invoice, keeps), key ?? Guid.NewGuid().ToString());

    public static string Order(string value = "19.99", string currency = "EUR", string intent = "CAPTURE", string? custom = null, string? invoice = null, bool keeps = false, bool hasSource = true)
    {
        var unit = new JsonObject { ["amount"] = new JsonObject { ["currency_code"] = currency, ["value"] = value }, ["description"] = "A mug" };
        if (custom is not null)
            unit["custom_id"] = custom;
        if (invoice is not null)
            unit["invoice_id"] = invoice;
        var order = new JsonObject { ["intent"] = intent, ["purchase_units"] = new JsonArray(unit) };
        if (hasSource)
        {
            var paypal = new JsonObject
            {
                ["experience_context"] = new JsonObject
                {
                    ["return_url"] = "http://localhost:5000/orders/1?from=paypal", ["cancel_url"] = "http://localhost:5000/orders/1?from=paypal-canceled",
                    ["user_action"] = "PAY_NOW", ["shipping_preference"] = "NO_SHIPPING", ["brand_name"] = "The shop",
                },
            };
            if (keeps)
                paypal["attributes"] = new JsonObject { ["vault"] = new JsonObject { ["store_in_vault"] = "ON_SUCCESS", ["usage_type"] = "MERCHANT" } };
            order["payment_source"] = new JsonObject { ["paypal"] = paypal };
        }

        return order.ToJsonString();
    }

    public static string? Link(JsonNode json, string rel) => (string?)json["links"]!.AsArray().FirstOrDefault(l => (string?)l!["rel"] == rel)?["href"];

    public async Task<string> ApprovedAsync(string source = "balance", bool remembers = false, string value = "19.99", string intent = "CAPTURE", string? custom = null, string? invoice = null, bool keeps = false)
    {
        var order = await CreateAsync(value, intent: intent, custom: custom, invoice: invoice, keeps: keeps);
        await PayPalPage.AnswerAsync(Link(order, "payer-action")!, source: source, remembers: remembers);
        return (string)order["id"]!;
    }

    public Task<JsonNode> CaptureAsync(string order, string? key = null, string? mock = null, string? body = null) =>
        DoAsync(HttpMethod.Post, $"v2/checkout/orders/{order}/capture", body, key ?? Guid.NewGuid().ToString(), mock);

    /// <summary>An approved order that was captured; the id of the capture.</summary>
    public async Task<string> PaidAsync(string source = "balance", string value = "19.99", string? custom = null, string? invoice = null) =>
        (string)CaptureOf(await CaptureAsync(await ApprovedAsync(source, value: value, custom: custom, invoice: invoice)))["id"]!;

    public static JsonNode CaptureOf(JsonNode order) => order["purchase_units"]![0]!["payments"]!["captures"]![0]!;

    public static string Money(string value, string currency = "EUR") =>
        $$$"""{"amount":{"currency_code":"{{{currency}}}","value":"{{{value}}}"}}""";

    public async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> isSo) => await SimulatorHost.UntilAsync(() => GetAsync(path), isSo);
}
