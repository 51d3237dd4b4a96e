using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Shop.Api.Accounts;
using Shop.Data.Accounts;
using Shop.Data.Outbox;
using Shop.Data.People;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Accounts over real HTTP and a real database; the mails' links are made here as the relay makes them.</summary>
public sealed class AccountTests(ApiHost api) : IClassFixture<ApiHost>
{
    private const string Password = "a long walk in the rain";

    private static string NewEmail() => $"Visitor-{Guid.NewGuid():N}@Example.org";

    private Task<Answer> RegisterAsync(string email, string password = Password, string name = "Ada Visitor") =>
        api.PostAsync("/account/register", new { email, name, password });

    private Task<Answer> SignInAsync(string email, string password = Password) => api.PostAsync("/account/sign-in", new { email, password });

    private async Task<ShopUser> FindAsync(string email)
    {
        await using var db = api.Open();
        return await db.Users.AsNoTracking().Include(u => u.Person).SingleAsync(u => u.Person.AccountEmail == Person.AccountEmailOf(email));
    }

    private async Task<OutboxKind[]> MailsAsync(Guid person)
    {
        await using var db = api.Open();
        return await db.Outbox.Where(m => m.PersonId == person).OrderBy(m => m.Id).Select(m => m.Kind).ToArrayAsync();
    }

    /// <summary>What the relay would put into the mail.</summary>
    private async Task<string> LinkAsync(string email, LinkPurpose purpose, DateTimeOffset? issued = null)
    {
        var user = await FindAsync(email);
        return Any.Links.Make(purpose, user.Id, issued ?? DateTimeOffset.UtcNow, user.SecurityStamp!);
    }

    private async Task<string> ConfirmedAsync()
    {
        var email = NewEmail();
        Assert.Equal(HttpStatusCode.Accepted, (await RegisterAsync(email)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("/account/confirm", new { token = await LinkAsync(email, LinkPurpose.ConfirmEmail) })).Status);
        return email;
    }

    [Fact]
    public async Task Whoever_confirms_the_address_can_sign_in_and_see_the_account()
    {
        var email = await ConfirmedAsync();

        var signedIn = await SignInAsync(email.ToUpperInvariant());
        var account = await api.GetAsync("/account", Somebody.BearerOf(signedIn["token"]));

        Assert.Equal((HttpStatusCode.OK, "done", 43), (signedIn.Status, signedIn["next"], signedIn["token"]!.Length));
        Assert.Equal((email, "Ada Visitor", "False", "False"), (account["email"], account["name"], account["isStaff"], account["secondFactor"]));
        Assert.Equal(["shopper"], account.Json.GetProperty("roles").EnumerateArray().Select(r => r.GetString()!));
        Assert.Equal([OutboxKind.ConfirmEmailMail], await MailsAsync((await FindAsync(email)).Id));
    }

    [Fact]
    public async Task An_authenticated_request_costs_one_round_trip_more_and_signing_in_two_in_all()
    {
        var email = await ConfirmedAsync();
        await SignInAsync(email);

        api.Wire.Reset();
        var signedIn = await SignInAsync(email);
        var forSignIn = api.Wire.RoundTrips;
        await SignInAsync(email, "not this password");
        var forFailure = api.Wire.RoundTrips - forSignIn;
        await SignInAsync(NewEmail());
        var forNobody = api.Wire.RoundTrips - forSignIn - forFailure;

        api.Wire.Reset();
        await api.GetAsync("/account", Somebody.BearerOf(signedIn["token"]));
        var forAccount = api.Wire.RoundTrips;
        await api.GetAsync("/cart", Somebody.BearerOf(signedIn["token"]));
        var forEmptyCart = api.Wire.RoundTrips - forAccount;
        await api.GetAsync("/cart");

        Assert.Equal((2, 1, 1), (forSignIn, forFailure, forNobody));
        Assert.Equal((2, 1, 3), (forAccount, forEmptyCart, api.Wire.RoundTrips));
    }

    [Fact]
    public async Task A_new_and_a_known_address_get_the_same_answer_and_different_mails()
    {
        var known = await ConfirmedAsync();
        var fresh = NewEmail();

        var (first, second) = (await RegisterAsync(fresh), await RegisterAsync(known.ToUpperInvariant(), "another long password", "Somebody else"));

        Assert.Equal((first.Status, first.Text), (second.Status, second.Text));
        Assert.Equal([OutboxKind.ConfirmEmailMail, OutboxKind.AlreadyRegisteredMail], await MailsAsync((await FindAsync(known)).Id));
        Assert.Equal([OutboxKind.ConfirmEmailMail], await MailsAsync((await FindAsync(fresh)).Id));
        Assert.Equal("done", (await SignInAsync(known))["next"]); // neither name nor password were taken from the second one
        Assert.Equal("Ada Visitor", (await FindAsync(known)).Person.Name);
    }

    [Fact]
    public async Task Whoever_reads_the_mail_chooses_the_password_and_not_who_asked_for_the_account_first()
    {
        const string Strangers = "the words of a stranger", Readers = "the words of the reader";
        var email = NewEmail();
        await RegisterAsync(email, Strangers, "A Stranger");
        await RegisterAsync(email, Readers);

        Assert.Equal([OutboxKind.ConfirmEmailMail, OutboxKind.ResetPasswordMail], await MailsAsync((await FindAsync(email)).Id));
        var chosen = await api.PostAsync("/account/password/reset", new { token = await LinkAsync(email, LinkPurpose.ResetPassword), password = Readers });

        Assert.Equal(HttpStatusCode.NoContent, chosen.Status);
        Assert.Equal(("sign_in_failed", null), ((await SignInAsync(email, Strangers)).Reason, (await SignInAsync(email, Strangers))["next"]));
        Assert.Equal("done", (await SignInAsync(email, Readers))["next"]);
    }

    [Fact]
    public async Task Text_that_can_not_be_stored_is_refused_and_no_error_of_ours()
    {
        var admin = await api.SignedInAsync(Role.Admin);

        Answer[] refused =
        [
            await SignInAsync("a\0b"), await api.PostAsync("/account/password/forgot", new { email = "a\0b@example.org" }),
            await api.PostAsync("/orders/1/link", new { email = "a\0b@example.org" }),
            await api.GetAsync("/operations/audit?text=%00", admin.Bearer), await api.GetAsync("/operations/audit?who=%00", admin.Bearer),
            await api.PostAsync($"/operations/staff/{admin.Id}/unlock", new { why = "any\0thing" }, admin.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}")),
        ];

        Assert.All(refused, r => Assert.Equal((HttpStatusCode.BadRequest, "invalid_text"), (r.Status, r.Reason)));
        Assert.DoesNotContain(api.Logged, line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains("22021", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Twelve_registrations_of_one_address_at_once_make_one_account()
    {
        var email = NewEmail();

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => RegisterAsync(email)));

        Assert.All(answers, a => Assert.Equal(HttpStatusCode.Accepted, a.Status));
        await using var db = api.Open();
        Assert.Equal(1, await db.People.CountAsync(p => p.AccountEmail == Person.AccountEmailOf(email)));
        Assert.Equal(1, await db.Users.CountAsync(u => u.Person.AccountEmail == Person.AccountEmailOf(email)));
    }

    [Theory]
    [InlineData("nobody", "Ada", Password, "email")]
    [InlineData("ada@example.org", " ", Password, "name")]
    [InlineData("ada@example.org", "Ada", "too short", "password")]
    [InlineData("ada@example.org", "Ada", "password1234", "password")]
    [InlineData("ada.lovelace@example.org", "Ada", "ada.lovelace@example.org", "password")]
    [InlineData("ada@example.org", "Augusta Lovelace", "augustalovelace1", "password")]
    [InlineData("ada@example.org", "Ada", "shopshopshop!", "password")]
    public async Task What_can_not_be_an_account_is_said_by_field(string email, string name, string password, string field)
    {
        var refused = await RegisterAsync(email, password, name);

        Assert.Equal((HttpStatusCode.UnprocessableEntity, "validation_failed"), (refused.Status, refused.Reason));
        Assert.Equal([field], refused.Json.GetProperty("errors").EnumerateObject().Select(e => e.Name));
    }

    [Fact]
    public async Task Everything_that_is_wrong_with_a_sign_in_has_one_answer()
    {
        var (fine, unconfirmed, locked, disabled) = (await ConfirmedAsync(), NewEmail(), await ConfirmedAsync(), await ConfirmedAsync());
        await RegisterAsync(unconfirmed);
        await using var db = api.Open();
        var (lockedId, disabledId) = ((await FindAsync(locked)).Id, (await FindAsync(disabled)).Id);
        await db.Users.Where(u => u.Id == lockedId).ExecuteUpdateAsync(u => u.SetProperty(x => x.LockoutEnd, DateTimeOffset.UtcNow.AddMinutes(5)));
        await db.Users.Where(u => u.Id == disabledId).ExecuteUpdateAsync(u => u.SetProperty(x => x.DisabledAt, DateTimeOffset.UtcNow));

        Answer[] refused =
        [
            await SignInAsync(NewEmail()), await SignInAsync(fine, "not this password"), await SignInAsync(unconfirmed), await SignInAsync(locked),
            await SignInAsync(disabled), await api.PostAsync("/account/sign-in", new { }),
        ];

        Assert.All(refused, r => Assert.Equal((HttpStatusCode.Unauthorized, "sign_in_failed", refused[0]["detail"]), (r.Status, r.Reason, r["detail"])));
    }

    [Fact]
    public async Task Of_a_storm_of_wrong_passwords_five_are_looked_at_and_the_owner_gets_one_mail()
    {
        var email = await ConfirmedAsync();
        var id = (await FindAsync(email)).Id;

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => SignInAsync(email, "not this password")));
        Assert.Equal((4, null), ((await FindAsync(email)).AccessFailedCount, (await FindAsync(email)).LockoutEnd));
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SignInAsync(email, "not this password")));

        var user = await FindAsync(email);
        Assert.True(user.LockoutEnd > DateTimeOffset.UtcNow && user.AccessFailedCount == 0);
        Assert.Equal("sign_in_failed", (await SignInAsync(email)).Reason);
        Assert.Equal([OutboxKind.ConfirmEmailMail, OutboxKind.LockedOutMail], await MailsAsync(id));

        await using var db = api.Open();
        await db.Users.Where(u => u.Id == id).ExecuteUpdateAsync(u => u.SetProperty(x => x.LockoutEnd, DateTimeOffset.UtcNow.AddSeconds(-1)));
        Assert.Equal("done", (await SignInAsync(email))["next"]); // over, and nobody had to do anything
    }

    [Fact]
    public async Task A_right_password_forgets_the_failures_before_it()
    {
        var email = await ConfirmedAsync();
        for (var i = 0; i < 4; i++)
            await SignInAsync(email, "not this password");

        await SignInAsync(email);

        Assert.Equal(0, (await FindAsync(email)).AccessFailedCount);
    }

    [Fact]
    public async Task A_link_is_good_once_in_its_time_and_for_its_purpose()
    {
        var email = NewEmail();
        await RegisterAsync(email);
        var good = await LinkAsync(email, LinkPurpose.ConfirmEmail);
        string?[] bad =
        [
            null, "", "wrong", good[..^1] + (good[^1] == 'A' ? 'E' : 'A'), await LinkAsync(email, LinkPurpose.ResetPassword), await LinkAsync(email, LinkPurpose.Order),
            await LinkAsync(email, LinkPurpose.ConfirmEmail, DateTimeOffset.UtcNow.AddHours(-25)),
        ];

        foreach (var token in bad)
            Assert.Equal((HttpStatusCode.Gone, "link_expired"), await ConfirmAsync(token));
        Assert.Equal((HttpStatusCode.NoContent, null), await ConfirmAsync(good));
        Assert.Equal((HttpStatusCode.Gone, "link_expired"), await ConfirmAsync(good));

        async Task<(HttpStatusCode, string?)> ConfirmAsync(string? token) =>
            await api.PostAsync("/account/confirm", new { token }) is var answer ? (answer.Status, answer.Reason) : default;
    }

    [Fact]
    public async Task Mails_that_anybody_can_ask_for_go_to_whom_they_are_for_and_the_answer_is_always_the_same()
    {
        var (confirmed, waiting) = (await ConfirmedAsync(), NewEmail());
        await RegisterAsync(waiting);

        foreach (var path in (string[])["/account/password/forgot", "/account/confirm/resend"])
        {
            var answers = new[] { confirmed, waiting, NewEmail(), "nobody", null }.Select(email => api.PostAsync(path, new { email })).ToArray();
            Assert.All(await Task.WhenAll(answers), a => Assert.Equal((HttpStatusCode.Accepted, "{}"), (a.Status, a.Text)));
        }

        Assert.Equal([OutboxKind.ConfirmEmailMail, OutboxKind.ResetPasswordMail], await MailsAsync((await FindAsync(confirmed)).Id));
        Assert.Equal([OutboxKind.ConfirmEmailMail, OutboxKind.ResetPasswordMail], await MailsAsync((await FindAsync(waiting)).Id));
    }

    [Fact]
    public async Task A_mail_that_was_asked_for_a_moment_ago_is_not_sent_once_more_and_the_answer_is_the_same()
    {
        var (confirmed, waiting) = (await ConfirmedAsync(), NewEmail());
        await RegisterAsync(waiting);
        var (confirmedId, waitingId) = ((await FindAsync(confirmed)).Id, (await FindAsync(waiting)).Id);
        await using var db = api.Open();
        var stored = await Any.StoredOrderAsync(db);
        await db.PaymentJobs.Where(j => j.OrderId == stored.Id).ExecuteDeleteAsync();
        var number = await db.Orders.Where(o => o.Id == stored.Id).Select(o => o.Number).SingleAsync();

        await AskAsync();
        await AskAsync();
        await AgeAsync(TimeSpan.FromSeconds(30)); // a slow machine takes some more
        await AskAsync();
        Assert.Equal("1 1 1 1 1", await CountAsync());

        await AgeAsync(TimeSpan.FromSeconds(31));
        await AskAsync();
        Assert.Equal("2 2 2 2 2", await CountAsync());

        async Task AskAsync()
        {
            Answer[] answers =
            [
                await api.PostAsync("/account/password/forgot", new { email = confirmed }), await RegisterAsync(confirmed),
                await api.PostAsync("/account/confirm/resend", new { email = waiting }), await RegisterAsync(waiting),
                await api.PostAsync($"/orders/{number}/link", new { email = "guest@example.org" }),
            ];
            Assert.All(answers, a => Assert.Equal((HttpStatusCode.Accepted, "{}"), (a.Status, a.Text)));
        }

        Task AgeAsync(TimeSpan by) => db.Database.ExecuteSqlAsync(
            $"UPDATE shop.outbox SET created_at = created_at - {by} WHERE person_id IN ({confirmedId}, {waitingId}) OR order_id = {stored.Id}");

        async Task<string> CountAsync()
        {
            var (first, second) = (await MailsAsync(confirmedId), await MailsAsync(waitingId));
            int[] mails =
            [
                first.Count(k => k is OutboxKind.ResetPasswordMail), first.Count(k => k is OutboxKind.AlreadyRegisteredMail),
                second.Count(k => k is OutboxKind.ConfirmEmailMail), second.Count(k => k is OutboxKind.ResetPasswordMail),
                await db.Outbox.CountAsync(m => m.OrderId == stored.Id && m.Kind == OutboxKind.OrderLinkMail),
            ];
            return string.Join(' ', mails);
        }
    }

    [Fact]
    public async Task Whoever_is_locked_out_again_and_again_hears_of_it_once_an_hour_and_a_new_password_ends_it()
    {
        var email = await ConfirmedAsync();
        var id = (await FindAsync(email)).Id;
        await using var db = api.Open();

        await LockAsync();
        await db.Users.Where(u => u.Id == id).ExecuteUpdateAsync(u => u.SetProperty(x => x.LockoutEnd, DateTimeOffset.UtcNow.AddSeconds(-1)));
        await LockAsync();
        Assert.Equal(1, await CountAsync());

        await db.Outbox.Where(m => m.PersonId == id).ExecuteUpdateAsync(m => m.SetProperty(x => x.CreatedAt, DateTimeOffset.UtcNow.AddMinutes(-61)));
        await db.Users.Where(u => u.Id == id).ExecuteUpdateAsync(u => u.SetProperty(x => x.LockoutEnd, DateTimeOffset.UtcNow.AddSeconds(-1)));
        await LockAsync();
        Assert.Equal(2, await CountAsync());

        await api.PostAsync("/account/password/reset", new { token = await LinkAsync(email, LinkPurpose.ResetPassword), password = "my next long password" });
        Assert.Equal("done", (await SignInAsync(email, "my next long password"))["next"]);

        async Task LockAsync()
        {
            for (var i = 0; i < 5; i++)
                await SignInAsync(email, "not this password");
            Assert.True((await FindAsync(email)).LockoutEnd > DateTimeOffset.UtcNow);
        }

        Task<int> CountAsync() => db.Outbox.CountAsync(m => m.PersonId == id && m.Kind == OutboxKind.LockedOutMail);
    }

    [Fact]
    public async Task Trying_before_the_address_is_confirmed_locks_nobody_out_afterwards()
    {
        var email = NewEmail();
        await RegisterAsync(email);
        for (var i = 0; i < 5; i++)
            await SignInAsync(email);
        Assert.True((await FindAsync(email)).LockoutEnd > DateTimeOffset.UtcNow);

        await api.PostAsync("/account/confirm", new { token = await LinkAsync(email, LinkPurpose.ConfirmEmail) });

        Assert.Equal("done", (await SignInAsync(email))["next"]);
    }

    [Fact]
    public async Task Signing_in_again_ends_the_session_it_came_with_and_failing_does_not()
    {
        var email = await ConfirmedAsync();
        var (first, other) = ((await SignInAsync(email))["token"], (await SignInAsync(email))["token"]);

        await api.PostAsync("/account/sign-in", new { email, password = "not this password" }, Somebody.BearerOf(first));
        var before = (await api.GetAsync("/account", Somebody.BearerOf(first))).Status;
        var second = (await api.PostAsync("/account/sign-in", new { email, password = Password }, Somebody.BearerOf(first)))["token"];

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized), (before, (await api.GetAsync("/account", Somebody.BearerOf(first))).Status));
        foreach (var token in (string?[])[second, other])
            Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/account", Somebody.BearerOf(token))).Status);
    }

    [Fact]
    public async Task A_reset_sets_the_password_once_and_ends_every_session()
    {
        var email = NewEmail();
        await RegisterAsync(email); // never confirmed: the mailed link proves the address as well
        var token = await LinkAsync(email, LinkPurpose.ResetPassword);

        Assert.Equal("validation_failed", (await ResetAsync(token, "short")).Reason);
        var twins = await Task.WhenAll(ResetAsync(token, "one new long password"), ResetAsync(token, "another new long password"));
        var winner = twins[0].Status is HttpStatusCode.NoContent ? "one new long password" : "another new long password";

        Assert.Equal([HttpStatusCode.NoContent, HttpStatusCode.Gone], twins.Select(t => t.Status).Order());
        Assert.Equal("sign_in_failed", (await SignInAsync(email)).Reason);
        var session = await SignInAsync(email, winner);
        Assert.Equal("done", session["next"]);

        await ResetAsync(await LinkAsync(email, LinkPurpose.ResetPassword), Password);
        Assert.Equal("unauthenticated", (await api.GetAsync("/account", Somebody.BearerOf(session["token"]))).Reason);
        Assert.Equal(2, (await MailsAsync((await FindAsync(email)).Id)).Count(k => k is OutboxKind.PasswordChangedMail));

        Task<Answer> ResetAsync(string link, string password) => api.PostAsync("/account/password/reset", new { token = link, password });
    }

    [Fact]
    public async Task A_changed_password_ends_every_other_session_and_needs_the_current_one()
    {
        var email = await ConfirmedAsync();
        var (here, there) = ((await SignInAsync(email))["token"], (await SignInAsync(email))["token"]);

        var wrong = await ChangeAsync("not this password", "my next long password");
        var weak = await ChangeAsync(Password, "short");
        var changed = await ChangeAsync(Password, "my next long password");

        Assert.Equal(("wrong_password", "validation_failed", HttpStatusCode.NoContent), (wrong.Reason, weak.Reason, changed.Status));
        Assert.Equal(["newPassword"], weak.Json.GetProperty("errors").EnumerateObject().Select(e => e.Name));
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/account", Somebody.BearerOf(here))).Status);
        Assert.Equal("unauthenticated", (await api.GetAsync("/account", Somebody.BearerOf(there))).Reason);
        Assert.Equal("done", (await SignInAsync(email, "my next long password"))["next"]);

        Task<Answer> ChangeAsync(string currentPassword, string newPassword) =>
            api.PostAsync("/account/password", new { currentPassword, newPassword }, Somebody.BearerOf(here));
    }

    [Fact]
    public async Task A_stolen_session_is_no_place_to_guess_the_password()
    {
        var email = await ConfirmedAsync();
        var stolen = (await SignInAsync(email))["token"];

        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => GuessAsync($"guess number {i} of many")));

        Assert.Equal("wrong_password", (await GuessAsync(Password)).Reason); // right, and too late
        Assert.True((await FindAsync(email)).SessionLockoutEnd > DateTimeOffset.UtcNow);
        Assert.Equal("done", (await SignInAsync(email))["next"]); // the front door is another matter
        Assert.Equal(1, (await MailsAsync((await FindAsync(email)).Id)).Count(k => k is OutboxKind.LockedOutMail));

        Task<Answer> GuessAsync(string currentPassword) =>
            api.PostAsync("/account/password", new { currentPassword, newPassword = "my next long password" }, Somebody.BearerOf(stolen));
    }

    [Fact]
    public async Task Sessions_are_listed_by_device_and_end_the_moment_they_are_revoked()
    {
        var email = await ConfirmedAsync();
        var here = (await api.PostAsync("/account/sign-in", new { email, password = Password }, ("User-Agent",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chromium/130.0 Chrome/130.0 Safari/537.36")))["token"];
        var (there, elsewhere) = ((await SignInAsync(email))["token"], (await SignInAsync(email))["token"]);

        var listed = (await api.GetAsync("/account/sessions", Somebody.BearerOf(here))).Json.GetProperty("items").EnumerateArray().ToList();
        var own = listed.Single(s => s.GetProperty("isCurrent").GetBoolean());
        var other = listed.First(s => !s.GetProperty("isCurrent").GetBoolean()).GetProperty("id").GetGuid();
        var stranger = await api.SignedInAsync();

        Assert.Equal((3, "Chromium on Linux"), (listed.Count, own.GetProperty("device").GetString()));
        Assert.Equal("session_not_found", (await api.PostAsync($"/account/sessions/{other}/revoke", null, stranger.Bearer)).Reason);
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync($"/account/sessions/{other}/revoke", null, Somebody.BearerOf(here))).Status);
        Assert.Equal("session_not_found", (await api.PostAsync($"/account/sessions/{other}/revoke", null, Somebody.BearerOf(here))).Reason);
        Assert.Single(await Task.WhenAll(IsOpenAsync(there), IsOpenAsync(elsewhere)), open => open);

        await api.PostAsync("/account/sessions/revoke-others", null, Somebody.BearerOf(here));
        Assert.Equal((true, false, false), (await IsOpenAsync(here), await IsOpenAsync(there), await IsOpenAsync(elsewhere)));
        await api.PostAsync("/account/sign-out", null, Somebody.BearerOf(here));
        Assert.False(await IsOpenAsync(here));
        Assert.Equal(HttpStatusCode.NoContent, (await api.PostAsync("/account/sign-out", null, Somebody.BearerOf(here))).Status);

        async Task<bool> IsOpenAsync(string? token) => (await api.GetAsync("/account", Somebody.BearerOf(token))).Status is HttpStatusCode.OK;
    }

    [Fact]
    public async Task A_session_lives_by_its_use_up_to_an_end_and_an_expired_one_is_nobody()
    {
        var somebody = await api.SignedInAsync();
        await using var db = api.Open();
        var now = DateTimeOffset.UtcNow;

        Assert.Equal(await SeenAsync(), await AskAndSeeAsync()); // seen just now: not written again
        await SetAsync(created: now.AddDays(-1), seen: now.AddMinutes(-6), expires: now.AddDays(1));
        var moved = await AskAndSeeAsync();
        Assert.True(moved.LastSeenAt >= now && moved.ExpiresAt >= now.AddDays(30));
        await SetAsync(created: now.AddDays(-89), seen: now.AddMinutes(-6), expires: now.AddHours(1));
        Assert.Equal(now.AddDays(1), (await AskAndSeeAsync()).ExpiresAt, TimeSpan.FromSeconds(1)); // 90 days in all, however busy
        await SetAsync(created: now.AddDays(-89), seen: now.AddMinutes(-6), expires: now.AddSeconds(-1));
        Assert.Equal("unauthenticated", (await api.GetAsync("/account", somebody.Bearer)).Reason);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/cart", somebody.Bearer)).Status); // for what is for everybody, it does no harm

        async Task<(DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt)> AskAndSeeAsync()
        {
            Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/account", somebody.Bearer)).Status);
            return await SeenAsync();
        }

        async Task<(DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt)> SeenAsync() =>
            await db.Sessions.AsNoTracking().SingleAsync(s => s.Id == somebody.SessionId) is var s ? (s.LastSeenAt, s.ExpiresAt) : default;

        Task SetAsync(DateTimeOffset created, DateTimeOffset seen, DateTimeOffset expires) => db.Database.ExecuteSqlAsync($"""
            UPDATE accounts.sessions SET created_at = {created}, last_seen_at = {seen}, expires_at = {expires} WHERE id = {somebody.SessionId}
            """);
    }

    [Fact]
    public async Task The_sweep_forgets_what_has_expired_and_nothing_else()
    {
        var (gone, here) = (await api.SignedInAsync(), await api.SignedInAsync());
        await using var db = api.Open();
        await db.Database.ExecuteSqlAsync($"UPDATE accounts.sessions SET expires_at = now() - interval '1 s' WHERE id = {gone.SessionId}");

        await api.Services.GetServices<IHostedService>().OfType<SessionSweep>().Single().SweepAsync(ApiHost.Ct);

        Assert.False(await db.Sessions.AnyAsync(s => s.Id == gone.SessionId));
        Assert.True(await db.Sessions.AnyAsync(s => s.Id == here.SessionId));
    }

    [Fact]
    public async Task Own_orders_are_listed_newest_first_page_by_page_and_open_without_a_key()
    {
        var (somebody, other) = (await api.SignedInAsync(), await api.SignedInAsync());
        await using var db = api.Open();
        List<long> numbers = [];
        for (var i = 0; i < 21; i++)
        {
            var order = await Any.StoredOrderAsync(db, quantity: 2);
            await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteDeleteAsync(); // no charge for another test's worker to find
            await db.Orders.Where(o => o.Id == order.Id).ExecuteUpdateAsync(o => o.SetProperty(x => x.UserId, somebody.Id));
            numbers.Add(await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync());
            db.ChangeTracker.Clear();
        }

        var first = await api.GetAsync("/account/orders", somebody.Bearer);
        var second = await api.GetAsync($"/account/orders?before={first["next"]}", somebody.Bearer);

        var newestFirst = numbers.OrderDescending().ToList();
        Assert.Equal(newestFirst, [.. NumbersOf(first), .. NumbersOf(second)]);
        Assert.Equal((newestFirst[19], 2, ""), (long.Parse(first["next"]!, null), first.Json.GetProperty("items")[0].GetProperty("itemCount").GetInt32(), second["next"]));
        Assert.Empty(NumbersOf(await api.GetAsync("/account/orders", other.Bearer)));
        Assert.Equal("True", (await api.GetAsync($"/orders/{newestFirst[0]}", somebody.Bearer))["ownedByYou"]);
        Assert.Equal("order_not_found", (await api.GetAsync($"/orders/{newestFirst[0]}", other.Bearer)).Reason);
        Assert.Equal("order_not_found", (await api.GetAsync($"/orders/{newestFirst[0]}")).Reason);

        static IEnumerable<long> NumbersOf(Answer answer) => answer.Json.GetProperty("items").EnumerateArray().Select(o => o.GetProperty("number").GetInt64());
    }

    [Fact]
    public async Task A_checkout_while_signed_in_is_an_order_of_ones_own()
    {
        var somebody = await api.SignedInAsync();
        await api.StockAsync(5, "own-order");
        var guest = await api.GuestAsync(("own-order", 1));
        var working = api.WorkAsync(ApiHost.Paid);
        var placed = await api.PostAsync(
            "/checkout", guest.Form(), ("X-Cart", guest.Token), ("Idempotency-Key", $"{Guid.NewGuid()}"), somebody.Bearer);
        await working;

        Assert.Equal(("True", 75), (placed["ownedByYou"], placed["key"]!.Length));
        Assert.Equal("paid", (await api.GetAsync($"/orders/{placed["number"]}", somebody.Bearer))["status"]);
        var byKey = await api.GetAsync($"/orders/{placed["number"]}", ("X-Order-Key", placed["key"]));
        Assert.Equal(("paid", "False"), (byKey["status"], byKey["ownedByYou"]));
    }

    [Fact]
    public async Task An_expired_key_is_told_from_a_wrong_one_and_its_owner_needs_none()
    {
        var somebody = await api.SignedInAsync();
        await using var db = api.Open();
        var stored = await Any.StoredOrderAsync(db);
        await db.PaymentJobs.Where(j => j.OrderId == stored.Id).ExecuteDeleteAsync();
        await db.Orders.Where(o => o.Id == stored.Id).ExecuteUpdateAsync(o => o.SetProperty(x => x.UserId, somebody.Id));
        var number = await db.Orders.Where(o => o.Id == stored.Id).Select(o => o.Number).SingleAsync();
        var expired = ("X-Order-Key", (string?)Any.Links.Make(LinkPurpose.Order, stored.Id, DateTimeOffset.UtcNow.AddDays(-181)));
        var others = ("X-Order-Key", (string?)Any.Links.Make(LinkPurpose.Order, Guid.NewGuid(), DateTimeOffset.UtcNow));

        foreach (var act in (string[])["", "/look", "/payments"])
        {
            Assert.Equal((HttpStatusCode.Gone, "link_expired"), await AskAsync(act, expired));
            Assert.Equal((HttpStatusCode.NotFound, "order_not_found"), await AskAsync(act, others));
        }

        Assert.Equal((HttpStatusCode.OK, null), await AskAsync("", expired, somebody.Bearer));

        async Task<(HttpStatusCode, string?)> AskAsync(string act, params (string, string?)[] headers)
        {
            var answer = act is "" ? await api.GetAsync($"/orders/{number}", headers) : await api.PostAsync(
                $"/orders/{number}{act}", new { paymentToken = "pm_card_visa", provider = "stripe" }, [.. headers, ("Idempotency-Key", $"{Guid.NewGuid()}")]);
            return (answer.Status, answer["number"] is null ? answer.Reason : null);
        }
    }

    [Fact]
    public async Task A_new_link_goes_to_the_orders_own_address_alone()
    {
        await using var db = api.Open();
        var stored = await Any.StoredOrderAsync(db);
        await db.PaymentJobs.Where(j => j.OrderId == stored.Id).ExecuteDeleteAsync();
        var number = await db.Orders.Where(o => o.Id == stored.Id).Select(o => o.Number).SingleAsync();

        Answer[] answers =
        [
            await api.PostAsync($"/orders/{number}/link", new { email = "thief@example.org" }), await api.PostAsync("/orders/1/link", new { email = "guest@example.org" }),
            await api.PostAsync($"/orders/{number}/link", new { email = " Guest@Example.org" }),
        ];

        Assert.All(answers, a => Assert.Equal((HttpStatusCode.Accepted, "{}"), (a.Status, a.Text)));
        Assert.Equal([OutboxKind.OrderLinkMail], await db.Outbox.Where(m => m.OrderId == stored.Id).Select(m => m.Kind).ToArrayAsync());
    }
}
