using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using Npgsql;
using Shop.Data.Orders;

namespace Shop.Data.Payments;

/// <summary>
/// Bound from <c>CardTesting</c> by Api and Payments, which must be given the same values. What counts is what banks declined, never how
/// much somebody buys: an office behind one address buys a lot.
/// </summary>
public sealed class CardTestingOptions : IValidatableObject
{
    public const string Section = "CardTesting";

    /// <summary>For drills and tests, where all the world comes from one address.</summary>
    public bool Lifted { get; init; }

    /// <summary>How far back declines count. It slides.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")] public TimeSpan Window { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Declines of one address after which its payments wait, and after which none is taken.</summary>
    [Range(2, 10_000)] public int SlowAddress { get; init; } = 5;
    [Range(2, 10_000)] public int RefuseAddress { get; init; } = 10;

    /// <summary>
    /// Behind an address there may be thousands, and a good customer buys often: a source counts only where at least this part of what was
    /// declined or paid there was declined. What was neither, such as what we refused ourselves, makes no crowd.
    /// </summary>
    [Range(0.1, 1)] public double Ratio { get; init; } = 0.6;

    /// <summary>The same for one e-mail address, and for one account.</summary>
    [Range(2, 10_000)] public int SlowPerson { get; init; } = 3;
    [Range(2, 10_000)] public int RefusePerson { get; init; } = 8;

    /// <summary>Declines of one card, whoever enters it, after which it is not asked about again.</summary>
    [Range(2, 10_000)] public int RefuseCard { get; init; } = 5;
    [Range(typeof(TimeSpan), "00:00:10", "7.00:00:00")] public TimeSpan CardWindow { get; init; } = TimeSpan.FromHours(24);

    /// <summary>
    /// Declines of the whole shop within <see cref="ShopWindow"/> from which on every payment's card is looked at before its confirm, wherever
    /// it comes from. A look costs one question to the gateway and refuses nobody by itself: a shop that sells a lot raises it.
    /// </summary>
    [Range(1, 1_000_000)] public int ShopDeclines { get; init; } = 20;
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")] public TimeSpan ShopWindow { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a process believes what it counted for the whole shop.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")] public TimeSpan ShopCountedEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Payments of one source that are under way at once, after which each is looked at again just before its confirm.</summary>
    [Range(1, 10_000)] public int Burst { get; init; } = 3;

    /// <summary>The first wait; each further decline doubles it.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")] public TimeSpan FirstWait { get; init; } = TimeSpan.FromSeconds(2);
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")] public TimeSpan LongestWait { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long it is remembered where charges came from.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "30.00:00:00")] public TimeSpan Keep { get; init; } = TimeSpan.FromDays(2);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (SlowAddress > RefuseAddress || SlowPerson > RefusePerson)
            yield return new($"{Section}: what is refused must not be fewer than what is slowed.", [nameof(RefuseAddress), nameof(RefusePerson)]);
        if (Window > Keep)
            yield return new($"{Section}: Window must not be longer than Keep.", [nameof(Window)]);
    }
}

/// <summary>What came from one source within the window.</summary>
/// <param name="Paid">Orders that were really paid.</param>
/// <param name="Declines">Charges that were declined.</param>
/// <param name="Open">Asked for, and without an outcome yet.</param>
/// <param name="Oldest">Of the declines.</param>
public sealed record SourceCount(SourceKind Kind, byte[] Hash, int Paid, int Declines, int Open, DateTimeOffset? Oldest);

/// <param name="By">What brought it about; null when there is nothing to say.</param>
/// <param name="Wait">By how much the payment is put off, or when one may come again.</param>
public sealed record Velocity(VelocityTier Tier, SourceCount? By, TimeSpan Wait)
{
    public static Velocity None { get; } = new(VelocityTier.None, null, TimeSpan.Zero);

    /// <summary>
    /// The worst that any of the sources deserves. Anybody can type somebody else's e-mail address: alone it makes a payment wait, and only
    /// where the address or the account is suspect as well is none taken.
    /// </summary>
    public static Velocity Of(IReadOnlyList<SourceCount> counts, CardTestingOptions options, DateTimeOffset now)
    {
        if (options.Lifted)
            return None;
        var mayRefuseEmail = counts.Any(c => c.Kind is not SourceKind.Email && Of(c, options, now, mayRefuse: true).Tier >= VelocityTier.Slowed);
        return counts.Select(c => Of(c, options, now, c.Kind is not SourceKind.Email || mayRefuseEmail))
            .Append(None).OrderByDescending(v => v.Tier).ThenByDescending(v => v.Wait).First();
    }

    private static Velocity Of(SourceCount count, CardTestingOptions options, DateTimeOffset now, bool mayRefuse)
    {
        var (slow, refuse) = count.Kind is SourceKind.Address ? (options.SlowAddress, options.RefuseAddress) : (options.SlowPerson, options.RefusePerson);
        var isCrowd = count.Declines < options.Ratio * (count.Declines + count.Paid);
        if (mayRefuse && count.Declines >= refuse && !isCrowd)
            return new(VelocityTier.Refused, count, Longer(TimeSpan.FromSeconds(1), (count.Oldest ?? now) + options.Window - now));
        if (count.Declines >= slow && !isCrowd)
        {
            var wait = options.FirstWait * Math.Pow(2, Math.Min(count.Declines - slow, 20));
            return new(VelocityTier.Slowed, count, wait < options.LongestWait ? wait : options.LongestWait);
        }

        return count.Declines > 0 || count.Open >= options.Burst ? new(VelocityTier.Wary, count, TimeSpan.Zero) : None;
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

/// <summary>Where charges come from, and how they ended.</summary>
public static class ChargeSources
{
    /// <summary>What a bank says about a card that somebody tries out; a plain no may come as "try again later", and a made-up card as unusable. Not that a shopper took too long.</summary>
    public static readonly string[] Declines =
    [
        .. Reasons.Every.Where(r => r.Side is Side.Bank or Side.Shopper && r.MoneyTaken is MoneyTaken.No).Select(r => r.Code)
            .Except([
                Reasons.AuthenticationNeeded, Reasons.AuthenticationAbandoned, Reasons.ApprovalNeeded, Reasons.ApprovalAbandoned, Reasons.SavedMethodRemoved,
                Reasons.NotConfirmedInTime,
                Reasons.NotTriedInTime, Reasons.TooManyDeclines,
            ]),
        Reasons.CardTriedTooOften, // the gateway's own guard against the same thing
    ];

    /// <summary>
    /// Whether a charge job j was declined, in SQL whose $1 is <see cref="Declines"/>. One that had to wait for the shopper's bank ended with
    /// that, and what the bank said then is told by whoever read it before the next charge: the intent awaits a card again.
    /// </summary>
    public const string IsDecline = """
        (j.state = 'Done' AND (j.last_reason = ANY ($1) OR (j.last_reason = 'authentication_needed' AND EXISTS (
            SELECT FROM payments.payment_attempts a
            WHERE a.order_id = j.order_id AND a.at >= j.done_at AND a.class = 'awaits_card' AND a.reason = ANY ($1)
              AND NOT EXISTS (SELECT FROM payments.payment_jobs later WHERE later.order_id = j.order_id AND later.kind = 'Charge'
                AND later.created_at > j.created_at AND later.created_at <= a.at)))))
        """;

    // Each row of a source is one charge; its job tells how that ended. One that we refused ourselves is neither declined nor paid.
    private const string Counts = $"""
        SELECT kind, hash, count(DISTINCT order_id) FILTER (WHERE paid)::int, count(*) FILTER (WHERE declined)::int,
            count(*) FILTER (WHERE open)::int, min(at) FILTER (WHERE declined)
        FROM (
            SELECT s.kind, s.hash, s.order_id, s.at, o.payment = 'Paid' AS paid, {IsDecline} AS declined, j.state <> 'Done' AS open
            FROM payments.charge_sources s JOIN payments.payment_jobs j ON j.id = s.job_id JOIN shop.orders o ON o.id = s.order_id
            WHERE s.at > $2 AND
        """;

    private const string BySource = ") charges GROUP BY kind, hash";

    /// <summary>Of the sources with these hashes.</summary>
    public static NpgsqlBatchCommand CountOf(byte[][] hashes, DateTimeOffset since) =>
        Command($"{Counts} s.hash = ANY ($3) {BySource}", since, (object)hashes); // one value, not one for each hash

    /// <summary>Of these sources, and of those that an order's charges came from before.</summary>
    public static NpgsqlBatchCommand CountOfOrder(byte[][] hashes, Guid orderId, DateTimeOffset since) => Command(
        $"{Counts} s.hash IN (SELECT hash FROM payments.charge_sources WHERE order_id = $4 UNION SELECT unnest($3)) {BySource}",
        since, hashes, orderId);

    /// <summary>Of the sources that a charge came from, without itself.</summary>
    public static NpgsqlBatchCommand CountOfJob(Guid jobId, DateTimeOffset since) => Command(
        $"{Counts} s.job_id <> $3 AND s.hash IN (SELECT hash FROM payments.charge_sources WHERE job_id = $3) {BySource}", since, jobId);

    public static async Task<IReadOnlyList<SourceCount>> ReadAsync(NpgsqlDataReader reader, CancellationToken ct)
    {
        List<SourceCount> counts = [];
        while (await reader.ReadAsync(ct))
        {
            counts.Add(new(
                Enum.Parse<SourceKind>(reader.GetString(0)), reader.GetFieldValue<byte[]>(1), reader.GetInt32(2), reader.GetInt32(3), reader.GetInt32(4),
                reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5)));
        }

        return counts;
    }

    /// <summary>A secret that Api and Payments share; what it makes can be compared and not read.</summary>
    public static byte[] HashOf(string secret, SourceKind kind, string who) =>
        HMACSHA256.HashData(Encoding.UTF8.GetBytes($"card testing\n{secret}"), Encoding.UTF8.GetBytes($"{kind}\n{who}"))[..16];

    private static NpgsqlBatchCommand Command(string sql, DateTimeOffset since, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql) { Parameters = { new() { Value = Declines }, new() { Value = since } } };
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}
