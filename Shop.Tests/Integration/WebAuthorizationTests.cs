using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticAssets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data.Accounts;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Tests.Browser;
using Shop.Tests.Fixtures;
using Shop.Web;
using static Shop.Tests.Integration.WebAuthorizationTests.Outcome;

namespace Shop.Tests.Integration;

/// <summary>
/// Every page and every form of the storefront, asked by everybody there is, over the real Api. The list comes from the storefront's own route
/// table: a route that nobody has decided about fails, and so does a decision about a route that is gone.
/// </summary>
[Collection(Propagation.Name)]
public sealed class WebAuthorizationTests : IClassFixture<ApiHost>, IDisposable
{
    private const string AnyId = "0190d5a1-7b1c-7000-8000-000000000001";

    private static readonly string[] Visitors = ["nobody", "password only", "owner", "somebody else", "agent", "operator", "admin"];

    private static readonly Outcome[] Everybody = [Served, Served, Served, Served, Served, Served, Served];
    private static readonly Outcome[] NoSuchPage = [Missing, Missing, Missing, Missing, Missing, Missing, Missing];
    private static readonly Outcome[] Shoppers = [SignIn, SecondFactor, Served, Served, Served, Served, Served];
    private static readonly Outcome[] HalfSignedIn = [SignIn, Served, Served, Served, Served, Served, Served];
    private static readonly Outcome[] Owner = [Missing, Missing, Served, Missing, Missing, Missing, Missing];
    private static readonly Outcome[] OwnSession = [SignIn, SecondFactor, Served, Missing, Missing, Missing, Missing];
    private static readonly Outcome[] OwnMethod = [SignIn, SecondFactor, Missing, Missing, Missing, Missing, Missing]; // nothing is kept here for anybody
    private static readonly Outcome[] Agents = [SignIn, SecondFactor, Forbidden, Forbidden, Served, Served, Served];
    private static readonly Outcome[] Operators = [SignIn, SecondFactor, Forbidden, Forbidden, Forbidden, Served, Served];
    private static readonly Outcome[] Admins = [SignIn, SecondFactor, Forbidden, Forbidden, Forbidden, Forbidden, Served];

    // By route as it is declared; the address fills it in, {order} and {session} with those of the owner.
    private static readonly Dictionary<string, Decision> Decisions = new()
    {
        ["GET /"] = new(Everybody),
        ["GET /alive"] = new(Everybody),
        ["GET /ready"] = new(Everybody),
        ["GET /categories/{Slug}"] = new(Everybody, "/categories/any"),
        ["GET /products/{Slug}"] = new(Everybody, "/products/{product}"),
        ["GET /pictures/{id:regex(^[A-Za-z0-9_-]{{1,100}}$)}.svg"] = new(Everybody, "/pictures/{picture}.svg"),
        ["GET /fragments/products/{slug}/availability"] = new(Everybody, "/fragments/products/{product}/availability"),
        ["GET /fragments/cart-count"] = new(Everybody),
        ["GET /status/{Code:int}"] = new(NoSuchPage, "/status/404"),

        ["GET /cart"] = new(Everybody),
        ["POST /cart/lines"] = new(Everybody, "/cart/lines", ("Sku", "{product}"), ("Quantity", "1")),
        ["POST /cart/lines/{sku}"] = new(Everybody, "/cart/lines/{product}", ("Remove", "1"), ("Version", "1")),
        ["GET /checkout"] = new(Everybody),
        ["POST /checkout"] = new(Everybody, "/checkout", ("_handler", "checkout")),
        ["GET /checkout/card-return"] = new(Everybody),
        ["POST /checkout/events"] = new(Everybody, "/checkout/events", ("kind", "script_error")),

        ["GET /orders/{Number:long}"] = new(Owner, "/orders/{order}"),
        ["GET /orders/{number:long}/status"] = new(Owner, "/orders/{order}/status"),
        ["POST /orders/{number:long}/payments"] = new(Owner, "/orders/{order}/payments", ("Key", AnyId), ("PaymentToken", "pm_another")),
        ["POST /orders/{number:long}/events"] = new(Owner, "/orders/{order}/events", ("kind", "script_error")),
        ["GET /orders/{Number:long}/link"] = new(Everybody, "/orders/{order}/link"), // tells nothing; the mail goes to the order's own address
        ["POST /orders/{Number:long}/link"] = new(Everybody, "/orders/{order}/link", ("_handler", "link"), ("Email", "somebody@example.org")),

        ["GET /account/register"] = new(Everybody),
        ["POST /account/register"] = new(Everybody, "/account/register", ("_handler", "register")),
        ["GET /account/confirm"] = new(Everybody, "/account/confirm?token=t"),
        ["POST /account/confirm"] = new(Everybody, "/account/confirm?token=t", ("_handler", "confirm")),
        ["GET /account/forgot"] = new(Everybody),
        ["POST /account/forgot"] = new(Everybody, "/account/forgot", ("_handler", "forgot"), ("Email", "somebody@example.org")),
        ["GET /account/reset"] = new(Everybody, "/account/reset?token=t"),
        ["POST /account/reset"] = new(Everybody, "/account/reset?token=t", ("_handler", "reset"), ("Password", "a few words of mine")),
        ["GET /account/sign-in"] = new(Everybody),
        ["POST /account/sign-in"] = new(Everybody, "/account/sign-in", ("_handler", "sign-in"), ("Email", "x@example.org"), ("Password", "wrong")),
        ["POST /account/sign-out"] = new(Everybody, "/account/sign-out"),

        ["GET /account"] = new(Shoppers),
        ["POST /account"] = new(Shoppers, "/account", ("_handler", "password"), ("CurrentPassword", "wrong"), ("NewPassword", "a few words of mine")),
        ["GET /account/orders"] = new(Shoppers),
        ["GET /account/payment-methods"] = new(Shoppers),
        ["GET /account/payment-methods/{Id:guid}/remove"] = new(OwnMethod, $"/account/payment-methods/{AnyId}/remove"),
        ["POST /account/payment-methods/{Id:guid}/remove"] = new(OwnMethod, $"/account/payment-methods/{AnyId}/remove", ("_handler", "remove")),
        ["GET /account/sessions"] = new(Shoppers),
        ["POST /account/sessions/{id:guid}/revoke"] = new(OwnSession, "/account/sessions/{session}/revoke"),
        ["POST /account/sessions/revoke-others"] = new(Shoppers, "/account/sessions/revoke-others"),
        ["GET /account/second-factor"] = new(HalfSignedIn),
        ["POST /account/second-factor"] = new(HalfSignedIn, "/account/second-factor", ("_handler", "prove"), ("Code", "000000")),
        ["GET /account/second-factor/set-up"] = new(HalfSignedIn),
        // Whoever has a second factor proves it before there can be another one.
        ["POST /account/second-factor/set-up"] = new(Shoppers, "/account/second-factor/set-up", ("_handler", "begin")),
        ["GET /account/second-factor/recovery-codes"] = new(Shoppers),
        ["POST /account/second-factor/recovery-codes"] = new(Shoppers, "/account/second-factor/recovery-codes", ("_handler", "renew"), ("Code", "000000")),
        ["GET /account/second-factor/turn-off"] = new(Shoppers),
        ["POST /account/second-factor/turn-off"] = new(Shoppers, "/account/second-factor/turn-off", ("_handler", "turn-off"), ("Code", "000000")),

        ["GET /ops"] = new(Agents),
        ["GET /ops/orders"] = new(Agents),
        ["GET /ops/orders/{Number:long}"] = new(Agents, "/ops/orders/{order}"),
        ["GET /ops/orders/{Number:long}/refund"] = new(Agents, "/ops/orders/{order}/refund?what=all"),
        ["POST /ops/orders/{Number:long}/refund"] =
            new(Agents, "/ops/orders/{order}/refund?what=all", ("_handler", "refund"), ("Why", "it was agreed")),
        ["GET /ops/search"] = new(Agents),
        ["POST /ops/search"] = new(Agents, "/ops/search", ("_handler", "search"), ("Query", "nobody of this name")),
        ["GET /ops/orders/{Number:long}/act/{Path}"] = new(Agents, "/ops/orders/{order}/act/cancel"),
        ["POST /ops/orders/{Number:long}/act/{Path}"] = new(Agents, "/ops/orders/{order}/act/note", ("_handler", "act"), ("Why", "she called")),
        ["GET /ops/orders/{number:long}/scenario.json"] = new(Agents, "/ops/orders/{order}/scenario.json"),
        ["GET /ops/orders/{number:long}/scenario.cs"] = new(Agents, "/ops/orders/{order}/scenario.cs"),
        ["GET /ops/patterns"] = new(Agents),
        ["GET /ops/drill"] = new(Agents),
        ["GET /ops/disputes"] = new(Agents),
        ["GET /ops/queue"] = new(Agents),
        ["GET /ops/gateways"] = new(Agents),
        ["POST /ops/gateways/{provider}/override"] =
            new(Operators, "/ops/gateways/stripe/override", ("Mode", "forced"), ("Minutes", "1"), ("Why", "it works again")),
        ["GET /ops/card-testing"] = new(Agents),
        ["GET /ops/unknown"] = new(Agents),
        ["GET /ops/webhooks"] = new(Agents),
        // To act is for operators: the Api says so when the form is sent. What it would do may be read.
        ["GET /ops/webhooks/{Provider}/{EventId}/replay"] = new(Agents, "/ops/webhooks/stripe/{event}/replay"),
        ["POST /ops/webhooks/{Provider}/{EventId}/replay"] =
            new(Operators, "/ops/webhooks/stripe/{event}/replay", ("_handler", "replay"), ("Why", "it works again")),
        ["GET /ops/jobs"] = new(Agents),
        ["GET /ops/mail"] = new(Agents),
        ["GET /ops/mail/{Id:guid}"] = new(Agents, "/ops/mail/{mail}"),
        ["POST /ops/mail/{Id:guid}"] = new(Operators, "/ops/mail/{mail}", ("_handler", "again"), ("Why", "it did not arrive")),
        ["GET /ops/mail/{id:guid}/html"] = new(Agents, "/ops/mail/{mail}/html"),
        ["POST /ops/jobs/{name}/run"] = new(Operators, "/ops/jobs/none/run", ("Why", "it works again")),
        ["GET /ops/reconciliation"] = new(Agents),
        ["POST /ops/reconciliation"] = new(Operators, "/ops/reconciliation",
            ("_handler", "compare"), ("From", "2026-01-01"), ("To", "2026-01-02"), ("Why", "the month ends")),
        ["GET /ops/mismatches/{Id:guid}/{Path}"] = new(Agents, "/ops/mismatches/{mismatch}/refund"),
        ["POST /ops/mismatches/{Id:guid}/{Path}"] =
            new(Operators, "/ops/mismatches/{mismatch}/refund", ("_handler", "repair"), ("Why", "it was looked into")),
        ["GET /ops/logs"] = new(Agents),
        ["POST /ops/logs"] = new(Agents, "/ops/logs", ("_handler", "search"), ("Text", "paid")),
        ["GET /ops/errors"] = new(Agents),
        ["GET /ops/errors/{Id:long}"] = new(Agents, "/ops/errors/{error}"),
        ["GET /ops/errors/{Id:long}/{Path}"] = new(Agents, "/ops/errors/{error}/resolve"),
        ["POST /ops/errors/{Id:long}/{Path}"] = new(Operators, "/ops/errors/{error}/ignore", ("_handler", "change"), ("Why", "it is known")),
        ["POST /script-errors"] = new(Everybody, "/script-errors", ("message", "x is not defined")),
        ["GET /ops/audit"] = new(Operators),
        ["POST /ops/jobs/{id:guid}/retry"] = new(Operators, $"/ops/jobs/{AnyId}/retry", ("Why", "it works again")),
        ["POST /ops/webhooks/{provider}/{eventId}/retry"] = new(Operators, "/ops/webhooks/stripe/evt_1/retry", ("Why", "it works again")),
        ["POST /ops/outbox/{id:guid}/retry"] = new(Operators, $"/ops/outbox/{AnyId}/retry", ("Why", "it works again")),
        ["GET /ops/staff"] = new(Admins),
        ["POST /ops/staff"] = new(Admins, "/ops/staff", ("_handler", "invite")),
        ["GET /ops/staff/{Id:guid}/{Path}"] = new(Admins, "/ops/staff/{staff}/unlock"),
        ["POST /ops/staff/{Id:guid}/{Path}"] = new(Admins, "/ops/staff/{staff}/unlock", ("_handler", "change"), ("Why", "they called")),
    };

    private readonly ApiHost _api;
    private readonly Storefront _shop;
    private readonly PlainVisitor _visitor;

    public WebAuthorizationTests(ApiHost api)
    {
        _api = api;
        _shop = new(api.Http.BaseAddress!);
        _visitor = new(_shop);
    }

    internal enum Outcome
    {
        /// <summary>It was this visitor's to see or do. What came of it, such as a form to correct, is for other tests.</summary>
        Served,

        SignIn,
        SecondFactor,
        Forbidden,
        Missing,
    }

    private sealed record Decision(Outcome[] Outcomes, string? Address = null, params (string Name, string Value)[] Form);

    [Fact]
    public void Somebody_has_decided_about_every_page_and_every_form()
    {
        // A page answers POST as well. Where it has no form there is nothing to decide, and the other test looks that nothing is done.
        Assert.Equal(Decisions.Keys.Order(), Routes().Where(route => !IsPageWithoutForm(route)).Select(route => route.Name).Order());
    }

    [Fact]
    public async Task Everybody_gets_the_pages_that_are_theirs_and_no_other()
    {
        var world = await WorldAsync();
        List<string> wrong = [];
        var cells = 0;
        foreach (var route in Routes())
        {
            var decision = IsPageWithoutForm(route) ? Decisions[$"GET {route.Pattern}"] with { Form = [] } : Decisions[route.Name];
            for (var visitor = 0; visitor < Visitors.Length; visitor++, cells++)
            {
                var (page, session) = await AskAsync(world, route, decision, visitor);
                var outcome = OutcomeOf(page);
                var expected = decision.Outcomes[visitor];
                if (IsPageWithoutForm(route) && expected is Served or Missing ? page.Status is not HttpStatusCode.BadRequest : outcome != expected)
                    wrong.Add($"{route.Name} as {Visitors[visitor]}: {expected} expected, {(int)page.Status} {page.Header("Location")} came");
                if (page.Html.Contains(session ?? "no session", StringComparison.Ordinal))
                    wrong.Add($"{route.Name} as {Visitors[visitor]}: the page holds the session's token");
                if (session is not null && page.Header("Cache-Control") is { } kept && kept.Contains("public", StringComparison.Ordinal) && decision.Outcomes != Everybody)
                    wrong.Add($"{route.Name} as {Visitors[visitor]}: a personal page may be kept ({kept})");
            }
        }

        Assert.True(wrong.Count is 0, $"{wrong.Count} of {cells}:{Environment.NewLine}{string.Join(Environment.NewLine, wrong)}");
        Assert.Equal(Routes().Count * Visitors.Length, cells);
    }

    public void Dispose()
    {
        _visitor.Dispose();
        _shop.Dispose();
    }

    private List<Route> Routes() =>
    [
        .. _shop.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<StaticAssetDescriptor>() is null) // files, for everybody
            .Where(endpoint => !endpoint.RoutePattern.RawText!.Contains("**path:file", StringComparison.Ordinal)) // files once more, where they are built
            .Where(endpoint => !endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("_framework/", StringComparison.Ordinal)) // Blazor's own
            .SelectMany(endpoint => endpoint.Metadata.GetRequiredMetadata<HttpMethodMetadata>().HttpMethods
                .Where(method => method is not "HEAD") // as GET
                .Select(method => new Route(method, $"/{endpoint.RoutePattern.RawText!.TrimStart('/')}")))
            .Distinct(),
    ];

    private static bool IsPageWithoutForm(Route route) =>
        route.Method is "POST" && !Decisions.ContainsKey(route.Name) && Decisions.ContainsKey($"GET {route.Pattern}");

    /// <summary>As somebody new each time: some of these forms end the session they come with.</summary>
    private async Task<(Page Page, string? Session)> AskAsync(World world, Route route, Decision decision, int visitor)
    {
        var somebody = Visitors[visitor] switch
        {
            "nobody" => null,
            "password only" => await _api.SignedInAsync(Role.Admin, pending: true),
            "agent" => await _api.SignedInAsync(Role.Agent),
            "operator" => await _api.SignedInAsync(Role.Operator),
            "admin" => await _api.SignedInAsync(Role.Admin),
            _ => await _api.SignedInAsync(),
        };
        var session = Guid.NewGuid();
        await using (var db = _api.Open())
        {
            var owner = Visitors[visitor] is "owner" ? somebody!.Id : world.SomeOwner;
            var now = DateTimeOffset.UtcNow;
            await db.Orders.Where(o => o.Number == world.Order).ExecuteUpdateAsync(set => set.SetProperty(o => o.UserId, owner));
            db.Sessions.Add(new Session
            {
                Id = session, TokenHash = Session.HashOf(Session.NewToken()), UserId = owner, Device = "another one", Pending = false, CreatedAt = now,
                LastSeenAt = now, ExpiresAt = now.AddMinutes(10),
            });
            // Both are gone once somebody has acted on them.
            await db.WebhookReceipts.Where(w => w.EventId == world.Event).ExecuteUpdateAsync(set => set.SetProperty(w => w.State, JobState.Done));
            await db.Outbox.Where(m => m.Id == world.Mail).ExecuteUpdateAsync(set => set.SetProperty(m => m.State, JobState.Done));
            await db.Mismatches.Where(m => m.Id == world.Mismatch).ExecuteUpdateAsync(set => set.SetProperty(m => m.State, MismatchState.Open));
            await db.SaveChangesAsync();
        }

        var address = Filled(decision.Address ?? route.Pattern);
        var cookie = somebody is null ? null : $"session={somebody.Token}";
        var page = route.Method is "GET"
            ? await _visitor.GetAsync(address, cookie)
            : await _visitor.PostAsync(address, [.. decision.Form.Select(field => (field.Name, Filled(field.Value)))], cookie);
        return (page, somebody?.Token);

        string Filled(string text) => new StringBuilder(text).Replace("{order}", $"{world.Order}").Replace("{session}", $"{session}")
            .Replace("{event}", world.Event).Replace("{mail}", $"{world.Mail}").Replace("{mismatch}", $"{world.Mismatch}").Replace("{error}", $"{world.Error}").Replace("{staff}", $"{world.SomeStaff}").Replace("{product}", world.Product).Replace("{picture}", world.Picture).ToString();
    }

    private static Outcome OutcomeOf(Page page) => page switch
    {
        { Status: HttpStatusCode.NotFound } => Missing,
        { Status: HttpStatusCode.Forbidden } => Forbidden,
        { Status: HttpStatusCode.Found or HttpStatusCode.SeeOther } when Path(page) is "/account/sign-in" && !Asks(page, "notice=") => SignIn,
        { Status: HttpStatusCode.Found or HttpStatusCode.SeeOther } when Path(page) is "/account/second-factor" => SecondFactor,
        { Status: < HttpStatusCode.InternalServerError } => Served,
        _ => throw new InvalidOperationException($"{page.Status}: {page.Html}"),
    };

    private static string Path(Page page) => new Uri(new Uri("http://localhost"), page.Header("Location")).AbsolutePath;

    private static bool Asks(Page page, string words) => page.Header("Location")!.Contains(words, StringComparison.Ordinal);

    private async Task<World> WorldAsync()
    {
        await using var db = _api.Open();
        var order = (await Any.StoredOrderAsync(db)).Id;
        var number = await db.Orders.Where(o => o.Id == order).Select(o => o.Number).SingleAsync();
        var product = $"matrix-{Guid.NewGuid():N}"[..20];
        await Any.StockAsync(db, 100, product);
        var picture = (await _api.GetAsync($"/catalog/products/{product}"))["pictureId"]!;
        var receipt = new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = $"evt_{Guid.NewGuid():N}", Type = "any", Payload = [1], ReceivedAt = DateTimeOffset.UtcNow,
        };
        var mail = OutboxMessage.Of(OutboxKind.OrderConfirmedMail, order, DateTimeOffset.UtcNow);
        db.AddRange(receipt, mail);
        var mismatch = await ReconciliationOperationsTests.MismatchAsync(db);
        return new(number, (await _api.SignedInAsync()).Id, (await _api.SignedInAsync(Role.Agent)).Id, product, picture, receipt.EventId, mismatch.Id, mail.Id,
            await ErrorGroupTests.GroupAsync(_api.Database));
    }

    private sealed record Route(string Method, string Pattern)
    {
        public string Name => $"{Method} {Pattern}";
    }

    private sealed record World(
        long Order, Guid SomeOwner, Guid SomeStaff, string Product, string Picture, string Event, Guid Mismatch, Guid Mail, long Error);

    private sealed class Storefront(Uri api) : WebApplicationFactory<ShopWeb>
    {
        protected override void ConfigureWebHost(IWebHostBuilder builder)
        {
            builder.UseEnvironment("Production");
            builder.UseStaticWebAssets();
            builder.UseSetting("HostedFields:Url", CannedStorefront.CardOrigin);
            builder.UseSetting("HostedFields:PublishableKey", "pk_test_shop");
            builder.UseSetting("services:api:http:0", api.ToString());
        }
    }
}
