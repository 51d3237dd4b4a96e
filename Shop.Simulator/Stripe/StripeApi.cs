using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using Shop.Simulator.Faults;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>What an operation knows of the call around it.</summary>
internal sealed record CallContext(string? Id, string Path, string PublicUrl, string ApiVersion, bool IsPublishableKey, Func<Refusal?> Decline);

/// <param name="Name">The word faults and the request list use for it.</param>
/// <param name="Parameters">What it takes; anything else is refused, as at Stripe, so that a misspelt option cannot be lost in silence.</param>
internal sealed record Operation(string Name, Func<Work, Form, CallContext, Answer> Run, string[] Parameters)
{
    public bool IsForBrowsers { get; init; }
}

/// <summary>Everything that is the same for all calls: request id, key, idempotency, faults, the list of requests.</summary>
internal sealed class StripeApi(
    Account account, FaultBoxes boxes, RequestLog requests, IOptions<SimulatorOptions> simulator, IOptions<StripeOptions> options,
    TimeProvider clock, IHostApplicationLifetime host, ILogger<StripeApi> logger)
{
    private static readonly TimeSpan LongestHang = TimeSpan.FromMinutes(2);

    private readonly FaultBox _faults = boxes.Stripe;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _keysInUse = [];

    public string PublicUrl(HttpRequest request) => simulator.Value.PublicUrl?.TrimEnd('/') ?? $"{request.Scheme}://{request.Host}";

    public async Task RunAsync(HttpContext http, Operation operation, string? id)
    {
        var started = clock.GetTimestamp();
        var call = new GatewayRequest(Gateway.Stripe, Ids.New("req_", 14), clock.GetUtcNow(), http.Request.Method, http.Request.Path, operation.Name)
        {
            TraceId = Activity.Current?.TraceId.ToString(),
        };
        http.Response.Headers["Request-Id"] = call.RequestId;
        http.Response.Headers["Stripe-Version"] = http.Request.Headers["Stripe-Version"] is [{ Length: > 0 } version] ? version : options.Value.ApiVersion;

        Answer? answer; // null: nobody is answered
        try
        {
            var isPublishable = ApiKey.IsPublishable(http.Request.Headers.Authorization.ToString(), operation);
            var form = await ReadAsync(http.Request);
            call = call with
            {
                IdempotencyKey = HttpMethods.IsPost(http.Request.Method) ? http.Request.Headers["Idempotency-Key"].FirstOrDefault(k => k is { Length: > 0 }) : null,
                Parameters = form.Shown,
                OrderId = form["metadata[order_id]"] ?? account.Read(w => OrderOf(w, id ?? form["payment_intent"] ?? form["charge"])),
                Fault = _faults.Take(operation.Name),
            };
            Activity.Current?.SetTag("shop.order.id", call.OrderId).SetTag("stripe.request_id", call.RequestId);
            if (call.Fault is { } fault)
                logger.Faulted(call.RequestId, call.Method, call.Path, fault);

            var context = new CallContext(id, http.Request.Path.ToString()["/stripe".Length..], PublicUrl(http.Request),
                http.Response.Headers["Stripe-Version"].ToString(), isPublishable, () => _faults.Decline() is { } code ? Refusal.Of(code) : null);
            (answer, call) = call.Fault switch
            {
                Fault.Refused or Fault.Reset => (null, call),
                Fault.Hang => (await HangAsync(http), call),
                Fault.Unavailable503 => (Error(503, "api_error", "Stripe is unavailable for the moment. Please try again."), call),
                Fault.RateLimited429 => (TooManyCalls(http), call),
                Fault.Html502 => (BadGateway, call),
                Fault.AnswerLost => (null, (await WorkAsync(operation, form, context, call)).Call),
                _ => await WorkAsync(operation, form, context, call),
            };
        }
        catch (StripeFailure failure)
        {
            answer = call.Fault is Fault.AnswerLost ? null : Answer.Error(failure.Status, failure.ToJson(null));
        }

        call = call with { Status = answer?.Status ?? 0, Elapsed = clock.GetElapsedTime(started) };
        requests.Add(call);
        logger.Answered(call.Method, call.Path, call.Status, call.RequestId);
        if (answer is null)
            http.Abort(); // a reset, not an orderly end
        else
            await WriteAsync(http, call, answer);
    }

    /// <summary>A URL that is not there.</summary>
    public Task UnknownAsync(HttpContext http)
    {
        var call = new GatewayRequest(Gateway.Stripe, Ids.New("req_", 14), clock.GetUtcNow(), http.Request.Method, http.Request.Path, "unknown") { Status = 404 };
        requests.Add(call);
        http.Response.Headers["Request-Id"] = call.RequestId;
        return WriteAsync(http, call, Answer.Error(404, new JsonObject
        {
            ["message"] = $"Unrecognized request URL ({call.Method}: {call.Path}). This simulator covers payment intents, charges, refunds, disputes, early fraud warnings, balance transactions, payment methods, customers and events.",
            ["type"] = "invalid_request_error",
        }));
    }

    /// <summary>The call itself, one at a time for each key.</summary>
    private async Task<(Answer? Answer, GatewayRequest Call)> WorkAsync(Operation operation, Form form, CallContext context, GatewayRequest call)
    {
        if (call.IdempotencyKey is { } key)
        {
            if (key.Length > 255)
                throw StripeFailure.Invalid("Idempotency-Key may be up to 255 characters.");
            Hold(key);
        }

        try
        {
            // The caller may be gone before this is over. That stops nothing: at the real one neither.
            if (_faults.Latency(operation.Name) is { Ticks: > 0 } latency)
                await Task.Delay(latency, clock, host.ApplicationStopping);
            return Perform(operation, form, context, call);
        }
        finally
        {
            if (call.IdempotencyKey is not null)
                Release(call.IdempotencyKey);
        }
    }

    private (Answer, GatewayRequest) Perform(Operation operation, Form form, CallContext context, GatewayRequest call) => account.Write(
        work =>
        {
            var fingerprint = call.IdempotencyKey is null ? "" : form.Fingerprint(call.Path);
            if (call.IdempotencyKey is { } key && work.Find<SavedAnswer>(KeyId(key)) is { } saved
                && work.Now - saved.Created < options.Value.IdempotencyKeysKept.TotalSeconds)
            {
                if (saved.Fingerprint != fingerprint)
                {
                    throw new StripeFailure(400, "idempotency_error", "Keys for idempotent requests can only be used with the same parameters they "
                        + $"were first used with. Try using a key other than '{key}' if you meant to execute a different request.");
                }

                return (new Answer(saved.Status, saved.Body.Parse()), call with { ReplayOf = saved.RequestId });
            }

            var answer = call.Fault is Fault.Error500Before ? OutOfOrder : Run(operation, work, form, context);
            if (call.Fault is Fault.Error500After)
                answer = OutOfOrder;
            if (answer.Body["error"] is JsonObject error)
                error["request_log_url"] = $"{context.PublicUrl}/#{call.RequestId}";

            if (call.IdempotencyKey is not null && answer.IsKept)
                work.Save(new SavedAnswer(KeyId(call.IdempotencyKey), work.Now, fingerprint, answer.Status, new(answer.Body), call.RequestId));
            return (answer, call with { OrderId = call.OrderId ?? OrderOf(work, (string?)answer.Body["id"]) });
        },
        call.RequestId, call.IdempotencyKey);

    private static Answer Run(Operation operation, Work work, Form form, CallContext context)
    {
        try
        {
            if (form.Names.FirstOrDefault(n => n != "expand" && (!operation.Parameters.Contains(n) || ApiVersion.Removed(n, context.ApiVersion))) is { } unknown)
                throw StripeFailure.Invalid($"Received unknown parameter: {unknown} (or one that this simulator does not cover)", unknown, "parameter_unknown");

            var answer = operation.Run(work, form, context);
            if (answer.Status == 200)
                Render.Expand(answer.Body, form.List("expand"), work);
            ApiVersion.Adapt(answer.Body, context.ApiVersion);
            return answer;
        }
        catch (StripeFailure failure)
        {
            work.Forget();
            return Answer.Error(failure.Status, failure.ToJson(work)) with { IsKept = failure.IsKept };
        }
    }

    private static Answer OutOfOrder => Error(500, "api_error", "An unexpected error occurred while processing your request.");

    private static Answer BadGateway => new(502, []) { Html = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>" };

    private static Answer Error(int status, string type, string message) => Answer.Error(status, new JsonObject { ["message"] = message, ["type"] = type });

    private static Answer TooManyCalls(HttpContext http)
    {
        http.Response.Headers["Stripe-Rate-Limited-Reason"] = "endpoint-rate";
        return Answer.Error(429, StripeFailure.Invalid("Request rate limit exceeded.", code: "rate_limit").ToJson(null));
    }

    private static async Task<Form> ReadAsync(HttpRequest request)
    {
        if (!HttpMethods.IsPost(request.Method))
            return new Form(request.Query);
        if (request.ContentLength is 0 || (request.ContentLength is null && !request.HasFormContentType))
            return new Form([]);
        if (!request.HasFormContentType)
            throw StripeFailure.Invalid("Invalid request: the body must be application/x-www-form-urlencoded.");
        return new Form(await request.ReadFormAsync(request.HttpContext.RequestAborted));
    }

    private static string? OrderOf(Work work, string? id) => id?.Split('_')[0] switch
    {
        "pi" => work.Find<PaymentIntent>(id)?.OrderId,
        "ch" => work.Find<PaymentIntent>(work.Find<Charge>(id)?.Intent)?.OrderId,
        "re" => work.Find<PaymentIntent>(work.Find<Refund>(id)?.Intent)?.OrderId,
        "du" => work.Find<PaymentIntent>(work.Find<Dispute>(id)?.Intent)?.OrderId,
        "issfr" => work.Find<PaymentIntent>(work.Find<EarlyFraudWarning>(id)?.Intent)?.OrderId,
        _ => null,
    };

    private static string KeyId(string key) => $"key:{key}";

    private void Hold(string key)
    {
        lock (_gate)
        {
            if (_keysInUse.Add(key))
                return;
        }

        throw new StripeFailure(409, "idempotency_error", "There is currently another in-progress request using this Idempotency-Key (that probably "
            + "means you submitted twice, and the other request is still going through). Please try again later.") { Code = "idempotency_key_in_use" };
    }

    private void Release(string key)
    {
        lock (_gate)
            _keysInUse.Remove(key);
    }

    private async Task<Answer?> HangAsync(HttpContext http)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted, host.ApplicationStopping);
        await Task.Delay(LongestHang, clock, stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return null;
    }

    private static Task WriteAsync(HttpContext http, GatewayRequest call, Answer answer)
    {
        var headers = http.Response.Headers;
        if (call.IdempotencyKey is { } key)
            headers["Idempotency-Key"] = new StringValues(key);
        if (call.ReplayOf is { } original)
        {
            headers["Idempotent-Replayed"] = "true";
            headers["Original-Request"] = original;
        }

        // A retry would only be given this same 500 again.
        if (answer.Status == 500)
            headers["Stripe-Should-Retry"] = "false";

        http.Response.StatusCode = answer.Status;
        http.Response.ContentType = answer.Html is null ? "application/json" : "text/html";
        return http.Response.WriteAsync(answer.Html ?? answer.Body.ToJsonString(), CancellationToken.None);
    }
}
