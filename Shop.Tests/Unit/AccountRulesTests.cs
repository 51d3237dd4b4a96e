using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Identity;
using Shop.Api.Accounts;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.People;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class AccountRulesTests
{
    // "12345678901234567890", the secret of RFC 6238's appendix B.
    private const string RfcKey = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void Codes_are_those_of_the_standard(long seconds, string code)
    {
        Assert.Equal(code, Totp.CodeOf(RfcKey, seconds / 30));
        Assert.Equal(seconds / 30, Totp.StepOf(RfcKey, code, DateTimeOffset.FromUnixTimeSeconds(seconds)));
    }

    [Theory]
    [InlineData(-2, false)]
    [InlineData(-1, true)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void A_clock_may_be_one_period_off(int periods, bool isFine)
    {
        var step = Any.Now.ToUnixTimeSeconds() / 30 + periods;

        Assert.Equal(isFine ? step : null, Totp.StepOf(RfcKey, Totp.CodeOf(RfcKey, step), Any.Now));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("28708")]
    [InlineData("2870820")]
    [InlineData("28708２")]
    public void What_is_no_code_is_wrong(string? code) => Assert.Null(Totp.StepOf(RfcKey, code, DateTimeOffset.FromUnixTimeSeconds(59)));

    [Fact]
    public void Keys_are_160_bits_in_base_32()
    {
        var keys = Enumerable.Range(0, 50).Select(_ => Totp.NewKey()).ToList();

        Assert.Equal(50, keys.Distinct().Count());
        Assert.All(keys, key => Assert.Matches("^[A-Z2-7]{32}$", key));
    }

    [Fact]
    public void A_used_code_and_all_before_it_are_spent()
    {
        var user = User();
        (user.AuthenticatorKey, user.TwoFactorEnabled) = (RfcKey, true);
        var step = Any.Now.ToUnixTimeSeconds() / 30;

        Assert.True(user.TryUseCode(Totp.CodeOf(RfcKey, step), Any.Now));
        Assert.False(user.TryUseCode(Totp.CodeOf(RfcKey, step), Any.Now));
        Assert.False(user.TryUseCode(Totp.CodeOf(RfcKey, step - 1), Any.Now));
        Assert.True(user.TryUseCode(Totp.CodeOf(RfcKey, step + 1), Any.Now));
    }

    [Fact]
    public void The_last_allowed_failure_locks_and_those_after_it_do_not_count()
    {
        var user = User();
        var limits = new LockoutOptions { MaxFailedAccessAttempts = 3, DefaultLockoutTimeSpan = TimeSpan.FromMinutes(5) };

        Assert.Equal([false, false, true, false], Enumerable.Range(0, 4).Select(_ => user.CountSessionFailure(Any.Now, limits)));
        Assert.Equal(Any.Now.AddMinutes(5), user.SessionLockoutEnd);
        Assert.False(user.IsSessionLocked(Any.Now.AddMinutes(5)));
    }

    [Fact]
    public void A_link_tells_whom_it_is_for_and_can_not_be_changed_in_any_bit()
    {
        var subject = Guid.NewGuid();
        var token = Any.Links.Make(LinkPurpose.ResetPassword, subject, Any.Now, "stamp");
        var bytes = System.Buffers.Text.Base64Url.DecodeFromChars(token);

        Assert.Equal(subject, SignedLinks.SubjectOf(token));
        Assert.Equal(LinkState.Good, Any.Links.Check(LinkPurpose.ResetPassword, token, Any.Now, "stamp"));
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
            var changed = System.Buffers.Text.Base64Url.EncodeToString(bytes);
            Assert.Equal(LinkState.Wrong, Any.Links.Check(LinkPurpose.ResetPassword, changed, Any.Now, "stamp"));
            bytes[bit / 8] ^= (byte)(1 << bit % 8);
        }
    }

    [Fact]
    public void A_link_is_for_one_purpose_one_stamp_and_one_secret()
    {
        var token = Any.Links.Make(LinkPurpose.ResetPassword, Guid.NewGuid(), Any.Now, "stamp");

        Assert.Equal(LinkState.Wrong, Any.Links.Check(LinkPurpose.Invitation, token, Any.Now, "stamp"));
        Assert.Equal(LinkState.Wrong, Any.Links.Check(LinkPurpose.ResetPassword, token, Any.Now, "another"));
        Assert.Equal(LinkState.Wrong, new SignedLinks(new string('x', 32)).Check(LinkPurpose.ResetPassword, token, Any.Now, "stamp"));
        Assert.Equal(LinkState.Good, new SignedLinks(new string('x', 32), Any.LinkSecret).Check(LinkPurpose.ResetPassword, token, Any.Now, "stamp"));
    }

    [Theory]
    [InlineData(LinkPurpose.ConfirmEmail, 24)]
    [InlineData(LinkPurpose.ResetPassword, 1)]
    [InlineData(LinkPurpose.Invitation, 7 * 24)]
    [InlineData(LinkPurpose.Order, 180 * 24)]
    public void A_link_ends_when_it_is_said_to(LinkPurpose purpose, int hours)
    {
        var token = Any.Links.Make(purpose, Guid.NewGuid(), Any.Now);

        Assert.Equal(LinkState.Good, Any.Links.Check(purpose, token, Any.Now.AddHours(hours).AddSeconds(-1)));
        Assert.Equal(LinkState.Expired, Any.Links.Check(purpose, token, Any.Now.AddHours(hours)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("kürzel")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA %")]
    public void What_is_no_link_is_wrong(string? token) => Assert.Equal(LinkState.Wrong, Any.Links.Check(LinkPurpose.Order, token, Any.Now));

    [Theory]
    [InlineData("", false)]
    [InlineData("a secret of thirty-one characte", false)]
    [InlineData("a secret of thirty-two character", true)]
    public void A_short_secret_for_links_is_refused(string secret, bool isFine)
    {
        var secrets = new LinkSecrets { Secret = secret };

        Assert.Equal(isFine, Validator.TryValidateObject(secrets, new ValidationContext(secrets), [], validateAllProperties: true));
    }

    [Theory]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0", "Edge on Windows")]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox on Linux")]
    [InlineData("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36", "Chrome on Android")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1", "Safari on iPhone")]
    [InlineData("<script>alert(1)</script>", "Unknown device")]
    [InlineData(null, "Unknown device")]
    public void A_device_is_named_as_its_owner_would(string? userAgent, string name) => Assert.Equal(name, DeviceName.Of(userAgent));

    [Theory]
    [InlineData("a long walk in the rain", true)]
    [InlineData("ööööööäääääßßßß", true)]
    [InlineData("PASSWORD1234", false)]
    [InlineData("correct horse battery staple", false)]
    [InlineData("guest@example.org", false)]
    [InlineData("GuestExample1", false)]
    [InlineData("shop-guest-shop", false)]
    public async Task A_password_is_refused_when_it_is_guessed_first(string password, bool isFine) =>
        Assert.Equal(isFine, (await new PasswordRules().ValidateAsync(null!, User(), password)).Succeeded);

    [Fact]
    public async Task A_password_that_would_cost_us_much_to_hash_is_refused() =>
        Assert.False((await new PasswordRules().ValidateAsync(null!, User(), new string('x', 100_000))).Succeeded);

    [Fact]
    public void What_was_typed_is_never_printed()
    {
        object[] forms =
        [
            new RegisterRequest("a-secret", "a-secret", "a-secret"), new SignInRequest("a-secret", "a-secret"), new EmailRequest("a-secret"),
            new TokenRequest("a-secret"), new ResetPasswordRequest("a-secret", "a-secret"), new ChangePasswordRequest("a-secret", "a-secret"),
            new CodeRequest("a-secret"), new BeginSecondFactorRequest("a-secret"), new SecondFactorKey("a-secret", "a-secret"),
        ];

        Assert.All(forms, form => Assert.DoesNotContain("a-secret", $"{form}", StringComparison.Ordinal));
    }

    [Fact]
    public void The_audit_knows_a_closed_set_of_actions() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => AuditEntry.Of(Any.Now, Guid.NewGuid(), Role.Admin, "did_something", AuditSubjects.User, "1"));

    private static ShopUser User() => ShopUser.Of(Person.WithAccount("guest@example.org", "A Guest", Any.Now), Role.Shopper, Any.Now);
}
