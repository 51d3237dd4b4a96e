using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults.Records;

namespace Shop.Tests.Unit;

public sealed class RecordTests
{
    [Theory]
    [InlineData("Order 10023 is paid", "Order 10023 is paid")]
    [InlineData("job 0190d5a1-7b1c-7000-8000-000000000001 of trace 4bf92f3577b34da6a3ce929d0e0e4736", "job 0190d5a1-7b1c-7000-8000-000000000001 of trace 4bf92f3577b34da6a3ce929d0e0e4736")]
    [InlineData("request req_8Gh3kTqLmN0pRs, intent pi_3MtwBwLkdIwHu7ix28a3tqPa", "request req_8Gh3kTqLmN0pRs, intent pi_3MtwBwLkdIwHu7ix28a3tqPa")]
    [InlineData("at Shop.Api.Checkout.CheckoutEndpoints.PlaceTheWholeOrderAtOnceAsync()", "at Shop.Api.Checkout.CheckoutEndpoints.PlaceTheWholeOrderAtOnceAsync()")]
    [InlineData("user ada@example.org is unknown", "user … is unknown")]
    [InlineData("GET /x?email=ada%40example.org&k=v failed", "GET /x… failed")]
    [InlineData("card 4242 4242 4242 4242 declined", "card … declined")]
    [InlineData("card 4242424242424242", "card …")]
    [InlineData("call +49 170 1234567 now", "call … now")]
    [InlineData("key sk_live_abc was refused", "key … was refused")]
    [InlineData("secret whsec_12 and Bearer abcdef", "secret … and …")]
    [InlineData("pi_3Mtw_secret_9aBcDeFgHiJkLmNoPqRsT is bad", "… is bad")]
    [InlineData("token xK2_9aBcDeFgHiJkLmNoPqRsTuVwXyZ-0123456789ab", "token …")]
    [InlineData("Host=db;Password=hunter2;Port=1", "Host=db;…;Port=1")]
    public void What_may_be_a_secret_or_a_person_goes_and_what_is_searched_for_stays(string text, string kept) => Assert.Equal(kept, Scrub.Text(text));

    [Fact]
    public void The_buffer_holds_so_many_lines_and_counts_the_others()
    {
        var buffer = Buffer(new() { Lines = 10 });

        for (var i = 0; i < 25; i++)
            buffer.Add(Line("short"));

        var batch = buffer.Take();
        Assert.Equal((11, 15L), (batch.Lines.Count, batch.DroppedLines));
        Assert.Equal(RecordEvents.LinesDropped, batch.Lines[^1].EventId);
        Assert.StartsWith("15 lines were dropped between ", batch.Lines[^1].Message, StringComparison.Ordinal);
        buffer.Add(Line("room again"));
        Assert.Equal(0, buffer.Take().DroppedLines);
    }

    [Fact]
    public void The_buffer_holds_so_many_characters_however_few_lines_they_are()
    {
        var buffer = Buffer(new() { Characters = 20_000 });

        for (var i = 0; i < 1000; i++)
            buffer.Add(Line(new string('x', LogLine.MaxMessage)));

        var batch = buffer.Take();
        Assert.InRange(batch.Lines.Sum(l => l.Message.Length), 1, 20_000);
        Assert.Equal(1000, batch.DroppedLines + batch.Lines.Count - 1);
    }

    [Fact]
    public void A_point_and_an_error_find_room_when_lines_do_not()
    {
        var buffer = Buffer(new() { Lines = 10 });
        for (var i = 0; i < 20; i++)
            buffer.Add(Line("flood"));

        buffer.Add(new SeriesPoint("any", DateTimeOffset.UtcNow, "api", "one", "", 1, 1, 1, null));

        Assert.Single(buffer.Take().Points);
    }

    [Theory]
    [InlineData("a\0b", "a b")]
    [InlineData("whole \ud83d\ude00", "whole \ud83d\ude00")]
    public void What_no_database_takes_as_text_is_taken_out(string text, string fit) => Assert.Equal(fit, RecordText.Fit(text, 100));

    [Fact]
    public void Half_of_a_surrogate_pair_is_taken_out_too() => Assert.Equal("half \ufffd of a pair", RecordText.Fit($"half {(char)0xd83d} of a pair", 100));

    private static RecordBuffer Buffer(RecordOptions options) => new(Options.Create(options), new Somewhere(), TimeProvider.System);

    private static LogLine Line(string message) => new()
    {
        Id = Guid.NewGuid(), At = DateTimeOffset.UtcNow, Service = "api", Instance = "one", Release = "1", Level = LogLevel.Information, Category = "Shop.Test",
        Message = message,
    };

    private sealed class Somewhere : IHostEnvironment
    {
        public string ApplicationName { get; set; } = "Shop.Api";
        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
        public string ContentRootPath { get; set; } = "";
        public string EnvironmentName { get; set; } = "Production";
    }
}
