using System.Text.Json.Nodes;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

/// <summary>
/// A call that changed nothing. Whether a key remembers it follows Stripe: what was refused before any work began (parameters,
/// authentication, a key in use) is forgotten, what the work itself found is kept.
/// </summary>
internal sealed class StripeFailure(int status, string type, string message) : Exception(message)
{
    public int Status => status;
    public string? Code { get; init; }
    public string? DeclineCode { get; init; }
    public string? Param { get; init; }
    public bool IsKept { get; init; }
    public PaymentIntent? Intent { get; init; }

    public static StripeFailure Invalid(string message, string? param = null, string? code = null, int status = 400) =>
        new(status, "invalid_request_error", message) { Param = param, Code = code };

    public static StripeFailure Missing(string param) => Invalid($"Missing required param: {param}.", param, "parameter_missing");

    public static StripeFailure Unauthorized(string message, string? code = null) => Invalid(message, code: code, status: 401);

    public static StripeFailure NotFound(string what, string id, string param, int status) =>
        new(status, "invalid_request_error", $"No such {what}: '{id}'") { Code = "resource_missing", Param = param, IsKept = true };

    /// <summary>The intent is not in a state for this; Stripe attaches it, so that the caller can see what it is.</summary>
    public static StripeFailure WrongState(PaymentIntent intent, string message) =>
        new(400, "invalid_request_error", message) { Code = "payment_intent_unexpected_state", IsKept = true, Intent = intent };

    public JsonObject ToJson(Work? work)
    {
        var error = new JsonObject { ["message"] = Message, ["type"] = type };
        if (Code is not null)
        {
            error["code"] = Code;
            error["doc_url"] = Render.DocUrl(Code);
        }

        if (DeclineCode is not null)
            error["decline_code"] = DeclineCode;
        if (Param is not null)
            error["param"] = Param;
        if (Intent is not null && work is not null)
            error["payment_intent"] = Render.Intent(Intent, work);
        return error;
    }
}

/// <summary>What goes back to the caller.</summary>
internal sealed record Answer(int Status, JsonObject Body)
{
    public bool IsKept { get; init; } = true;

    /// <summary>A page instead of JSON: from a proxy, not from Stripe.</summary>
    public string? Html { get; init; }

    public static Answer Ok(JsonObject body) => new(200, body);

    public static Answer Error(int status, JsonObject error) => new(status, new JsonObject { ["error"] = error });
}
