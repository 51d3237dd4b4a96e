using Microsoft.Playwright;

namespace Shop.Tests.Browser;

/// <summary>One visitor in a real browser, who notices every error that the browser does.</summary>
internal sealed class BrowserSession : IAsyncDisposable
{
    private const string DebianChromium = "/usr/bin/chromium"; // Playwright's own browser elsewhere

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private BrowserSession(IPlaywright playwright, IBrowser browser, IPage page)
    {
        (_playwright, _browser, Page) = (playwright, browser, page);
        page.SetDefaultTimeout(15_000);
        page.PageError += (_, error) => Errors.Add(error);
        page.Console += (_, message) =>
        {
            if (message.Type is "error")
                Errors.Add($"{message.Text} at {message.Location}");
        };
    }

    public IPage Page { get; }

    /// <summary>Exceptions in scripts, refused by the content security policy, not found.</summary>
    public List<string> Errors { get; } = [];

    public static async Task<BrowserSession> OpenAsync(Uri shop, int width = 1280, bool hasJavaScript = true)
    {
        var playwright = await Playwright.CreateAsync();
        var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = File.Exists(DebianChromium) ? DebianChromium : null,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync",
            ],
        });
        var page = await browser.NewPageAsync(new()
        {
            BaseURL = shop.AbsoluteUri, JavaScriptEnabled = hasJavaScript, ViewportSize = new() { Width = width, Height = 844 },
        });
        return new(playwright, browser, page);
    }

    /// <summary>By how many pixels the page is wider than the window.</summary>
    public Task<int> OverflowAsync() =>
        Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");

    public async Task FillAddressAsync()
    {
        await Page.FillAsync("#Email", "ada@example.org");
        await Page.FillAsync("#Name", "Ada Example");
        await Page.FillAsync("#Line1", "Lindenallee 7");
        await Page.FillAsync("#PostalCode", "10115");
        await Page.FillAsync("#City", "Berlin");
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
