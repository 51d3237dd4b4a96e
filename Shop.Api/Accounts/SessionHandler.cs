using System.Net.Http.Headers;
using System.Diagnostics;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Data.Accounts;
using Shop.ServiceDefaults;

namespace Shop.Api.Accounts;

/// <summary>Reads <c>Authorization: Bearer</c>: one statement for a request that carries a token, none for one that does not.</summary>
internal sealed class SessionHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, NpgsqlDataSource database,
    IOptions<AccountOptions> accounts, TimeProvider clock) : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    public const string SchemeName = "Session";
    private const int TokenLength = 43;

    // That it was used is written every few minutes, not with every page.
    private const string Sql = """
        WITH found AS MATERIALIZED (
            SELECT s.id, s.user_id, u.role, s.pending, s.second_factor_at, s.created_at, s.last_seen_at
            FROM accounts.sessions s JOIN accounts.users u ON u.id = s.user_id
            WHERE s.token_hash = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND u.disabled_at IS NULL),
        seen AS (
            UPDATE accounts.sessions s
            SET last_seen_at = $2,
                expires_at = CASE found.role WHEN 'Shopper' THEN least($2 + $4, s.created_at + $5) ELSE least($2 + $6, s.created_at + $7) END
            FROM found WHERE s.id = found.id AND NOT found.pending AND found.last_seen_at <= $3)
        SELECT id, user_id, role, pending, second_factor_at IS NOT NULL FROM found
        """;

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!AuthenticationHeaderValue.TryParse(Request.Headers.Authorization, out var header)
            || !"Bearer".Equals(header.Scheme, StringComparison.OrdinalIgnoreCase) || header.Parameter is not { Length: TokenLength } token)
            return AuthenticateResult.NoResult();

        var (now, limits) = (clock.GetUtcNow(), accounts.Value);
        await using var batch = database.CreateBatch();
        batch.Add(
            Sql, Session.HashOf(token), now, now - limits.SeenEvery, limits.ShopperIdle, limits.ShopperLongest, limits.StaffIdle, limits.StaffLongest);
        await using var reader = await batch.ExecuteReaderAsync(Context.RequestAborted);
        if (!await reader.ReadAsync(Context.RequestAborted))
            return AuthenticateResult.NoResult(); // expired or revoked is as good as nobody

        var caller = new Caller(reader.GetGuid(1), Enum.Parse<Role>(reader.GetString(2)), reader.GetGuid(0), reader.GetBoolean(3), reader.GetBoolean(4));
        Activity.Current?.SetTag("enduser.id", $"{caller.UserId}");
        return AuthenticateResult.Success(new AuthenticationTicket(caller.ToPrincipal(), SchemeName));
    }

    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        return Problems.Refuse(401, "unauthenticated", "Please sign in.").ExecuteAsync(Context);
    }

    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) =>
        (Caller.Of(Context.User) is { IsPending: true } or { IsStaff: true, IsProven: false }
            ? Problems.Refuse(403, "second_factor_required", "Please finish signing in with your second factor.")
            : Problems.Refuse(403, "forbidden", "Your account is not allowed to do this.")).ExecuteAsync(Context);
}
