using Shop.Api.Telemetry;
using Shop.ServiceDefaults;
using Shop.ServiceDefaults.Records;

namespace Shop.Tests.Unit;

public sealed class FingerprintTests
{
    [Theory]
    [InlineData("Shop.Api.Orders.OrderReads.FindAsync", "Shop.Api.Orders.OrderReads.<FindAsync>d__5.MoveNext", "Shop.Api.Orders.OrderReads.<FindAsync>d__12.MoveNext")]
    [InlineData("Shop.Api.Orders.OrderReads.Find.(lambda)", "Shop.Api.Orders.OrderReads.<>c.<Find>b__3_0", "Shop.Api.Orders.OrderReads.<>c__DisplayClass7_1.<Find>b__2")]
    [InlineData("Shop.Api.Orders.OrderReads.Find.(lambda)", "Shop.Api.Orders.OrderReads.<>c.<<Find>b__3_0>d.MoveNext", "Shop.Api.Orders.OrderReads.<>c__DisplayClass7_1.<<Find>b__2>d.MoveNext")]
    [InlineData("Shop.Api.Orders.OrderReads.Find.Read", "Shop.Api.Orders.OrderReads.<Find>g__Read|5_0", "Shop.Api.Orders.OrderReads.<Find>g__Read|11_3")]
    [InlineData("Shop.Api.Orders.OrderReads.Find.Read", "Shop.Api.Orders.OrderReads.<>c__DisplayClass0_0.<<Find>g__Read|1>d.MoveNext", "Shop.Api.Orders.OrderReads.<<Find>g__Read|5_0>d.MoveNext")]
    [InlineData("Shop.Api.OnceMore.RunAsync", "Shop.Api.OnceMore.RunAsync[T]", "Shop.Api.OnceMore`1.<RunAsync>d__4`1.MoveNext")]
    [InlineData("Program.Main", "Program.<Main>$", "Program.<<Main>$>d__0.MoveNext")]
    [InlineData("Program.Main.(lambda)", "Program.<>c.<<Main>$>b__0_1", "Program.<>c__DisplayClass0_0.<<Main>$>b__7")]
    public void A_frame_is_the_method_that_somebody_wrote_whatever_the_compiler_made_of_it(string written, string one, string another)
    {
        Assert.Equal([written], Fingerprint.FramesOf($"   at {one}(String id) in /src/a/OrderReads.cs:line 12"));
        Assert.Equal([written], Fingerprint.FramesOf($"   at {another}(Int64 number, CancellationToken ct)"));
        Assert.True(Fingerprint.IsOurLine($"   at {one}(String id) in /src/a/OrderReads.cs:line 12"));
    }

    [Fact]
    public void Two_builds_of_the_same_throw_have_one_fingerprint_and_another_place_has_another()
    {
        const string One = """
               at Npgsql.Internal.NpgsqlConnector.ReadMessageLong(Boolean async)
            --- End of stack trace from previous location ---
               at Shop.Api.Orders.OrderReads.<>c__DisplayClass3_0.<<FindAsync>b__0>d.MoveNext() in /builds/1/OrderReads.cs:line 31
               at Shop.Api.OnceMore.RunAsync[T](Func`2 work, CancellationToken ct) in /builds/1/OnceMore.cs:line 20
            """;
        const string Another = """
               at Npgsql.Internal.NpgsqlConnector.ReadMessageFast(Boolean async, Int32 more)
               at Shop.Api.Orders.OrderReads.<>c__DisplayClass9_2.<<FindAsync>b__4>d.MoveNext()
            --- End of stack trace from previous location ---
               at Shop.Api.OnceMore.RunAsync[T](Func`2 work, CancellationToken ct)
            """;
        const string Elsewhere = "   at Shop.Api.Orders.OrderReads.ListAsync()\n   at Shop.Api.OnceMore.RunAsync[T](Func`2 work)";

        Assert.Equal(Of(One), Of(Another));
        Assert.NotEqual(Of(One), Of(Elsewhere));
        Assert.NotEqual(Of(One), Fingerprint.Of(["System.TimeoutException"], Fingerprint.FramesOf(One), ""));
        Assert.Matches("^[0-9a-f]{32}$", Of(One));

        static string Of(string stack) => Fingerprint.Of(["System.InvalidOperationException"], Fingerprint.FramesOf(stack), "");
    }

    [Fact]
    public async Task What_is_really_thrown_through_lambdas_and_awaits_is_found_in_its_methods()
    {
        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => OuterAsync(static async () =>
        {
            await Task.Yield();
            throw new InvalidOperationException("x");
        }));

        Assert.Equal(
            [$"{typeof(FingerprintTests).FullName}.{nameof(What_is_really_thrown_through_lambdas_and_awaits_is_found_in_its_methods)}.(lambda)",
                $"{typeof(FingerprintTests).FullName}.OuterAsync"],
            Fingerprint.FramesOf(thrown.StackTrace).Where(Fingerprint.IsOurs).Take(2));

        static async Task OuterAsync(Func<Task> inner) => await FingerprintTests.OuterAsync(inner);
    }

    private static async Task OuterAsync(Func<Task> inner)
    {
        await Task.Yield();
        await inner();
    }

    [Theory]
    [InlineData("    at pay (/card.k2x9d8s7ab.js:12:30)\n    at async submit (/shop.aaaaaaaaaa.js:1:2)")]
    [InlineData("    at pay (/card.bbbbbbbbbb.js:99:1)\n    at async submit (/shop.js:7:21)")]
    [InlineData("pay@/card.k2x9d8s7ab.js:12:30\nsubmit@/shop.aaaaaaaaaa.js:1:2")]
    public void A_scripts_stack_is_the_same_in_every_build_and_browser(string stack) =>
        Assert.Equal(["pay card", "submit shop"], ScriptErrors.FramesOf(stack));

    [Theory]
    [InlineData("/orders/10023", "/orders/{…}")]
    [InlineData("/products/a-blue-mug", "/products/{…}")]
    [InlineData("/checkout", "/checkout")]
    [InlineData("https://elsewhere.example/", "(unknown)")]
    [InlineData(null, "(unknown)")]
    public void A_page_is_told_by_its_kind(string? path, string kind) => Assert.Equal(kind, ScriptErrors.PageOf(path));

    [Theory]
    [InlineData("https://api.stripe.com/v1/payment_intents/pi_3Mtw/confirm?expand=x", "/v1/payment_intents/{id}/confirm")]
    [InlineData("https://api.paypal.com/v2/checkout/orders/5O190127TN364715T/capture", "/v2/checkout/orders/{id}/capture")]
    [InlineData("http://api/orders/4711", "/orders/{id}")]
    [InlineData("http://api/catalog/products/ada-lovelace", "/catalog/products/{id}")]
    [InlineData("http://api/operations/logs", "/operations/logs")]
    public void A_request_that_leaves_is_told_by_its_kind(string address, string route) => Assert.Equal(route, OutboundLog.RouteOf(new Uri(address)));
}
