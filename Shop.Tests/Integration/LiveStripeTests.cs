using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Live Stripe needs only parameters: whose key it is decides where development pays.</summary>
public sealed class LiveStripeTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("shop-tests-live-");

    [Theory]
    [InlineData("payments", "Gateways__Stripe__ApiBase")]
    [InlineData("web", "HostedFields__Url")]
    public async Task A_real_accounts_key_leads_to_the_real_gateway_and_the_rest_of_the_simulated_world_stays(string service, string setting)
    {
        var simulated = await SettingsAsync(service);
        var live = await SettingsAsync(service, "--Parameters:stripe-secret-key=sk_test_of_an_account", "--Parameters:stripe-publishable-key=pk_test_of_an_account");

        Assert.Equal([setting], simulated.Except(live));
        Assert.Empty(live.Except(simulated));
        if (service is "payments")
            Assert.Contains("Smtp__Host", live);
    }

    [Fact]
    public async Task The_keys_may_come_as_a_shell_can_export_them_and_never_one_without_the_other()
    {
        Assert.DoesNotContain("Gateways__Stripe__ApiBase",
            await SettingsAsync("payments", "--Parameters:stripe_secret_key=sk_test_of_an_account", "--Parameters:stripe_publishable_key=pk_test_of_an_account"));

        foreach (var one in (string[])["stripe_secret_key=sk_test_of_an_account", "stripe-publishable-key=pk_test_of_an_account"])
        {
            var refused = await Assert.ThrowsAnyAsync<Exception>(() => SettingsAsync("payments", $"--Parameters:{one}"));
            Assert.Contains("a real account needs both", refused.ToString(), StringComparison.Ordinal);
        }
    }

    public void Dispose() => _data.Delete(recursive: true);

    private async Task<List<string>> SettingsAsync(string service, params string[] arguments)
    {
        await using var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Shop_AppHost>(
            [$"--Shop:Data={_data.FullName}", "--Shop:Containers=never", .. arguments], ApiHost.Ct);
        var resource = builder.Resources.Single(r => r.Name == service);
        var context = new EnvironmentCallbackContext(builder.ExecutionContext, resource);
        Assert.True(resource.TryGetEnvironmentVariables(out var callbacks));
        foreach (var callback in callbacks!)
            await callback.Callback(context);
        return [.. context.EnvironmentVariables.Keys];
    }
}
