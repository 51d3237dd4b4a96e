using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shop.Api;
using Shop.Api.Carts;
using Shop.Api.Checkout;
using Shop.Api.Orders;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class ApiRulesTests
{
    private static readonly CheckoutRequest Form = new(
        "guest@example.org", "A Guest", "Street 1", null, "10115", "Berlin", "DE", 1, 1250, "pm_card_visa", "stripe");

    [Theory]
    [InlineData("guest@example.org", "g•••@example.org")]
    [InlineData("ä@example.org", "ä•••@example.org")]
    [InlineData("", "•••")]
    [InlineData("@example.org", "•••")]
    public void An_address_is_recognised_by_its_owner_alone(string email, string shown) => Assert.Equal(shown, OrderFacts.Mask(email));

    [Fact]
    public void Blanks_around_what_was_typed_do_not_count()
    {
        var typed = Form with { Email = " guest@example.org ", PostalCode = " 10115", Country = "de", Line2 = "  " };

        Assert.Equal(Form.Digest(), typed.Trimmed().Digest());
        Assert.Empty(typed.Trimmed().Errors());
    }

    [Fact]
    public void The_digest_is_of_what_is_ordered_and_not_of_the_card()
    {
        var digest = Form.Digest();

        Assert.Equal(digest, (Form with { PaymentToken = "pm_other" }).Digest());
        CheckoutRequest[] others =
        [
            Form with { Email = "other@example.org" }, Form with { Name = "B" }, Form with { Line1 = "B" }, Form with { Line2 = "B" }, Form with { PostalCode = "20095" },
            Form with { City = "B" }, Form with { Country = "FR" }, Form with { CartVersion = 2 }, Form with { TotalMinor = 1 },
            Form with { Name = "A", Line1 = " GuestStreet 1" }, // fields do not run into each other
        ];
        Assert.All(others, o => Assert.NotEqual(digest, o.Digest()));
    }

    [Theory]
    [InlineData("DE", "10115", true)]
    [InlineData("DE", "1011", false)]
    [InlineData("NL", "1012 AB", true)]
    [InlineData("PL", "00-950", true)]
    [InlineData("IE", "D02 X285", true)]
    [InlineData("AT", "10115", false)]
    public void Postal_codes_are_checked_by_country(string country, string code, bool isFine) =>
        Assert.Equal(isFine, (Form with { Country = country, PostalCode = code }).Errors().Count == 0);

    [Fact]
    public void A_form_printed_into_a_log_tells_nothing() => Assert.DoesNotContain("guest", $"{Form}", StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void Every_status_has_words_for_the_shopper()
    {
        foreach (var status in Enum.GetValues<OrderStatus>())
            Assert.NotEmpty(OrderWords.Of(status, PaymentState.InFlight, null, null).Headline);
    }

    [Fact]
    public void Every_reason_can_be_shown_with_every_status()
    {
        foreach (var reason in Reasons.Every)
            Assert.Equal(reason.Shopper, OrderWords.Of(OrderStatus.Declined, PaymentState.Declined, reason.Code, null).Explanation);
    }

    [Theory]
    [InlineData(OrderStatus.RefundDue, Reasons.RefundOnRequest)]
    [InlineData(OrderStatus.Refunded, null)]
    [InlineData(OrderStatus.Disputed, Reasons.PaymentDisputed)]
    [InlineData(OrderStatus.Disputed, Reasons.DisputeLost)]
    [InlineData(OrderStatus.Disputed, null)]
    public void Money_that_goes_back_through_PayPal_is_no_matter_of_a_bank(OrderStatus status, string? reason)
    {
        var texts = OrderWords.Of(status, PaymentState.Paid, reason, null, PaymentProvider.PayPal);

        Assert.DoesNotContain("bank", $"{texts}", StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void That_it_takes_days_to_show_is_said_once()
    {
        var texts = OrderWords.Of(OrderStatus.RefundDue, PaymentState.Paid, Reasons.RefundOnRequest, null);

        Assert.Single(System.Text.RegularExpressions.Regex.Matches($"{texts}", "days to show"));
    }

    [Fact]
    public void Whether_money_was_taken_is_said_by_what_is_known()
    {
        var order = Any.Order(Any.Person(), Guid.NewGuid(), ("mug", 1));
        Assert.Equal(MoneyTaken.Unknown, OrderWords.MoneyTakenBy(order));

        order.TryApply(PaymentEvent.Started, Any.Now);
        Assert.Equal(MoneyTaken.Unknown, OrderWords.MoneyTakenBy(order));
        order.TryApply(PaymentEvent.Refused, Any.Now, Reasons.CardDeclined);
        Assert.Equal(MoneyTaken.No, OrderWords.MoneyTakenBy(order));
        order.TryApply(PaymentEvent.Captured, Any.Now);
        Assert.Equal(MoneyTaken.Yes, OrderWords.MoneyTakenBy(order));
        order.AddRefund(order.CapturedMinor);
        Assert.Equal(MoneyTaken.No, OrderWords.MoneyTakenBy(order));
    }

    [Fact]
    public async Task A_waiter_hears_what_came_before_it_began_to_wait_and_forgets_nothing_in_between()
    {
        var waiters = new OrderWaiters();
        var order = Guid.NewGuid();
        using var waiter = waiters.Register(order);
        using var other = waiters.Register(Guid.NewGuid());

        waiters.Wake(order);

        Assert.True(await waiter.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, CancellationToken.None));
        Assert.False(await waiter.WaitAsync(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None));
        Assert.False(await other.WaitAsync(TimeSpan.Zero, TimeProvider.System, CancellationToken.None));
        waiters.WakeAll();
        Assert.True(await other.WaitAsync(TimeSpan.FromSeconds(30), TimeProvider.System, CancellationToken.None));
    }

    [Fact]
    public void A_waiter_that_is_gone_leaves_nothing_behind()
    {
        var waiters = new OrderWaiters();
        var order = Guid.NewGuid();
        var first = waiters.Register(order);
        var second = waiters.Register(order);

        first.Dispose();
        Assert.Equal([order], waiters.WaitedFor());
        second.Dispose();

        Assert.Empty(waiters.WaitedFor());
    }

    [Theory]
    [InlineData(PostgresErrorCodes.DeadlockDetected)]
    [InlineData(PostgresErrorCodes.SerializationFailure)]
    public async Task What_Postgres_asks_to_repeat_is_repeated_once(string sqlState)
    {
        await using var db = PostgresServer.Open("Host=nowhere");
        await using var services = new ServiceCollection().AddSingleton(db).BuildServiceProvider();
        var context = EndpointFilterInvocationContext.Create(new DefaultHttpContext { RequestServices = services });
        var filter = new OnceMore(NullLogger<OnceMore>.Instance);
        var runs = 0;

        var answer = await filter.InvokeAsync(context, _ => ++runs == 1 ? throw Failure() : ValueTask.FromResult<object?>("done"));
        await Assert.ThrowsAsync<DbUpdateException>(async () => await filter.InvokeAsync(context, _ => throw Failure()));

        Assert.Equal(("done", 2), (answer, runs));

        DbUpdateException Failure() => new("As EF wraps it.", new PostgresException("", "ERROR", "ERROR", sqlState));
    }

    [Fact]
    public void A_keys_id_is_always_the_same_and_differs_by_what_it_is_for()
    {
        var key = Guid.NewGuid();

        Assert.Equal(IdempotencyKey.IdOf("cart", key), IdempotencyKey.IdOf("cart", key));
        Assert.NotEqual(IdempotencyKey.IdOf("cart", key), IdempotencyKey.IdOf("pay", key));
        Assert.NotEqual(IdempotencyKey.IdOf("pay", key, Guid.NewGuid()), IdempotencyKey.IdOf("pay", key, Guid.NewGuid()));
    }
}
