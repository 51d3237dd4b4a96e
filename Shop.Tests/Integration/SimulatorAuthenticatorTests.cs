using System.Net;
using System.Text.RegularExpressions;
using Shop.Data.Accounts;
using Shop.Simulator.Authenticator;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class SimulatorAuthenticatorTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly SimulatorHost _simulator = fixture.Simulator;

    private static async Task<HttpResponseMessage> PostAsync(SimulatorHost simulator, string path, string secret)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("secret", secret)]);
        return await simulator.Http.PostAsync(new Uri(path, UriKind.Relative), form);
    }

    private static Task<string> PageAsync(SimulatorHost simulator) => simulator.Http.GetStringAsync(new Uri("/authenticator", UriKind.Relative));

    [Fact]
    public void Its_codes_are_those_that_the_shop_expects()
    {
        for (var i = 0; i < 20; i++)
        {
            var key = Totp.NewKey();
            var code = PhoneEntry.Read(key)!.CodeAt(Any.Now).Replace(" ", "", StringComparison.Ordinal);
            Assert.Equal(Any.Now.ToUnixTimeSeconds() / 30, Totp.StepOf(key, code, Any.Now));
        }
    }

    [Fact]
    public async Task A_pasted_secret_or_address_shows_its_code_until_it_is_removed()
    {
        var (plain, addressed) = (Totp.NewKey(), Totp.NewKey());

        using var first = await PostAsync(_simulator, "/authenticator", string.Join(' ', plain.ToLowerInvariant().Chunk(4).Select(c => new string(c))));
        using var second = await PostAsync(_simulator, "/authenticator", $"otpauth://totp/Shop:ada%40example.org?secret={addressed}&issuer=Shop");
        var page = await PageAsync(_simulator);
        using var removed = await PostAsync(_simulator, "/authenticator/remove", plain);

        Assert.Equal((HttpStatusCode.SeeOther, HttpStatusCode.SeeOther), (first.StatusCode, second.StatusCode));
        var shown = Regex.Matches(page, "<output>(\\d{3} \\d{3})</output>").Select(m => m.Groups[1].Value.Replace(" ", "", StringComparison.Ordinal)).ToList();
        Assert.Contains(shown, code => Totp.StepOf(plain, code, DateTimeOffset.UtcNow) is not null);
        Assert.Contains(shown, code => Totp.StepOf(addressed, code, DateTimeOffset.UtcNow) is not null);
        Assert.Contains("Shop:ada@example.org", page, StringComparison.Ordinal);
        var after = await PageAsync(_simulator);
        Assert.DoesNotContain(plain, after, StringComparison.Ordinal);
        Assert.Contains(addressed, after, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("JBSW")]
    [InlineData("not a secret at all, 1890")]
    [InlineData("otpauth://totp/Shop:ada")]
    public async Task What_is_no_secret_is_said_so(string pasted)
    {
        using var refused = await PostAsync(_simulator, "/authenticator", pasted);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Contains("role=\"alert\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_remembers_over_a_restart_and_the_overview_leads_to_it()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("shop-tests-phone-").FullName, "state.jsonl");
        var (kept, removed) = (Totp.NewKey(), Totp.NewKey());
        await using (var before = SimulatorHost.Start(("Simulator:StatePath", path)))
        {
            foreach (var key in new[] { kept, removed })
                (await PostAsync(before, "/authenticator", key)).Dispose();
            (await PostAsync(before, "/authenticator/remove", removed)).Dispose();
        }

        await using var after = SimulatorHost.Start(("Simulator:StatePath", path));
        var page = await PageAsync(after);

        Assert.Contains(kept, page, StringComparison.Ordinal);
        Assert.DoesNotContain(removed, page, StringComparison.Ordinal);
        Assert.Contains("href=\"/authenticator\"", await after.Http.GetStringAsync(new Uri("/", UriKind.Relative)), StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }
}
