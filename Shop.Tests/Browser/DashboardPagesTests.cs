using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Browser;

/// <summary>What a person does at the genuine dashboard, from the click to the process.</summary>
#pragma warning disable CA1001 // xunit disposes through IAsyncLifetime.
public sealed class DashboardPagesTests : IAsyncLifetime
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource limit = new(TimeSpan.FromMinutes(3));
    private readonly IDistributedApplicationBuilder builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
    {
        Args =
        [
            "--environment", "Development", "--DcpPublisher:RandomizePorts", "true",
            "--ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL", $"http://localhost:{PostgresServer.FreePort()}",
        ],
        AssemblyName = "Shop.AppHost",
        AllowUnsecuredTransport = true,
    });

    private DistributedApplication? app;
    private BrowserSession? session;
    private Task started = Task.CompletedTask;

    public Task InitializeAsync()
    {
        builder.Services.AddLogging(logging => logging.ClearProviders());
        return Task.CompletedTask;
    }

    [Fact]
    public async Task A_missing_value_is_entered_and_what_waited_for_it_starts_with_it()
    {
        var key = builder.AddParameter("courier-key", secret: true).WithDescription("The key of the courier's account.");
        var courier = builder.AddExecutable("courier", "sh", ".", "-c", "echo \"key is $KEY\"; exec sleep 1000").WithEnvironment("KEY", key);
        var page = await OpenAsync();
        await app!.ResourceNotifications.WaitForResourceAsync("courier", KnownResourceStates.Waiting, limit.Token);

        await page.Locator("fluent-button", new() { HasText = "Enter values" }).ClickAsync();
        await page.GetByText("The key of the courier's account.").WaitForAsync();
        await page.Locator("fluent-dialog fluent-text-field input.control").FillAsync("entered by hand");
        await page.Locator("fluent-dialog fluent-button", new() { HasText = "Save" }).ClickAsync();

        await app.ResourceNotifications.WaitForResourceAsync("courier", KnownResourceStates.Running, limit.Token);
        Assert.Equal("entered by hand", await key.Resource.GetValueAsync(limit.Token));
        await SaysAsync(courier.Resource, "key is entered by hand");
        await Assertions.Expect(page.GetByText("Unresolved parameters")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_command_asks_for_its_arguments_says_what_is_wrong_with_them_and_shows_its_result()
    {
        builder.AddExecutable("shoppers", "sleep", ".", "1000").WithCommand(
            "order", "Place orders",
            context => Task.FromResult(CommandResults.Success(
                "Done.", $"{context.Arguments.GetInt32("count")} orders placed", CommandResultFormat.Text, displayImmediately: true)),
            new CommandOptions
            {
                Description = "Place orders as shoppers do.",
                IsHighlighted = true,
                Arguments = [new InteractionInput { Name = "count", Label = "How many", InputType = InputType.Number, Required = true, Value = "3" }],
                ValidateArguments = context =>
                {
                    if (context.Inputs.GetInt32("count") > 50)
                        context.AddValidationError("count", "At most 50.");
                    return Task.CompletedTask;
                },
            });
        var page = await OpenAsync();

        await page.Locator("[title='Place orders as shoppers do.']").First.ClickAsync();
        var field = page.Locator("fluent-dialog fluent-number-field input.control");
        var accept = page.Locator("fluent-dialog fluent-button[appearance=accent]");
        Assert.Equal("3", await field.InputValueAsync());
        await field.FillAsync("51");
        await accept.ClickAsync();
        await page.Locator("fluent-dialog .invalid").First.WaitForAsync();
        await field.FillAsync("5");
        await accept.ClickAsync();

        await page.GetByText("5 orders placed").First.WaitForAsync();
    }

    public async Task DisposeAsync()
    {
        if (session is not null)
            await session.DisposeAsync();
        if (app is not null)
            await app.DisposeAsync();
        await started.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        limit.Dispose();
    }

    /// <summary>The start itself waits for what a person has to enter.</summary>
    private async Task<IPage> OpenAsync()
    {
        app = builder.Build();
        started = app.StartAsync(limit.Token);
        await app.ResourceNotifications.WaitForResourceAsync("aspire-dashboard", KnownResourceStates.Running, limit.Token);
        var dashboard = app.Services.GetRequiredService<DistributedApplicationModel>().Resources
            .OfType<IResourceWithEndpoints>().Single(r => r.Name == "aspire-dashboard").GetEndpoint("http");
        session = await BrowserSession.OpenAsync(new Uri(dashboard.Url));
        session.Page.SetDefaultTimeout(60_000);

        // Its port accepts before it listens.
        using var http = new HttpClient { BaseAddress = new Uri(dashboard.Url), Timeout = TimeSpan.FromSeconds(5) };
        while (!await AnswersAsync(http))
            await Task.Delay(200, limit.Token);
        await session.Page.GotoAsync($"/login?t={app.Services.GetRequiredService<IConfiguration>()["AppHost:BrowserToken"]}");
        return session.Page;
    }

    private async Task<bool> AnswersAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync("/health", limit.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !limit.IsCancellationRequested))
        {
            return false;
        }
    }

    private async Task SaysAsync(IResource resource, string text)
    {
        await foreach (var batch in app!.Services.GetRequiredService<ResourceLoggerService>().WatchAsync(resource).WithCancellation(limit.Token))
        {
            if (batch.Any(l => l.Content.Contains(text, StringComparison.Ordinal)))
                return;
        }
    }
}
