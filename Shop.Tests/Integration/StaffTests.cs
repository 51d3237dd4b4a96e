using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class StaffTests(ApiHost api) : IClassFixture<ApiHost>
{
    private static Task<Answer> ActAsync(ApiHost host, Somebody admin, string path, object body, Guid? key = null) =>
        host.PostAsync($"/operations/staff/{path}", body, admin.Bearer, ("Idempotency-Key", $"{key ?? Guid.NewGuid()}"));

    private Task<Answer> ActAsync(Somebody admin, string path, object body, Guid? key = null) => ActAsync(api, admin, path, body, key);

    private Task<Answer> AuditAsync(Somebody who, string query) => api.GetAsync($"/operations/audit?{query}", who.Bearer);

    private static List<JsonElement> ItemsOf(Answer answer) => [.. answer.Json.GetProperty("items").EnumerateArray()];

    [Fact]
    public async Task Somebody_new_is_invited_sets_a_password_and_is_on_the_list()
    {
        var admin = await api.SignedInAsync(Role.Admin);
        var email = $"new-{Guid.NewGuid():N}@example.org";
        var key = Guid.NewGuid();
        var form = new { email, name = "New Agent", role = "agent", why = "Summer help." };

        var invited = await ActAsync(admin, "invite", form, key);
        var same = await ActAsync(admin, "invite", form, key);
        var again = await ActAsync(admin, "invite", form);

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent, "already_staff"), (invited.Status, same.Status, again.Reason));
        var row = await RowAsync();
        Assert.Equal(("agent", "invited", false), (row.GetProperty("role").GetString(), row.GetProperty("state").GetString(), row.GetProperty("secondFactor").GetBoolean()));
        var id = row.GetProperty("id").GetGuid();
        await using var db = api.Open();
        Assert.Equal([OutboxKind.InvitationMail], await db.Outbox.Where(m => m.PersonId == id).Select(m => m.Kind).ToArrayAsync());
        Assert.Equal(1, await db.Audit.CountAsync(a => a.Subject == $"{id}"));

        var user = await db.Users.AsNoTracking().SingleAsync(u => u.Id == id);
        var token = Any.Links.Make(LinkPurpose.Invitation, id, DateTimeOffset.UtcNow.AddDays(-6), user.SecurityStamp!);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("/account/password/reset", new { token, password = "my first long password" })).Status);
        Assert.Equal("set_up_second_factor", (await api.PostAsync("/account/sign-in", new { email, password = "my first long password" }))["next"]);
        Assert.Equal("active", (await RowAsync()).GetProperty("state").GetString());

        async Task<JsonElement> RowAsync() =>
            ItemsOf(await api.GetAsync("/operations/staff", admin.Bearer)).Single(s => s.GetProperty("email").GetString() == email);
    }

    [Fact]
    public async Task A_shopper_who_is_invited_keeps_the_password_only_if_the_address_is_proven()
    {
        var admin = await api.SignedInAsync(Role.Admin);
        var proven = await api.SignedInAsync(password: "the shopper's long password");
        var stranger = $"stranger-{Guid.NewGuid():N}@example.org";
        await api.PostAsync("/account/register", new { email = stranger, name = "Not the owner", password = "the stranger's long password" });

        foreach (var email in new[] { proven.Email, stranger })
            Assert.Equal(HttpStatusCode.NoContent, (await ActAsync(admin, "invite", new { email, name = "Any", role = "operator", why = "Moves to the office." })).Status);

        await using var db = api.Open();
        var first = await db.Users.SingleAsync(u => u.Id == proven.Id);
        var second = await db.Users.SingleAsync(u => u.Person.AccountEmail == stranger);
        Assert.Equal((Role.Operator, true), (first.Role, first.PasswordHash is not null));
        Assert.Equal((Role.Operator, null), (second.Role, second.PasswordHash));
        Assert.Equal("Any", await db.People.Where(p => p.Id == second.Id).Select(p => p.Name).SingleAsync()); // as the admin wrote it, and not the stranger
        Assert.Equal("unauthenticated", (await api.GetAsync("/account", proven.Bearer)).Reason);
        var change = Assert.Single(ItemsOf(await AuditAsync(admin, $"subject={proven.Id}")));
        Assert.Equal(("shopper", "operator"), (change.GetProperty("before").GetProperty("role").GetString(), change.GetProperty("after").GetProperty("role").GetString()));
    }

    [Fact]
    public async Task Another_role_ends_every_session_and_is_told_with_before_after_and_why()
    {
        var (admin, agent) = (await api.SignedInAsync(Role.Admin), await api.SignedInAsync(Role.Agent));

        var unnamed = await ActAsync(admin, $"{agent.Id}/role", new { role = "operator", why = "  x " });
        var unknown = await ActAsync(admin, $"{Guid.NewGuid()}/role", new { role = "operator", why = "No such person." });
        var changed = await ActAsync(admin, $"{agent.Id}/role", new { role = "shopper", why = "Left the company." });

        Assert.Equal(["why"], unnamed.Json.GetProperty("errors").EnumerateObject().Select(e => e.Name));
        Assert.Equal(("validation_failed", "user_not_found", HttpStatusCode.NoContent), (unnamed.Reason, unknown.Reason, changed.Status));
        Assert.Equal("unauthenticated", (await api.GetAsync("/operations/orders", agent.Bearer)).Reason);
        var entry = Assert.Single(ItemsOf(await AuditAsync(admin, $"subject={agent.Id}")));
        Assert.Equal(
            ("role_changed", "user", "Left the company.", "admin", admin.Id),
            (entry.GetProperty("action").GetString(), entry.GetProperty("subjectKind").GetString(), entry.GetProperty("why").GetString(),
                entry.GetProperty("actor").GetProperty("role").GetString(), entry.GetProperty("actor").GetProperty("id").GetGuid()));
        Assert.Equal(("""{"role":"agent"}""", """{"role":"shopper"}"""), (Compact("before"), Compact("after")));
        Assert.NotEmpty(entry.GetProperty("reference").GetString()!);

        string Compact(string member) => JsonSerializer.Serialize(entry.GetProperty(member));
    }

    [Fact]
    public async Task A_disabled_account_is_out_at_once_and_comes_back_by_being_enabled()
    {
        var (admin, agent) = (await api.SignedInAsync(Role.Admin), await api.SignedInAsync(Role.Agent, password: "the agent's long password"));

        await ActAsync(admin, $"{agent.Id}/disable", new { why = "Lost laptop." });
        var during = await api.PostAsync("/account/sign-in", new { email = agent.Email, password = "the agent's long password" });
        var open = await api.GetAsync("/account", agent.Bearer);
        await ActAsync(admin, $"{agent.Id}/enable", new { why = "Found again." });
        var after = await api.PostAsync("/account/sign-in", new { email = agent.Email, password = "the agent's long password" });

        Assert.Equal(("sign_in_failed", "unauthenticated", "second_factor"), (during.Reason, open.Reason, after["next"]));
        Assert.Equal("own_account", (await ActAsync(admin, $"{admin.Id}/disable", new { why = "By mistake." })).Reason);
        Assert.Equal("own_account", (await ActAsync(admin, $"{admin.Id}/reset-second-factor", new { why = "By mistake." })).Reason);
    }

    [Fact]
    public async Task A_lost_phone_and_a_lockout_are_undone_by_an_admin()
    {
        var (admin, agent) = (await api.SignedInAsync(Role.Admin), await api.SignedInAsync(Role.Agent, password: "the agent's long password"));
        await using var db = api.Open();
        await db.Users.Where(u => u.Id == agent.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.LockoutEnd, DateTimeOffset.UtcNow.AddMinutes(5)));

        await ActAsync(admin, $"{agent.Id}/reset-second-factor", new { why = "Lost phone." });
        await ActAsync(admin, $"{agent.Id}/unlock", new { why = "Called us." });

        var signedIn = await api.PostAsync("/account/sign-in", new { email = agent.Email, password = "the agent's long password" });
        Assert.Equal("set_up_second_factor", signedIn["next"]);
        Assert.Equal([OutboxKind.SecondFactorChangedMail], await db.Outbox.Where(m => m.PersonId == agent.Id).Select(m => m.Kind).ToArrayAsync());
    }

    [Fact]
    public async Task Only_who_has_not_signed_up_yet_is_invited_again()
    {
        var (admin, agent) = (await api.SignedInAsync(Role.Admin), await api.SignedInAsync(Role.Agent));
        var email = $"slow-{Guid.NewGuid():N}@example.org";
        await ActAsync(admin, "invite", new { email, name = "Slow Agent", role = "agent", why = "Summer help." });
        await using var db = api.Open();
        var slow = await db.Users.Where(u => u.Person.AccountEmail == email).Select(u => u.Id).SingleAsync();

        var refused = await ActAsync(admin, $"{agent.Id}/resend-invite", new { why = "By mistake." });
        var again = await ActAsync(admin, $"{slow}/resend-invite", new { why = "Lost the mail." });

        Assert.Equal((HttpStatusCode.Conflict, "not_invited", HttpStatusCode.NoContent), (refused.Status, refused.Reason, again.Status));
        Assert.False(await db.Audit.AnyAsync(a => a.Subject == $"{agent.Id}"));
        Assert.Equal(2, await db.Audit.CountAsync(a => a.Subject == $"{slow}"));
    }

    [Fact]
    public async Task An_admin_who_is_demoted_in_that_moment_invites_nobody()
    {
        var admin = await api.SignedInAsync(Role.Admin);
        var email = $"late-{Guid.NewGuid():N}@example.org";
        await using var db = api.Open();
        await using var demotion = await db.Database.BeginTransactionAsync();
        await db.Users.Where(u => u.Id == admin.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.Role, Role.Agent));

        var inviting = ActAsync(admin, "invite", new { email, name = "Late Agent", role = "agent", why = "Summer help." });
        await using (var watch = api.Open())
            await ApiHost.UntilAsync(async () => (await watch.Database.SqlQuery<int>(
                $"SELECT count(*)::int AS \"Value\" FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").SingleAsync()) > 0);
        await demotion.CommitAsync();

        var refused = await inviting;
        Assert.Equal((HttpStatusCode.Forbidden, "forbidden"), (refused.Status, refused.Reason));
        Assert.False(await db.People.AnyAsync(p => p.AccountEmail == email));
    }

    [Fact]
    public async Task Who_of_the_staff_ends_the_other_sessions_is_the_subject_of_that_entry()
    {
        var agent = await api.SignedInAsync(Role.Agent, password: "the agent's long password");
        await api.PostAsync("/account/sign-in", new { email = agent.Email, password = "the agent's long password" });

        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("/account/sessions/revoke-others", null, agent.Bearer)).Status);

        await using var db = api.Open();
        var entry = await db.Audit.SingleAsync(a => a.ActorId == agent.Id && a.Action == AuditActions.SessionRevoked);
        Assert.Equal((AuditSubjects.User, $"{agent.Id}"), (entry.SubjectKind, entry.Subject));
    }

    [Fact]
    public async Task Of_two_admins_who_demote_each_other_at_once_one_stays()
    {
        await using var host = await ApiHost.StartAsync(); // with no other admins
        for (var round = 0; round < 5; round++)
        {
            var (first, second) = (await host.SignedInAsync(Role.Admin), await host.SignedInAsync(Role.Admin));

            var answers = await Task.WhenAll(
                ActAsync(host, first, $"{second.Id}/role", new { role = "agent", why = "One is enough." }),
                ActAsync(host, second, $"{first.Id}/role", new { role = "agent", why = "One is enough." }));

            await using var db = host.Open();
            var left = await db.Users.Where(u => u.Role == Role.Admin).ToListAsync();
            Assert.Single(answers, a => a.Status is HttpStatusCode.NoContent);
            Assert.Single(answers, a => a.Reason is "forbidden" or "unauthenticated"); // the slower one is no admin any more
            var last = left.Single().Id == first.Id ? first : second;
            Assert.Equal("last_admin", (await ActAsync(host, last, $"{last.Id}/role", new { role = "operator", why = "I am tired." })).Reason);
            await db.Users.Where(u => u.Role == Role.Admin).ExecuteUpdateAsync(u => u.SetProperty(x => x.Role, Role.Agent));
        }
    }

    [Fact]
    public async Task Of_two_admins_who_step_down_at_once_one_stays()
    {
        await using var host = await ApiHost.StartAsync(); // with no other admins
        for (var round = 0; round < 5; round++)
        {
            Somebody[] admins = [await host.SignedInAsync(Role.Admin), await host.SignedInAsync(Role.Admin)];

            var answers = await Task.WhenAll(admins.Select(a => ActAsync(host, a, $"{a.Id}/role", new { role = "agent", why = "I am tired." })));

            Assert.Equal([null, "last_admin"], answers.Select(a => a.Reason).Order());
            await using var db = host.Open();
            Assert.Equal(1, await db.Users.CountAsync(u => u.Role == Role.Admin));
            await db.Users.Where(u => u.Role == Role.Admin).ExecuteUpdateAsync(u => u.SetProperty(x => x.Role, Role.Agent));
        }
    }

    [Fact]
    public async Task The_audit_is_searched_by_who_action_subject_reference_words_and_time_page_by_page()
    {
        var (admin, agent) = (await api.SignedInAsync(Role.Admin), await api.SignedInAsync(Role.Agent));
        var name = $"Zora {Guid.NewGuid():N}";
        await using var db = api.Open();
        await db.People.Where(p => p.Id == admin.Id).ExecuteUpdateAsync(p => p.SetProperty(x => x.Name, name));
        var start = DateTimeOffset.UtcNow;
        for (var i = 0; i < 60; i++)
            Assert.Equal(HttpStatusCode.NoContent, (await ActAsync(admin, $"{agent.Id}/unlock", new { why = $"Reason {i} zebrafish{i}" })).Status);

        var first = await AuditAsync(admin, $"subject={agent.Id}");
        var second = await AuditAsync(admin, $"subject={agent.Id}&before={first["next"]}");
        string[] whys = [.. ItemsOf(first).Concat(ItemsOf(second)).Select(i => i.GetProperty("why").GetString()!)];
        Assert.Equal(Enumerable.Range(0, 60).Reverse().Select(i => $"Reason {i} zebrafish{i}"), whys);
        Assert.Equal((50, 10, ""), (ItemsOf(first).Count, ItemsOf(second).Count, second["next"]));
        Assert.Contains("user_unlocked", first.Json.GetProperty("actions").EnumerateArray().Select(a => a.GetString()));

        var one = Assert.Single(ItemsOf(await AuditAsync(admin, "text=ZEBRAFISH42")));
        Assert.Equal(name, one.GetProperty("actor").GetProperty("name").GetString());
        Assert.Equal(one.GetProperty("id").GetGuid(), Assert.Single(ItemsOf(await AuditAsync(
            admin, $"reference={one.GetProperty("reference").GetString()!.Replace("-", "", StringComparison.Ordinal).ToLowerInvariant()}"))).GetProperty("id").GetGuid());
        foreach (var who in new[] { $"{admin.Id}", admin.Email.ToUpperInvariant(), name[..12] })
            Assert.Equal(50, ItemsOf(await AuditAsync(admin, $"who={Uri.EscapeDataString(who)}&action=user_unlocked")).Count);
        Assert.Empty(ItemsOf(await AuditAsync(admin, $"who={Guid.NewGuid()}")));
        Assert.Empty(ItemsOf(await AuditAsync(admin, $"subject={agent.Id}&action=role_changed")));
        Assert.Empty(ItemsOf(await AuditAsync(admin, $"subject={agent.Id}&to={Uri.EscapeDataString($"{start:O}")}")));
        Assert.Equal(50, ItemsOf(await AuditAsync(admin, $"subject={agent.Id}&from={Uri.EscapeDataString($"{start:O}")}")).Count);
        Assert.Empty(ItemsOf(await AuditAsync(admin, $"subject={agent.Id}&from={Uri.EscapeDataString($"{DateTimeOffset.UtcNow.AddSeconds(5):O}")}")));
    }

    [Fact]
    public async Task What_was_done_to_an_order_is_found_by_its_number_and_an_erased_person_has_no_name_in_it()
    {
        var (admin, clerk) = (await api.SignedInAsync(Role.Admin), await api.SignedInAsync(Role.Operator));
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        var job = await db.PaymentJobs.SingleAsync(j => j.OrderId == order.Id);
        job.State = JobState.Parked;
        await db.SaveChangesAsync();
        var number = await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync();

        await api.PostAsync($"/operations/jobs/{job.Id}/retry", new { why = "The gateway is back." }, clerk.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        var before = Assert.Single(ItemsOf(await AuditAsync(admin, $"subject={number}")));
        await db.People.Where(p => p.Id == clerk.Id).ExecuteUpdateAsync(p => p.SetProperty(x => x.Name, "").SetProperty(x => x.Email, "")
            .SetProperty(x => x.AccountEmail, (string?)null));
        var after = Assert.Single(ItemsOf(await AuditAsync(admin, $"subject={number}")));

        Assert.Equal(("job_retried", "order", $"{number}", "Some Operator"), (before.GetProperty("action").GetString(), before.GetProperty("subjectKind").GetString(),
            before.GetProperty("subject").GetString(), before.GetProperty("actor").GetProperty("name").GetString()));
        Assert.Equal(("parked", "waiting"), (before.GetProperty("before").GetProperty("state").GetString(), before.GetProperty("after").GetProperty("state").GetString()));
        Assert.Equal("", after.GetProperty("actor").GetProperty("name").GetString());
        await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteDeleteAsync();
    }

    [Theory]
    [InlineData("UPDATE accounts.audit SET why = 'x'")]
    [InlineData("DELETE FROM accounts.audit")]
    public async Task The_audit_can_only_be_added_to(string change)
    {
        var (admin, agent) = (await api.SignedInAsync(Role.Admin), await api.SignedInAsync(Role.Agent));
        await ActAsync(admin, $"{agent.Id}/unlock", new { why = "There is a row." });
        await using var db = api.Open();

        var refused = await Assert.ThrowsAsync<Npgsql.PostgresException>(() => db.Database.ExecuteSqlRawAsync(change));

        Assert.Contains("append-only", refused.MessageText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_personal_is_kept_in_the_audit()
    {
        var admin = await api.SignedInAsync(Role.Admin);
        var email = $"private-{Guid.NewGuid():N}@example.org";
        await ActAsync(admin, "invite", new { email, name = "Private Person", role = "agent", why = "Summer help." });
        await using var db = api.Open();
        var id = await db.People.Where(p => p.AccountEmail == email).Select(p => p.Id).SingleAsync();
        await ActAsync(admin, $"{id}/role", new { role = "operator", why = "Promoted." });
        await ActAsync(admin, $"{id}/reset-second-factor", new { why = "Lost phone." });

        foreach (var entry in await db.Audit.Where(a => a.Subject == $"{id}").ToListAsync())
        {
            var all = JsonSerializer.Serialize(entry);
            Assert.DoesNotContain("private", all, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Empty((await db.Audit.Select(a => a.Action).ToListAsync()).Except(AuditActions.All));
    }
}
