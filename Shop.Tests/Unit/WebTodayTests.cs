using Shop.Tests.Browser;
using Shop.Tests.Fixtures;
using Shop.Web.Operations.Today;

namespace Shop.Tests.Unit;

/// <summary>What the dashboard's page says of the answers that the Api may give.</summary>
[Collection(Propagation.Name)]
public sealed class WebTodayTests : IDisposable
{
    private const string Work = """
        { "data": { "jobs": { "waiting": 3, "parked": 1, "oldest": "2026-01-15T11:59:00Z" }, "webhooks": { "waiting": 0, "parked": 0, "oldest": null },
          "outbox": { "waiting": 0, "parked": 0, "oldest": null }, "unknown": 2, "unknownSince": "2026-01-15T11:00:00Z", "unfolded": 4,
          "breakers": [{ "provider": "stripe", "live": 2, "troubled": 2, "override": null }],
          "background": [{ "name": "count_fold", "state": "failing", "dueAt": "2026-01-15T12:00:00Z", "startedAt": null, "succeededAt": null, "tookMs": null, "result": null, "failures": 4 }] },
          "at": "2026-01-15T12:00:00Z", "trouble": null }
        """;

    private readonly CannedApi _api = new();
    private readonly CannedStorefront _shop;
    private readonly PlainVisitor _visitor;

    public WebTodayTests()
    {
        _shop = new(_api);
        _visitor = new(_shop);
        _api.On("/account", """
            { "email": "grace@example.org", "name": "Grace", "roles": ["shopper", "agent"], "secondFactor": true, "recoveryCodesLeft": 9, "isStaff": true,
              "secondFactorProven": true }
            """);
    }

    [Theory]
    [InlineData("[]", "none has ever run")]
    [InlineData("""[{ "name": "count_fold", "state": "overdue", "dueAt": "2026-01-15T11:50:00Z", "failures": 0 }]""", "all 1 are overdue, the last ran never")]
    [InlineData(
        """[{ "name": "count_fold", "state": "overdue", "dueAt": "2026-01-15T11:50:00Z", "failures": 0 }, { "name": "hold_sweep", "state": "waiting", "dueAt": "2026-01-15T12:00:00Z", "failures": 0 }]""",
        "count fold (due for 10 min and not taken up)")]
    public async Task Background_jobs_that_nobody_takes_up_are_not_called_well(string jobs, string words)
    {
        _api.On("/operations/dashboard", $$"""
            { "now": "2026-01-15T12:00:00Z", "range": "1h", "from": "2026-01-15T11:01:00Z", "to": "2026-01-15T12:01:00Z", "sales": null, "agreement": null, "traffic": null,
              "queries": null, "work": { "at": "2026-01-15T12:00:00Z", "trouble": null, "data": {
              "jobs": { "waiting": 0, "parked": 0, "oldest": null }, "webhooks": { "waiting": 0, "parked": 0, "oldest": null },
              "outbox": { "waiting": 0, "parked": 0, "oldest": null }, "unknown": 0, "unfolded": 0, "breakers": [], "background": {{jobs}} } } }
            """);

        var page = await _visitor.GetAsync("/ops?range=1h", cookie: "session=s-token");

        Assert.Contains(words, page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("ran as they should", page.Html, StringComparison.Ordinal);
    }

    private CannedApi WithBoard(string sales, string queries = "null") => _api.On("/operations/dashboard", $$"""
        { "now": "2026-01-15T12:00:00Z", "range": "1h", "from": "2026-01-15T11:01:00Z", "to": "2026-01-15T12:01:00Z",
          "sales": {{sales}}, "work": {{Work}}, "agreement": null, "traffic": null, "queries": {{queries}} }
        """);

    [Theory]
    [InlineData("late", "\"2026-01-15T11:59:18Z\"", "The sales take longer than they should: this was so 42 s ago.")]
    [InlineData("failed", "\"2026-01-15T09:00:00Z\"", "The sales could not be read: this was so 3 h ago.")]
    [InlineData("failed", "null", "The sales could not be read. It is tried again.")]
    public async Task A_part_that_is_not_fresh_says_how_old_it_is_beside_the_others(string trouble, string at, string sentence)
    {
        WithBoard($$"""{ "data": null, "at": {{at}}, "trouble": "{{trouble}}" }""");

        var page = await _visitor.GetAsync("/ops?range=1h", cookie: "session=s-token");

        Assert.Contains(sentence, page.Html, StringComparison.Ordinal);
        foreach (var words in new[] { "1 parked", "the oldest is due since 60 s", "kept away from", "count fold (failing, 4 failures)", "the oldest order is 60 min old" })
            Assert.Contains(words, page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("The queues", page.Html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_part_of_the_page_asks_for_its_own_panels_alone()
    {
        WithBoard("null", """{ "data": { "items": [], "missing": "Postgres counts no statements." }, "at": "2026-01-15T12:00:00Z", "trouble": null }""");

        var page = await _visitor.GetAsync("/ops?range=7d&part=slow", cookie: "session=s-token");

        Assert.Equal("?range=7d&part=slow", Assert.Single(_api.Seen, r => r.RequestUri!.AbsolutePath == "/operations/dashboard").RequestUri!.Query);
        Assert.Contains("Postgres counts no statements.", page.Html, StringComparison.Ordinal);
        Assert.DoesNotContain("id=\"live\"", page.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(40, 100.0, 90L, 110L, "bad", "below usual")]
    [InlineData(95, 100.0, 90L, 110L, "plain", "as usual")]
    [InlineData(200, 100.0, 90L, 110L, "good", "above usual")]
    [InlineData(1, 3.0, 2L, 5L, "plain", "as usual")] // of so few, one less is chance
    [InlineData(5, null, null, null, "plain", "")]
    public void Today_is_called_unusual_only_when_it_is(long orders, double? expected, long? lowest, long? highest, string tone, string word)
    {
        var day = new Day(orders, 0, [], 4, expected, lowest, highest);

        Assert.Equal((tone, word), (day.Tone, day.Word));
    }

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
    }
}
