using System.Net;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
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

        Assert.Equal((2, 2, 2), (forSignIn, forFailure, forNobody));
        Assert.Equal((2, 1, 3), (forAccount, forEmptyCart, api.Wire.RoundTrips));
    }
}
