using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.People;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

/// <summary>Whoever reads our logs and traces learns nobody's address and nothing to sign in with.</summary>
public sealed class DiscretionTests
{
    private const string Password = "planted-password-4711-xyz";
    private const string NewPassword = "planted-password-0815-xyz";

    [Fact]
    public async Task Neither_logs_nor_spans_hold_an_address_a_password_a_token_or_a_code()
    {
        await using var api = await ApiHost.StartAsync();
        var traces = new ConcurrentQueue<string>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true, Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = span => traces.Enqueue(string.Join(' ',
            [
                span.DisplayName, .. span.TagObjects.Select(t => $"{t.Key}={t.Value}"), .. span.Baggage.Select(b => b.Value),
                .. span.Events.SelectMany(e => e.Tags.Select(t => $"{t.Key}={t.Value}")),
            ])),
        };
        ActivitySource.AddActivityListener(listener);
        var email = $"planted-{Guid.NewGuid():N}@example.org";
        List<string> secrets = [email, "Planted Name", Password, NewPassword];

        await api.PostAsync("/account/register", new { email, name = "Planted Name", password = Password });
        await api.PostAsync("/account/register", new { email, name = "Planted Name", password = Password });
        await api.PostAsync("/account/register", new { email, name = "Planted Name", password = "planted" });
        await api.PostAsync("/account/confirm", new { token = await LinkAsync(LinkPurpose.ConfirmEmail) });
        await api.PostAsync("/account/sign-in", new { email, password = $"{Password}-wrong" });
        var session = (await api.PostAsync("/account/sign-in", new { email, password = Password }))["token"]!;
        var key = (await PostAsync("/account/second-factor/begin", new { password = Password }))["secret"]!.Replace(" ", "", StringComparison.Ordinal);
        var phone = new Phone(api, key);
        var enabled = await PostAsync("/account/second-factor/enable", new { code = phone.Code });
        session = Secret(enabled["token"]!);
        var codes = enabled.Json.GetProperty("recoveryCodes").EnumerateArray().Select(c => Secret(c.GetString()!)).ToList();
        var pending = (await api.PostAsync("/account/sign-in", new { email, password = Password }))["token"]!;
        await api.PostAsync("/account/second-factor", new { code = "badcode" }, Somebody.BearerOf(Secret(pending)));
        await api.PostAsync("/account/second-factor", new { code = codes[0] }, Somebody.BearerOf(pending));
        await PostAsync("/account/password", new { currentPassword = Password, newPassword = NewPassword });
        await api.PostAsync("/account/password/forgot", new { email });
        await api.PostAsync("/account/password/reset", new { token = await LinkAsync(LinkPurpose.ResetPassword), password = NewPassword });
        var admin = await api.SignedInAsync(Role.Admin);
        await api.GetAsync($"/operations/audit?who={Uri.EscapeDataString(email)}&text={Uri.EscapeDataString(email)}", admin.Bearer);
        await api.PostAsync(
            "/operations/staff/invite", new { email, name = "Planted Name", role = "agent", why = "Any." }, admin.Bearer, ("Idempotency-Key", $"{Guid.NewGuid()}"));
        await api.GetAsync("/orders/1", ("X-Order-Key", Secret(Any.Links.Make(LinkPurpose.Order, Guid.NewGuid(), DateTimeOffset.UtcNow))));
        await api.PostAsync("/orders/1/link", new { email });
        await using (var broken = api.Open())
            await broken.Database.ExecuteSqlRawAsync("ALTER TABLE accounts.users RENAME TO users_gone"); // an error quotes nothing, either
        await api.PostAsync("/account/sign-in", new { email, password = Password });
        await api.PostAsync("/account/register", new { email = $"2-{email}", name = "Planted Name", password = Password });

        secrets.Add(session);
        Assert.Contains(api.Logged, line => line.Contains("/account/sign-in", StringComparison.Ordinal)); // it listens
        Assert.Contains(traces, span => span.Contains("accounts.users", StringComparison.Ordinal));
        var kept = await KeptAsync(api);
        Assert.Contains(kept, row => row.Contains("/account/sign-in", StringComparison.Ordinal));
        foreach (var secret in secrets.Append(key))
        {
            Assert.DoesNotContain(kept, row => row.Contains(secret, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(api.Logged, line => line.Contains(secret, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(traces, span => span.Contains(secret, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(traces, span => span.Contains(Uri.EscapeDataString(secret), StringComparison.OrdinalIgnoreCase));
        }

        string Secret(string secret)
        {
            secrets.Add(secret);
            return secret;
        }

        async Task<string> LinkAsync(LinkPurpose purpose)
        {
            await using var db = api.Open();
            var user = await db.Users.AsNoTracking().SingleAsync(u => u.Person.AccountEmail == Person.AccountEmailOf(email));
            return Secret(Any.Links.Make(purpose, user.Id, DateTimeOffset.UtcNow, user.SecurityStamp!));
        }

        Task<Answer> PostAsync(string path, object body) => api.PostAsync(path, body, Somebody.BearerOf(session));
    }

    /// <summary>All that telemetry keeps, once the last request is in it.</summary>
    private static async Task<List<string>> KeptAsync(ApiHost api)
    {
        await LogLineTests.LinesAsync(api, "event_id = 101 AND message LIKE 'POST /account/register failed%'");
        await using var database = Npgsql.NpgsqlDataSource.Create(api.Database);
        await using var command = database.CreateCommand("""
            SELECT t::text FROM telemetry.log_lines t UNION ALL SELECT t::text FROM telemetry.error_groups t UNION ALL SELECT t::text FROM telemetry.error_events t
            UNION ALL SELECT t::text FROM telemetry.error_hits t
            """);
        await using var reader = await command.ExecuteReaderAsync();
        List<string> rows = [];
        while (await reader.ReadAsync())
            rows.Add(reader.GetString(0));
        return rows;
    }
}
