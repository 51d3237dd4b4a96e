using System.Globalization;
using System.Text.Json.Nodes;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>PayPal's list of what moved in a period: payments, refunds, and what was taken back.</summary>
internal static class Reporting
{
    private const long LongestPeriod = 31L * 24 * 60 * 60;
    private const int MostPerPage = 500;

    private sealed record Transaction(string Id, long At, string Code, string Status, long Amount, long Fee, string Currency, string? Invoice, string? Custom, string Reference, string ReferenceType);

    public static PayPalAnswer List(Work work, PayPalCall call)
    {
        var start = Events.Time(call, "start_date") ?? throw PayPalFailure.Missing("start_date");
        var end = Events.Time(call, "end_date") ?? throw PayPalFailure.Missing("end_date");
        if (end < start || end - start > LongestPeriod)
            throw PayPalFailure.Invalid("INVALID_PARAMETER_VALUE", "Date range is greater than 31 days, or ends before it starts.", "end_date");
        var size = Number(call, "page_size", 100);
        var page = Number(call, "page", 1);
        if (size > MostPerPage)
            throw PayPalFailure.Invalid("INVALID_PARAMETER_VALUE", "At most 500.", "page_size");

        var (id, status, currency) = ((string?)call.Query["transaction_id"], (string?)call.Query["transaction_status"], (string?)call.Query["transaction_currency"]);
        // As of now less the lag: what is younger is not in the list yet.
        var upTo = Math.Min(end, work.Now - (long)work.PayPal.ReportingLag.TotalSeconds);
        Transaction[] found =
        [
            .. Captured(work).Concat(Refunded(work)).Where(t => t.At >= start && t.At <= upTo)
                .Where(t => (id is null || t.Id == id) && (status is null || t.Status == status) && (currency is null || t.Currency == currency))
                .OrderBy(t => t.At),
        ];
        var pages = (found.Length + size - 1) / size;
        return new(200, new()
        {
            ["transaction_details"] = new JsonArray([.. found.Skip((page - 1) * size).Take(size).Select(Json)]),
            ["account_number"] = "SIMMERCHANT12",
            ["start_date"] = Date(start),
            ["end_date"] = Date(end),
            ["last_refreshed_datetime"] = Date(upTo),
            ["page"] = page,
            ["total_items"] = found.Length,
            ["total_pages"] = pages,
            ["links"] = new JsonArray([.. Links(call, page, pages)]),
        });
    }

    private static IEnumerable<Transaction> Captured(Work work)
    {
        foreach (var c in work.OldestFirst<PayPalCapture>())
        {
            var status = c.ReversedAt is not null ? "V" : c.Status switch { "PENDING" => "P", "DECLINED" or "FAILED" => "D", _ => "S" };
            yield return new(c.Id, c.Created, "T0006", status, c.Amount, c.HasMoney ? -c.Fee : 0, c.Currency, c.InvoiceId, c.CustomId, c.Order, "ODR");
            if (c.ReversedAt is { } at)
                yield return new($"{c.Id[..^1]}R", at, "T1106", "S", c.Refunded - c.Amount, 0, c.Currency, c.InvoiceId, c.CustomId, c.Id, "TXN");
        }
    }

    private static IEnumerable<Transaction> Refunded(Work work) => work.OldestFirst<PayPalRefund>().Select(r => new Transaction(
        r.Id, r.Created, "T1107", r.Status switch { "PENDING" => "P", "FAILED" => "D", _ => "S" }, -r.Amount, 0, r.Currency, r.InvoiceId, r.CustomId, r.Capture, "TXN"));

    private static JsonObject Json(Transaction t)
    {
        var info = new JsonObject
        {
            ["paypal_account_id"] = Payer.Id,
            ["transaction_id"] = t.Id,
            ["paypal_reference_id"] = t.Reference,
            ["paypal_reference_id_type"] = t.ReferenceType,
            ["transaction_event_code"] = t.Code,
            ["transaction_initiation_date"] = Date(t.At),
            ["transaction_updated_date"] = Date(t.At),
            ["transaction_amount"] = Amounts.Json(t.Amount, t.Currency),
            ["transaction_status"] = t.Status,
            ["protection_eligibility"] = "01",
        };
        if (t.Fee != 0)
            info["fee_amount"] = Amounts.Json(t.Fee, t.Currency);
        if (t.Invoice is not null)
            info["invoice_id"] = t.Invoice;
        if (t.Custom is not null)
            info["custom_field"] = t.Custom;
        return new() { ["transaction_info"] = info };
    }

    private static IEnumerable<JsonObject> Links(PayPalCall call, int page, int pages)
    {
        var others = string.Concat(call.Query.Where(q => q.Key != "page").Select(q => $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(q.Value.ToString())}&"));
        var url = $"{call.Base}/v1/reporting/transactions?{others}page=";
        yield return PayPalFailure.Link($"{url}{page}", "self", "GET");
        if (page < pages)
            yield return PayPalFailure.Link($"{url}{page + 1}", "next", "GET");
        if (page > 1)
            yield return PayPalFailure.Link($"{url}{page - 1}", "prev", "GET");
    }

    /// <summary>In the one list whose times have an offset instead of a Z.</summary>
    private static string Date(long unix) => DateTimeOffset.FromUnixTimeSeconds(unix).ToString("yyyy-MM-ddTHH:mm:ss+0000", CultureInfo.InvariantCulture);

    private static int Number(PayPalCall call, string name, int otherwise) => (string?)call.Query[name] switch
    {
        null or "" => otherwise,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 => number,
        var text => throw PayPalFailure.Invalid("INVALID_PARAMETER_SYNTAX", "The value of a field does not conform to the expected format.", name, text),
    };
}
