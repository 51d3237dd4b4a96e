using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;
using Shop.Web;
using Shop.Web.Accounts;
using Shop.Web.Api;
using Shop.Web.Carts;
using Shop.Web.Catalog;
using Shop.Web.Checkout;
using Shop.Web.Operations;
using Shop.Web.Operations.Today;
using Shop.Web.Orders;

namespace Shop.Tests.Integration;

/// <summary>
/// The Api's real answers, read by the storefront's own clients. Nothing else ties the two together: they share no types, so that each can be
/// delivered alone.
/// </summary>
public sealed class ContractTests : IClassFixture<ApiHost>, IDisposable
{
    private readonly ApiHost _api;
    private readonly Recorder _answers = new();
    private readonly HttpClient _http;

    public ContractTests(ApiHost api)
    {
        _api = api;
        _http = new HttpClient(_answers) { BaseAddress = api.Http.BaseAddress };
    }

    private static CancellationToken Ct => ApiHost.Ct;

    [Fact]
    public async Task The_storefront_understands_the_catalogue()
    {
        var sku = Sku();
        await _api.StockAsync(5, sku, Sku());
        var catalog = new CatalogClient(_http);

        Complete(await catalog.GetHomeAsync(Ct));
        Complete(await catalog.GetCategoryAsync("any", 1, Sorting.Known(null), Ct));
        Complete(await catalog.GetProductAsync(sku, Ct));
        Complete(await catalog.GetAvailabilityAsync(sku, Ct));
        using var picture = await catalog.GetPictureAsync((await catalog.GetProductAsync(sku, Ct)).Value!.PictureId, Ct);
        Assert.Equal("image/svg+xml", picture.Content.Headers.ContentType?.MediaType);
        Assert.True((await catalog.GetProductAsync("nope", Ct)).IsMissing);
    }

    [Fact]
    public async Task The_storefront_understands_patterns_and_the_orders_of_drills()
    {
        var agent = await _api.SignedInAsync(Role.Agent);
        _http.DefaultRequestHeaders.Authorization = new("Bearer", agent.Token);
        var now = DateTimeOffset.UtcNow;
        await using (var db = _api.Open())
        {
            var pattern = new Pattern
            {
                Id = Guid.CreateVersion7(), Traffic = PatternTraffic.Drill, Fact1 = PatternFact.CardBrand, Level1 = "visa", Fact2 = PatternFact.CardCountry, Level2 = "DE",
                Outcome = PatternOutcome.Side, OutcomeValue = "Bank", Side = Side.Bank, Failures = 14, Payments = 22, UsualRate = 0.021, PValue = 1e-18, BeganAt = now,
                LastFailureAt = now, Orders = [100123, 100145], FoundAt = now, SeenAt = now,
            };
            db.AddRange(pattern, new Pattern
            {
                Id = Guid.CreateVersion7(), Traffic = PatternTraffic.Shop, Fact1 = PatternFact.Gateway, Level1 = "Stripe", Outcome = PatternOutcome.Any, OutcomeValue = "", Failures = 5, Payments = 5, UsualRate = 0.02,
                PValue = 1e-6, BeganAt = now, LastFailureAt = now, Orders = [1], FoundAt = now, SeenAt = now, EndedAt = now,
            });
            await db.SaveChangesAsync();
            var order = await Any.StoredOrderAsync(db);
            await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET is_synthetic = true WHERE id = {order.Id}");
            await db.Database.ExecuteSqlAsync($"UPDATE payments.payment_jobs SET state = 'Done' WHERE order_id = {order.Id}"); // nobody else's work
        }

        var patterns = new PatternsClient(_http);
        var list = Complete(await patterns.GetPatternsAsync(past: true, Ct));
        Assert.Equal(("drill", "side", "bank"), list.Current.Select(p => (p.Traffic, p.Outcome, p.Side)).Single());
        Assert.Equal(["cardBrand visa", "cardCountry DE"], list.Current[0].Facts.Select(f => $"{f.Fact} {f.Level}"));
        Assert.Single(list.Past);
        Assert.Equal("unknown", Complete(await patterns.GetSyntheticOrdersAsync(Ct)).Items.Single().MoneyTaken);
    }

    [Fact]
    public async Task The_storefront_and_the_api_understand_each_other_from_the_cart_to_the_second_payment()
    {
        var sku = Sku();
        await _api.StockAsync(5, sku);
        var (carts, checkout, orders) = (new CartClient(_http), new CheckoutClient(_http), new OrderClient(_http));

        var token = Complete(await carts.AddAsync(null, sku, 1, Ct)).Token!;
        var cart = Complete(await carts.GetAsync(token, Ct));
        cart = Complete(await carts.SetQuantityAsync(token, sku, 2, cart.Version, Ct));
        Assert.Equal((2, 2500), (cart.ItemCount, cart.TotalMinor));

        var working = _api.WorkAsync(new PaymentNews.ActionAsked("https://bank.example/confirm"));
        var placed = Complete(await checkout.PlaceAsync(Form(cart), token, Ct));
        await working;
        Assert.Equal(("actionNeeded", "https://bank.example/confirm"), (placed.Status, placed.Action?.ToString()));
        Assert.Equal(("card", "card"), (placed.Method, placed.Ways!.Single()));
        Assert.False(placed.IsAtBank);
        Assert.NotNull((await orders.LookAsync(placed.Number, placed.Key!, Ct)).Value);
        Assert.True(Complete(await orders.GetAsync(placed.Number, placed.Key!, Ct)).IsAtBank);

        working = _api.WorkAsync(ApiHost.Paid);
        var paid = Complete(await checkout.PayAgainAsync(placed.Number, placed.Key!, PaymentWay.Card, "pm_second", saves: false, Guid.NewGuid(), Ct));
        await working;
        var seen = Complete(await orders.GetAsync(placed.Number, placed.Key!, Ct));
        Assert.Equal(("paid", "paid", "yes"), (paid.Status, seen.Status, seen.MoneyTaken));
        Assert.Equal((seen.TotalMinor, 0), (seen.CapturedMinor, seen.RefundedMinor));

        await using var db = _api.Open();
        var id = await db.Orders.Where(o => o.Number == placed.Number).Select(o => o.Id).SingleAsync(Ct);
        var refund = new Refund
        {
            Id = Guid.CreateVersion7(), OrderId = id, Provider = PaymentProvider.Stripe, AmountMinor = 1250, Currency = "EUR", Reason = Reasons.RefundOnRequest,
            CreatedAt = DateTimeOffset.UtcNow,
        };
        refund.Lines.Add(new RefundLine { RefundId = refund.Id, Sku = sku, Quantity = 1, AmountMinor = 1250 });
        db.Add(refund);
        await db.SaveChangesAsync(Ct);
        await db.Orders.Where(o => o.Id == id).ExecuteUpdateAsync(o => o.SetProperty(x => x.RefundedMinor, 1000), Ct);
        seen = Complete(await orders.GetAsync(placed.Number, placed.Key!, Ct));
        Assert.Equal(1000, seen.RefundedMinor);
        var sentBack = Assert.Single(seen.Refunds!);
        Assert.Equal((1250, "pending", 1), (sentBack.AmountMinor, sentBack.State, sentBack.Lines.Single().Quantity));
    }

    [Fact]
    public async Task The_storefront_understands_how_the_ways_to_pay_are_doing() => Assert.Contains(
        Complete(await new CheckoutClient(_http).GetMethodsAsync(Ct)).Methods, m => m is { Method: "card", State: "available" or "troubled" or "unavailable" });

    [Fact]
    public async Task The_storefront_and_the_api_understand_each_other_about_a_browsers_reports()
    {
        var sku = Sku();
        await _api.StockAsync(5, sku);
        var (carts, checkout, orders) = (new CartClient(_http), new CheckoutClient(_http), new OrderClient(_http));
        var cart = Complete(await carts.AddAsync(null, sku, 1, Ct));
        Assert.NotNull((await carts.ReportAsync(cart.Token!, "card_form_blocked", null, Ct)).Value);
        var working = _api.WorkAsync(new PaymentNews.Refused(Reasons.CardDetailsWrong));
        var placed = Complete(await checkout.PlaceAsync(Form(cart), cart.Token!, Ct));
        await working;

        Assert.Equal(("declined", true, "fixDetails"), (placed.Status, placed.Retryable, placed.Retry));
        Assert.NotNull((await orders.ReportAsync(placed.Number, placed.Key!, "script_error", "x", Ct)).Value);
        Assert.Equal("report_unknown", (await orders.ReportAsync(placed.Number, placed.Key!, "any", null, Ct)).Problem?.Reason);
    }

    [Fact]
    public async Task The_storefront_understands_why_the_api_refuses()
    {
        var sku = Sku();
        await _api.StockAsync(1, sku);
        var (carts, checkout) = (new CartClient(_http), new CheckoutClient(_http));
        var cart = Complete(await carts.AddAsync(null, sku, 2, Ct));

        var invalid = (await checkout.PlaceAsync(Form(cart) with { Email = "nobody" }, cart.Token!, Ct)).Problem;
        var sold = (await checkout.PlaceAsync(Form(cart), cart.Token!, Ct)).Problem;

        Assert.Equal((422, "validation_failed", "email"), (invalid?.Status, invalid?.Reason, invalid?.Errors?.Keys.Single()));
        Assert.Equal((409, "out_of_stock", sku), (sold?.Status, sold?.Reason, sold?.Skus?.Single()));
        Assert.All([invalid!, sold!], problem => Assert.False(string.IsNullOrEmpty(problem.Detail) || string.IsNullOrEmpty(problem.Reference)));
    }

    [Fact]
    public async Task The_storefront_understands_operations_and_can_restart_what_is_parked()
    {
        await using var db = _api.Open();
        var stored = await Any.StoredOrderAsync(db);
        var now = DateTimeOffset.UtcNow;
        (await db.PaymentJobs.SingleAsync(j => j.OrderId == stored.Id)).State = JobState.Done; // no charge for another test's worker to find
        var job = PaymentJob.Of(PaymentJobKind.Close, stored.Id, PaymentProvider.Stripe, now);
        job.State = JobState.Parked;
        var receipt = new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = "evt_1", Type = "payment_intent.succeeded", Payload = [1], ReceivedAt = now, State = JobState.Parked,
        };
        var message = OutboxMessage.Of(OutboxKind.OrderConfirmedMail, stored.Id, now);
        message.State = JobState.Parked;
        db.Add(new Failover
        {
            Id = Guid.CreateVersion7(), OrderId = stored.Id, FromProvider = PaymentProvider.Stripe, ToProvider = PaymentProvider.PayPal,
            Proof = ProofKinds.Words(ProofKinds.NeverConfirmed), ProofKind = ProofKinds.NeverConfirmed, Confirm = 0, AskedBy = "shopper", At = now,
        });
        db.AddRange(job, receipt, message, new PaymentAttempt
        {
            Id = Guid.CreateVersion7(), OrderId = stored.Id, JobId = job.Id, Provider = PaymentProvider.Stripe, Operation = "confirm", Class = "not_charged",
            LatencyMs = 12.5, At = now,
        });
        await db.SaveChangesAsync();
        _answers.Token = (await _api.SignedInAsync(Role.Operator)).Token;
        var operations = new OperationsClient(_http);
        const string Why = "the gateway is back";

        var row = Complete(await operations.GetOrdersAsync(new OrderFilter(), 50, Ct)).Items[0];
        var search = new SearchClient(_http);
        Assert.Null((await search.GetStoryAsync(row.Number, all: true, Ct)).Value!.Acts.Single(a => a.Path == "cancel").WhyNot);
        Assert.Equal(row.Number, Complete(await search.SearchAsync($"{row.Number}", Ct)).Jump);
        Assert.Contains("PlayedOrder", (await search.GetScenarioAsync(row.Number, Ct)).Value!.Test, StringComparison.Ordinal);
        Assert.NotNull((await search.DoAsync(row.Number, OrderAction.All.Single(a => a.Path is OrderAction.Note), null, "She called.", Guid.CreateVersion7(), Ct)).Value);
        Assert.Equal("hold_not_extendable",
            (await search.DoAsync(row.Number, OrderAction.All.Single(a => a.Path is OrderAction.Hold), 30, "She is on her way.", Guid.CreateVersion7(), Ct)).Problem?.Reason); // its closing is parked
        Assert.Equal("order_not_askable", (await search.DoAsync(row.Number, OrderAction.All.Single(a => a.Path is "ask"), null, "She called.", Guid.CreateVersion7(), Ct)).Problem?.Reason);
        Complete(await operations.GetQueueAsync(Ct));

        Assert.NotNull((await operations.RetryJobAsync(job.Id, Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.NotNull((await operations.RetryWebhookAsync("stripe", receipt.EventId, Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.NotNull((await operations.RetryMessageAsync(message.Id, Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.Equal("job_not_parked", (await operations.RetryJobAsync(job.Id, Why, Guid.CreateVersion7(), Ct)).Problem?.Reason);
        Assert.Equal("validation_failed", (await operations.RetryJobAsync(job.Id, "", Guid.CreateVersion7(), Ct)).Problem?.Reason);

        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO payments.gateway_health (provider, replica, state, since, open_until, reason, code, seen_at)
            VALUES ('Stripe', 'one', 'Open', now(), now(), 'outcome_unknown', 'HTTP 503', now());
            INSERT INTO payments.gateway_changes (id, provider, replica, breaker, state, reason, code, at)
            VALUES ({Guid.CreateVersion7()}, 'Stripe', 'one', 'quiet', 'Open', 'outcome_unknown', 'HTTP 503', now());
            INSERT INTO payments.payment_attempts (id, order_id, provider, operation, class, reason, code, latency_ms, at)
            VALUES ({Guid.CreateVersion7()}, {stored.Id}, 'Stripe', 'confirm', 'unknown', 'outcome_unknown', 'reset', 1, now());
            INSERT INTO payments.velocity_events (id, tier, kind, hash, declines, at)
            VALUES ({Guid.CreateVersion7()}, 'Refused', 'Address', '\x0102030405', 10, now());
            """);
        var mails = new MailClient(_http);
        Assert.Equal((message.Id, "waiting"), Complete(await mails.GetMailsAsync(null, $"{row.Number}", null, Ct)).Items.Select(m => (m.Id, m.State)).Single());
        Assert.Contains($"{row.Number}", Complete(await mails.GetMailAsync(message.Id, Ct)).Subject, StringComparison.Ordinal);
        Assert.Equal("mail_waiting", (await mails.SendAgainAsync(message.Id, Why, Guid.CreateVersion7(), Ct)).Problem?.Reason);
        await db.Outbox.ExecuteUpdateAsync(m => m.SetProperty(x => x.State, JobState.Done));
        Assert.NotNull((await mails.SendAgainAsync(message.Id, Why, Guid.CreateVersion7(), Ct)).Value);

        Assert.NotNull((await operations.OverrideGatewayAsync("stripe", "forced", 15, Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.Equal("validation_failed", (await operations.OverrideGatewayAsync("stripe", "forced", 90, Why, Guid.CreateVersion7(), Ct)).Problem?.Reason);
        Assert.Equal("forced", Complete(await operations.GetGatewaysAsync(Ct)).Items[0].State);
        Assert.Equal(1, Complete(await operations.GetCardTestingAsync(Ct)).Sources[0].Refused);

        Assert.Contains((await search.GetStoryAsync(row.Number, all: false, Ct)).Value!.Items, i => i.Why == Why);
        var audited = new AuditSearch(Subject: $"{row.Number}", Text: "gateway", From: DateOnly.FromDateTime(DateTime.UtcNow).AddDays(-1), To: DateOnly.FromDateTime(DateTime.UtcNow));
        Assert.Equal(["message_retried", "message_retried", "job_retried"], Complete(await operations.GetAuditAsync(audited, Ct)).Items.Select(entry => entry.Action));
        Assert.Empty((await operations.GetAuditAsync(audited with { Action = "signed_in" }, Ct)).Value!.Items);
        await Assert.ThrowsAsync<EntryRefusedException>(() => operations.GetStaffAsync(Ct));

        await db.Database.ExecuteSqlAsync($"UPDATE shop.stock_items SET on_hand = 0 WHERE sku = {stored.Lines[0].Sku}");
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Paid' WHERE id = {stored.Id}");
        Assert.Equal([stored.Lines[0].Sku], Complete(await operations.GetShortfallsAsync(Ct)).Items.Select(item => item.Sku));
    }

    [Fact]
    public async Task The_storefront_understands_webhooks_unknown_payments_background_jobs_and_the_reconciliation()
    {
        await using var db = _api.Open();
        var stored = await Any.StoredOrderAsync(db);
        var now = DateTimeOffset.UtcNow;
        var receipt = new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = $"evt_{Guid.NewGuid():N}", Type = "payment_intent.succeeded", Payload = [1], ReceivedAt = now,
            State = JobState.Done,
        };
        var parked = new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = $"evt_{Guid.NewGuid():N}", Type = "payment_intent.succeeded", Payload = [1], ReceivedAt = now,
            State = JobState.Parked,
        };
        var (charge, job) = (await db.PaymentJobs.SingleAsync(j => j.OrderId == stored.Id), new BackgroundJob { Name = "some_job", DueAt = now });
        charge.State = JobState.Parked; // no charge for another test's worker to find
        db.AddRange(receipt, parked, job);
        await db.Database.ExecuteSqlAsync($"UPDATE shop.orders SET payment = 'Unknown' WHERE id = {stored.Id}");
        var mismatch = await ReconciliationOperationsTests.MismatchAsync(db);
        var ignored = await ReconciliationOperationsTests.MismatchAsync(db);
        await db.SaveChangesAsync();
        _answers.Token = (await _api.SignedInAsync(Role.Operator)).Token;
        var books = new ReconciliationClient(_http);
        const string Why = "it was looked into";

        var webhooks = Complete(await books.GetWebhooksAsync(new WebhookSearch(Type: "payment_intent.succeeded"), Ct));
        Assert.Equal(("stripe", "done"), webhooks.Items.Where(w => w.EventId == receipt.EventId).Select(w => (w.Provider, w.State)).Single());
        Assert.NotNull((await books.ReplayAsync("stripe", receipt.EventId, Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.Equal("webhook_waiting", (await books.ReplayAsync("stripe", receipt.EventId, Why, Guid.CreateVersion7(), Ct)).Problem?.Reason);

        Assert.Equal("parked", Complete(await books.GetUnknownAsync(Ct)).Items.Single(o => o.JobId == charge.Id).JobState);
        Assert.Equal("waiting", Complete(await books.GetBackgroundJobsAsync(Ct)).Items.Single(j => j.Name == job.Name).State);
        Assert.NotNull((await books.RunJobAsync(job.Name, Why, Guid.CreateVersion7(), Ct)).Value);

        Assert.NotNull((await books.RepairAsync(ignored.Id, "ignore", Why, Guid.CreateVersion7(), Ct)).Value);
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow);
        var view = Complete(await books.GetReconciliationAsync(null, null, null, Ct));
        Assert.Equal(("open", "unknown_order"), view.Waiting.Where(m => m.Id == mismatch.Id).Select(m => (m.State, m.Kind)).Single());
        Assert.Equal("ignored", view.Settled.Single(m => m.Id == ignored.Id).State);
        Assert.Equal("done", view.Run!.State);
        Assert.NotNull((await books.CompareAsync(from, to, Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.All(Complete(await books.GetMismatchAsync(mismatch.Id, Ct)).Repairs!, repair => Assert.NotNull(MismatchAction.Of(repair)));
        Assert.NotNull((await books.RepairAsync(mismatch.Id, "refund", Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.Equal("mismatch_not_open", (await books.RepairAsync(mismatch.Id, "refund", Why, Guid.CreateVersion7(), Ct)).Problem?.Reason);
    }

    [Fact]
    public async Task The_storefront_understands_log_lines_and_errors()
    {
        var id = await ErrorGroupTests.GroupAsync(_api.Database);
        await LogLineTests.LinesAsync(_api, "event_id = 2004");
        _answers.Token = (await _api.SignedInAsync(Role.Operator)).Token;
        var logs = new LogClient(_http);

        Assert.NotEmpty((await logs.SearchAsync(new LogQuery(EventId: 2004, Level: "information", Text: "listening"), Ct)).Value!.Items);
        Assert.Equal("regex_invalid", (await logs.SearchAsync(new LogQuery(Text: "(", IsRegex: true), Ct)).Problem?.Reason);
        Assert.Contains(Complete(await logs.GetErrorsAsync("open", "api", "count", Ct)).Items, e => e.Id == id);
        Assert.Equal(("it broke", "Shop.Test"), ((await logs.GetErrorAsync(id, Ct)).Value!.Error.Title, (await logs.GetErrorAsync(id, Ct)).Value!.Error.Culprit));
        Assert.True((await logs.GetErrorAsync(0, Ct)).IsMissing);
        foreach (var act in ErrorAct.All)
            Assert.NotNull((await logs.ChangeErrorAsync(id, act.Path, "it was looked into", Guid.CreateVersion7(), Ct)).Value);
    }

    [Fact]
    public async Task The_storefront_understands_refunds_disputes_and_what_was_agreed()
    {
        await using var db = _api.Open();
        var order = await RefundOperationsTests.PaidOrderAsync(db);
        var now = DateTimeOffset.UtcNow;
        _answers.Token = (await _api.SignedInAsync(Role.Agent)).Token;
        var money = new MoneyClient(_http);
        var before = Complete(await money.CountDisputesAsync(Ct)).Count;
        db.AddRange(DisputeOf(order.Id, null, now.AddHours(50)), DisputeOf(order.Id, null), DisputeOf(order.Id, DisputeOutcome.Ended, now.AddHours(1)));
        await db.SaveChangesAsync();
        const string Why = "it arrived broken";

        var wish = new RefundChoice([new(order.Lines.Single(l => l.Quantity > 1).Sku, 1)]);
        Assert.NotNull((await money.RefundAsync(order.Number, wish, false, Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.NotNull((await money.RefundAsync(order.Number, new(AmountMinor: 100), false, Why, Guid.CreateVersion7(), Ct)).Value);
        Assert.Equal("refund_exceeds_rest", (await money.RefundAsync(order.Number, new(AmountMinor: 100_000), false, Why, Guid.CreateVersion7(), Ct)).Problem?.Reason);
        Assert.Equal("validation_failed", (await money.RefundAsync(order.Number, new(), false, "", Guid.CreateVersion7(), Ct)).Problem?.Reason);
        var seen = Complete(await money.GetMoneyAsync(order.Number, Ct));
        Assert.Equal((5000 - 1250 - 100, 1250, 3), (seen.LeftMinor, seen.Refunds[0].AmountMinor, seen.Disputes.Count));
        Assert.Equal("pending", seen.Refunds[1].State);
        Assert.NotNull((await money.RefundAsync(order.Number, new(), false, Why, Guid.CreateVersion7(), Ct)).Value);

        var disputes = Complete(await money.GetDisputesAsync(Ct));
        Assert.Equal(("fraudWarning", order.Number), (disputes.Open[0].Kind, disputes.Open[0].OrderNumber));
        Assert.Equal("ended", disputes.Closed[0].Outcome);
        Assert.Equal(new OpenDisputes(before + 2, 2), Complete(await money.CountDisputesAsync(Ct)));
        Assert.Equal(3, Complete(await money.GetAgreementAsync(Ct)).Items[0].Periods.Count);
        Assert.True((await money.GetMoneyAsync(1, Ct)).IsMissing);

        Dispute DisputeOf(Guid orderId, DisputeOutcome? outcome, DateTimeOffset? respondBy = null) => new()
        {
            Id = Guid.CreateVersion7(), OrderId = orderId, Provider = PaymentProvider.Stripe, GatewayId = $"issfr_{Guid.NewGuid():N}", Kind = DisputeKind.FraudWarning,
            IntentId = "pi_1", AmountMinor = 1250, Currency = "EUR", Reason = "misc", Status = "actionable", TakesMoney = false, IsLive = false, OpenedAt = now,
            UpdatedAt = now, ClosedAt = outcome is null ? null : now, Outcome = outcome, RespondBy = respondBy,
        };
    }

    [Fact]
    public async Task The_storefront_understands_accounts()
    {
        const string Password = "a long walk in the rain";
        var somebody = await _api.SignedInAsync(password: Password);
        await using (var db = _api.Open())
        {
            var stored = await Any.StoredOrderAsync(db);
            await db.Orders.Where(o => o.Id == stored.Id).ExecuteUpdateAsync(set => set.SetProperty(o => o.UserId, somebody.Id));
            (await db.PaymentJobs.SingleAsync(j => j.OrderId == stored.Id)).State = JobState.Done; // no charge for another test's worker to find
            await db.SaveChangesAsync();
        }

        var accounts = new AccountClient(_http);
        Assert.Equal(EntryRefusal.SignInNeeded, (await Assert.ThrowsAsync<EntryRefusedException>(() => accounts.GetAsync(Ct))).Refusal);
        Assert.Equal("sign_in_failed", (await accounts.SignInAsync(somebody.Email, "wrong", Ct)).Problem?.Reason);
        var signedIn = Complete(await accounts.SignInAsync(somebody.Email, Password, Ct));
        Assert.Equal("done", signedIn.Next);

        _answers.Token = signedIn.Token;
        Assert.Equal(("shopper", somebody.Email), (Complete(await accounts.GetAsync(Ct)).Role, (await accounts.GetAsync(Ct)).Value!.Email));
        Assert.Equal(2, Complete(await accounts.GetSessionsAsync(Ct)).Items.Count);
        Assert.Single(Complete(await accounts.GetOrdersAsync(null, Ct)).Items);
        await using (var db = _api.Open())
        {
            db.Add(Shop.Data.Payments.SavedMethod.Of(somebody.Id, PaymentProvider.PayPal, $"vault-{Guid.NewGuid():N}", null, "PayPal", DateTimeOffset.UtcNow, DateTimeOffset.UtcNow));
            await db.SaveChangesAsync();
        }

        var kept = Complete(await accounts.GetPaymentMethodsAsync(Ct)).Methods.Single();
        Assert.Equal(("paypal", "PayPal"), (kept.Method, kept.Label));
        Assert.NotNull((await accounts.RemovePaymentMethodAsync(kept.Id, Guid.NewGuid(), Ct)).Value);
        Assert.Empty((await accounts.GetPaymentMethodsAsync(Ct)).Value!.Methods);
        Assert.Equal("wrong_password", (await accounts.BeginSecondFactorAsync("wrong", Ct)).Problem?.Reason);
        var key = Complete(await accounts.BeginSecondFactorAsync(Password, Ct)).Secret.Replace(" ", "", StringComparison.Ordinal);
        Assert.Equal("code_wrong", (await accounts.EnableSecondFactorAsync("abc", Ct)).Problem?.Reason);
        var enabled = Complete(await accounts.EnableSecondFactorAsync(Authenticator.CodeOf(key), Ct));
        _answers.Token = enabled.Token;
        Assert.Equal(10, Complete(await accounts.RenewRecoveryCodesAsync(enabled.RecoveryCodes[0], Ct)).RecoveryCodes.Count);
        Assert.NotNull((await accounts.RevokeOtherSessionsAsync(Ct)).Value);
        Assert.NotNull((await accounts.ChangePasswordAsync(Password, "another walk in the rain", Ct)).Value);
        Assert.NotNull((await accounts.SignOutAsync(Ct)).Value);
        Assert.Equal(410, (await accounts.ConfirmAsync("t", Ct)).Problem?.Status);
        Assert.Equal(410, (await accounts.ResetAsync("t", Password, Ct)).Problem?.Status);
        Assert.Equal(["email", "name", "password"], (await accounts.RegisterAsync("x", "", "x", Ct)).Problem?.Errors?.Keys.Order());
    }

    [Fact]
    public async Task The_storefront_understands_an_admin()
    {
        var operations = new OperationsClient(_http);
        _answers.Token = (await _api.SignedInAsync(Role.Admin)).Token;
        var email = $"new-{Guid.NewGuid():N}@example.org";

        Assert.NotNull((await operations.InviteAsync(email, "New", "agent", "joins us", Guid.CreateVersion7(), Ct)).Value);
        Assert.Equal("already_staff", (await operations.InviteAsync(email, "New", "agent", "joins us", Guid.CreateVersion7(), Ct)).Problem?.Reason);
        var invited = Complete(await operations.GetStaffAsync(Ct)).Items.Single(person => person.Email == email);
        Assert.Equal(("agent", "invited"), (invited.Role, invited.State));
        Assert.NotNull((await operations.SetRoleAsync(invited.Id, "operator", "does more", Guid.CreateVersion7(), Ct)).Value);
        foreach (var action in StaffAction.All.Where(action => action.Path is not StaffAction.Role))
            Assert.NotNull((await operations.ChangeStaffAsync(invited.Id, action.Path, "a test", Guid.CreateVersion7(), Ct)).Value);
        Assert.Equal(("operator", "invited"), (await operations.GetStaffAsync(Ct)).Value!.Items.Where(p => p.Id == invited.Id).Select(p => (p.Role, p.State)).Single());
    }

    public void Dispose() => _http.Dispose();

    private static string Sku() => $"contract-{Guid.NewGuid():N}"[..24];

    private static CheckoutForm Form(CartView cart) => new()
    {
        Email = "guest@example.org", Name = "A Guest", Line1 = "Street 1", PostalCode = "10115", City = "Berlin", PaymentToken = "pm_card_visa",
        CartVersion = cart.Version, TotalMinor = cart.TotalMinor,
    };

    [Fact]
    public async Task The_dashboard_reads_every_panel_of_the_api()
    {
        await using var host = await ApiHost.StartAsync();
        using var http = new HttpClient(_answers, disposeHandler: false) { BaseAddress = host.Http.BaseAddress };
        await using var db = host.Open();
        await Any.StoredOrderAsync(db);
        db.Add(new BackgroundJob { Name = "any", DueAt = DateTimeOffset.UtcNow, StartedAt = DateTimeOffset.UtcNow });
        await db.SaveChangesAsync();
        await db.Database.ExecuteSqlRawAsync("""
            INSERT INTO reports.deltas SELECT m, now(), 'Stripe', 'not_charged', 'card_declined', 'EUR', 1, 100
            FROM unnest('{{paid,declined,attempt,refunded,unknown_entered,unknown_left}}'::text[]) m;
            INSERT INTO telemetry.minute_series SELECT s, now(), 'api', 'i', 'product', 1, 0.5, 0.5, '{{1}}'
            FROM unnest('{{http.requests,http.errors,payments.gateway_calls,db.pool.hold,db.pool.wait,db.pool.used,process.cpu,api.catalogue_reads,web.page_views,db.commands,api.checkouts,payments.queue_time,payments.webhook_age,payments.depth}}'::text[]) s
            """);
        _answers.Token = (await host.SignedInAsync(Role.Agent)).Token;
        var operations = new OperationsClient(http);
        Fetched<Dashboard> board = default;

        await Eventually.TrueAsync(
            async () => (board = await operations.GetDashboardAsync("1h", null, Ct)).Value is
            {
                Sales.Data: not null, Work.Data.Breakers.Count: > 0, Agreement.Data: not null, Traffic.Data: not null, Queries.Data.Items.Count: > 0,
            },
            () => $"A panel never came: {_answers.Last}");

        Complete(board);
    }

    private T Complete<T>(Fetched<T> answer) where T : class => Complete(answer.Value);

    private T Complete<T>(Written<T> answer) where T : class => Complete(answer.Value);

    // Reading it is not enough: what a record may go without would be missed by nobody when it is renamed.
    private T Complete<T>(T? value) where T : class
    {
        Assert.True(value is not null, $"No {typeof(T).Name}: {_answers.Last}");
        AssertNamed(typeof(T), _answers.Last, typeof(T).Name);
        return value;
    }

    private static void AssertNamed(Type type, JsonElement json, string path)
    {
        if (json.ValueKind is JsonValueKind.Array)
        {
            Assert.True(json.GetArrayLength() > 0, $"{path} is empty, so this test proves nothing about its items.");
            AssertNamed(type.GetElementType() ?? type.GetGenericArguments().Single(), json[0], $"{path}[0]");
        }
        else if (json.ValueKind is JsonValueKind.Object && type.Assembly == typeof(ShopWeb).Assembly)
        {
            foreach (var parameter in type.GetConstructors().Single().GetParameters())
            {
                var name = JsonNamingPolicy.CamelCase.ConvertName(parameter.Name!);
                Assert.True(json.TryGetProperty(name, out var member), $"The Api's answer has no {path}.{name}.");
                if (parameter.HasDefaultValue && member is { ValueKind: JsonValueKind.Array } && member.GetArrayLength() is 0)
                    continue; // what a page can go without may be empty; another answer has it
                AssertNamed(parameter.ParameterType, member, $"{path}.{name}");
            }
        }
    }

    /// <summary>Keeps the last answer as it came.</summary>
    private sealed class Recorder() : DelegatingHandler(new SocketsHttpHandler())
    {
        public JsonElement Last { get; private set; }

        /// <summary>Who is signed in.</summary>
        public string? Token { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Token is not null)
                request.Headers.Authorization = new("Bearer", Token);
            var response = await base.SendAsync(request, cancellationToken);
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            Last = text.StartsWith('{') ? JsonDocument.Parse(text).RootElement : default;
            return response;
        }
    }
}
