using System.Globalization;
using Stripe;
using StripeEvents = Shop.Data.Payments.StripeEvents;

namespace Shop.Tests.Unit;

/// <summary>Whose word a webhook is. Holds for the package and for its stand-in.</summary>
public sealed class StripeEventTests
{
    private const string Secret = "whsec_test";
    private const long Now = 1_800_000_000;
    private const string Payload = """
        {"id":"evt_1","object":"event","api_version":"2026-07-29.dahlia","created":1800000000,"type":"payment_intent.succeeded","livemode":false,
         "request":{"id":"req_1","idempotency_key":"order:1:confirm:1"},
         "data":{"object":{"id":"pi_1","object":"payment_intent","status":"succeeded","amount":1999,"metadata":{"order_id":"1"}}}}
        """;

    [Fact]
    public void What_is_subscribed_to_is_known_to_the_gateway_and_little_enough_to_be_asked_for()
    {
        var known = typeof(EventTypes).GetFields().Select(f => f.GetValue(null)).ToHashSet();

        Assert.All(StripeEvents.Subscribed, type => Assert.Contains(type, known));
        Assert.InRange(StripeEvents.Subscribed.Count, 1, 20);
        Assert.Contains("payment_intent.amount_capturable_updated", StripeEvents.Subscribed); // a payment that is captured later
    }

    [Fact]
    public void A_signed_event_is_read_with_what_it_is_about()
    {
        var @event = EventUtility.ConstructEvent(Payload, Header(Now), Secret, 300, Now);

        Assert.Equal(EventTypes.PaymentIntentSucceeded, @event.Type);
        Assert.Equal("order:1:confirm:1", @event.Request.IdempotencyKey);
        var intent = Assert.IsType<PaymentIntent>(@event.Data.Object);
        Assert.Equal(("pi_1", "1"), (intent.Id, intent.Metadata["order_id"]));
    }

    [Theory]
    [InlineData(-301)]
    [InlineData(301)]
    public void Old_and_future_messages_are_refused(int offset) =>
        Assert.Throws<StripeException>(() => EventUtility.ConstructEvent(Payload, Header(Now + offset), Secret, 300, Now));

    [Theory]
    [InlineData(-300)]
    [InlineData(300)]
    public void The_tolerance_itself_is_still_good(int offset) =>
        Assert.Equal("evt_1", EventUtility.ConstructEvent(Payload, Header(Now + offset), Secret, 300, Now).Id);

    [Fact]
    public void While_a_secret_is_rolled_one_of_two_signatures_is_enough()
    {
        var header = $"t={Now},v1={new string('0', 64)},v1={EventUtility.ComputeSignature(Secret, Text(Now), Payload)},v0=ignored";

        Assert.Equal("evt_1", EventUtility.ConstructEvent(Payload, header, Secret, 300, Now).Id);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("t=1800000000")]
    [InlineData("v1=abc")]
    [InlineData("t=1800000000,v0=abc")]
    public void A_header_without_a_fitting_signature_is_refused(string header) =>
        Assert.Throws<StripeException>(() => EventUtility.ConstructEvent(Payload, header, Secret, 300, Now));

    [Fact]
    public void One_changed_byte_or_another_secret_breaks_the_signature()
    {
        Assert.Throws<StripeException>(() => EventUtility.ConstructEvent(Payload.Replace("1999", "1998", StringComparison.Ordinal), Header(Now), Secret, 300, Now));
        Assert.Throws<StripeException>(() => EventUtility.ConstructEvent(Payload, Header(Now), "whsec_other", 300, Now));
    }

    [Fact]
    public void Another_release_train_is_refused_unless_the_caller_can_live_with_it()
    {
        var endive = Payload.Replace("2026-07-29.dahlia", "2026-10-28.endive", StringComparison.Ordinal);

        Assert.Throws<StripeException>(() => EventUtility.ParseEvent(endive));
        Assert.Equal("evt_1", EventUtility.ParseEvent(endive, throwOnApiVersionMismatch: false).Id);
        Assert.Equal("evt_1", EventUtility.ParseEvent(Payload.Replace("2026-07-29.dahlia", "2026-05-01.dahlia", StringComparison.Ordinal)).Id);
    }

    [Fact]
    public void An_object_of_tomorrow_is_null_and_its_type_is_still_there()
    {
        var @event = EventUtility.ParseEvent(Payload.Replace("\"object\":\"payment_intent\"", "\"object\":\"not_invented_yet\"", StringComparison.Ordinal));

        Assert.Null(@event.Data.Object);
        Assert.Equal("payment_intent.succeeded", @event.Type);
    }

    private static string Header(long time) => $"t={time},v1={EventUtility.ComputeSignature(Secret, Text(time), Payload)}";

    private static string Text(long time) => time.ToString(CultureInfo.InvariantCulture);
}
