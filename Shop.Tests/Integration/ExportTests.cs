using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Api.Operations.Story;
using Shop.Data.Orders;
using Shop.Data.Payments;
using Shop.Payments.Reconciliation;
using Shop.Tests.Fixtures;
using Xunit.Sdk;

namespace Shop.Tests.Integration;

/// <summary>An order that failed is taken to the simulator: played, it fails the same way.</summary>
[Collection(SharedPaymentsShop.Name)]
public sealed class ExportTests(PaymentsShop shop) : IAsyncLifetime
{
    private static readonly string[] Tomorrow = ["transaction_not_allowed"];

    public Task InitializeAsync() => shop.DeliverWebhooksAsync(true);

    public Task DisposeAsync() => shop.NoFaultsAsync();

    private async Task<ExportedOrder> ExportAsync(Guid id)
    {
        await using var db = shop.Open();
        var attempts = await db.PaymentAttempts.AsNoTracking().Include(a => a.Answers).Where(a => a.OrderId == id).OrderBy(a => a.At).ThenBy(a => a.Id).ToListAsync();
        return Scenario.Of(await db.Orders.AsNoTracking().SingleAsync(o => o.Id == id), attempts);
    }

    private async Task PlaysTheSameAsync(Guid id)
    {
        var export = await ExportAsync(id);
        var played = await PlayedOrder.OfAsync(shop, export.Json);

        Assert.NotEmpty(played.Calls);
        Assert.Equal(await PlayedOrder.CallsAsync(shop, id), played.Calls);
        Assert.NotEqual(id, played.Order.Id);
    }

    [Theory]
    [InlineData("pm_card_visa_chargeDeclinedInsufficientFunds")]
    [InlineData("pm_card_chargeDeclinedExpiredCard")]
    public async Task A_decline(string card)
    {
        var order = await shop.PlaceAsync(card);
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        await PlaysTheSameAsync(order.Id);
    }

    [Fact]
    public async Task A_decline_by_a_word_that_no_test_card_has()
    {
        await shop.FaultsAsync(new { declineRate = 1.0, declineCodes = Tomorrow });
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        await PlaysTheSameAsync(order.Id);
    }

    [Fact]
    public async Task A_decline_and_another_card_that_pays()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(order.Id, PaymentState.Declined);
        await shop.PayAgainAsync(order.Id, "pm_card_visa");
        await shop.UntilAsync(order.Id, PaymentState.Paid);

        await PlaysTheSameAsync(order.Id);
    }

    [Fact]
    public async Task A_payment_that_was_put_off_because_the_gateway_failed_once()
    {
        await shop.FaultsAsync("unavailable_503", count: 1, operation: "create");
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);

        await PlaysTheSameAsync(order.Id);
    }

    [Fact]
    public async Task A_payment_whose_answer_never_came()
    {
        await shop.FaultsAsync("hang", count: 1, operation: "confirm");
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Contains("confirm unknown outcome_unknown", await PlayedOrder.CallsAsync(shop, order.Id));

        await PlaysTheSameAsync(order.Id);
    }

    [Fact]
    public async Task A_payment_whose_answer_was_lost_although_it_was_made()
    {
        await shop.DeliverWebhooksAsync(false);
        await shop.FaultsAsync("answer_lost", count: 1, operation: "confirm");
        var order = await shop.PlaceAsync();
        await shop.UntilAsync(order.Id, PaymentState.Paid);
        Assert.Contains("answer_lost", (await ExportAsync(order.Id)).Json, StringComparison.Ordinal);

        await PlaysTheSameAsync(order.Id);
    }

    [Fact]
    public async Task A_shopper_who_never_came_back_from_the_bank()
    {
        var order = await shop.PlaceAsync("pm_card_authenticationRequired");
        await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
        await shop.PassDeadlineAsync(order.Id);
        await shop.ExpireHoldAsync(order.Id);
        await shop.Services.GetRequiredService<HoldSweep>().SweepAsync(CancellationToken.None);
        Assert.Equal(Reasons.AuthenticationAbandoned, (await shop.UntilAsync(order.Id, PaymentState.Abandoned)).Reason);

        await PlaysTheSameAsync(order.Id);
    }

    [Fact]
    public async Task What_PayPal_declines()
    {
        var order = await shop.PlaceAtPayPalAsync();
        var asked = await shop.UntilAsync(order.Id, PaymentState.ActionNeeded);
        await PayPalPage.AnswerAsync(asked.ActionUrl!, source: "declined");
        await shop.UntilAsync(order.Id, PaymentState.Declined);

        await PlaysTheSameAsync(order.Id);
    }

    [Fact]
    public async Task The_third_call_can_fail_although_the_first_two_do_not()
    {
        await shop.FaultsAsync(new { rules = new object[] { new { fault = "none", operation = "create", count = 2 }, new { fault = "unavailable_503", operation = "create", count = 1 } } });
        foreach (var hits in (int[])[0, 0, 1])
        {
            var order = await shop.PlaceAsync();
            await shop.UntilAsync(order.Id, PaymentState.Paid);
            await using var db = shop.Open();
            Assert.Equal(hits, await db.PaymentAttempts.CountAsync(a => a.OrderId == order.Id && a.HttpStatus == 503));
        }
    }

    [Fact]
    public async Task The_file_is_what_the_simulator_takes_and_holds_nothing_personal()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclined");
        await shop.UntilAsync(order.Id, PaymentState.Declined);
        var export = await ExportAsync(order.Id);

        using var body = new StringContent(export.Json, System.Text.Encoding.UTF8, "application/json");
        using var taken = await shop.Simulator.PutAsync(new Uri("/faults", UriKind.Relative), body);

        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        Assert.Equal(export.Number, (long)(await taken.Content.ReadFromJsonAsync<JsonNode>())!["scenario"]!["order"]!);
        foreach (var personal in (string[])["guest@example.org", "A Guest", $"{order.Id}"])
            Assert.DoesNotContain(personal, export.Json + export.Test, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_test_compiles_plays_the_order_and_fails_until_somebody_says_what_should_have_happened()
    {
        var order = await shop.PlaceAsync("pm_card_visa_chargeDeclinedLostCard");
        await shop.UntilAsync(order.Id, PaymentState.Declined);
        var export = await ExportAsync(order.Id);
        var folder = Directory.CreateTempSubdirectory("shop-export-").FullName;
        try
        {
            var assembly = await CompileAsync(folder, export.Test);
            var type = assembly.GetTypes().Single(t => t.Name == $"Order{export.Number}Tests");
            var test = type.GetMethods().Single(m => m.GetCustomAttribute<FactAttribute>() is not null);

            var failed = await Assert.ThrowsAsync<FailException>(() => (Task)test.Invoke(Activator.CreateInstance(type, shop), null)!);

            Assert.Contains("Say above what should have happened", failed.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>With the compiler of the SDK that these tests were built by.</summary>
    private static async Task<Assembly> CompileAsync(string folder, string source)
    {
        var (file, target) = (Path.Combine(folder, "Exported.cs"), Path.Combine(folder, "Exported.dll"));
        await File.WriteAllTextAsync(file, source);
        var runtime = RuntimeEnvironment.GetRuntimeDirectory();
        var dotnet = Path.GetFullPath(Path.Combine(runtime, "..", "..", ".."));
        var compiler = Directory.GetDirectories(Path.Combine(dotnet, "sdk")).Select(d => Path.Combine(d, "Roslyn", "bincore", "csc.dll")).Where(File.Exists).Order(StringComparer.Ordinal).Last();
        var references = Directory.GetFiles(runtime, "*.dll").Concat(Directory.GetFiles(AppContext.BaseDirectory, "*.dll")).GroupBy(Path.GetFileName).Select(g => g.First()).Where(IsManaged);
        string[] arguments = ["-nologo", "-target:library", "-langversion:latest", "-nullable:enable", "-warnaserror", "-nowarn:1701,1702", $"-out:{target}", .. references.Select(r => $"-r:{r}"), file];
        var response = Path.Combine(folder, "csc.rsp");
        await File.WriteAllLinesAsync(response, arguments.Select(a => $"\"{a}\""));
        using var run = Process.Start(new ProcessStartInfo(Path.Combine(dotnet, "dotnet"), ["exec", compiler, "-noconfig", $"@{response}"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = run.StandardOutput.ReadToEndAsync();
        await run.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(2));
        Assert.True(run.ExitCode is 0, await said);
        return AssemblyLoadContext.Default.LoadFromAssemblyPath(target);
    }

    private static bool IsManaged(string file)
    {
        try
        {
            _ = AssemblyName.GetAssemblyName(file);
            return true;
        }
        catch (BadImageFormatException)
        {
            return false;
        }
    }
}
