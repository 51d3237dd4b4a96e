using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Tests.Fixtures;

namespace Shop.Tests.EndToEnd;

[Collection(RunningShop.Collection)]
public sealed class ResetDataTests(RunningShop shop)
{
    [Fact]
    public async Task Resetting_the_data_leaves_a_running_shop_with_its_catalogue_and_no_order()
    {
        await using (var db = shop.OpenDatabase())
            await Any.StoredOrderAsync(db);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));

        var result = await shop.App.ResourceCommands.ExecuteCommandAsync("postgres", "reset-data", limit.Token);

        Assert.True(result.Success, result.Message);
        foreach (var name in (string[])["simulator", "api", "payments", "web"])
            await shop.App.ResourceNotifications.WaitForResourceHealthyAsync(name, limit.Token);
        await using (var db = shop.OpenDatabase())
            Assert.Equal((0, 1000), (await db.Orders.CountAsync(limit.Token), await db.Products.CountAsync(limit.Token)));
        await using (var db = shop.OpenDatabase())
            Assert.Equal(Role.Admin, (await db.Users.SingleAsync(limit.Token)).Role); // whom the parameters name
        using var simulator = new HttpClient { BaseAddress = shop.Simulator };
        Assert.Empty((await simulator.GetFromJsonAsync<JsonArray>("/ledger", limit.Token))!);
        using var web = new HttpClient { BaseAddress = shop.Web };
        Assert.Contains("/products/", await web.GetStringAsync("/", limit.Token), StringComparison.Ordinal);
    }
}
