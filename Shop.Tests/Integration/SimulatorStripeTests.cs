using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Shop.Simulator.Faults;
using Stripe;

namespace Shop.Tests.Integration;

/// <summary>The gateway our payment code is tested against has to keep Stripe's rules; these are the ones we lean on.</summary>
public sealed class SimulatorStripeTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>, IAsyncLifetime
{
    private readonly SimulatorHost _simulator = fixture.Simulator;
    private readonly string _test = Guid.NewGuid().ToString("N"); // keys and orders of one test mean nothing to another

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    private PaymentIntentService Intents => _simulator.Stripe().V1.PaymentIntents;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => (await _simulator.Http.DeleteAsync(new Uri("/faults", UriKind.Relative))).Dispose();

    [Fact]
    public async Task A_card_is_charged_once_for_one_order()
    {
        var created = await CreateAsync(1999, "order-1");
        Assert.Equal("requires_payment_method", created.Status);

        var confirm = Confirming("pm_card_visa");
        confirm.AddExpand("latest_charge");
        var paid = await Intents.ConfirmAsync(created.Id, confirm, Key("confirm:1"), Ct);

        Assert.Equal(("succeeded", 1999, "4242"), (paid.Status, paid.LatestCharge.AmountCaptured, paid.LatestCharge.PaymentMethodDetails.Card.Last4));
        Assert.StartsWith("req_", paid.StripeResponse.RequestId, StringComparison.Ordinal);
        var entry = await _simulator.LedgerOfAsync(created.Id);
        Assert.Equal(("order-1", 1999, 0, 1), (entry.OrderId, entry.ChargedMinor, entry.RefundedMinor, entry.Charges));
    }

    [Fact]
    public async Task The_same_key_gives_the_first_answer_again_and_does_nothing()
    {
        var intent = await CreateAsync();
        var first = await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), Key("k"), Ct);

        var again = await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), Key("k"), Ct);

        Assert.Equal(first.StripeResponse.Content, again.StripeResponse.Content);
        Assert.Equal(["true"], again.StripeResponse.Headers.GetValues("Idempotent-Replayed"));
        Assert.False(first.StripeResponse.Headers.Contains("Idempotent-Replayed"));
        Assert.Equal(1, (await _simulator.LedgerOfAsync(intent.Id)).Charges);
    }

    [Fact]
    public async Task A_replay_is_frozen_as_it_was()
    {
        var created = await CreateAsync(key: "create");
        await Intents.CancelAsync(created.Id, cancellationToken: Ct);

        Assert.Equal("requires_payment_method", (await CreateAsync(key: "create")).Status);
        Assert.Equal("canceled", (await Intents.GetAsync(created.Id, cancellationToken: Ct)).Status);
    }

    [Fact]
    public async Task The_same_key_with_other_parameters_is_refused()
    {
        await CreateAsync(1999, key: "k");

        var refused = await Assert.ThrowsAsync<StripeException>(() => CreateAsync(2000, key: "k"));

        Assert.Equal((HttpStatusCode.BadRequest, "idempotency_error", null), (refused.HttpStatusCode, refused.StripeError.Type, refused.StripeError.Code));
    }

    [Fact]
    public async Task The_same_key_for_another_operation_is_refused()
    {
        var intent = await CreateAsync(key: "k");

        var refused = await Assert.ThrowsAsync<StripeException>(() => Intents.CancelAsync(intent.Id, requestOptions: Key("k"), cancellationToken: Ct));

        Assert.Equal("idempotency_error", refused.StripeError.Type);
    }

    [Fact]
    public async Task A_key_whose_first_call_is_still_running_is_in_use()
    {
        var intent = await CreateAsync();
        await _simulator.FaultAsync(new() { Latency = new() { MedianMs = 1500, Operation = "confirm" } });

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
        {
            try
            {
                return (await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), Key("k"), Ct)).Status;
            }
            catch (StripeException e) when (e.HttpStatusCode == HttpStatusCode.Conflict)
            {
                return e.StripeError.Code;
            }
        }));

        Assert.Equal(["idempotency_key_in_use", "succeeded"], outcomes.Order());
        Assert.Equal(1, (await _simulator.LedgerOfAsync(intent.Id)).Charges);
    }

    [Fact]
    public async Task A_decline_is_kept_by_its_key_and_a_mistake_in_the_parameters_is_not()
    {
        var intent = await CreateAsync();
        var mistake = await Assert.ThrowsAsync<StripeException>(() => Intents.ConfirmAsync(intent.Id, new() { PaymentMethod = "pm_card_visa" }, Key("k"), Ct));
        Assert.Equal("return_url", mistake.StripeError.Param);

        var declined = await Assert.ThrowsAsync<StripeException>(
            () => Intents.ConfirmAsync(intent.Id, Confirming("pm_card_chargeDeclined"), Key("k"), Ct));
        var replayed = await Assert.ThrowsAsync<StripeException>(
            () => Intents.ConfirmAsync(intent.Id, Confirming("pm_card_chargeDeclined"), Key("k"), Ct));

        Assert.Equal(declined.StripeResponse.Content, replayed.StripeResponse.Content);
        Assert.Equal(1, (await _simulator.LedgerOfAsync(intent.Id)).Attempts);
    }

    [Theory]
    [InlineData("pm_card_chargeDeclined", "card_declined", "generic_decline", "try_again_later")]
    [InlineData("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", "try_again_later")]
    [InlineData("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", "do_not_try_again")]
    [InlineData("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", "do_not_try_again")]
    [InlineData("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "confirm_card_data")]
    [InlineData("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error", "try_again_later")]
    [InlineData("pm_card_radarBlock", "card_declined", "fraudulent", "do_not_try_again")]
    public async Task A_declined_card_leaves_a_failed_charge_and_an_open_intent(string card, string code, string declineCode, string advice)
    {
        var intent = await CreateAsync();

        var declined = await Assert.ThrowsAsync<StripeException>(() => Intents.ConfirmAsync(intent.Id, Confirming(card), cancellationToken: Ct));

        Assert.Equal(HttpStatusCode.PaymentRequired, declined.HttpStatusCode);
        var error = declined.StripeError;
        Assert.Equal(("card_error", code, declineCode, advice), (error.Type, error.Code, error.DeclineCode, error.AdviceCode));
        Assert.Equal(("requires_payment_method", null, error.Charge),
            (error.PaymentIntent.Status, error.PaymentIntent.PaymentMethodId, error.PaymentIntent.LatestChargeId));
        Assert.Equal(declineCode, error.PaymentIntent.LastPaymentError.DeclineCode);
        var charge = await _simulator.Stripe().V1.Charges.GetAsync(error.Charge, cancellationToken: Ct);
        Assert.Equal(("failed", false, code), (charge.Status, charge.Paid, charge.FailureCode));

        Assert.Equal("succeeded", (await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), cancellationToken: Ct)).Status);
    }

    [Theory]
    [InlineData("approve", "succeeded", 1)]
    [InlineData("refuse", "failed", 0)]
    public async Task A_bank_that_asks_sends_the_shopper_back_with_the_result(string decision, string redirectStatus, int charges)
    {
        var intent = await CreateAsync();
        var asked = await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_authenticationRequired"), cancellationToken: Ct);
        Assert.Equal(("requires_action", "redirect_to_url"), (asked.Status, asked.NextAction.Type));
        Assert.Equal(0, (await _simulator.LedgerOfAsync(intent.Id)).Charges);

        using var answer = await _simulator.Http.PostAsync(asked.NextAction.RedirectToUrl.Url,
            new FormUrlEncodedContent([new("decision", decision)]), Ct);

        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        Assert.StartsWith($"http://localhost/return?order=1&payment_intent={intent.Id}&", answer.Headers.Location!.ToString(), StringComparison.Ordinal);
        Assert.EndsWith($"&redirect_status={redirectStatus}", answer.Headers.Location.ToString(), StringComparison.Ordinal);
        Assert.Equal(charges, (await _simulator.LedgerOfAsync(intent.Id)).Charges);

        var now = await Intents.GetAsync(intent.Id, cancellationToken: Ct);
        Assert.Equal(charges == 1 ? "succeeded" : "requires_payment_method", now.Status);
        Assert.Equal(charges == 1 ? null : "payment_intent_authentication_failure", now.LastPaymentError?.Code);
    }

    [Fact]
    public async Task A_bank_that_asks_declines_when_nobody_is_there()
    {
        var intent = await CreateAsync();

        var declined = await Assert.ThrowsAsync<StripeException>(() => Intents.ConfirmAsync(
            intent.Id, new() { PaymentMethod = "pm_card_authenticationRequired", OffSession = true }, cancellationToken: Ct));

        Assert.Equal("authentication_required", declined.StripeError.Code);
        Assert.Equal("requires_payment_method", declined.StripeError.PaymentIntent.Status);
    }

    [Fact]
    public async Task A_canceled_intent_can_never_charge()
    {
        var intent = await CreateAsync();
        Assert.Equal("canceled", (await Intents.CancelAsync(intent.Id, new() { CancellationReason = "abandoned" }, cancellationToken: Ct)).Status);

        var refused = await Assert.ThrowsAsync<StripeException>(() => Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), cancellationToken: Ct));

        Assert.Equal("payment_intent_unexpected_state", refused.StripeError.Code);
        Assert.Equal("canceled", refused.StripeError.PaymentIntent.Status);
    }

    [Fact]
    public async Task A_charged_intent_can_be_neither_confirmed_nor_canceled_again()
    {
        var intent = await PaidAsync();

        foreach (var call in new Func<Task>[]
        {
            () => Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), cancellationToken: Ct),
            () => Intents.CancelAsync(intent.Id, cancellationToken: Ct),
        })
        {
            var refused = await Assert.ThrowsAsync<StripeException>(call);
            Assert.Equal(("payment_intent_unexpected_state", "succeeded"), (refused.StripeError.Code, refused.StripeError.PaymentIntent.Status));
        }
    }

    [Fact]
    public async Task Of_two_confirmations_at_once_one_charges()
    {
        var intent = await CreateAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try
            {
                return (await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), Key($"k{i}"), Ct)).Status;
            }
            catch (StripeException e)
            {
                return e.StripeError.Code;
            }
        }));

        Assert.Single(results, "succeeded");
        Assert.Equal(1, (await _simulator.LedgerOfAsync(intent.Id)).Charges);
    }

    [Fact]
    public async Task A_card_without_a_customer_pays_once()
    {
        var first = await PaidAsync();
        var second = await CreateAsync();

        var refused = await Assert.ThrowsAsync<StripeException>(
            () => Intents.ConfirmAsync(second.Id, Confirming(first.PaymentMethodId), cancellationToken: Ct));

        Assert.Equal((HttpStatusCode.BadRequest, "payment_method"), (refused.HttpStatusCode, refused.StripeError.Param));
    }

    [Theory]
    [InlineData("pm_card_pendingRefund", "pending", "succeeded", 1000, "refund.updated")]
    [InlineData("pm_card_refundFail", "succeeded", "failed", 0, "refund.failed")]
    public async Task Some_cards_have_their_last_word_on_a_refund_later(string card, string first, string last, long refunded, string news)
    {
        await using var simulator = SimulatorHost.Start(("Simulator:Stripe:RefundsSettleAfter", "00:00:01"));
        var stripe = simulator.Stripe().V1;
        var intent = await stripe.PaymentIntents.CreateAsync(Creating(3000), cancellationToken: Ct);
        await stripe.PaymentIntents.ConfirmAsync(intent.Id, Confirming(card), cancellationToken: Ct);

        var refund = await stripe.Refunds.CreateAsync(new() { PaymentIntent = intent.Id, Amount = 1000 }, cancellationToken: Ct);

        Assert.Equal(first, refund.Status);
        refund = await SimulatorHost.UntilAsync(() => stripe.Refunds.GetAsync(refund.Id, cancellationToken: Ct), r => r.Status == last);
        Assert.Equal(last == "failed", refund.FailureReason is not null);
        Assert.Equal(refunded, (await simulator.LedgerOfAsync(intent.Id)).RefundedMinor);
        Assert.Single((await stripe.Events.ListAsync(new() { Type = news }, cancellationToken: Ct)).Data);
    }

    [Fact]
    public async Task What_is_held_back_is_captured_later_and_the_rest_let_go()
    {
        var options = Creating(5000);
        options.CaptureMethod = "manual";
        var intent = await Intents.CreateAsync(options, cancellationToken: Ct);
        var held = await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), cancellationToken: Ct);
        Assert.Equal(("requires_capture", 5000), (held.Status, held.AmountCapturable));

        var captured = await Intents.CaptureAsync(intent.Id, new() { AmountToCapture = 3000 }, cancellationToken: Ct);

        Assert.Equal(("succeeded", 3000, 0), (captured.Status, captured.AmountReceived, captured.AmountCapturable));
        Assert.Equal(3000, (await _simulator.LedgerOfAsync(intent.Id)).ChargedMinor);
    }

    [Fact]
    public async Task Money_goes_back_in_parts_and_never_more_than_came()
    {
        var intent = await PaidAsync(3000);
        var refunds = _simulator.Stripe().V1.Refunds;
        await refunds.CreateAsync(new() { PaymentIntent = intent.Id, Amount = 1000 }, Key("r1"), Ct);
        await refunds.CreateAsync(new() { PaymentIntent = intent.Id, Amount = 1000 }, Key("r1"), Ct); // the same refund, asked for twice

        var tooMuch = await Assert.ThrowsAsync<StripeException>(() => refunds.CreateAsync(new() { Charge = intent.LatestChargeId, Amount = 2001 }, cancellationToken: Ct));
        Assert.Equal(("invalid_request_error", null, "amount"), (tooMuch.StripeError.Type, tooMuch.StripeError.Code, tooMuch.StripeError.Param));

        var rest = await refunds.CreateAsync(new() { PaymentIntent = intent.Id, Reason = "requested_by_customer" }, cancellationToken: Ct);
        Assert.Equal(("succeeded", 2000), (rest.Status, rest.Amount));
        var nothingLeft = await Assert.ThrowsAsync<StripeException>(() => refunds.CreateAsync(new() { PaymentIntent = intent.Id }, cancellationToken: Ct));
        Assert.Equal("charge_already_refunded", nothingLeft.StripeError.Code);

        Assert.Equal(3000, (await _simulator.LedgerOfAsync(intent.Id)).RefundedMinor);
        Assert.Equal(2, (await refunds.ListAsync(new() { PaymentIntent = intent.Id }, cancellationToken: Ct)).Data.Count);
    }

    [Fact]
    public async Task A_charge_whose_answer_is_lost_is_found_by_the_same_key()
    {
        var intent = await CreateAsync();
        await _simulator.FaultAsync(Fault.AnswerLost, count: 1);
        await Assert.ThrowsAsync<HttpRequestException>(() => Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), Key("k"), Ct));

        var again = await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), Key("k"), Ct);

        Assert.Equal("succeeded", again.Status);
        Assert.Equal(["true"], again.StripeResponse.Headers.GetValues("Idempotent-Replayed"));
        Assert.Equal(1, (await _simulator.LedgerOfAsync(intent.Id)).Charges);
    }

    [Theory]
    [InlineData(nameof(Fault.Error500After), "succeeded", 1)]
    [InlineData(nameof(Fault.Error500Before), "requires_payment_method", 0)]
    public async Task A_server_error_stays_one_for_its_key_whatever_happened_behind_it(string fault, string truth, int charges)
    {
        var intent = await CreateAsync();
        await _simulator.FaultAsync(Enum.Parse<Fault>(fault), count: 1);
        for (var i = 0; i < 2; i++)
        {
            var failed = await Assert.ThrowsAsync<StripeException>(() => Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), Key("k"), Ct));
            Assert.Equal((HttpStatusCode.InternalServerError, "api_error"), (failed.HttpStatusCode, failed.StripeError.Type));
            Assert.Equal(["false"], failed.StripeResponse.Headers.GetValues("Stripe-Should-Retry"));
        }

        Assert.Equal(truth, (await Intents.GetAsync(intent.Id, cancellationToken: Ct)).Status);
        Assert.Equal(charges, (await _simulator.LedgerOfAsync(intent.Id)).Charges);
    }

    [Fact]
    public async Task A_gateway_that_hangs_has_done_nothing()
    {
        var intent = await CreateAsync();
        await _simulator.FaultAsync(Fault.Hang, operation: "confirm");

        await Assert.ThrowsAsync<TaskCanceledException>(() => _simulator.Stripe(timeout: TimeSpan.FromMilliseconds(500)).V1.PaymentIntents
            .ConfirmAsync(intent.Id, Confirming("pm_card_visa"), cancellationToken: Ct));

        Assert.Equal("requires_payment_method", (await Intents.GetAsync(intent.Id, cancellationToken: Ct)).Status);
    }

    [Fact]
    public async Task A_slow_charge_goes_through_although_its_caller_has_left()
    {
        var intent = await CreateAsync();
        await _simulator.FaultAsync(new() { Latency = new() { MedianMs = 1000, Operation = "confirm" } });

        await Assert.ThrowsAsync<TaskCanceledException>(() => _simulator.Stripe(timeout: TimeSpan.FromMilliseconds(300)).V1.PaymentIntents
            .ConfirmAsync(intent.Id, Confirming("pm_card_visa"), Key("k"), Ct));
        Assert.Equal("requires_payment_method", (await Intents.GetAsync(intent.Id, cancellationToken: Ct)).Status);

        await SimulatorHost.UntilAsync(() => Intents.GetAsync(intent.Id, cancellationToken: Ct), i => i.Status == "succeeded");
    }

    [Fact]
    public async Task The_gateways_work_belongs_to_the_callers_trace()
    {
        using var checkout = new Activity("checkout").Start();
        await CreateAsync(order: _test);
        checkout.Stop();

        var requests = await _simulator.Http.GetFromJsonAsync<JsonNode[]>($"/requests?order={_test}", Ct);

        Assert.Equal(checkout.TraceId.ToString(), (string?)Assert.Single(requests!)["traceId"]);
    }

    [Theory]
    [InlineData("pk_test_shop", "secret_key_required")]
    [InlineData("sk_live_shop", "testmode_charges_only")]
    [InlineData("nonsense", null)]
    public async Task Only_a_secret_test_key_moves_money(string key, string? code)
    {
        var refused = await Assert.ThrowsAsync<StripeException>(() => _simulator.Stripe(key).V1.PaymentIntents.CreateAsync(Creating(), cancellationToken: Ct));

        Assert.Equal((HttpStatusCode.Unauthorized, code), (refused.HttpStatusCode, refused.StripeError.Code));
    }

    [Theory]
    [InlineData("49", "eur", "amount", "amount_too_small")]
    [InlineData("100000000", "eur", "amount", "amount_too_large")]
    [InlineData("12.5", "eur", "amount", "parameter_invalid_integer")]
    [InlineData("", "eur", "amount", "parameter_missing")]
    [InlineData("500", "xyz", "currency", null)]
    public async Task Amounts_and_currencies_are_checked(string amount, string currency, string param, string? code)
    {
        var error = await PostAsync("payment_intents", ("amount", amount), ("currency", currency));

        Assert.Equal((param, code), ((string?)error["param"], (string?)error["code"]));
    }

    [Fact]
    public async Task A_misspelt_parameter_is_not_lost_in_silence()
    {
        var error = await PostAsync("payment_intents", ("amount", "500"), ("currency", "eur"), ("captur_method", "manual"));

        Assert.Equal(("captur_method", "parameter_unknown"), ((string?)error["param"], (string?)error["code"]));
    }

    [Theory]
    [InlineData("4242424242424241", "card_error", "incorrect_number", null)]
    [InlineData("4111111111111111", "card_error", "card_declined", "test_mode_live_card")]
    public async Task Only_test_cards_are_taken_at_all(string number, string type, string code, string? declineCode)
    {
        var refused = await Assert.ThrowsAsync<StripeException>(() => _simulator.Stripe("pk_test_shop").V1.PaymentMethods.CreateAsync(
            new() { Type = "card", Card = new() { Number = number, ExpMonth = 12, ExpYear = 2040, Cvc = "123" } }, cancellationToken: Ct));

        Assert.Equal((type, code, declineCode), (refused.StripeError.Type, refused.StripeError.Code, refused.StripeError.DeclineCode));
    }

    [Fact]
    public async Task A_server_may_not_send_card_numbers()
    {
        var options = new PaymentMethodCreateOptions { Type = "card", Card = new() { Number = "4242424242424242", ExpMonth = 12, ExpYear = 2040, Cvc = "123" } };

        var refused = await Assert.ThrowsAsync<StripeException>(() => _simulator.Stripe().V1.PaymentMethods.CreateAsync(options, cancellationToken: Ct));
        Assert.Equal("invalid_request_error", refused.StripeError.Type);

        var card = await _simulator.Stripe("pk_test_shop").V1.PaymentMethods.CreateAsync(options, cancellationToken: Ct);
        Assert.Equal(("visa", "4242", 2040), (card.Card.Brand, card.Card.Last4, card.Card.ExpYear));
    }

    [Fact]
    public async Task Recent_intents_are_listed_newest_first_and_page_by_page()
    {
        var since = DateTime.UtcNow.AddMinutes(-1);
        List<string> created = [];
        for (var i = 0; i < 5; i++)
            created.Add((await CreateAsync(order: $"order-{i}")).Id);
        List<string> listed = [];

        await foreach (var intent in Intents.ListAutoPagingAsync(new() { Limit = 2, Created = new DateRangeOptions { GreaterThanOrEqual = since } }, cancellationToken: Ct))
            listed.Add(intent.Id);

        Assert.Equal(created.AsEnumerable().Reverse(), listed.Take(5)); // what other tests made is older
    }

    [Fact]
    public async Task An_event_tells_which_key_caused_it()
    {
        var intent = await CreateAsync();
        var key = Key("order:1:confirm:1");
        await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), key, Ct);

        var events = await _simulator.Stripe().V1.Events.ListAsync(new() { Types = ["payment_intent.succeeded"] }, cancellationToken: Ct);

        var @event = events.First();
        Assert.Equal(key.IdempotencyKey, @event.Request.IdempotencyKey);
        Assert.Equal(intent.Id, Assert.IsType<PaymentIntent>(@event.Data.Object).Id);
        Assert.Equal(@event.Id, (await _simulator.Stripe().V1.Events.GetAsync(@event.Id, cancellationToken: Ct)).Id);
    }

    [Fact]
    public async Task Escaped_brackets_and_basic_authentication_are_understood()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/stripe/v1/payment_intents");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String("sk_test_x:"u8));
        request.Content = new StringContent("amount=500&currency=eur&metadata%5Border_id%5D=7", new MediaTypeHeaderValue("application/x-www-form-urlencoded"));

        using var answer = await _simulator.Http.SendAsync(request, Ct);

        var intent = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!;
        Assert.Equal("7", (string?)intent["metadata"]!["order_id"]);
    }

    [Fact]
    public async Task What_nobody_simulates_is_a_clear_404()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/stripe/v1/invoices");
        using var answer = await _simulator.Http.SendAsync(request, Ct);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Contains("Unrecognized request URL", await answer.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_list_of_requests_finds_all_of_an_order()
    {
        var intent = await CreateAsync(order: _test);
        await Intents.ConfirmAsync(intent.Id, Confirming("pm_card_visa"), cancellationToken: Ct);
        await CreateAsync(order: "another");

        var requests = await _simulator.Http.GetFromJsonAsync<JsonNode[]>($"/requests?order={_test}", Ct);

        Assert.Equal(["confirm", "create"], requests!.Select(r => (string?)r["operation"]));
    }

    private Task<PaymentIntent> CreateAsync(long amount = 1999, string order = "order-1", string? key = null) =>
        Intents.CreateAsync(Creating(amount, order), key is null ? null : Key(key), Ct);

    private async Task<PaymentIntent> PaidAsync(long amount = 1999) =>
        await Intents.ConfirmAsync((await CreateAsync(amount)).Id, Confirming("pm_card_visa"), cancellationToken: Ct);

    private static PaymentIntentCreateOptions Creating(long amount = 1999, string order = "order-1") => new()
    {
        Amount = amount, Currency = "eur", AutomaticPaymentMethods = new() { Enabled = true }, Metadata = new() { ["order_id"] = order },
    };

    private static PaymentIntentConfirmOptions Confirming(string card) => new() { PaymentMethod = card, ReturnUrl = "http://localhost/return?order=1" };

    private RequestOptions Key(string key) => new() { IdempotencyKey = $"{_test}:{key}" };

    private async Task<JsonNode> PostAsync(string path, params (string Key, string Value)[] parameters)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/stripe/v1/{path}");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "sk_test_x");
        request.Content = new FormUrlEncodedContent(parameters.Where(p => p.Value.Length > 0).Select(p => KeyValuePair.Create(p.Key, p.Value)));
        using var answer = await _simulator.Http.SendAsync(request, Ct);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync(Ct))!["error"]!;
    }
}
