using System.Buffers;
using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Shop.Payments.Gateways;

/// <summary>
/// Takes everything out of a gateway's answer that is not known to be harmless. By what may stay and not by what must go: a field that a
/// gateway adds tomorrow is taken out until somebody has looked at it.
/// </summary>
internal static partial class Scrub
{
    private const string Removed = "(removed)";
    private const int MaxText = 500;
    private const int MaxStatusLine = 200;

    // Whoever it is about is inside of these, in whatever fields.
    private static readonly FrozenSet<string> Persons = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "billing_details", "shipping", "shipping_details", "shipping_address", "address", "billing_address", "payer", "payer_info", "customer_details", "owner", "receipt",
        "name_details", "phone", "given_name", "surname", "links", "metadata", "buyer", "seller_transaction_info");

    /// <summary>Fields whose value is a word, an id or a number. It has to look like one as well.</summary>
    private static readonly FrozenSet<string> Words = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        // Both.
        "id", "type", "status", "code", "reason", "currency", "amount", "brand", "last4", "country", "created", "network", "order_id",
        // Stripe's.
        "object", "decline_code", "advice_code", "network_decline_code", "network_advice_code", "network_status", "param", "request_log_url", "doc_url",
        "risk_level", "risk_score", "rule", "amount_capturable", "amount_received", "amount_captured", "amount_refunded", "amount_requested", "amount_authorized",
        "capture_method", "confirmation_method", "cancellation_reason", "canceled_at", "latest_charge", "payment_intent", "charge", "balance_transaction",
        "funding", "result", "result_reason", "version", "authentication_flow", "electronic_commerce_indicator", "failure_code", "failure_reason",
        "failure_balance_transaction", "address_line1_check", "address_postal_code_check", "cvc_check", "livemode", "captured", "paid", "refunded", "disputed",
        "has_more", "setup_future_usage", "api_version", "regulated_status", "network_transaction_id", "reversal_reason",
        // PayPal's.
        "debug_id", "issue", "field", "location", "intent", "create_time", "update_time", "expiration_time", "value", "currency_code", "final_capture",
        "response_code", "avs_code", "cvv_code", "payment_advice_code", "custom_id", "invoice_id", "reference_id", "processing_instruction", "error",
        "dispute_id", "dispute_state", "dispute_life_cycle_stage", "outcome_code", "refund_id", "expires_in", "token_type");

    /// <summary>Sentences of the gateway's own. What does not belong into one is taken out of it.</summary>
    private static readonly FrozenSet<string> Sentences = FrozenSet.Create(StringComparer.OrdinalIgnoreCase,
        "message", "seller_message", "failure_message", "error_description");

    /// <summary>What gateways write with a capital in the middle of a sentence, beside names.</summary>
    private static readonly FrozenSet<string> Capitals = FrozenSet.Create(StringComparer.Ordinal,
        "PayPal", "Stripe", "PaymentIntent", "PaymentMethod", "SetupIntent", "Charge", "Refund", "Idempotency-Key", "API", "ID", "URL", "EUR", "USD", "GBP", "CVC", "CVV", "AVS",
        "PIN", "Visa", "Mastercard", "American", "Express", "Internal", "Server", "Error", "Bad", "Gateway", "Service", "Unavailable", "Time-out", "Timeout");

    /// <param name="isWhole">False for one that broke off, or of which this is the beginning.</param>
    public static string Body(ReadOnlySpan<byte> body, bool isWhole)
    {
        if (isWhole)
        {
            try
            {
                var reader = new Utf8JsonReader(body);
                using var document = JsonDocument.ParseValue(ref reader);
                var buffer = new ArrayBufferWriter<byte>(body.Length);
                using (var writer = new Utf8JsonWriter(buffer, new() { Indented = true }))
                    Write(writer, document.RootElement, key: null, isRoot: true);
                return Encoding.UTF8.GetString(buffer.WrittenSpan);
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                // A proxy's page, something that was never an answer, or JSON with half a character in it, which only shows when it is read.
            }
        }

        // A database takes no NUL as text, and with this it would refuse what became of the payment.
        var text = Encoding.UTF8.GetString(body).Replace('\0', ' ');
        // Half a document has lost its structure, and with it what tells a name from a code.
        return text.AsSpan().TrimStart() is ['{' or '[', ..] ? HalfJson(text) : StatusLine(text);
    }

    /// <summary>What a proxy's page, or a line of text, calls itself. The rest of it nobody knows.</summary>
    private static string StatusLine(string text)
    {
        var line = (Title().Match(text) is { Success: true } title ? title.Groups["title"].ValueSpan : FirstLine().Match(text).ValueSpan).Trim().ToString();
        return StatusShape().IsMatch(line) ? line : Text(line, MaxStatusLine);
    }

    public static string? Header(string value) => value.Length <= 200 && HeaderShape().IsMatch(value) ? value : null;

    private static void Write(Utf8JsonWriter writer, JsonElement element, string? key, bool isRoot = false)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                var tellsIssue = element.TryGetProperty("issue", out _); // only there is a description PayPal's own
                var isError = isRoot && element.TryGetProperty("debug_id", out _); // and only there a name; elsewhere it is somebody's
                foreach (var member in element.EnumerateObject())
                {
                    // A name of a field may be somebody's too, in an object that is a dictionary.
                    writer.WritePropertyName(FieldShape().IsMatch(member.Name) ? member.Name : Removed);
                    if (Persons.Contains(member.Name) && member.Value.ValueKind is not JsonValueKind.Null)
                        WritePerson(writer, member);
                    else
                        Write(writer, member.Value, member.Name switch
                        {
                            "description" when tellsIssue => "message",
                            "name" when isError && member.Value.ValueKind is JsonValueKind.String && ErrorName().IsMatch(member.Value.GetString()!) => "error",
                            var name => name,
                        });
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                    Write(writer, item, key);
                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(Value(key, element.GetString()!));
                break;
            case JsonValueKind.Number when key is not null && Words.Contains(key):
                writer.WriteRawValue(element.GetRawText());
                break;
            case JsonValueKind.Number:
                writer.WriteStringValue(Removed);
                break;
            default:
                element.WriteTo(writer); // true, false, null
                break;
        }
    }

    private static void WritePerson(Utf8JsonWriter writer, JsonProperty member)
    {
        // Which order it was is ours; and is all that our metadata hold.
        if (member.Name is "metadata" && member.Value is { ValueKind: JsonValueKind.Object } ours && ours.TryGetProperty("order_id", out var order)
            && order.ValueKind is JsonValueKind.String && Guid.TryParse(order.GetString(), out var id))
        {
            writer.WriteStartObject();
            writer.WriteString("order_id", id);
            writer.WriteEndObject();
        }
        else
            writer.WriteStringValue(Removed);
    }

    private static string Value(string? key, string value) => key switch
    {
        null => Removed,
        "value" when !Amount().IsMatch(value) => Removed,
        _ when Words.Contains(key) && WordShape().IsMatch(value) && !Secret().IsMatch(value) && !LongNumber().IsMatch(value) && !Address().IsMatch(value) => value,
        _ when Sentences.Contains(key) => Text(value, MaxText),
        _ => Removed,
    };

    /// <summary>
    /// What could be about somebody, or open something, is taken out of a text that nobody wrote for us. A name is known by its capital alone:
    /// the first word of a sentence may be one.
    /// </summary>
    private static string Text(string text, int max)
    {
        text = Quoted().Replace(text.Length > max ? text[..max] : text, m => IsCode(m.Groups[1].Value) ? m.Value : $"'{Removed}'");
        text = Email().Replace(text, Removed);
        text = Secret().Replace(text, Removed);
        text = Address().Replace(text, Removed);
        text = LongNumber().Replace(text, Removed);
        return Capitalised().Replace(text, m => IsOwn(m) ? m.Value : Removed);
    }

    /// <summary>A word that is quoted may be a name like any other, or a whole number of somebody's.</summary>
    private static bool IsCode(string word) =>
        WordShape().IsMatch(word) && (word.Contains('_', StringComparison.Ordinal) || (word.Any(char.IsAsciiDigit) && word.Any(char.IsAsciiLetter)));

    private static bool IsOwn(Match capitalised)
    {
        var words = capitalised.Value.Split([' ', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        return words.Skip(capitalised.Groups["begins"].Success ? 1 : 0).All(Capitals.Contains);
    }

    private static string HalfJson(string text) => Pair().Replace(text, m =>
    {
        var (key, value) = (m.Groups["key"].Value, m.Groups["value"].Value);
        var kept = value is ['"', ..] ? $"\"{Value(key, value.Trim('"'))}\"" : Words.Contains(key) ? value : $"\"{Removed}\"";
        return $"\"{(FieldShape().IsMatch(key) ? key : Removed)}\": {kept}";
    }) is var scrubbed ? Rest().Replace(scrubbed, $"\"{Removed}") : "";

    [GeneratedRegex("^[A-Za-z0-9_.-]{1,60}$")]
    private static partial Regex FieldShape();

    [GeneratedRegex(@"^[A-Za-z0-9_.:/\-\[\]]{0,200}$")]
    private static partial Regex WordShape();

    [GeneratedRegex("^-?[0-9.]{1,20}$")]
    private static partial Regex Amount();

    [GeneratedRegex("^[A-Z][A-Z_]{2,60}$")]
    private static partial Regex ErrorName();

    [GeneratedRegex("^[A-Za-z0-9_.:;/=, +-]{1,200}$")]
    private static partial Regex HeaderShape();

    // A number of HTTP and its words.
    [GeneratedRegex("^[1-5][0-9]{2} [A-Za-z -]{1,40}$")]
    private static partial Regex StatusShape();

    [GeneratedRegex(@"<(title|h1)\b[^>]*>(?<title>[^<]{0,500})", RegexOptions.IgnoreCase)]
    private static partial Regex Title();

    // Of a page without a title nothing.
    [GeneratedRegex(@"^\s*[^<\r\n]*")]
    private static partial Regex FirstLine();

    // Words with a capital that follow each other; a sentence begins with any first one.
    [GeneratedRegex(@"(?<![\p{L}\p{N}_])(?<begins>(?<=^\s*|[.!?:]\s+))?\p{Lu}[\p{L}\p{M}’-]*(?:\s+\p{Lu}[\p{L}\p{M}’-]*)*(?![\p{L}\p{N}_])")]
    private static partial Regex Capitalised();

    [GeneratedRegex("'([^']*)'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"[^\s""'<>@]+@[^\s""'<>@]+", RegexOptions.IgnoreCase)]
    private static partial Regex Email();

    // What opens something: keys, client secrets, tokens of a session, and any run of letters and digits too long for an id.
    [GeneratedRegex(@"\b(sk|rk|pk|whsec|ek|seti|src|tok|btok|ephkey)_[A-Za-z0-9_]+|[A-Za-z0-9_]*_secret_[A-Za-z0-9]+|\bBearer\s+\S+|\bA21AA[\w-]+|eyJ[\w-]{8,}|[A-Za-z0-9+/_-]{65,}", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();

    [GeneratedRegex(@"(?<![A-Za-z0-9_-])\+?\d(?:[ -]?\d){7,}(?![A-Za-z0-9_-])")]
    private static partial Regex LongNumber();

    [GeneratedRegex(@"\b\d{1,3}(\.\d{1,3}){3}\b|\b(?:[0-9a-f]{1,4}:){3,}[0-9a-f:]*\b", RegexOptions.IgnoreCase)]
    private static partial Regex Address();

    [GeneratedRegex(@"""(?<key>(?:[^""\\]|\\.)*)""\s*:\s*(?<value>""(?:[^""\\]|\\.)*""|-?[0-9.eE+]+)")]
    private static partial Regex Pair();

    // A text that is no field's, or one that the end of the document cut off.
    [GeneratedRegex(@"(?<=:\s*)""[^""]*$|(?<=[\[,]\s*)""(?:[^""\\]|\\.)*(?:""(?=\s*[,\]])|$)")]
    private static partial Regex Rest();
}
