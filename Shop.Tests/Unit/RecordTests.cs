using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults.Records;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class RecordTests
{
    [Theory]
    [InlineData("Order 10023 is paid", "Order 10023 is paid")]
    [InlineData("job 0190d5a1-7b1c-7000-8000-000000000001 of trace 4bf92f3577b34da6a3ce929d0e0e4736", "job 0190d5a1-7b1c-7000-8000-000000000001 of trace 4bf92f3577b34da6a3ce929d0e0e4736")]
    [InlineData("key 9f86d081884c7d659a2feaa0c55ad015 of somebody else", "key … of somebody else")]
    [InlineData("at 09/20/2026 20:20:03 after 00:00:01.2345678, 05010203-0405-4607-8809-101112131415", "at 09/20/2026 20:20:03 after 00:00:01.2345678, 05010203-0405-4607-8809-101112131415")]
    [InlineData("call 0170 1234567 or 030 12345678 or (030) 123 456 78 or 0170/1234567", "call … or … or … or …")]
    [InlineData("pwd=hunter2; password: hunter3, {\"password\":\"hunter4\"}", "…; …, {\"…\"}")]
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
    public void What_may_be_a_secret_or_a_person_goes_and_what_is_searched_for_stays(string text, string kept) =>
        Assert.Equal(kept, Scrub.Text(text, "4bf92f3577b34da6a3ce929d0e0e4736"));

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

    [Fact]
    public void So_many_lines_of_nothing_wrong_are_made_in_a_second_and_the_others_are_counted()
    {
        var clock = new SteppedClock(DateTimeOffset.UtcNow);
        var buffer = new RecordBuffer(Options.Create(new RecordOptions { PerSecond = 2 }), new Somewhere(), clock);
        using var logs = new RecordLogs(buffer, clock);
        var logger = logs.CreateLogger("Shop.Test");

        for (var i = 0; i < 30; i++)
            logger.LogInformation("again");
        logger.LogWarning("wrong");
        var first = buffer.Take();
        clock.Advance(TimeSpan.FromSeconds(1));
        for (var i = 0; i < 30; i++)
            logger.LogInformation("again");

        Assert.Equal((20, 1, 10L), (first.Lines.Count(l => l.Message is "again"), first.Lines.Count(l => l.Message is "wrong"), first.DroppedLines));
        Assert.Equal(2, buffer.Take().Lines.Count(l => l.Message is "again"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_what_is_refused_the_good_is_kept_and_the_bad_is_counted(bool isRefusal)
    {
        var buffer = Buffer(Fast);
        for (var i = 0; i < 900; i++)
            buffer.Add(Line(i is 77 ? "bad" : "good"));
        buffer.Add(Point("bad"));
        for (var i = 0; i < 10; i++)
            buffer.Add(Point("good"));
        System.Collections.Concurrent.ConcurrentQueue<TelemetryBatch> kept = new();
        await using var shipper = await StartAsync(buffer, batch =>
        {
            if (batch.Lines.Any(l => l.Message is "bad") || batch.Points.Any(p => p.Series is "bad"))
                throw isRefusal ? new HttpRequestException("no", null, System.Net.HttpStatusCode.UnprocessableEntity) : new InvalidCastException("no");
            kept.Enqueue(batch);
        });
        await ApiHost.UntilAsync(() => Task.FromResult(kept.Sum(b => b.DroppedLines) > 0));

        Assert.Equal((899, 10), (kept.Sum(b => b.Lines.Count(l => l.Message is "good")), kept.Sum(b => b.Points.Count)));
        Assert.Equal(1L, kept.Sum(b => b.DroppedLines));
        Assert.Equal(kept.Count, kept.Select(b => b.Id).Distinct().Count());
    }

    [Fact]
    public async Task What_passes_by_itself_is_waited_for_and_the_same_batch_is_sent_again()
    {
        var buffer = Buffer(Fast);
        buffer.Add(Line("patient"));
        List<Guid> tries = [];
        await using var shipper = await StartAsync(buffer, batch =>
        {
            tries.Add(batch.Id);
            if (tries.Count <= 25)
                throw new IOException("away");
        });
        await ApiHost.UntilAsync(() => Task.FromResult(tries.Count > 25));

        Assert.Single(tries.Distinct());
        Assert.True(buffer.IsEmpty);
    }

    [Fact]
    public async Task The_last_words_are_all_sent_and_the_batch_that_waited_too()
    {
        var buffer = Buffer(Fast);
        for (var i = 0; i < 2500; i++)
            buffer.Add(Line("last"));
        var (isAway, tried, kept) = (true, 0, 0);
        await using (await StartAsync(buffer, batch =>
        {
            tried++;
            if (isAway)
                throw new IOException("away");
            kept += batch.Lines.Count;
        }))
        {
            await ApiHost.UntilAsync(() => Task.FromResult(tried > 0));
            isAway = false;
        }

        Assert.Equal(2500, kept);
    }

    [Fact]
    public async Task Last_words_that_nobody_hears_are_counted()
    {
        var buffer = Buffer(Fast);
        for (var i = 0; i < 2500; i++)
            buffer.Add(Line("last"));
        var log = new Told();
        await using (await StartAsync(buffer, _ => throw new IOException("away"), log))
            await ApiHost.UntilAsync(() => Task.FromResult(!log.Lines.IsEmpty));

        Assert.Contains(log.Lines, line => line.StartsWith("2500 log lines, 0 points and 0 errors are lost", StringComparison.Ordinal));
    }

    private static readonly RecordOptions Fast = new() { Every = TimeSpan.FromMilliseconds(5), LongestPause = TimeSpan.FromMilliseconds(10) };

    private static async Task<Running> StartAsync(RecordBuffer buffer, Action<TelemetryBatch> keep, Told? log = null)
    {
        var shipper = new RecordShipper(buffer, (batch, _) =>
        {
            keep(batch);
            return Task.CompletedTask;
        }, Options.Create(Fast), TimeProvider.System, log ?? new Told());
        await shipper.StartAsync(default);
        return new(shipper);
    }

    /// <summary>Ends as a host ends it.</summary>
    private sealed class Running(RecordShipper shipper) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await shipper.StoppedAsync(default);
            shipper.Dispose();
        }
    }

    private sealed class Told : ILogger<RecordShipper>
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue(formatter(state, exception));
    }

    private static SeriesPoint Point(string series) => new(series, DateTimeOffset.UtcNow, "api", "one", "", 1, 1, 1, null);

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
