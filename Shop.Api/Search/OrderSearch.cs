using System.Globalization;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Shop.Data;
using Shop.Data.Orders;

namespace Shop.Api.Search;

/// <param name="Rank">0: exactly what was asked for; 1: a part of it; from <see cref="OrderSearch.Alike"/> on only like it.</param>
/// <param name="IsPersonal">It was found by something of a person.</param>
internal sealed record FoundOrder(
    long Number, DateTimeOffset PlacedAt, OrderStatus Status, PaymentState Payment, long TotalMinor, string Currency, string? Reason, string Reference,
    bool IsSynthetic, string By, int Rank, bool IsPersonal, string Name, string Email)
{
    /// <summary>A record prints its members.</summary>
    public override string ToString() => $"order {Number}";
}

/// <summary>
/// All that a search may mean, asked in one statement: each meaning is a branch with an index and a limit of its own, so the worst of them
/// bounds the whole. A branch is only there when the input can mean it.
/// </summary>
internal static class OrderSearch
{
    public const int MaxHits = 50;
    public const int Alike = 2;

    private const int PerBranch = 25;

    // Enough people to choose the newest orders from; more have the same name than anybody reads.
    private const int PeoplePerBranch = 200;

    // Of those that are only like it the closest are chosen out of so many.
    private const int AlikePerBranch = 2000;

    /// <param name="IsCut">There are more than these.</param>
    internal sealed record Found(IReadOnlyList<FoundOrder> Orders, bool IsCut);

    public static async Task<Found> FindAsync(ShopDbContext db, SearchTerm term, CancellationToken ct)
    {
        if (Sql(term) is not { } search)
            return new([], false);

        await db.Database.OpenConnectionAsync(ct);
        await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
        Settings(batch);
        var command = new NpgsqlBatchCommand(search.Text);
        foreach (var parameter in search.Parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
        await using var reader = await batch.ExecuteReaderAsync(ct);
        while (reader.FieldCount < 18)
            await reader.NextResultAsync(ct);
        List<FoundOrder> found = [];
        var isCut = false;
        while (await reader.ReadAsync(ct))
        {
            var payment = Enum.Parse<PaymentState>(reader.GetString(2));
            var status = OrderLifecycle.StatusOf(
                payment, Enum.Parse<FulfilmentState>(reader.GetString(3)), new(reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6)));
            found.Add(new(
                reader.GetInt64(0), reader.GetFieldValue<DateTimeOffset>(1), status, payment, reader.GetInt64(7), reader.GetString(8),
                reader.IsDBNull(9) ? null : reader.GetString(9), reader.GetString(10), reader.GetBoolean(11), reader.GetString(14), reader.GetInt32(15),
                reader.GetBoolean(16), reader.GetString(12), reader.GetString(13)));
            isCut = reader.GetBoolean(17);
        }

        return new([.. found.Take(MaxHits)], isCut || found.Count > MaxHits);
    }

    /// <summary>For this batch alone. Every branch has an index; what a limit makes look cheap to the planner may read a million rows before it finds the first.</summary>
    internal static void Settings(NpgsqlBatch batch) => batch.BatchCommands.Add(new NpgsqlBatchCommand("""
        SELECT set_config('pg_trgm.word_similarity_threshold', '0.5', true), set_config('pg_trgm.similarity_threshold', '0.5', true), set_config('enable_seqscan', 'off', true)
        """));

    internal sealed record Statement(string Text, IReadOnlyList<NpgsqlParameter> Parameters);

    internal static Statement? Sql(SearchTerm term)
    {
        List<string> branches = [];
        List<NpgsqlParameter> parameters = [];

        if (term.Number is { } number)
            Number(number);
        if (term.Reference is { } reference)
        {
            Branch("'reference'", 0, false, $"SELECT o.id, 1::real AS closeness FROM shop.orders o WHERE o.reference = {P(reference)}");
            // One that is read off a later page: of a retry of its payment, or of what somebody of ours did.
            Branch("'reference of a retry'", 0, false, $"""
                SELECT a.order_id, 1::real FROM payments.payment_attempts a WHERE a.trace_id LIKE {P($"{TraceStart(reference)}%")} ORDER BY a.trace_id LIMIT {PerBranch + 1}
                """);
            Branch("'reference of something that staff did'", 0, false, $$"""
                SELECT o.id, 1::real FROM accounts.audit e
                JOIN shop.orders o ON o.number = CASE WHEN e.subject_kind = 'order' AND e.subject ~ '^[0-9]{1,15}$' THEN e.subject::bigint END
                WHERE e.reference = {{P(reference)}} LIMIT {{PerBranch + 1}}
                """);
        }

        if (term.ReferenceStart is { } start)
            Branch("'beginning of the reference'", 1, false, $"SELECT o.id, 0.9::real FROM shop.orders o WHERE o.reference LIKE {P($"{start}%")} ORDER BY o.reference LIMIT {PerBranch + 1}");
        if (term.ReferencesAlike is not [])
            Branch("'a reference like it'", Alike, false, $"SELECT o.id, 0.9::real FROM shop.orders o WHERE o.reference = ANY ({P(term.ReferencesAlike)}) LIMIT {PerBranch + 1}");
        if (term.Email is { } email)
        {
            string[] writings = [.. new[] { email, email.ToLowerInvariant() }.Distinct()];
            Person("'e-mail address'", 0, $"SELECT p.id, 1::real AS closeness FROM shop.people p WHERE p.email = ANY ({P(writings)})");
            Person("'e-mail address'", 0, $"SELECT p.id, 1::real AS closeness FROM shop.people p WHERE p.email ILIKE {P(Literally(email))}");
            Branch("'e-mail address of the account'", 0, true, $"""
                SELECT o.id, 1::real FROM shop.people p JOIN shop.orders o ON o.user_id = p.id WHERE p.account_email = {P(email.ToLowerInvariant())}
                ORDER BY o.number DESC LIMIT {PerBranch + 1}
                """);
        }

        if (term.Part is { } part)
        {
            var within = P($"%{Literally(part)}%");
            Person("'part of the e-mail address'", 1, $"SELECT p.id, 0.8::real AS closeness FROM shop.people p WHERE p.email ILIKE {within}");
            // What stands before the @ tells people apart; what comes after it half of them share.
            var mailbox = part.Split('@')[0];
            if (mailbox.Length >= 4)
                Like("'e-mail address like it'", $"SELECT p.id, word_similarity({P(mailbox)}, p.email) AS closeness FROM shop.people p WHERE {P(mailbox)} <% p.email");
        }

        if (term.Words is not [] and var words)
        {
            var whole = P(string.Join(' ', words).ToLowerInvariant());
            var all = string.Join(" AND ", words.Select(w => $"p.name ILIKE {P($"%{Literally(w)}%")}"));
            Person("'name'", 1, $"SELECT p.id, CASE WHEN lower(p.name) = {whole} THEN 1 ELSE 0.9 END::real AS closeness FROM shop.people p WHERE {all}");
            string[] telling = [.. words.Where(w => w.Length >= 3)];
            var like = string.Join(" AND ", telling.Select(w => $"{P(w)} <% p.name"));
            var closeness = string.Join(" + ", telling.Select(w => $"word_similarity({P(w)}, p.name)"));
            Like("'name like it'", $"SELECT p.id, (({closeness}) / {telling.Length})::real AS closeness FROM shop.people p WHERE {like}");
            // A short word has too few letters to be like another one by itself; beside a right one it is.
            if (words.Length > 1)
                Like("'name like it'", $"SELECT p.id, similarity(p.name, {whole}) AS closeness FROM shop.people p WHERE p.name % {whole}");
        }

        foreach (var end in term.PhoneBackwards)
        {
            // Nine digits and more are a whole number.
            Person("'phone number'", end.Length >= 9 ? 0 : 1, $"SELECT p.id, 0.9::real AS closeness FROM shop.people p WHERE p.phone_backwards LIKE {P($"{end}%")}");
        }

        if (term.Last4 is { } last4)
        {
            Branch("'last four digits of the card'", 1, true, $"""
                SELECT a.order_id, 0.9::real, sum(count(*)) OVER () = {PeoplePerBranch} AS is_full FROM (SELECT order_id, at FROM payments.payment_attempts
                    WHERE card_last4 = {P(last4)} ORDER BY at DESC LIMIT {PeoplePerBranch}) a GROUP BY a.order_id ORDER BY max(a.at) DESC LIMIT {PerBranch + 1}
                """, "bool_or(x.is_full) OVER ()");
        }

        if (term.GatewayId is { } gatewayId)
            Gateway(P((string[])[.. new[] { gatewayId, gatewayId.ToUpperInvariant(), gatewayId.ToLowerInvariant() }.Distinct()]));
        if (term.Id is { } id)
            Id(P(id));
        if (term.TraceId is { } trace)
        {
            var known = P(ServiceDefaults.Reference.Of(System.Diagnostics.ActivityTraceId.CreateFromString(trace)));
            Branch("'trace of the checkout'", 0, false, $"SELECT o.id, 1::real FROM shop.orders o WHERE o.reference = {known} AND o.trace_id = {P(trace)}");
            Branch("'trace of an attempt'", 0, false, $"SELECT a.order_id, 1::real FROM payments.payment_attempts a WHERE a.trace_id = {P(trace)} LIMIT {PerBranch + 1}");
        }

        if (branches is [])
            return null;
        return new(new StringBuilder("WITH hits AS MATERIALIZED (\n").AppendJoin("\nUNION ALL\n", branches).Append($"""
            ), best AS (SELECT DISTINCT ON (id) * FROM hits ORDER BY id, rank, closeness DESC)
            SELECT o.number, o.placed_at, o.payment, o.fulfilment, o.captured_minor, o.refunded_minor, o.disputed_minor, o.total_minor, o.currency, o.reason,
                o.reference, o.is_synthetic, p.name, p.email, b.by, b.rank, b.is_personal, (SELECT bool_or(is_cut) FROM hits)
            FROM best b JOIN shop.orders o ON o.id = b.id JOIN shop.people p ON p.id = o.person_id
            ORDER BY b.rank, b.closeness DESC, o.number DESC LIMIT {MaxHits + 1}
            """).ToString(), parameters);

        string P(object value)
        {
            parameters.Add(value is string text ? new NpgsqlParameter { Value = text, NpgsqlDbType = NpgsqlDbType.Text } : new NpgsqlParameter { Value = value });
            return $"${parameters.Count}";
        }

        // One more than is told, so that it is known of each whether there is more. A third column tells it of what its rows were chosen from.
        void Branch(string by, int rank, bool isPersonal, string ids, string cut = "false") => branches.Add($"""
            (SELECT {by} AS by, {rank} AS rank, {(isPersonal ? "true" : "false")} AS is_personal, x.id, x.closeness, (count(*) OVER () > {PerBranch} OR {cut}) AS is_cut
            FROM ({ids}) x (id, closeness) LIMIT {PerBranch + 1})
            """);

        // The newest people first: of many with one name the one who is calling has just ordered.
        void Person(string by, int rank, string people) => People(by, rank, $"{people} ORDER BY p.id DESC LIMIT {PeoplePerBranch}");

        void Like(string by, string people) => People(by, Alike, $"SELECT * FROM ({people} LIMIT {AlikePerBranch}) l ORDER BY l.closeness DESC, l.id DESC LIMIT {PeoplePerBranch}");

        void People(string by, int rank, string people) => Branch(by, rank, true, $"""
            SELECT o.id, h.closeness, h.is_full FROM (SELECT m.*, count(*) OVER () = {PeoplePerBranch} AS is_full FROM ({people}) m) h JOIN shop.orders o ON o.person_id = h.id
            ORDER BY h.closeness DESC, o.number DESC LIMIT {PerBranch + 1}
            """, "bool_or(x.is_full) OVER ()");

        void Number(long digits)
        {
            Branch("'order number'", 0, false, $"SELECT o.id, 1::real FROM shop.orders o WHERE o.number = {P(digits)}");
            var isBeginning = digits > 0 && digits.ToString(CultureInfo.InvariantCulture).Length == term.NumberLength;

            // Its beginning is a few ranges of numbers, its end one number in so many: both are looked up in the index that is there.
            List<string> ranges = [];
            for (var (low, high) = (digits * 10, (digits * 10) + 9); isBeginning && term.NumberLength > 1 && high < 10_000_000_000 && ranges.Count < 6; (low, high) = (low * 10, (high * 10) + 9))
                ranges.Add($"(SELECT id, number FROM shop.orders WHERE number BETWEEN {P(low)} AND {P(high)} ORDER BY number DESC LIMIT {PerBranch + 1})");
            if (ranges is not [])
                Branch("'beginning of the order number'", 1, false, $"SELECT r.id, 0.8::real FROM ({string.Join(" UNION ALL ", ranges)}) r ORDER BY r.number DESC LIMIT {PerBranch + 1}");
            if (term.NumberLength >= 3)
            {
                var step = P((long)Math.Pow(10, term.NumberLength));
                Branch("'end of the order number'", 1, false, $"""
                    SELECT o.id, 0.7::real FROM (SELECT n FROM (SELECT max(number) AS top FROM shop.orders) m,
                        LATERAL generate_series(m.top - mod(mod(m.top - {P(digits)}, {step}) + {step}, {step}), {step}, -{step}) n LIMIT {PeoplePerBranch}) c
                    JOIN shop.orders o ON o.number = c.n ORDER BY o.number DESC LIMIT {PerBranch + 1}
                    """);
            }
        }

        void Gateway(string ids)
        {
            Branch("'payment at the gateway'", 0, false, $"SELECT i.order_id, 1::real FROM payments.payment_intents i WHERE i.gateway_id = ANY ({ids})");
            foreach (var (column, words) in (ReadOnlySpan<(string, string)>)[("gateway_id", "id at the gateway"), ("charge_id", "charge at the gateway"), ("request_id", "request to the gateway")])
                Branch($"'{words}'", 0, false, $"SELECT a.order_id, 1::real FROM (SELECT order_id FROM payments.payment_attempts WHERE {column} = ANY ({ids}) LIMIT {PeoplePerBranch}) a GROUP BY 1");
            Branch("'refund at the gateway'", 0, false, $"SELECT r.order_id, 1::real FROM payments.refunds r WHERE r.gateway_id = ANY ({ids})");
            Branch("'dispute at the gateway'", 0, false, $"SELECT d.order_id, 1::real FROM payments.disputes d WHERE d.gateway_id = ANY ({ids}) AND d.order_id IS NOT NULL");
            Branch("'event of the gateway'", 0, false, $"""
                SELECT i.order_id, 1::real FROM payments.webhook_receipts w JOIN payments.payment_intents i ON i.gateway_id = w.intent_id
                WHERE w.provider IN ('Stripe', 'PayPal') AND w.event_id = ANY ({ids})
                """);
        }

        void Id(string it)
        {
            foreach (var (from, column, words) in (ReadOnlySpan<(string, string, string)>)
                [
                    ("shop.orders", "id", "order"), ("shop.orders", "checkout_key", "checkout"), ("shop.orders", "cart_id", "cart"), ("shop.orders", "person_id", "person"),
                    ("shop.orders", "user_id", "account"),
                ])
                Branch($"'id of the {words}'", 0, false, $"SELECT o.id, 1::real FROM {from} o WHERE o.{column} = {it} ORDER BY o.number DESC LIMIT {PerBranch + 1}");
            foreach (var (from, words) in (ReadOnlySpan<(string, string)>)
                [
                    ("payments.payment_jobs", "job"), ("payments.payment_attempts", "attempt"), ("payments.refunds", "refund"), ("payments.disputes", "dispute"), ("shop.outbox", "mail"),
                ])
                Branch($"'id of a {words}'", 0, false, $"SELECT x.order_id, 1::real FROM {from} x WHERE x.id = {it} AND x.order_id IS NOT NULL");
        }
    }

    /// <summary>What was typed, with nothing in it that LIKE takes for a joker.</summary>
    private static string Literally(string text) =>
        text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal);

    /// <summary>The first 48 of the 50 bits that a reference shows of its trace, as hexadecimal digits.</summary>
    internal static string TraceStart(string reference)
    {
        const string crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        var bits = reference.Where(c => c != '-').Aggregate(0UL, (all, c) => (all << 5) | (uint)crockford.IndexOf(c, StringComparison.Ordinal));
        return (bits >> 2).ToString("x12", CultureInfo.InvariantCulture);
    }
}
