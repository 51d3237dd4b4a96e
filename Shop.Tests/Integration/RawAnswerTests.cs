using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>What gateways answered is kept as it came, next to the attempt, and nothing of a person with it.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class RawAnswerTests(PaymentsShop shop) : IAsyncLifetime
{
    public Task InitializeAsync() => shop.DeliverWebhooksAsync(true);

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private async Task<List<(PaymentAttempt Attempt, RawAnswer Answer)>> AnswersAsync(Guid order)
    {
        await using var db = shop.Open();
        var attempts = await db.PaymentAttempts.AsNoTracking().Include(a => a.Answers).Where(a => a.OrderId == order).OrderBy(a => a.At).ToListAsync();
        return [.. attempts.SelectMany(a => a.Answers.OrderBy(x => x.N).Select(x => (a, x)))];
    }

    [Fact]
    public async Task A_declines_own_words_stand_beside_its_attempt()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclinedInsufficientFunds");
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        var (attempt, answer) = (await AnswersAsync(order.Id)).Single(a => a.Attempt.Operation is "confirm");
        Assert.Equal((RawOutcomes.Answered, 402), (answer.Outcome, answer.HttpStatus));
        Assert.StartsWith("POST ", answer.Request, StringComparison.Ordinal);
        Assert.EndsWith("/confirm", answer.Request, StringComparison.Ordinal);
        Assert.Contains("insufficient_funds", answer.Body, StringComparison.Ordinal);
        Assert.Contains(attempt.RequestId!, answer.Headers, StringComparison.Ordinal);
        Assert.DoesNotContain("_secret_", answer.Body, StringComparison.Ordinal);
        Assert.Contains("client_secret", answer.Body, StringComparison.Ordinal); // that it was there may be seen
    }

    [Theory]
    [InlineData("html_502", RawOutcomes.Answered, 502, "502 Bad Gateway")]
    [InlineData("unavailable_503", RawOutcomes.Answered, 503, "api_error")]
    [InlineData("reset", RawOutcomes.Lost, null, null)]
    public async Task What_was_no_answer_is_shown_as_what_it_was(string fault, string outcome, int? status, string? body)
    {
        await shop.FaultsAsync(fault, count: 1, operation: "confirm");
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);

        var (_, answer) = (await AnswersAsync(order.Id)).First(a => a.Attempt.Operation is "confirm");
        Assert.Equal((outcome, status), (answer.Outcome, answer.HttpStatus));
        if (body is null)
            Assert.Null(answer.Body);
        else
            Assert.Contains(body, answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_without_an_answer_says_how_long_it_waited()
    {
        await shop.FaultsAsync("hang", count: 1, operation: "confirm");
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);

        var (_, answer) = (await AnswersAsync(order.Id)).First(a => a.Attempt.Operation is "confirm");
        Assert.Equal((RawOutcomes.TimedOut, null, null), (answer.Outcome, answer.HttpStatus, answer.Body));
        Assert.InRange(answer.LatencyMs, 4000, 30_000);
    }

    [Fact]
    public async Task PayPals_answers_are_kept_too_and_its_payer_is_not()
    {
        var order = await shop.PlaceAtPayPalAsync();
        var asked = await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
        await PayPalPage.AnswerAsync(asked.ActionUrl!, source: "declined");
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        var answers = await AnswersAsync(order.Id);
        Assert.Contains(answers, a => a.Answer.Body is { } body && body.Contains("INSTRUMENT_DECLINED", StringComparison.Ordinal));
        Assert.Contains(answers, a => a.Answer.Headers is { } headers && headers.Contains("PayPal-Debug-Id", StringComparison.Ordinal));
        foreach (var (_, answer) in answers)
        {
            foreach (var personal in (string[])["payer@example.com", "SIMPAYER12345", "A21AA"])
                Assert.DoesNotContain(personal, $"{answer.Body}{answer.Headers}{answer.Request}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task After_a_month_the_answers_go_and_the_attempts_stay()
    {
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        await using var db = shop.Open();
        await db.Database.ExecuteSqlAsync($"""
            UPDATE payments.gateway_answers SET at = at - interval '31 days' WHERE attempt_id IN (SELECT id FROM payments.payment_attempts WHERE order_id = {order.Id} AND operation = 'create')
            """);

        await shop.Services.GetRequiredService<AnswerPurge>().PurgeAsync(CancellationToken.None);

        Assert.DoesNotContain(await AnswersAsync(order.Id), a => a.Attempt.Operation is "create");
        Assert.Contains(await AnswersAsync(order.Id), a => a.Attempt.Operation is "confirm");
        Assert.True(await db.PaymentAttempts.AnyAsync(a => a.OrderId == order.Id && a.Operation == "create"));
    }
}
