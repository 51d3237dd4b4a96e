using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Tests.Fixtures;

namespace Shop.Tests.EndToEnd;

[Collection(RunningShop.Collection)]
public sealed class StaffSignInTests(RunningShop shop)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>What a developer does on the first day: signs in as the parameters say, with the simulator for a phone, and invites somebody.</summary>
    [Fact]
    public async Task The_first_admin_of_the_parameters_signs_in_and_invites_an_agent_by_mail()
    {
        await using (var db = shop.OpenDatabase()) // another test may have been here first
            await db.Users.Where(u => u.Role == Role.Admin).ExecuteUpdateAsync(u => u.SetProperty(x => x.TwoFactorEnabled, false));
        using var api = new HttpClient { BaseAddress = shop.Api, Timeout = Limit };
        using var simulator = new HttpClient { BaseAddress = shop.Simulator, Timeout = Limit };
        var token = await SignInAsync(api, simulator, RunningShop.AdminEmail, RunningShop.AdminPassword);

        var email = $"agent-{Guid.NewGuid():N}@example.org";
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(
            api, token, "/operations/staff/invite", new { email, name = "New Agent", role = "agent", why = "Summer help." })).Status);
        var mails = await RunningShop.UntilAsync(
            async () => (await simulator.GetFromJsonAsync<JsonArray>($"/mails?to={email}"))!, found => found.Count == 1, Limit);
        var link = Regex.Match((string)mails.Single()!["text"]!, "(http://[^/]+)/account/reset\\?token=([A-Za-z0-9_-]+)");
        Assert.Equal(shop.Web.Authority, new Uri(link.Groups[1].Value).Authority);

        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(
            api, null, "/account/password/reset", new { token = link.Groups[2].Value, password = "the agent's long password" })).Status);
        var agent = await SignInAsync(api, simulator, email, "the agent's long password");
        Assert.Equal(HttpStatusCode.OK, await GetAsync(api, agent, "/operations/orders"));
        Assert.Equal(HttpStatusCode.Forbidden, await GetAsync(api, agent, "/operations/staff"));
    }

    private static async Task<string> SignInAsync(HttpClient api, HttpClient simulator, string email, string password)
    {
        var signedIn = (await PostAsync(api, null, "/account/sign-in", new { email, password })).Json!;
        Assert.Equal("set_up_second_factor", (string)signedIn["next"]!);
        var begun = (await PostAsync(api, (string)signedIn["token"]!, "/account/second-factor/begin", new { })).Json!;
        using var pasted = new FormUrlEncodedContent([KeyValuePair.Create("secret", (string)begun["uri"]!)]);
        var phone = await (await simulator.PostAsync(new Uri("/authenticator", UriKind.Relative), pasted)).Content.ReadAsStringAsync();
        var code = Regex.Match(phone, "<output>(\\d{3} \\d{3})</output>").Groups[1].Value.Replace(" ", "", StringComparison.Ordinal); // the newest
        var enabled = (await PostAsync(api, (string)signedIn["token"]!, "/account/second-factor/enable", new { code })).Json!;
        return (string)enabled["token"]!;
    }

    private static async Task<HttpStatusCode> GetAsync(HttpClient api, string token, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var response = await api.SendAsync(request);
        return response.StatusCode;
    }

    private static async Task<(HttpStatusCode Status, JsonNode? Json)> PostAsync(HttpClient api, string? token, string path, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(body), Headers = { { "Idempotency-Key", $"{Guid.NewGuid()}" } } };
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var response = await api.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, text is "" ? null : JsonNode.Parse(text));
    }
}
