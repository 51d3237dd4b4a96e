using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Api.Search;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.ServiceDefaults;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>One box, and everything that an order is found by.</summary>
public sealed class SearchTests(ApiHost api) : IClassFixture<ApiHost>
{
    private sealed record Known(Guid Id, long Number, string Reference, string TraceId, Guid PersonId, Guid CartId, string Tag);

    /// <summary>An order of somebody whom no other test knows.</summary>
    private async Task<Known> OrderAsync(string name, string? email = null, string? phone = null, string? last4 = null, Action<Guid, Shop.Data.ShopDbContext>? more = null)
    {
        var trace = System.Diagnostics.ActivityTraceId.CreateRandom();
        var tag = $"{Guid.NewGuid():N}"[..10];
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        email ??= $"{tag}@example.org";
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET reference = {Reference.Of(trace)}, trace_id = {trace.ToHexString()} WHERE id = {order.Id}");
        await db.Database.ExecuteSqlAsync($"UPDATE shop.people SET name = {name}, email = {email}, phone = {phone} WHERE id = {order.PersonId}");
        db.Add(new PaymentAttempt
        {
            Id = Guid.CreateVersion7(), OrderId = order.Id, Provider = PaymentProvider.Stripe, Operation = "confirm", Class = "not_charged", Reason = Reasons.CardDeclined,
            GatewayId = $"pi_{tag}", ChargeId = $"ch_{tag}", RequestId = $"req_{tag}", CardBrand = "visa", CardLast4 = last4 ?? "0002", LatencyMs = 1, At = DateTimeOffset.UtcNow,
            TraceId = System.Diagnostics.ActivityTraceId.CreateRandom().ToHexString(),
        });
        more?.Invoke(order.Id, db);
        await db.SaveChangesAsync();
        var stored = await db.Orders.AsNoTracking().SingleAsync(o => o.Id == order.Id);
        return new(stored.Id, stored.Number, stored.Reference, stored.TraceId, stored.PersonId, stored.CartId, tag);
    }

    private async Task<JsonElement> SearchAsync(string query, Role role = Role.Agent)
    {
        var answer = await api.PostAsync("/operations/search", new { query }, (await api.SignedInAsync(role)).Bearer);
        Assert.True(answer.Status is HttpStatusCode.OK, answer.Text);
        return answer.Json;
    }

    private async Task<JsonElement?> HitAsync(string query, long number) =>
        (await SearchAsync(query)).GetProperty("hits").EnumerateArray().Where(h => h.GetProperty("number").GetInt64() == number).Select(h => (JsonElement?)h).FirstOrDefault();

    private async Task FindsAsync(string query, Known order, string by, bool isExact = true, bool isAlike = false)
    {
        var hit = await HitAsync(query, order.Number);
        Assert.True(hit is not null, $"'{query}' did not find order {order.Number}: {await SearchAsync(query)}");
        Assert.Equal((by, isExact, isAlike), (hit.Value.GetProperty("by").GetString()!, hit.Value.GetProperty("isExact").GetBoolean(), hit.Value.GetProperty("isAlike").GetBoolean()));
    }

    [Fact]
    public async Task An_order_is_found_by_its_number_in_whole_and_in_part()
    {
        var order = await OrderAsync("Number Person");
        var digits = $"{order.Number}";

        await FindsAsync(digits, order, "order number");
        await FindsAsync($"# {digits[..3]} {digits[3..]}", order, "order number");
        await FindsAsync(digits[..^1], order, "beginning of the order number", isExact: false);
        await FindsAsync(digits[^3..], order, "end of the order number", isExact: false);
        Assert.Equal(order.Number, (await SearchAsync(digits)).GetProperty("jump").GetInt64());
        Assert.Equal(JsonValueKind.Null, (await SearchAsync(digits[..^1])).GetProperty("jump").ValueKind);
    }

    [Fact]
    public async Task An_order_is_found_by_its_reference_with_a_slip_in_it_too()
    {
        var order = await OrderAsync("Reference Person");
        var reference = order.Reference;

        await FindsAsync(reference.ToLowerInvariant().Replace("-", " ", StringComparison.Ordinal), order, "reference");
        Assert.Equal(order.Number, (await SearchAsync(reference)).GetProperty("jump").GetInt64());
        await FindsAsync(reference[..8], order, "beginning of the reference", isExact: false);
        foreach (var slip in (string[])[$"{reference[..^1]}{(reference[^1] is 'Z' ? 'Y' : 'Z')}", reference[1..], $"{reference}7"])
        {
            if (await HitAsync(slip, order.Number) is { } hit)
                Assert.Equal("a reference like it", hit.GetProperty("by").GetString());
            else
                Assert.Fail($"{slip} did not find {reference}");
        }
    }

    [Fact]
    public async Task An_order_is_found_by_an_address_whole_in_part_and_mistyped()
    {
        var order = await OrderAsync("Mail Person", "Zofia.Kowalczyk77@example.org");

        await FindsAsync("zofia.kowalczyk77@EXAMPLE.org", order, "e-mail address");
        await FindsAsync("zofia.kow", order, "part of the e-mail address", isExact: false);
        await FindsAsync("kowalczyk77@", order, "part of the e-mail address", isExact: false);
        await FindsAsync("zofia.kowalcyzk77@example.org", order, "e-mail address like it", isExact: false, isAlike: true);
        Assert.Equal("Zofia.Kowalczyk77@example.org", (await HitAsync("zofia.kowalczyk77@example.org", order.Number))!.Value.GetProperty("email").GetString());
        Assert.Equal("Z•••@example.org", (await HitAsync("zofia.kowalcyzk77@example.org", order.Number))!.Value.GetProperty("email").GetString());
        Assert.Equal(JsonValueKind.Null, (await SearchAsync("zofia.kowalczyk77@example.org")).GetProperty("jump").ValueKind);
    }

    [Fact]
    public async Task A_short_name_with_a_slip_is_found_by_the_other_that_is_right()
    {
        var order = await OrderAsync("Dorothea Maier");

        await FindsAsync("Dorothea Meier", order, "name like it", isExact: false, isAlike: true);
    }

    [Theory]
    [InlineData("Ottokar Przybylski", "name", false)]
    [InlineData("przybylski, ottokar", "name", false)]
    [InlineData("przyby", "name", false)]
    [InlineData("Ottokar Przybilski", "name like it", true)]
    [InlineData("Otokar Przybylksi", "name like it", true)]
    [InlineData("Otokar Przybylski", "name like it", true)]
    public async Task An_order_is_found_by_a_name_in_any_order_and_mistyped(string typed, string by, bool isAlike)
    {
        var order = await OrderAsync("Ottokar Przybylski");

        await FindsAsync(typed, order, by, isExact: false, isAlike);
    }

    [Theory]
    [InlineData("+49 171 98765432", true)]
    [InlineData("0171 98765432", true)]
    [InlineData("17198765432", true)]
    [InlineData("98765432", false)]
    public async Task An_order_is_found_by_a_phone_number_whatever_stands_before_it(string typed, bool isWhole)
    {
        var order = await OrderAsync("Phone Person", phone: "+49 (171) 987 654 32");

        await FindsAsync(typed, order, "phone number", isExact: isWhole);
    }

    [Fact]
    public async Task An_order_is_found_by_the_end_of_its_card()
    {
        var order = await OrderAsync("Card Person", last4: "8317");

        await FindsAsync("8317", order, "last four digits of the card", isExact: false);
    }

    [Fact]
    public async Task An_order_is_found_by_everything_that_gateways_call_it()
    {
        var tag = $"{Guid.NewGuid():N}"[..10];
        var paypal = $"{Guid.NewGuid():N}"[..17].ToUpperInvariant();
        var order = await OrderAsync("Gateway Person", more: (id, db) =>
        {
            var intent = new PaymentIntent { OrderId = id, Provider = PaymentProvider.PayPal, AmountMinor = 1, Currency = "EUR", CreatedAt = DateTimeOffset.UtcNow };
            intent.Made(paypal, 1, null, null, false);
            db.Add(intent);
            db.Add(new Refund
            {
                Id = Guid.CreateVersion7(), OrderId = id, Provider = PaymentProvider.Stripe, AmountMinor = 1, Currency = "EUR", Reason = Reasons.RefundOnRequest,
                GatewayId = $"re_{tag}", CreatedAt = DateTimeOffset.UtcNow,
            });
            db.Add(new Dispute
            {
                Id = Guid.CreateVersion7(), OrderId = id, Provider = PaymentProvider.Stripe, GatewayId = $"du_{tag}", Kind = DisputeKind.Dispute, AmountMinor = 1, Currency = "EUR",
                Reason = "fraudulent", Status = "needs_response", TakesMoney = true, IsLive = false, OpenedAt = DateTimeOffset.UtcNow, UpdatedAt = DateTimeOffset.UtcNow,
            });
            db.Add(new WebhookReceipt
            {
                Provider = PaymentProvider.PayPal, EventId = $"WH-{tag}{tag}".ToUpperInvariant(), Type = "x", Payload = [], ReceivedAt = DateTimeOffset.UtcNow, State = JobState.Done, IntentId = paypal,
            });
        });

        await FindsAsync($"pi_{order.Tag}", order, "id at the gateway");
        await FindsAsync($"ch_{order.Tag}", order, "charge at the gateway");
        await FindsAsync($"req_{order.Tag}", order, "request to the gateway");
        await FindsAsync($"re_{tag}", order, "refund at the gateway");
        await FindsAsync($"du_{tag}", order, "dispute at the gateway");
        await FindsAsync(paypal.ToLowerInvariant(), order, "payment at the gateway");
        await FindsAsync($"WH-{tag}{tag}".ToUpperInvariant(), order, "event of the gateway");
        Assert.Equal(order.Number, (await SearchAsync($"req_{order.Tag}")).GetProperty("jump").GetInt64());
    }

    [Fact]
    public async Task An_order_is_found_by_our_own_ids_and_by_a_trace()
    {
        var mail = Guid.CreateVersion7();
        var order = await OrderAsync("Id Person", more: (id, db) => db.Add(new OutboxMessage
        {
            Id = mail, Kind = OutboxKind.OrderConfirmedMail, OrderId = id, DueAt = DateTimeOffset.UtcNow, CreatedAt = DateTimeOffset.UtcNow,
        }));
        await using var db = api.Open();
        var (job, attempt) = (await db.PaymentJobs.Where(j => j.OrderId == order.Id).Select(j => j.Id).SingleAsync(), await db.PaymentAttempts.SingleAsync(a => a.OrderId == order.Id));

        await FindsAsync($"{order.Id}", order, "id of the order");
        await FindsAsync($"{order.CartId}", order, "id of the cart");
        await FindsAsync($"{order.PersonId}", order, "id of the person");
        await FindsAsync($"{job}", order, "id of a job");
        await FindsAsync($"{attempt.Id}", order, "id of a attempt");
        await FindsAsync($"{mail}", order, "id of a mail");
        await FindsAsync(order.TraceId, order, "trace of the checkout");
        await FindsAsync(attempt.TraceId!, order, "trace of an attempt");
        await FindsAsync(Reference.Of(System.Diagnostics.ActivityTraceId.CreateFromString(attempt.TraceId)), order, "reference of a retry");
    }

    [Fact]
    public async Task What_is_exactly_it_stands_before_what_is_like_it()
    {
        var (one, other) = (await OrderAsync("Wilhelmina Quast"), await OrderAsync("Wilhelmine Quasd"));

        var hits = (await SearchAsync("Wilhelmina Quast")).GetProperty("hits").EnumerateArray().Select(h => h.GetProperty("number").GetInt64()).ToList();

        Assert.True(hits.IndexOf(one.Number) is 0 && hits.IndexOf(other.Number) > 0, string.Join(',', hits));
    }

    [Fact]
    public async Task The_newest_order_of_300_namesakes_is_found_and_it_is_said_that_there_are_more()
    {
        await using (var db = api.Open())
        {
            var pattern = await OrderAsync("Hildegunde Zwickelbauer", "hildegunde1@example.org");
            await db.Database.ExecuteSqlAsync($"""
                SET session_replication_role = replica;
                INSERT INTO shop.people (id, email, name, line1, postal_code, city, country, created_at)
                SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 'hildegunde' || i || '@example.org', p.name, p.line1, p.postal_code, p.city, p.country, p.created_at
                FROM shop.people p, generate_series(2, 300) i WHERE p.id = {pattern.PersonId};
                INSERT INTO shop.orders (id, checkout_key, checkout_digest, cart_id, person_id, reference, trace_id, payment, fulfilment, currency, total_minor, tax_minor, captured_minor,
                    refunded_minor, disputed_minor, placed_at, deadline_at)
                SELECT p.id, gen_random_uuid(), 'x', gen_random_uuid(), p.id, left(md5(p.id::text), 10), md5(p.id::text), 'Paid', 'Open', 'EUR', 100, 0, 100, 0, 0, now(), now()
                FROM shop.people p WHERE p.name = 'Hildegunde Zwickelbauer' AND p.id <> {pattern.PersonId};
                INSERT INTO payments.payment_attempts (id, order_id, provider, operation, class, card_last4, latency_ms, at)
                SELECT gen_random_uuid(), o.id, 'Stripe', 'confirm', 'charged', '6173', 1, now() - interval '1 hour' FROM shop.orders o JOIN shop.people p ON p.id = o.person_id
                WHERE p.name = 'Hildegunde Zwickelbauer' AND p.id <> {pattern.PersonId};
                RESET session_replication_role;
                """);
        }

        var order = await OrderAsync("Hildegunde Zwickelbauer", "hildegunde999@example.org", last4: "6173");

        await FindsAsync("Hildegunde Zwickelbauer", order, "name", isExact: false);
        await FindsAsync("zwickelbauer", order, "name", isExact: false);
        await FindsAsync("hildegunde", order, "name", isExact: false);
        await FindsAsync("hildegunde9", order, "part of the e-mail address", isExact: false);
        await FindsAsync("6173", order, "last four digits of the card", isExact: false);
        foreach (var typed in (string[])["Hildegunde Zwickelbauer", "hildegunde@", "6173"])
            Assert.True((await SearchAsync(typed)).GetProperty("isMore").GetBoolean(), typed);
        Assert.False((await SearchAsync("hildegunde999@example.org")).GetProperty("hits").EnumerateArray().Count(h => h.GetProperty("isExact").GetBoolean()) > 1);
    }

    [Fact]
    public async Task Few_hits_are_all_there_are()
    {
        await OrderAsync("Xaverine Quitzdorff");

        Assert.False((await SearchAsync("Xaverine Quitzdorff")).GetProperty("isMore").GetBoolean());
    }

    [Fact]
    public async Task Jokers_of_the_database_are_letters_like_others()
    {
        await OrderAsync("Joker Person", "joker_person@example.org");

        Assert.All((await SearchAsync("jokerXperson_@example.org")).GetProperty("hits").EnumerateArray(), h => Assert.True(h.GetProperty("isAlike").GetBoolean()));
        Assert.Empty((await SearchAsync("%@%")).GetProperty("hits").EnumerateArray());
    }

    [Fact]
    public async Task An_order_of_somebody_erased_is_found_by_its_number_and_by_nothing_of_theirs()
    {
        var order = await OrderAsync("Erased Person", "erased.person@example.org", "+49 171 11223344");
        await using (var db = api.Open())
            await db.Database.ExecuteSqlAsync($"UPDATE shop.people SET name = '', email = '', phone = NULL WHERE id = {order.PersonId}");

        await FindsAsync($"{order.Number}", order, "order number");
        Assert.Null(await HitAsync("erased.person@example.org", order.Number));
        Assert.Null(await HitAsync("+49 171 11223344", order.Number));
    }

    [Fact]
    public async Task Who_looks_for_a_person_is_noted_and_never_for_whom_nor_is_it_in_a_log_or_a_span()
    {
        await OrderAsync("Planted Personname", "planted.secret@example.org", "+49 171 55667788");
        var agent = await api.SignedInAsync(Role.Agent);
        ConcurrentQueue<string> spans = [];
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true, Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = span => spans.Enqueue($"{span.DisplayName} {string.Join(' ', span.TagObjects.Select(t => t.Value))}"),
        };
        ActivitySource.AddActivityListener(listener);
        string[] typed = ["planted.secret@example.org", "planted.sec", "Planted Personname", "Plantet Personame", "+49 171 55667788"];
        foreach (var query in typed)
            Assert.Equal(HttpStatusCode.OK, (await api.PostAsync("/operations/search", new { query }, agent.Bearer)).Status);
        await api.PostAsync("/operations/search", new { query = "4T7QK-9XW2M" }, agent.Bearer);

        await using var db = api.Open();
        var noted = await db.Audit.AsNoTracking().Where(a => a.ActorId == agent.Id && a.Action == AuditActions.PeopleSearched).OrderBy(a => a.Id).ToListAsync();
        Assert.Equal(["email", "name", "name", "name", "digits"], noted.Select(a => a.Subject));
        Assert.Contains("\"hits\": 1", noted[0].After, StringComparison.Ordinal);
        Assert.Contains(spans, span => span.Contains("/operations/search", StringComparison.Ordinal));
        foreach (var text in api.Logged.Concat(spans).Concat(noted.Select(a => $"{a.Before} {a.After} {a.Why} {a.Subject}")))
        {
            foreach (var planted in (string[])["planted.sec", "Planted P", "Plantet", "55667788"])
                Assert.DoesNotContain(planted, text, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    public async Task Nothing_is_not_searched_for(string query)
    {
        var answer = await api.PostAsync("/operations/search", new { query }, (await api.SignedInAsync(Role.Agent)).Bearer);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.Equal("validation_failed", answer.Reason);
    }

    [Fact]
    public async Task A_search_is_one_round_trip_and_its_note_another()
    {
        var agent = (await api.SignedInAsync(Role.Agent)).Bearer;
        await SearchAsync("somebody nobody knows");
        await using var database = RoundTripMeter.Before(api.Open().Database.GetConnectionString()!);
        await using var db = PostgresServer.Open(database.ConnectionString);
        await db.Database.OpenConnectionAsync();
        await OrderSearch.FindAsync(db, SearchTerm.Read("Ada Lovelace"), ApiHost.Ct);
        var before = database.Count;

        await OrderSearch.FindAsync(db, SearchTerm.Read("100042"), ApiHost.Ct);

        Assert.Equal(1, database.Count - before);
        Assert.NotNull(agent.Item2);
    }
}
