using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>What an operation knows of the call around it.</summary>
/// <param name="Base">Where links in answers point to.</param>
/// <param name="WantsAll"><c>Prefer: return=representation</c>.</param>
/// <param name="Mock">What <c>PayPal-Mock-Response</c> asks for.</param>
/// <param name="Decline">What the faults say to money that would have moved.</param>
internal sealed record PayPalCall(
    string? Id, string Path, JsonObject Body, IQueryCollection Query, string Base, string? RequestId, bool WantsAll, string? Mock, Func<string?> Decline);

/// <param name="Body">Null: none.</param>
internal sealed record PayPalAnswer(int Status, JsonObject? Body)
{
    /// <summary>The id of what was done, for a repetition of the request.</summary>
    public string? About { get; init; }

    /// <summary>A page instead of JSON: from a proxy, not from PayPal.</summary>
    public string? Html { get; init; }
}

/// <param name="Name">The word faults and the request list use for it.</param>
internal sealed record PayPalOperation(string Name, Func<Work, PayPalCall, PayPalAnswer> Run)
{
    /// <summary>How long a request id is remembered; null: it means nothing here.</summary>
    public Func<PayPalOptions, TimeSpan>? RequestKept { get; init; }

    /// <summary>A body that is not there has to be called JSON all the same, where one could be.</summary>
    public bool TakesBody { get; init; } = true;

    /// <summary>Plays <see cref="PayPalCall.Mock"/> itself.</summary>
    public bool PlaysMock { get; init; }
}

/// <summary>Everything that is the same for all calls: debug id, token, request ids, faults, the list of requests.</summary>
internal sealed class PayPalApi(
    Account account, Signatures signatures, FaultBoxes boxes, RequestLog requests, IOptions<SimulatorOptions> simulator, IOptions<PayPalOptions> options,
    TimeProvider clock, IHostApplicationLifetime host, ILogger<PayPalApi> logger)
{
    private const int LongestRequestId = 108;
    private static readonly TimeSpan LongestHang = TimeSpan.FromMinutes(2);

    private readonly FaultBox _faults = boxes.PayPal;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _inUse = [];
    private long _tokensIssued;

    /// <summary>Since this process began.</summary>
    public long TokensIssued => Interlocked.Read(ref _tokensIssued);

    public string Base(HttpRequest request) => $"{simulator.Value.PublicUrl?.TrimEnd('/') ?? $"{request.Scheme}://{request.Host}"}/paypal";

    public Task RunAsync(HttpContext http, PayPalOperation operation, string? id) => HandleAsync(http, operation.Name, async call =>
    {
        CheckToken(http.Request.Headers.Authorization.ToString());
        var body = await ReadAsync(http.Request, operation);
        var requestId = http.Request.Headers["PayPal-Request-Id"].FirstOrDefault(k => k is { Length: > 0 });
        call = call with
        {
            IdempotencyKey = requestId,
            Parameters = Shown(body),
            OrderId = (body["purchase_units"] as JsonArray)?.FirstOrDefault() is JsonObject unit && unit["custom_id"] is JsonValue custom && custom.TryGetValue<string>(out var order)
                ? order : account.Read(w => OrderOf(w, id)),
        };
        Activity.Current?.SetTag("shop.order.id", call.OrderId);
        if (requestId?.Length > LongestRequestId)
            throw PayPalFailure.Invalid("INVALID_STRING_LENGTH", "The value of a field is either too short or too long.", "PayPal-Request-Id");

        var context = new PayPalCall(id, call.Path, body, http.Request.Query, Base(http.Request), requestId,
            http.Request.Headers["Prefer"].ToString().Contains("return=representation", StringComparison.OrdinalIgnoreCase),
            MockOf(http.Request.Headers["PayPal-Mock-Response"].ToString()), _faults.Decline);
        return await WorkAsync(operation, context, call);
    });

    /// <summary>For the shop's id and secret it gets a token that ends.</summary>
    public Task TokenAsync(HttpContext http) => HandleAsync(http, "token", async call =>
    {
        var form = http.Request.HasFormContentType ? await http.Request.ReadFormAsync(http.RequestAborted) : FormCollection.Empty;
        if (!IsClient(http.Request.Headers.Authorization.ToString()))
            return (OAuthError(401, "invalid_client", "Client Authentication failed"), call);
        if (form["grant_type"] != "client_credentials")
            return (OAuthError(400, "unsupported_grant_type", "Grant Type is NULL or not supported"), call);
        if (call.Fault is Fault.Error500Before)
            return (OutOfOrder(call), call);

        var token = Ids.New("A21AA", 80);
        var lives = options.Value.TokensLive;
        account.Write(w => w.Save(new AccessToken(Digest(token), w.Now, w.Now + (long)lives.TotalSeconds)));
        Interlocked.Increment(ref _tokensIssued);
        return (call.Fault is Fault.Error500After ? OutOfOrder(call) : new(200, new()
        {
            ["scope"] = "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/reporting/search/read https://uri.paypal.com/services/vault/payment-tokens/read",
            ["access_token"] = token,
            ["token_type"] = "Bearer",
            ["app_id"] = "APP-80W284485P519543T",
            ["expires_in"] = (long)lives.TotalSeconds,
            ["nonce"] = $"{clock.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}{Ids.New("", 43)}",
        }), call);
    });

    /// <summary>Says whether an event is genuine. It is taken from the body as it is written there, because its bytes were signed.</summary>
    public Task VerifyAsync(HttpContext http) => HandleAsync(http, "verify", async call =>
    {
        CheckToken(http.Request.Headers.Authorization.ToString());
        try
        {
            using var body = await JsonDocument.ParseAsync(http.Request.Body, cancellationToken: http.RequestAborted);
            var isGenuine = signatures.IsGenuine(Member("transmission_id"), Member("transmission_time"), Member("transmission_sig"), Member("auth_algo"),
                Member("webhook_id"), body.RootElement.GetProperty("webhook_event").GetRawText());
            return (new(200, new() { ["verification_status"] = isGenuine ? "SUCCESS" : "FAILURE" }), call);

            string Member(string name) => body.RootElement.GetProperty(name).GetString() ?? "";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw PayPalFailure.Invalid("MISSING_REQUIRED_PARAMETER", "auth_algo, cert_url, transmission_id, transmission_sig, transmission_time, webhook_id and webhook_event are needed.");
        }
    });

    /// <summary>Anybody may read a certificate, without a token.</summary>
    public async Task CertificateAsync(HttpContext http, string id)
    {
        if (signatures.Certificate(id) is not { } certificate)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        http.Response.ContentType = "application/x-pem-file";
        await http.Response.WriteAsync(certificate, http.RequestAborted);
    }

    /// <summary>All tokens end now, as when somebody changes the secret.</summary>
    public void RevokeTokens() => account.Write(w =>
    {
        foreach (var token in w.OldestFirst<AccessToken>().Where(t => t.ExpiresAt > w.Now).ToArray())
            w.Save(token with { ExpiresAt = w.Now });
        return true;
    });

    /// <summary>A URL that is not there.</summary>
    public Task UnknownAsync(HttpContext http) => HandleAsync(http, "unknown", call => throw PayPalFailure.NotFound(call.Path));

    /// <summary>The shop's order that something of PayPal's belongs to.</summary>
    public static string? OrderOf(Work work, string? id) =>
        work.Find<PayPalOrder>(id)?.CustomId ?? work.Find<PayPalCapture>(id)?.CustomId ?? work.Find<PayPalAuthorization>(id)?.CustomId
        ?? work.Find<PayPalCapture>(work.Find<PayPalRefund>(id)?.Capture ?? work.Find<PayPalDispute>(id)?.Capture)?.CustomId;

    private async Task HandleAsync(HttpContext http, string operation, Func<GatewayRequest, Task<(PayPalAnswer? Answer, GatewayRequest Call)>> work)
    {
        var started = clock.GetTimestamp();
        var call = new GatewayRequest(Gateway.PayPal, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(7)), clock.GetUtcNow(), http.Request.Method, http.Request.Path, operation)
        {
            TraceId = Activity.Current?.TraceId.ToString(), Fault = _faults.Take(operation),
            IdempotencyKey = http.Request.Headers["PayPal-Request-Id"].FirstOrDefault(k => k is { Length: > 0 }), // also of a call that a fault swallows
        };
        http.Response.Headers["Paypal-Debug-Id"] = call.RequestId;
        Activity.Current?.SetTag("paypal.debug_id", call.RequestId);
        if (call.Fault is { } fault)
            logger.Faulted(call.RequestId, call.Method, call.Path, fault);

        PayPalAnswer? answer; // null: nobody is answered
        try
        {
            (answer, call) = call.Fault switch
            {
                Fault.Refused or Fault.Reset => (null, call),
                Fault.Hang => (await HangAsync(http), call),
                Fault.Unavailable503 => (Failed(PayPalFailure.Of("SERVICE_UNAVAILABLE"), call), call),
                Fault.RateLimited429 => (Failed(PayPalFailure.Of("RATE_LIMIT_REACHED"), call), call),
                Fault.Html502 => (new PayPalAnswer(502, null) { Html = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>" }, call),
                Fault.AnswerLost => (null, (await work(call)).Call),
                _ => await work(call),
            };
        }
        catch (PayPalFailure failure)
        {
            answer = call.Fault is Fault.AnswerLost ? null : Failed(failure, call);
        }

        call = call with { Status = answer?.Status ?? 0, Elapsed = clock.GetElapsedTime(started) };
        requests.Add(call);
        logger.Answered(call.Method, call.Path, call.Status, call.RequestId);
        if (answer is null)
        {
            http.Abort(); // a reset, not an orderly end
            return;
        }

        http.Response.StatusCode = answer.Status;
        if ((answer.Html ?? answer.Body?.ToJsonString()) is { } text)
        {
            http.Response.ContentType = answer.Html is null ? "application/json" : "text/html";
            await http.Response.WriteAsync(text, CancellationToken.None);
        }
    }

    /// <summary>The call itself, one at a time for each request id.</summary>
    private async Task<(PayPalAnswer?, GatewayRequest)> WorkAsync(PayPalOperation operation, PayPalCall context, GatewayRequest call)
    {
        var key = operation.RequestKept is not null && context.RequestId is { } requestId ? $"{call.Method} {call.Path} {requestId}" : null;
        if (key is not null)
            Hold(key);
        try
        {
            // The caller may be gone before this is over. That stops nothing: at the real one neither.
            if (_faults.Latency(operation.Name) is { Ticks: > 0 } latency)
                await Task.Delay(latency, clock, host.ApplicationStopping);
            return account.Write(work => Perform(work, operation, context, call, key), call.RequestId, context.RequestId);
        }
        finally
        {
            if (key is not null)
                Release(key);
        }
    }

    private (PayPalAnswer, GatewayRequest) Perform(Work work, PayPalOperation operation, PayPalCall context, GatewayRequest call, string? key)
    {
        if (work.Find<DoneRequest>(key) is { } done && work.Now - done.Created < operation.RequestKept!(options.Value).TotalSeconds)
        {
            call = call with { ReplayOf = done.DebugId };
            return (operation.Name == "void" && !context.WantsAll ? new(204, null) : Render.Latest(work, done.About, context), call);
        }

        if (call.Fault is Fault.Error500Before)
            return (OutOfOrder(call), call);

        PayPalAnswer answer;
        try
        {
            if (context.Mock is { } mock && !operation.PlaysMock)
                throw PayPalFailure.Of(mock);
            answer = operation.Run(work, context);
            // Only what was done is remembered: a request that was refused is tried again when it is repeated.
            if (key is not null && answer.About is { } about)
                work.Save(new DoneRequest(key, work.Now, about, call.RequestId));
        }
        catch (PayPalFailure failure)
        {
            if (!failure.KeepsWork)
                work.Forget();
            answer = Failed(failure, call);
        }

        call = call with { OrderId = call.OrderId ?? OrderOf(work, answer.About) };
        return (call.Fault is Fault.Error500After ? OutOfOrder(call) : answer, call);
    }

    private static PayPalAnswer Failed(PayPalFailure failure, GatewayRequest call) => failure.Status == 401
        ? OAuthError(401, "invalid_token", failure.Message) : new(failure.Status, failure.ToJson(call.RequestId));

    private static PayPalAnswer OutOfOrder(GatewayRequest call) => Failed(PayPalFailure.Of("INTERNAL_SERVER_ERROR"), call);

    private static PayPalAnswer OAuthError(int status, string error, string description) => new(status, new() { ["error"] = error, ["error_description"] = description });

    private bool IsClient(string header)
    {
        Span<byte> bytes = stackalloc byte[1024];
        return header.StartsWith("Basic ", StringComparison.Ordinal) && Convert.TryFromBase64String(header["Basic ".Length..].Trim(), bytes, out var length)
            && Encoding.UTF8.GetString(bytes[..length]) == $"{options.Value.ClientId}:{options.Value.ClientSecret}";
    }

    private void CheckToken(string header)
    {
        var token = header.StartsWith("Bearer ", StringComparison.Ordinal) ? header["Bearer ".Length..].Trim() : "";
        if (token.Length == 0 || !account.Read(w => w.Find<AccessToken>(Digest(token))?.ExpiresAt > w.Now))
            throw new PayPalFailure(401, "AUTHENTICATION_FAILURE", "invalid_token", token.Length == 0 ? "Authorization header does not have valid access token" : "The token passed in was not found in the system");
    }

    private static string Digest(string token) => $"token:{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(token)))}";

    private static string? MockOf(string header)
    {
        if (header.Length == 0)
            return null;
        try
        {
            return (string?)JsonNode.Parse(header)?["mock_application_codes"] switch { { Length: > 0 } code => code, _ => null };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw PayPalFailure.Invalid("INVALID_PARAMETER_SYNTAX", "It is not {\"mock_application_codes\":\"…\"}.", "PayPal-Mock-Response");
        }
    }

    /// <summary>An empty body is an empty object.</summary>
    private static async Task<JsonObject> ReadAsync(HttpRequest request, PayPalOperation operation)
    {
        if (!operation.TakesBody || HttpMethods.IsGet(request.Method) || HttpMethods.IsDelete(request.Method))
            return [];
        if (!request.HasJsonContentType())
            throw new PayPalFailure(415, "UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE", "The server does not support the request payload's media type.");
        using var reader = new StreamReader(request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(request.HttpContext.RequestAborted);
        try
        {
            return string.IsNullOrWhiteSpace(text) ? [] : JsonNode.Parse(text) switch
            {
                JsonObject body => body,
                JsonArray operations => new() { ["patch"] = operations },
                _ => throw new JsonException(),
            };
        }
        catch (JsonException)
        {
            throw PayPalFailure.Invalid("MALFORMED_REQUEST_JSON", "The request JSON is not well formed.");
        }
    }

    /// <summary>The leaves of a body, for the page.</summary>
    private static Dictionary<string, string> Shown(JsonNode body)
    {
        Dictionary<string, string> leaves = [];
        Add(body, "");
        return leaves;

        void Add(JsonNode? json, string path)
        {
            if (leaves.Count >= 50)
                return;
            if (json is JsonObject members)
            {
                foreach (var (name, value) in members)
                    Add(value, path.Length == 0 ? name : $"{path}.{name}");
            }
            else if (json is JsonArray items)
            {
                foreach (var (i, item) in items.Index())
                    Add(item, $"{path}[{i}]");
            }
            else
            {
                leaves[path] = json?.ToString() ?? "null";
            }
        }
    }

    private void Hold(string key)
    {
        lock (_gate)
        {
            if (_inUse.Add(key))
                return;
        }

        throw PayPalFailure.InProgress;
    }

    private void Release(string key)
    {
        lock (_gate)
            _inUse.Remove(key);
    }

    private async Task<PayPalAnswer?> HangAsync(HttpContext http)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, host.ApplicationStopping);
        await Task.Delay(LongestHang, clock, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return null;
    }
}
