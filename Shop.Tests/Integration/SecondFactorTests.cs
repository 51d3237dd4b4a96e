using System.Net;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Outbox;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class SecondFactorTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const string Password = "a long walk in the rain";

    private Task<Answer> PostAsync(string? token, string path, object body) => api.PostAsync($"/account/{path}", body, Somebody.BearerOf(token));

    private Task<Answer> SignInAsync(Somebody somebody) => api.PostAsync("/account/sign-in", new { email = somebody.Email, password = Password });

    private async Task<ShopUser> FindAsync(Guid id)
    {
        await using var db = api.Open();
        return await db.Users.AsNoTracking().SingleAsync(u => u.Id == id);
    }

    /// <summary>Staff whose second factor is set up over the API.</summary>
    private async Task<(Somebody Agent, Phone Phone, string Token, string[] RecoveryCodes)> SetUpAsync(Role role = Role.Agent)
    {
        var somebody = await api.SignedInAsync(role, password: Password);
        await using var db = api.Open();
        await db.Users.Where(u => u.Id == somebody.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.TwoFactorEnabled, false).SetProperty(x => x.AuthenticatorKey, (string?)null));
        var signedIn = await SignInAsync(somebody);
        var begun = await PostAsync(signedIn["token"], "second-factor/begin", new { password = Password });
        var phone = new Phone(api, begun["secret"]!.Replace(" ", "", StringComparison.Ordinal));
        var enabled = await PostAsync(signedIn["token"], "second-factor/enable", new { code = phone.Code });
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (begun.Status, enabled.Status));
        return (somebody, phone, enabled["token"]!, [.. enabled.Json.GetProperty("recoveryCodes").EnumerateArray().Select(c => c.GetString()!)]);
    }

    [Fact]
    public async Task Staff_get_nowhere_before_their_second_factor_is_set_up()
    {
        var somebody = await api.SignedInAsync(Role.Admin, password: Password);
        await using var db = api.Open();
        await db.Users.Where(u => u.Id == somebody.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.TwoFactorEnabled, false));

        var signedIn = await SignInAsync(somebody);

        Assert.Equal("set_up_second_factor", signedIn["next"]);
        foreach (var path in (string[])["/account", "/operations/orders", "/operations/staff", "/account/sessions"])
        {
            var refused = await api.GetAsync(path, Somebody.BearerOf(signedIn["token"]));
            Assert.Equal((HttpStatusCode.Forbidden, "second_factor_required"), (refused.Status, refused.Reason));
        }
    }

    [Fact]
    public async Task Setting_it_up_opens_a_new_session_and_ends_the_old_ones()
    {
        var somebody = await api.SignedInAsync(Role.Agent, password: Password);
        await using var db = api.Open();
        await db.Users.Where(u => u.Id == somebody.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.TwoFactorEnabled, false));
        var pending = (await SignInAsync(somebody))["token"];

        var begun = await PostAsync(pending, "second-factor/begin", new { });
        var secret = begun["secret"]!.Replace(" ", "", StringComparison.Ordinal);
        var phone = new Phone(api, secret);
        var wrong = await PostAsync(pending, "second-factor/enable", new { code = phone.WrongCode });
        var enabled = await PostAsync(pending, "second-factor/enable", new { code = phone.Code });

        Assert.StartsWith("otpauth://totp/Shop:", begun["uri"], StringComparison.Ordinal);
        Assert.Contains($"secret={secret}&", begun["uri"], StringComparison.Ordinal);
        Assert.Equal("code_wrong", wrong.Reason);
        Assert.Equal(10, enabled.Json.GetProperty("recoveryCodes").EnumerateArray().Select(c => c.GetString()).Distinct().Count());
        Assert.Equal("unauthenticated", (await api.GetAsync("/account", Somebody.BearerOf(pending))).Reason);
        Assert.Equal("unauthenticated", (await api.GetAsync("/account", somebody.Bearer)).Reason);
        var account = await api.GetAsync("/account", Somebody.BearerOf(enabled["token"]));
        Assert.Equal(("True", "True", "True", "10"), (account["isStaff"], account["secondFactor"], account["secondFactorProven"], account["recoveryCodesLeft"]));
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/operations/orders", Somebody.BearerOf(enabled["token"]))).Status);
        var stored = await FindAsync(somebody.Id);
        Assert.DoesNotContain(enabled.Json.GetProperty("recoveryCodes")[0].GetString(), stored.RecoveryCodes);
        Assert.Contains(OutboxKind.SecondFactorChangedMail, await db.Outbox.Where(m => m.PersonId == somebody.Id).Select(m => m.Kind).ToListAsync());
    }

    [Fact]
    public async Task A_code_is_good_once_and_the_session_gets_another_token_by_it()
    {
        var (agent, phone, _, _) = await SetUpAsync();
        var (first, second) = (await SignInAsync(agent), await SignInAsync(agent));
        var used = phone.Last; // by setting it up

        Assert.Equal((HttpStatusCode.Unauthorized, "code_wrong"), await ProveAsync(first, used));
        var code = await phone.NextCodeAsync();
        var proven = await PostAsync(first["token"], "second-factor", new { code });
        Assert.Equal((HttpStatusCode.Unauthorized, "code_wrong"), await ProveAsync(second, code));

        Assert.Equal("second_factor", first["next"]);
        Assert.NotEqual(first["token"], proven["token"]);
        Assert.Equal("unauthenticated", (await api.GetAsync("/account", Somebody.BearerOf(first["token"]))).Reason);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/operations/queue", Somebody.BearerOf(proven["token"]))).Status);

        async Task<(HttpStatusCode, string?)> ProveAsync(Answer session, string code) =>
            await PostAsync(session["token"], "second-factor", new { code }) is var answer ? (answer.Status, answer.Reason) : default;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_code_sent_eight_times_at_once_opens_one_session(bool recovery)
    {
        var (agent, phone, _, codes) = await SetUpAsync();
        var pending = new List<string?>();
        for (var i = 0; i < 8; i++)
            pending.Add((await SignInAsync(agent))["token"]);
        var code = recovery ? codes[3].ToLowerInvariant() : await phone.NextCodeAsync();
        await using var db = api.Open();

        var answers = await Task.WhenAll(pending.Select(token => PostAsync(token, "second-factor", new { code })));

        Assert.Single(answers, a => a.Status is HttpStatusCode.OK);
        Assert.All(answers.Where(a => a.Status is not HttpStatusCode.OK), a => Assert.Equal(HttpStatusCode.Unauthorized, a.Status));
        Assert.Equal(2, await db.Sessions.CountAsync(s => s.UserId == agent.Id && s.SecondFactorAt != null && s.RevokedAt == null)); // and that of the set-up
        Assert.Equal(recovery ? 9 : 10, (await FindAsync(agent.Id)).RecoveryCodes.Length);
    }

    [Fact]
    public async Task One_pending_session_proven_twice_at_once_becomes_one_session()
    {
        var (agent, _, _, codes) = await SetUpAsync();
        var pending = (await SignInAsync(agent))["token"];

        var answers = await Task.WhenAll(codes.Take(2).Select(code => PostAsync(pending, "second-factor", new { code })));

        Assert.Single(answers, a => a.Status is HttpStatusCode.OK);
        Assert.Single(answers, a => a.Reason is "unauthenticated");
    }

    [Fact]
    public async Task Guessing_codes_ends_the_session_and_no_code_is_looked_at_for_a_while_whatever_the_password()
    {
        var (agent, phone, _, codes) = await SetUpAsync();
        var pending = (await SignInAsync(agent))["token"];
        for (var i = 0; i < 4; i++)
            await PostAsync(pending, "second-factor", new { code = phone.WrongCode });
        pending = (await SignInAsync(agent))["token"]; // the right password in between does not start the count anew

        var fifth = await PostAsync(pending, "second-factor", new { code = phone.WrongCode });
        var right = await PostAsync(pending, "second-factor", new { code = codes[0] });

        Assert.Equal(("code_wrong", "unauthenticated"), (fifth.Reason, right.Reason));
        Assert.True((await FindAsync(agent.Id)).SessionLockoutEnd > DateTimeOffset.UtcNow);
        pending = (await SignInAsync(agent))["token"];
        Assert.Equal("code_wrong", (await PostAsync(pending, "second-factor", new { code = codes[0] })).Reason); // right, and too early
        await using var db = api.Open();
        Assert.Equal(1, await db.Outbox.CountAsync(m => m.PersonId == agent.Id && m.Kind == OutboxKind.LockedOutMail));
        Assert.Equal(6, await db.Audit.CountAsync(a => a.ActorId == agent.Id && a.Action == AuditActions.SecondFactorFailed));
    }

    [Fact]
    public async Task A_stranger_who_locks_the_front_door_keeps_nobody_from_what_a_session_is_good_for()
    {
        var (agent, _, token, codes) = await SetUpAsync();
        var pending = (await SignInAsync(agent))["token"];
        for (var i = 0; i < 5; i++)
            await api.PostAsync("/account/sign-in", new { email = agent.Email, password = "not this password" });
        Assert.True((await FindAsync(agent.Id)).LockoutEnd > DateTimeOffset.UtcNow);

        var begun = await PostAsync(token, "second-factor/begin", new { password = Password });
        var proven = await PostAsync(pending, "second-factor", new { code = codes[0] });
        var changed = await PostAsync(token, "password", new { currentPassword = Password, newPassword = "my next long password" });

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.NoContent), (begun.Status, proven.Status, changed.Status));
        await using var db = api.Open();
        Assert.Equal(1, await db.Audit.CountAsync(a => a.Action == AuditActions.LockedOut && a.ActorId == agent.Id && a.Subject == $"{agent.Id}"));
    }

    [Fact]
    public async Task Guesses_while_it_is_set_up_are_counted()
    {
        var shopper = await api.SignedInAsync(password: Password);
        var begun = await PostAsync(shopper.Token, "second-factor/begin", new { password = Password });
        var phone = new Phone(api, begun["secret"]!.Replace(" ", "", StringComparison.Ordinal));

        for (var i = 0; i < 5; i++)
            Assert.Equal("code_wrong", (await PostAsync(shopper.Token, "second-factor/enable", new { code = phone.WrongCode })).Reason);

        Assert.True((await FindAsync(shopper.Id)).SessionLockoutEnd > DateTimeOffset.UtcNow);
        Assert.Equal("unauthenticated", (await api.GetAsync("/account", shopper.Bearer)).Reason);
    }

    [Theory]
    [InlineData("recovery-codes")]
    [InlineData("disable")]
    public async Task Where_there_is_no_second_factor_no_code_is_a_guess(string what)
    {
        var shopper = await api.SignedInAsync(password: Password);

        var refused = await PostAsync(shopper.Token, $"second-factor/{what}", new { code = "123456" });

        Assert.Equal((HttpStatusCode.Conflict, "second_factor_not_set_up"), (refused.Status, refused.Reason));
        Assert.Equal(0, (await FindAsync(shopper.Id)).SessionFailedCount);
    }

    [Fact]
    public async Task A_pending_session_can_neither_replace_the_second_factor_nor_outlive_ten_minutes()
    {
        var (agent, phone, _, _) = await SetUpAsync();
        var pending = (await SignInAsync(agent))["token"];

        Assert.Equal("second_factor_required", (await PostAsync(pending, "second-factor/begin", new { password = Password })).Reason);
        Assert.Equal("second_factor_required", (await PostAsync(pending, "second-factor/enable", new { code = phone.Code })).Reason);

        await using var db = api.Open();
        var session = await db.Sessions.AsNoTracking().SingleAsync(s => s.UserId == agent.Id && s.Pending && s.RevokedAt == null);
        Assert.Equal(TimeSpan.FromMinutes(10), session.ExpiresAt - session.CreatedAt);
        await db.Database.ExecuteSqlAsync($"UPDATE accounts.sessions SET expires_at = now() WHERE id = {session.Id}");
        Assert.Equal("unauthenticated", (await PostAsync(pending, "second-factor", new { code = await phone.NextCodeAsync() })).Reason);
    }

    [Fact]
    public async Task A_new_phone_works_from_its_proof_on_and_the_old_one_until_then()
    {
        var (agent, old, token, _) = await SetUpAsync();

        Assert.Equal("wrong_password", (await PostAsync(token, "second-factor/begin", new { password = "not this password" })).Reason);
        var begun = await PostAsync(token, "second-factor/begin", new { password = Password });
        var phone = new Phone(api, begun["secret"]!.Replace(" ", "", StringComparison.Ordinal));
        var meanwhile = await PostAsync((await SignInAsync(agent))["token"], "second-factor", new { code = await old.NextCodeAsync() });
        var enabled = await PostAsync(token, "second-factor/enable", new { code = phone.Code });
        var pending = (await SignInAsync(agent))["token"];

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (meanwhile.Status, enabled.Status));
        Assert.Equal("code_wrong", (await PostAsync(pending, "second-factor", new { code = old.Code })).Reason);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(pending, "second-factor", new { code = await phone.NextCodeAsync() })).Status);
    }

    [Fact]
    public async Task New_recovery_codes_kill_the_old_ones()
    {
        var (agent, phone, token, codes) = await SetUpAsync();

        Assert.Equal("code_wrong", (await PostAsync(token, "second-factor/recovery-codes", new { code = phone.WrongCode })).Reason);
        var renewed = await PostAsync(token, "second-factor/recovery-codes", new { code = await phone.NextCodeAsync() });
        var pending = (await SignInAsync(agent))["token"];

        Assert.Equal("code_wrong", (await PostAsync(pending, "second-factor", new { code = codes[0] })).Reason);
        var fresh = renewed.Json.GetProperty("recoveryCodes")[0].GetString()!;
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(pending, "second-factor", new { code = $" {fresh.Replace("-", "", StringComparison.Ordinal)} " })).Status);
    }

    [Fact]
    public async Task A_shopper_may_give_it_up_and_staff_may_not()
    {
        var (_, phone, token, _) = await SetUpAsync();
        var shopper = await api.SignedInAsync(password: Password);
        var begun = await PostAsync(shopper.Token, "second-factor/begin", new { password = Password });
        var theirs = new Phone(api, begun["secret"]!.Replace(" ", "", StringComparison.Ordinal));
        var own = (await PostAsync(shopper.Token, "second-factor/enable", new { code = theirs.Code }))["token"];
        Assert.Equal("second_factor", (await SignInAsync(shopper))["next"]);

        Assert.Equal("second_factor_required_for_staff", (await PostAsync(token, "second-factor/disable", new { code = await phone.NextCodeAsync() })).Reason);
        Assert.Equal("code_wrong", (await PostAsync(own, "second-factor/disable", new { code = theirs.WrongCode })).Reason);
        Assert.Equal(HttpStatusCode.NoContent, (await PostAsync(own, "second-factor/disable", new { code = await theirs.NextCodeAsync() })).Status);

        Assert.Equal("done", (await SignInAsync(shopper))["next"]);
    }
}
