using Shop.Web.Api;

namespace Shop.Web.Accounts;

internal sealed class AccountClient(HttpClient http)
{
    public Task<Fetched<AccountView>> GetAsync(CancellationToken ct) => http.FetchAsync<AccountView>("/account", ct);

    public Task<Fetched<SessionList>> GetSessionsAsync(CancellationToken ct) => http.FetchAsync<SessionList>("/account/sessions", ct);

    public Task<Fetched<OwnOrders>> GetOrdersAsync(long? before, CancellationToken ct) =>
        http.FetchAsync<OwnOrders>(before is null ? "/account/orders" : $"/account/orders?before={before}", ct);

    public Task<Fetched<SavedMethods>> GetPaymentMethodsAsync(CancellationToken ct) => http.FetchAsync<SavedMethods>("/account/payment-methods", ct);

    public Task<Written<Done>> RemovePaymentMethodAsync(Guid id, Guid key, CancellationToken ct) =>
        http.WriteAsync(ApiHttp.Post($"/account/payment-methods/{id}/remove", new { }, key), ct, whenEmpty: new Done());

    public Task<Written<Done>> RegisterAsync(string email, string name, string password, CancellationToken ct) =>
        SendAsync("register", new { email, name, password }, ct);

    public Task<Written<Done>> ConfirmAsync(string token, CancellationToken ct) => SendAsync("confirm", new { token }, ct);

    public Task<Written<Done>> ResendConfirmationAsync(string email, CancellationToken ct) => SendAsync("confirm/resend", new { email }, ct);

    public Task<Written<Done>> ForgotAsync(string email, CancellationToken ct) => SendAsync("password/forgot", new { email }, ct);

    public Task<Written<Done>> ResetAsync(string token, string password, CancellationToken ct) =>
        SendAsync("password/reset", new { token, password }, ct);

    public Task<Written<Done>> ChangePasswordAsync(string currentPassword, string newPassword, CancellationToken ct) =>
        SendAsync("password", new { currentPassword, newPassword }, ct);

    public Task<Written<SignedIn>> SignInAsync(string email, string password, CancellationToken ct) =>
        http.WriteAsync<SignedIn>(Post("sign-in", new { email, password }), ct);

    public Task<Written<NewSession>> ProveSecondFactorAsync(string code, CancellationToken ct) =>
        http.WriteAsync<NewSession>(Post("second-factor", new { code }), ct);

    /// <summary>Whoever is signed in for long says the password once more; staff on their way in have just said it.</summary>
    public Task<Written<NewSecret>> BeginSecondFactorAsync(string? password, CancellationToken ct) =>
        http.WriteAsync<NewSecret>(Post("second-factor/begin", new { password }), ct);

    public Task<Written<EnabledSecondFactor>> EnableSecondFactorAsync(string code, CancellationToken ct) =>
        http.WriteAsync<EnabledSecondFactor>(Post("second-factor/enable", new { code }), ct);

    public Task<Written<RecoveryCodeList>> RenewRecoveryCodesAsync(string code, CancellationToken ct) =>
        http.WriteAsync<RecoveryCodeList>(Post("second-factor/recovery-codes", new { code }), ct);

    public Task<Written<Done>> DisableSecondFactorAsync(string code, CancellationToken ct) => SendAsync("second-factor/disable", new { code }, ct);

    public Task<Written<Done>> SignOutAsync(CancellationToken ct) => SendAsync("sign-out", new { }, ct);

    public Task<Written<Done>> RevokeSessionAsync(Guid id, CancellationToken ct) => SendAsync($"sessions/{id}/revoke", new { }, ct);

    public Task<Written<Done>> RevokeOtherSessionsAsync(CancellationToken ct) => SendAsync("sessions/revoke-others", new { }, ct);

    private Task<Written<Done>> SendAsync(string what, object body, CancellationToken ct) =>
        http.WriteAsync(Post(what, body), ct, whenEmpty: new Done());

    // No key: what is sent twice here comes to the same, and a password is never sent again by itself.
    private static HttpRequestMessage Post(string what, object body) => new(HttpMethod.Post, $"/account/{what}")
    {
        Content = JsonContent.Create(body, body.GetType(), options: ApiHttp.Json),
    };
}

public sealed record AccountView(
    string Email, string Name, IReadOnlyList<string> Roles, bool SecondFactor, int RecoveryCodesLeft, bool IsStaff, bool SecondFactorProven)
{
    public bool IsAdmin => Roles.Contains("admin");
    public bool IsOperator => IsAdmin || Roles.Contains("operator");

    /// <summary>The one that includes the others.</summary>
    public string Role => IsAdmin ? "admin" : IsOperator ? "operator" : IsStaff ? "agent" : "shopper";
}

/// <summary><see cref="Next"/>: done, second_factor or set_up_second_factor.</summary>
public sealed record SignedIn(string Token, DateTimeOffset ExpiresAt, string Next);

public sealed record NewSession(string Token, DateTimeOffset ExpiresAt);

/// <summary>For the authenticator app: to type, and as the address a QR code carries.</summary>
public sealed record NewSecret(string Secret, string Uri);

public sealed record EnabledSecondFactor(string Token, DateTimeOffset ExpiresAt, IReadOnlyList<string> RecoveryCodes);

public sealed record RecoveryCodeList(IReadOnlyList<string> RecoveryCodes);

public sealed record SessionList(IReadOnlyList<SessionRow> Items);

public sealed record SessionRow(
    Guid Id, DateTimeOffset CreatedAt, DateTimeOffset LastSeenAt, DateTimeOffset ExpiresAt, bool IsCurrent, string? Device = null);

/// <summary>What somebody has had kept for their next order.</summary>
public sealed record SavedMethods(IReadOnlyList<SavedMethod> Methods);

/// <summary><see cref="Method"/>: card or paypal. <see cref="Label"/>: such as "Visa •4242".</summary>
public sealed record SavedMethod(Guid Id, string Method, string Label, DateTimeOffset SavedAt);

public sealed record OwnOrders(IReadOnlyList<OwnOrder> Items, long? Next = null);

public sealed record OwnOrder(long Number, DateTimeOffset PlacedAt, string Status, long TotalMinor, string Currency, int ItemCount);
