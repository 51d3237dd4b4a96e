using System.Text.Json;
using System.Text.Json.Nodes;

namespace Shop.Simulator.PayPal;

/// <summary>A call that PayPal answers with an error: a name for programs, and in it the issue that says what.</summary>
internal sealed class PayPalFailure(int status, string name, string issue, string description) : Exception(description)
{
    public int Status => status;
    public string Issue => issue;
    public string? Field { get; init; }
    public string? Value { get; init; }

    /// <summary>Where the payer can choose another source.</summary>
    public string? RedirectTo { get; init; }

    /// <summary>What it left behind is kept: the attempt counts.</summary>
    public bool KeepsWork { get; init; }

    public static PayPalFailure Invalid(string issue, string description, string? field = null, string? value = null) =>
        new(400, "INVALID_REQUEST", issue, description) { Field = field, Value = value };

    public static PayPalFailure Missing(string field) => Invalid("MISSING_REQUIRED_PARAMETER", "A required field is missing.", field);

    public static PayPalFailure Refused(string issue, string description, string? field = null, string? value = null) =>
        new(422, "UNPROCESSABLE_ENTITY", issue, description) { Field = field, Value = value };

    public static PayPalFailure NotFound(string? id) =>
        new(404, "RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", "Specified resource ID does not exist. Please check the resource ID and try again.") { Value = id };

    /// <summary>By its issue alone, as <c>PayPal-Mock-Response</c> and the faults name it.</summary>
    public static PayPalFailure Of(string issue) => issue switch
    {
        "INTERNAL_SERVER_ERROR" or "INTERNAL_SERVICE_ERROR" => new(500, "INTERNAL_SERVER_ERROR", "INTERNAL_SERVER_ERROR", "An internal server error has occurred."),
        "SERVICE_UNAVAILABLE" => new(503, "SERVICE_UNAVAILABLE", "SERVICE_UNAVAILABLE", "Service Unavailable."),
        "RATE_LIMIT_REACHED" => new(429, "RATE_LIMIT_REACHED", "RATE_LIMIT_REACHED", "Too many requests. Blocked due to rate limiting."),
        "PERMISSION_DENIED" or "NOT_ENABLED_FOR_CARD_PROCESSING" or "PAYEE_ACCOUNT_NOT_VERIFIED" => new(403, "NOT_AUTHORIZED", issue, "You do not have permission to access or perform operations on this resource."),
        "INVALID_RESOURCE_ID" or "RESOURCE_NOT_FOUND" => NotFound(null),
        "PREVIOUS_REQUEST_IN_PROGRESS" => InProgress,
        "PAYPAL_REQUEST_ID_REQUIRED" => NoRequestId,
        "INVALID_PARAMETER_SYNTAX" or "INVALID_PARAMETER_VALUE" or "INVALID_STRING_LENGTH" or "MISSING_REQUIRED_PARAMETER" or "MALFORMED_REQUEST_JSON" =>
            Invalid(issue, "Request is not well-formed, syntactically incorrect, or violates schema."),
        "INSTRUMENT_DECLINED" => Refused(issue, "The instrument presented was either declined by the processor or bank, or it can't be used for this payment."),
        _ => Refused(issue, "The requested action could not be performed, semantically incorrect, or failed business validation."),
    };

    public static PayPalFailure InProgress => new(409, "RESOURCE_CONFLICT", "PREVIOUS_REQUEST_IN_PROGRESS", "A previous request on this resource is currently in progress. Please wait for some time and try again.");

    public static PayPalFailure NoRequestId =>
        Invalid("PAYPAL_REQUEST_ID_REQUIRED", "A PayPal-Request-Id is required if you are trying to process payment for an Order. Please specify a PayPal-Request-Id or Create the Order without a 'payment_source' specified.");

    public JsonObject ToJson(string debugId)
    {
        var detail = new JsonObject();
        if (Field is not null)
            detail["field"] = Field;
        if (Value is not null)
            detail["value"] = Value;
        if (Field is not null || Value is not null)
            detail["location"] = Field is null ? "path" : "body";
        detail["issue"] = issue;
        detail["description"] = Message;
        var links = new JsonArray(Link($"https://developer.paypal.com/docs/api/orders/v2/#error-{issue}", "information_link", "GET"));
        if (RedirectTo is not null)
            links.Insert(0, (JsonNode)Link(RedirectTo, "redirect", "GET"));
        return new()
        {
            ["name"] = name,
            ["message"] = status switch
            {
                400 => "Request is not well-formed, syntactically incorrect, or violates schema.",
                403 => "Authorization failed due to insufficient permissions.",
                404 => "The specified resource does not exist.",
                409 => "The server has detected a conflict while processing this request.",
                422 => "The requested action could not be performed, semantically incorrect, or failed business validation.",
                _ => Message,
            },
            ["debug_id"] = debugId,
            ["details"] = new JsonArray(detail),
            ["links"] = links,
        };
    }

    public static JsonObject Link(string href, string rel, string method) => new() { ["href"] = href, ["rel"] = rel, ["method"] = method };

    /// <summary>A member that has to be a string when it is there.</summary>
    public static string? Text(JsonNode? parent, string member, string field, int longest = 127)
    {
        if (Member(parent, field) is not { } json || json[member] is not { } value)
            return null;
        if (value.GetValueKind() is not JsonValueKind.String)
            throw Invalid("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.", $"{field}/{member}", value.ToJsonString());
        var text = (string)value!;
        return text.Length <= longest ? text
            : throw Invalid("INVALID_STRING_LENGTH", "The value of a field is either too short or too long.", $"{field}/{member}");
    }

    public static JsonObject? Member(JsonNode? json, string field) => json switch
    {
        null => null,
        JsonObject it => it,
        _ => throw Invalid("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.", field),
    };
}
