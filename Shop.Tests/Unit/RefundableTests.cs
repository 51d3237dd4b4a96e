using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class RefundableTests
{
    private static Order Paid(params OrderLine[] lines) => Paid(lines, lines.Sum(l => l.TotalMinor));

    private static Order Paid(OrderLine[] lines, long totalMinor)
    {
        var order = new Order
        {
            Id = Guid.NewGuid(), CheckoutKey = Guid.NewGuid(), CheckoutDigest = "any", CartId = Guid.NewGuid(), PersonId = Guid.NewGuid(),
            Reference = "4T7QK9XW2M", TraceId = "any", Currency = "EUR", TotalMinor = totalMinor, TaxMinor = 0, PlacedAt = Any.Now,
            DeadlineAt = Any.Now.AddHours(1), Lines = [.. lines],
        };
        Assert.True(order.TryApply(PaymentEvent.Captured, Any.Now));
        return order;
    }

    private static OrderLine Line(string sku, int quantity, long unitMinor, long? totalMinor = null) => new()
    {
        OrderId = Guid.Empty, Sku = sku, Position = 1, ProductSlug = sku, ProductName = sku, VariantName = "any", PictureId = "any", Quantity = quantity,
        UnitPriceMinor = unitMinor, TaxRateBp = 1900, TotalMinor = totalMinor ?? quantity * unitMinor, TaxMinor = 0,
    };

    private static Refund Of(Order order, RefundPlan plan, RefundState state = RefundState.Pending)
    {
        var fits = Assert.IsType<RefundPlan.Fits>(plan);
        var id = Guid.NewGuid();
        return new Refund
        {
            Id = id, OrderId = order.Id, Provider = PaymentProvider.Stripe, AmountMinor = fits.AmountMinor, Currency = "EUR", Reason = "any", State = state,
            CreatedAt = Any.Now, Lines = [.. fits.Lines.Select(l => new RefundLine { RefundId = id, Sku = l.Sku, Quantity = l.Quantity, AmountMinor = l.AmountMinor })],
        };
    }

    private static string ReasonOf(RefundPlan plan) => Assert.IsType<RefundPlan.Exceeds>(plan).Reason;

    [Fact]
    public void The_last_piece_of_a_line_takes_what_is_left_of_it()
    {
        var order = Paid(Line("mug", 3, 1000, totalMinor: 2850)); // a discount of 1.50
        var two = Of(order, new Refundable(order, order.Lines, []).Lines([new("mug", 2)]));

        var last = Of(order, new Refundable(order, order.Lines, [two]).Lines([new("mug", 1)]));

        Assert.Equal((2000, 850), (two.AmountMinor, last.AmountMinor));
        Assert.Equal("refund_nothing_left", ReasonOf(new Refundable(order, order.Lines, [two, last]).Lines([new("mug", 1)])));
    }

    [Fact]
    public void All_that_is_left_names_its_lines_as_long_as_they_are_just_that()
    {
        var order = Paid(Line("mug", 2, 1000), Line("lamp", 1, 5000));
        var whole = Assert.IsType<RefundPlan.Fits>(new Refundable(order, order.Lines, []).All());
        var some = Of(order, new Refundable(order, order.Lines, []).Amount(1));

        var rest = Assert.IsType<RefundPlan.Fits>(new Refundable(order, order.Lines, [some]).All());

        Assert.Equal((7000, "mug 2 2000, lamp 1 5000"), (whole.AmountMinor, string.Join(", ", whole.Lines.Select(l => $"{l.Sku} {l.Quantity} {l.AmountMinor}"))));
        Assert.Equal((6999, 0), (rest.AmountMinor, rest.Lines.Count));
    }

    [Fact]
    public void Too_much_is_refused_by_a_word_that_says_of_what()
    {
        var order = Paid(Line("mug", 2, 1000));
        var left = new Refundable(order, order.Lines, [Of(order, new Refundable(order, order.Lines, []).Amount(1500))]);

        Assert.Equal("refund_exceeds_rest", ReasonOf(left.Amount(501)));
        Assert.Equal("refund_exceeds_rest", ReasonOf(left.Lines([new("mug", 1)]))); // its money went back as an amount
        Assert.Equal("refund_quantity_exceeds_rest", ReasonOf(left.Lines([new("mug", 3)])));
        Assert.Equal("refund_line_unknown", ReasonOf(left.Lines([new("lamp", 1)])));
        Assert.IsType<RefundPlan.Fits>(left.Amount(500));
    }

    [Fact]
    public void What_was_refunded_past_the_shop_leaves_nothing_and_no_debt()
    {
        var order = Paid(Line("mug", 1, 1000));
        var ours = Of(order, new Refundable(order, order.Lines, []).Amount(600));
        var theirs = Of(order, new Refundable(order, order.Lines, []).Amount(1000), RefundState.Succeeded);

        Assert.Equal(0, new Refundable(order, order.Lines, [ours, theirs]).LeftMinor);
    }

    /// <summary>Random orders, and for each a random story: asked for by line, amount or all, arriving, failing, coming back, sent again.</summary>
    [Fact]
    public void Whatever_is_asked_for_and_however_it_ends_the_amounts_add_up()
    {
        var (planned, refused, emptied) = (0, 0, 0);
        for (var seed = 0; seed < 400; seed++)
        {
            var dice = new Random(seed);
            OrderLine[] lines =
            [
                .. Enumerable.Range(0, dice.Next(1, 5)).Select(i =>
                {
                    var (quantity, unit) = (dice.Next(1, 6), (long)dice.Next(1, 5000));
                    return Line($"sku-{i}", quantity, unit, dice.Next(3) == 0 ? dice.NextInt64(quantity, (quantity * unit) + 1) : null); // some with a discount
                }),
            ];
            var order = Paid(lines);
            List<Refund> all = [];
            HashSet<Guid> again = []; // failed, and being sent once more

            for (var step = 0; step < 40; step++)
            {
                var left = new Refundable(order, order.Lines, Counted());
                switch (dice.Next(6))
                {
                    case 0 or 1 or 2:
                        var plan = dice.Next(8) switch
                        {
                            0 => left.All(),
                            < 4 => left.Amount(dice.NextInt64(1, order.TotalMinor + 2)),
                            _ => left.Lines([.. lines.Where(_ => dice.Next(2) == 0).DefaultIfEmpty(lines[0]).Select(l => new RefundWish(l.Sku, dice.Next(1, l.Quantity + 2)))]),
                        };
                        if (plan is RefundPlan.Fits)
                        {
                            all.Add(Of(order, plan));
                            planned++;
                        }
                        else
                        {
                            refused++;
                        }

                        break;
                    case 3 when Pick(r => r.State is RefundState.Pending || again.Contains(r.Id)) is { } arriving:
                        again.Remove(arriving.Id);
                        arriving.State = RefundState.Succeeded;
                        order.AddRefund(arriving.AmountMinor); // throws beyond what was taken
                        break;
                    case 4 when Pick(r => r.State is RefundState.Pending or RefundState.Succeeded || again.Contains(r.Id)) is { } failing:
                        if (failing.State is RefundState.Succeeded)
                            order.TakeBackRefund(failing.AmountMinor);
                        again.Remove(failing.Id);
                        failing.State = RefundState.Failed;
                        break;
                    case 5 when Pick(r => r.State is RefundState.Failed && !again.Contains(r.Id)) is { } failed:
                        Assert.True(left.HasRoomFor(failed)); // or it would have been replaced
                        again.Add(failed.Id);
                        break;
                }

                var now = new Refundable(order, order.Lines, Counted());
                foreach (var failed in all.Where(r => r.State is RefundState.Failed && !again.Contains(r.Id) && !now.HasRoomFor(r)))
                    failed.State = RefundState.Replaced;
                AddsUp(now);
                emptied += now.LeftMinor == 0 ? 1 : 0;

                Refund? Pick(Func<Refund, bool> which) => all.Where(which).ToList() is [_, ..] some ? some[dice.Next(some.Count)] : null;
            }

            IEnumerable<Refund> Counted() => all.Where(r => r.State is RefundState.Pending or RefundState.Succeeded || again.Contains(r.Id));

            void AddsUp(Refundable left)
            {
                Refund[] counted = [.. Counted()];
                Assert.Equal(order.CapturedMinor, counted.Sum(r => r.AmountMinor) + left.LeftMinor);
                Assert.Equal(order.RefundedMinor, all.Where(r => r.State is RefundState.Succeeded).Sum(r => r.AmountMinor));
                Assert.All(all.Where(r => r.Lines.Count > 0), r => Assert.Equal(r.AmountMinor, r.Lines.Sum(l => l.AmountMinor)));
                foreach (var line in lines)
                {
                    RefundLine[] back = [.. counted.SelectMany(r => r.Lines).Where(l => l.Sku == line.Sku)];
                    Assert.InRange(back.Sum(l => l.Quantity), 0, line.Quantity);
                    Assert.InRange(back.Sum(l => l.AmountMinor), 0, line.TotalMinor);
                    if (back.Sum(l => l.Quantity) == line.Quantity)
                        Assert.Equal(line.TotalMinor, back.Sum(l => l.AmountMinor));
                }
            }
        }

        Assert.True(planned > 1000 && refused > 1000 && emptied > 1000, $"The stories are too poor: {planned} planned, {refused} refused, {emptied} emptied.");
    }
}
