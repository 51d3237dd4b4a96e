using System.Net;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shop.Data.Accounts;
using Shop.Data.Operations;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Tests.Fixtures;
using Xunit.Abstractions;

namespace Shop.Tests.Integration;

/// <summary>
/// Every endpoint of the Api's own route table, asked by everybody. The table below is the decision: an endpoint without a line fails, a
/// line without an endpoint fails, and each cell is a real request.
/// </summary>
public sealed class AuthorizationMatrixTests(ApiHost api, ITestOutputHelper output) : IClassFixture<ApiHost>
{
    private enum Asker { Anonymous, Revoked, Pending, Owner, AnotherShopper, Agent, Operator, Admin }

    private enum For
    {
        Everybody,

        /// <summary>Whose second factor is still to come, too.</summary>
        AnySession,

        Shopper,

        /// <summary>Nobody else learns that it exists.</summary>
        OwnerOfTheOrder,

        /// <summary>The same, for something that only somebody signed in can have.</summary>
        OwnerOfTheSession, OwnerOfTheMethod,

        Agent, Operator, Admin,
    }

    private sealed record Ask(string Path, object? Body = null, (string, string?)[]? Headers = null);

    /// <param name="Allowed">What whoever may ask is told: the status, and the reason where it is a refusal on other grounds.</param>
    private sealed record Line(For For, Func<AuthorizationMatrixTests, Somebody, Task<Ask>> Ask, HttpStatusCode Allowed, string? Reason = null);

    private static readonly Dictionary<string, Line> Decisions = new()
    {
        ["GET /alive"] = To(For.Everybody, "/alive", HttpStatusCode.OK),
        ["HEAD /alive"] = To(For.Everybody, "/alive", HttpStatusCode.OK),
        ["GET /ready"] = To(For.Everybody, "/ready", HttpStatusCode.OK),
        ["HEAD /ready"] = To(For.Everybody, "/ready", HttpStatusCode.OK),
        ["GET /openapi/{documentName}.json"] = To(For.Everybody, "/openapi/v1.json", HttpStatusCode.OK),
        ["GET /reference"] = To(For.Everybody, "/reference", HttpStatusCode.OK),

        ["GET /catalog/home"] = To(For.Everybody, "/catalog/home", HttpStatusCode.OK),
        ["GET /catalog/categories/{slug}"] = To(For.Everybody, "/catalog/categories/none", HttpStatusCode.NotFound, "category_not_found"),
        ["GET /catalog/products/{slug}"] = To(For.Everybody, "/catalog/products/none", HttpStatusCode.NotFound, "product_not_found"),
        ["GET /catalog/products/{slug}/availability"] = To(For.Everybody, "/catalog/products/none/availability", HttpStatusCode.NotFound, "product_not_found"),
        ["GET /catalog/pictures/{id}"] = To(For.Everybody, "/catalog/pictures/none", HttpStatusCode.NotFound, "picture_not_found"),

        ["GET /cart/"] = To(For.Everybody, "/cart", HttpStatusCode.OK),
        ["POST /cart/lines"] = To(For.Everybody, "/cart/lines", HttpStatusCode.BadRequest, "idempotency_key_missing", new { }),
        ["POST /cart/events"] = To(For.Everybody, "/cart/events", HttpStatusCode.BadRequest, "idempotency_key_missing", new { }),
        ["PUT /cart/lines/{sku}"] = To(For.Everybody, "/cart/lines/none", HttpStatusCode.UnprocessableEntity, "invalid_quantity", new { }),
        ["POST /checkout"] = To(For.Everybody, "/checkout", HttpStatusCode.BadRequest, "idempotency_key_missing", new { }),

        ["GET /orders/{number:long}"] = Of((t, owner) => t.OrderAsync(owner, ""), For.OwnerOfTheOrder, HttpStatusCode.OK),
        ["POST /orders/{number:long}/payments"] =
            Of((t, owner) => t.OrderAsync(owner, "/payments"), For.OwnerOfTheOrder, HttpStatusCode.Conflict, "order_not_payable"),
        ["POST /orders/{number:long}/look"] = Of((t, owner) => t.OrderAsync(owner, "/look"), For.OwnerOfTheOrder, HttpStatusCode.NoContent),
        ["POST /orders/{number:long}/events"] =
            Of((t, owner) => t.OrderAsync(owner, "/events"), For.OwnerOfTheOrder, HttpStatusCode.UnprocessableEntity, "report_unknown"),
        ["POST /orders/{number:long}/link"] = To(For.Everybody, "/orders/1/link", HttpStatusCode.Accepted, body: new { email = "guest@example.org" }),

        ["GET /payments/methods"] = To(For.Everybody, "/payments/methods", HttpStatusCode.OK),

        ["POST /account/register"] = To(For.Everybody, "/account/register", HttpStatusCode.UnprocessableEntity, "validation_failed", new { }),
        ["POST /account/confirm"] = To(For.Everybody, "/account/confirm", HttpStatusCode.Gone, "link_expired", new { }),
        ["POST /account/confirm/resend"] = To(For.Everybody, "/account/confirm/resend", HttpStatusCode.Accepted, body: new { }),
        ["POST /account/password/forgot"] = To(For.Everybody, "/account/password/forgot", HttpStatusCode.Accepted, body: new { }),
        ["POST /account/password/reset"] = To(For.Everybody, "/account/password/reset", HttpStatusCode.Gone, "link_expired", new { }),
        ["POST /account/sign-in"] = To(For.Everybody, "/account/sign-in", HttpStatusCode.Unauthorized, "sign_in_failed", new { }),
        ["POST /account/sign-out"] = To(For.Everybody, "/account/sign-out", HttpStatusCode.NoContent),
        ["POST /account/second-factor/"] = To(For.AnySession, "/account/second-factor", HttpStatusCode.Unauthorized, "code_wrong", new { }),
        ["POST /account/second-factor/enable"] = To(For.Shopper, "/account/second-factor/enable", HttpStatusCode.UnprocessableEntity, "code_wrong", new { }),
        ["POST /account/second-factor/begin"] =
            To(For.Shopper, "/account/second-factor/begin", HttpStatusCode.UnprocessableEntity, "wrong_password", new { password = "x" }),
        ["POST /account/second-factor/recovery-codes"] =
            To(For.Shopper, "/account/second-factor/recovery-codes", HttpStatusCode.UnprocessableEntity, "code_wrong", new { }),
        ["POST /account/second-factor/disable"] = To(For.Shopper, "/account/second-factor/disable", HttpStatusCode.Conflict, "second_factor_not_set_up", new { }),
        ["POST /account/password"] = To(For.Shopper, "/account/password", HttpStatusCode.UnprocessableEntity, "wrong_password", new { currentPassword = "x" }),
        ["GET /account/"] = To(For.Shopper, "/account", HttpStatusCode.OK),
        ["GET /account/sessions"] = To(For.Shopper, "/account/sessions", HttpStatusCode.OK),
        ["POST /account/sessions/{id:guid}/revoke"] =
            Of((_, owner) => Task.FromResult(new Ask($"/account/sessions/{owner.SessionId}/revoke")), For.OwnerOfTheSession, HttpStatusCode.NoContent),
        ["POST /account/sessions/revoke-others"] = To(For.Shopper, "/account/sessions/revoke-others", HttpStatusCode.NoContent),
        ["GET /account/payment-methods"] = To(For.Shopper, "/account/payment-methods", HttpStatusCode.OK),
        ["POST /account/payment-methods/{id:guid}/remove"] =
            Of((t, owner) => t.SavedMethodAsync(owner), For.OwnerOfTheMethod, HttpStatusCode.NoContent),
        ["GET /account/orders"] = To(For.Shopper, "/account/orders", HttpStatusCode.OK),

        ["GET /operations/orders"] = To(For.Agent, "/operations/orders", HttpStatusCode.OK),
        ["GET /operations/orders/{number:long}/money"] = To(For.Agent, "/operations/orders/1/money", HttpStatusCode.NotFound, "order_not_found"),
        ["POST /operations/orders/{number:long}/refunds"] = Of((t, _) => t.RefundAsync(), For.Agent, HttpStatusCode.NoContent),
        ["POST /operations/search"] = To(For.Agent, "/operations/search", HttpStatusCode.OK, body: new { query = "100042" }),
        ["GET /operations/orders/{number:long}/story"] = To(For.Agent, "/operations/orders/1/story", HttpStatusCode.NotFound, "order_not_found"),
        ["GET /operations/orders/{number:long}/scenario"] = To(For.Agent, "/operations/orders/1/scenario", HttpStatusCode.NotFound, "order_not_found"),
        ["POST /operations/orders/{number:long}/ask"] = Of((t, _) => t.OpenOrderAsync("ask"), For.Agent, HttpStatusCode.NoContent),
        ["POST /operations/orders/{number:long}/cancel"] = Of((t, _) => t.OpenOrderAsync("cancel"), For.Agent, HttpStatusCode.NoContent),
        ["POST /operations/orders/{number:long}/hold"] =
            Of((t, _) => t.OpenOrderAsync("hold", new { minutes = 30, why = "It was agreed." }), For.Agent, HttpStatusCode.NoContent),
        ["POST /operations/orders/{number:long}/notes"] = Of((t, _) => t.OpenOrderAsync("notes", new { note = "She called." }), For.Agent, HttpStatusCode.NoContent),
        ["GET /operations/disputes"] = To(For.Agent, "/operations/disputes", HttpStatusCode.OK),
        ["GET /operations/disputes/count"] = To(For.Agent, "/operations/disputes/count", HttpStatusCode.OK),
        ["GET /operations/dashboard"] = To(For.Agent, "/operations/dashboard", HttpStatusCode.OK),
        ["GET /operations/agreement"] = To(For.Agent, "/operations/agreement", HttpStatusCode.OK),
        ["GET /operations/patterns"] = To(For.Agent, "/operations/patterns", HttpStatusCode.OK),
        ["GET /operations/synthetic-orders"] = To(For.Agent, "/operations/synthetic-orders", HttpStatusCode.OK),
        ["GET /operations/shortfalls"] = To(For.Agent, "/operations/shortfalls", HttpStatusCode.OK),
        ["GET /operations/queue"] = To(For.Agent, "/operations/queue", HttpStatusCode.OK),
        ["GET /operations/gateways"] = To(For.Agent, "/operations/gateways", HttpStatusCode.OK),
        ["POST /operations/gateways/{provider}/override"] = Of((_, _) => Task.FromResult(Act(
            "/operations/gateways/stripe/override", new { mode = "forced", minutes = 5, why = "It was agreed." })), For.Operator, HttpStatusCode.NoContent),
        ["GET /operations/card-testing"] = To(For.Agent, "/operations/card-testing", HttpStatusCode.OK),
        ["POST /operations/jobs/{id:guid}/retry"] = Of((t, _) => t.ParkedJobAsync(), For.Operator, HttpStatusCode.NoContent),
        ["POST /operations/webhooks/{provider}/{eventId}/retry"] = Of((t, _) => t.ParkedWebhookAsync(), For.Operator, HttpStatusCode.NoContent),
        ["POST /operations/outbox/{id:guid}/retry"] = Of((t, _) => t.ParkedMailAsync(), For.Operator, HttpStatusCode.NoContent),
        ["GET /operations/webhooks"] = To(For.Agent, "/operations/webhooks", HttpStatusCode.OK),
        ["POST /operations/webhooks/{provider}/{eventId}/replay"] = Of((t, _) => t.ParkedWebhookAsync("replay"), For.Operator, HttpStatusCode.NoContent),
        ["GET /operations/unknown"] = To(For.Agent, "/operations/unknown", HttpStatusCode.OK),
        ["GET /operations/background-jobs"] = To(For.Agent, "/operations/background-jobs", HttpStatusCode.OK),
        ["POST /operations/background-jobs/{name}/run"] = Of((t, _) => t.BackgroundJobAsync(), For.Operator, HttpStatusCode.NoContent),
        ["GET /operations/reconciliation"] = To(For.Agent, "/operations/reconciliation", HttpStatusCode.OK),
        ["POST /operations/reconciliation"] = Of((_, _) => Task.FromResult(Act("/operations/reconciliation", new
        {
            from = DateTimeOffset.UtcNow.AddDays(-1), to = DateTimeOffset.UtcNow, why = "It was agreed.",
        })), For.Operator, HttpStatusCode.NoContent),
        ["GET /operations/mismatches/{id:guid}"] =
            To(For.Agent, $"/operations/mismatches/{Guid.Empty}", HttpStatusCode.NotFound, "mismatch_not_found"),
        ["POST /operations/mismatches/{id:guid}/{repair}"] = Of((t, _) => t.MismatchAsync(), For.Operator, HttpStatusCode.NoContent),
        ["POST /operations/logs"] = To(For.Agent, "/operations/logs", HttpStatusCode.OK, body: new { order = 1 }),
        ["GET /operations/errors"] = To(For.Agent, "/operations/errors", HttpStatusCode.OK),
        ["GET /operations/errors/{id:long}"] = To(For.Agent, "/operations/errors/0", HttpStatusCode.NotFound, "error_not_found"),
        ["POST /operations/errors/{id:long}/{act}"] = Of((t, _) => t.ErrorAsync(), For.Operator, HttpStatusCode.NoContent),
        ["POST /script-errors"] = To(For.Everybody, "/script-errors", HttpStatusCode.NoContent, body: new { message = "x is not defined" }),
        ["POST /telemetry"] = To(For.Everybody, "/telemetry", HttpStatusCode.Unauthorized, "service_unknown"), // whoever is signed in: it is for services
        ["GET /operations/mail"] = To(For.Agent, "/operations/mail", HttpStatusCode.OK),
        ["GET /operations/mail/{id:guid}"] = To(For.Agent, $"/operations/mail/{Guid.Empty}", HttpStatusCode.NotFound, "mail_not_found"),
        ["POST /operations/mail/{id:guid}/again"] = Of((t, _) => t.ParkedMailAsync("mail", "again"), For.Operator, HttpStatusCode.NoContent),
        ["GET /operations/audit"] = To(For.Operator, "/operations/audit", HttpStatusCode.OK),
        ["GET /operations/staff/"] = To(For.Admin, "/operations/staff", HttpStatusCode.OK),
        ["POST /operations/staff/invite"] = Of((_, _) => Task.FromResult(Act(
            "/operations/staff/invite",
            new { email = $"{Guid.NewGuid():N}@example.org", name = "New Agent", role = "agent", why = "Summer help." })), For.Admin, HttpStatusCode.NoContent),
        ["POST /operations/staff/{id:guid}/role"] = OnStaff("role"),
        ["POST /operations/staff/{id:guid}/disable"] = OnStaff("disable"),
        ["POST /operations/staff/{id:guid}/enable"] = OnStaff("enable"),
        ["POST /operations/staff/{id:guid}/unlock"] = OnStaff("unlock"),
        ["POST /operations/staff/{id:guid}/reset-second-factor"] = OnStaff("reset-second-factor"),
        ["POST /operations/staff/{id:guid}/resend-invite"] = OnStaff("resend-invite"),
    };

    // Where a right answer depends on who asks for other reasons than their rights.
    private static readonly Dictionary<(string, Asker), (HttpStatusCode, string?)> Exceptions = new()
    {
        [("POST /account/second-factor/recovery-codes", Asker.Owner)] = (HttpStatusCode.Conflict, "second_factor_not_set_up"),
        [("POST /account/second-factor/recovery-codes", Asker.AnotherShopper)] = (HttpStatusCode.Conflict, "second_factor_not_set_up"),
        [("POST /account/second-factor/disable", Asker.Agent)] = (HttpStatusCode.Conflict, "second_factor_required_for_staff"),
        [("POST /account/second-factor/disable", Asker.Operator)] = (HttpStatusCode.Conflict, "second_factor_required_for_staff"),
        [("POST /account/second-factor/disable", Asker.Admin)] = (HttpStatusCode.Conflict, "second_factor_required_for_staff"),
    };

    public static TheoryData<string> Endpoints() => [.. Decisions.Keys];

    [Fact]
    public void Every_endpoint_has_a_decision_and_every_decision_an_endpoint()
    {
        var routes = api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Select(method => $"{method} {e.RoutePattern.RawText}")).ToList();

        output.WriteLine($"{routes.Count} endpoints, {Enum.GetValues<Asker>().Length} askers: {routes.Count * Enum.GetValues<Asker>().Length} requests");
        Assert.Empty(routes.Except(Decisions.Keys));
        Assert.Empty(Decisions.Keys.Except(routes));
        Assert.Equal(routes.Count, routes.Distinct().Count());
    }

    [Fact]
    public void What_invites_guessing_or_sends_mail_on_a_strangers_word_has_a_limit_of_its_own()
    {
        var unlimited = api.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText is { } route && (route.StartsWith("/account", StringComparison.Ordinal) || route.EndsWith("/link", StringComparison.Ordinal))
                && e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Contains("POST")
                && e.Metadata.GetMetadata<EnableRateLimitingAttribute>() is null)
            .Select(e => e.RoutePattern.RawText);

        // Ending sessions, and forgetting what was saved, needs one, and tells nothing.
        Assert.Equal(
            ["/account/payment-methods/{id:guid}/remove", "/account/sessions/revoke-others", "/account/sessions/{id:guid}/revoke", "/account/sign-out"],
            unlimited.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Endpoints))]
    public async Task Everybody_gets_what_was_decided(string endpoint)
    {
        var line = Decisions[endpoint];
        var isAct = endpoint.StartsWith("POST /operations/", StringComparison.Ordinal) && endpoint is not ("POST /operations/logs" or "POST /operations/search"); // searches: who looks for a person is noted, and this does not
        List<string> wrong = [];
        foreach (var asker in Enum.GetValues<Asker>())
        {
            var owner = await api.SignedInAsync(password: "the owner's long password");
            var caller = await CallerAsync(asker, owner);
            var ask = await line.Ask(this, owner);
            var before = await AuditedAsync();

            var answer = await api.SendAsync(
                new HttpMethod(endpoint.Split(' ')[0]), ask.Path, ask.Body, [.. ask.Headers ?? [], .. caller is null ? [] : new[] { Somebody.BearerOf(caller) }]);

            var expected = Expected(endpoint, line, asker);
            var got = (answer.Status, (int)answer.Status < 400 ? null : answer.Reason);
            if (got != expected)
                wrong.Add($"{asker}: {got}, not {expected}");
            var recorded = await AuditedAsync() - before;
            if (isAct && recorded != (expected == (line.Allowed, line.Reason) ? 1 : 0))
                wrong.Add($"{asker}: {recorded} lines in the audit");
            if (IsRefused(expected) && recorded > 0)
                wrong.Add($"{asker}: refused, and {recorded} lines in the audit");
        }

        Assert.True(wrong.Count == 0, string.Join("; ", wrong));
    }

    private static (HttpStatusCode, string?) Expected(string endpoint, Line line, Asker asker)
    {
        if (Exceptions.TryGetValue((endpoint, asker), out var exception))
            return exception;

        (HttpStatusCode, string?) allowed = (line.Allowed, line.Reason);
        (HttpStatusCode, string?) nobody = (HttpStatusCode.Unauthorized, "unauthenticated");
        (HttpStatusCode, string?) pending = (HttpStatusCode.Forbidden, "second_factor_required");
        (HttpStatusCode, string?) forbidden = (HttpStatusCode.Forbidden, "forbidden");
        return (line.For, asker) switch
        {
            (For.Everybody, _) => allowed,
            (For.OwnerOfTheOrder, Asker.Owner) => allowed,
            (For.OwnerOfTheOrder, _) => (HttpStatusCode.NotFound, "order_not_found"), // staff have their own page of it
            (_, Asker.Anonymous or Asker.Revoked) => nobody,
            (For.AnySession, _) => allowed,
            (_, Asker.Pending) => pending,
            (For.OwnerOfTheSession or For.OwnerOfTheMethod, Asker.Owner) => allowed,
            (For.OwnerOfTheSession, _) => (HttpStatusCode.NotFound, "session_not_found"),
            (For.OwnerOfTheMethod, _) => (HttpStatusCode.NotFound, "saved_method_not_found"),
            (For.Shopper, _) => allowed,
            (For.Agent, >= Asker.Agent) => allowed,
            (For.Operator, >= Asker.Operator) => allowed,
            (For.Admin, Asker.Admin) => allowed,
            _ => forbidden,
        };
    }

    private static bool IsRefused((HttpStatusCode, string?) answer) =>
        answer is (_, "unauthenticated" or "forbidden" or "second_factor_required" or "order_not_found" or "session_not_found" or "saved_method_not_found");

    private async Task<string?> CallerAsync(Asker asker, Somebody owner)
    {
        switch (asker)
        {
            case Asker.Anonymous:
                return null;
            case Asker.Revoked:
                var revoked = await api.SignedInAsync(Role.Admin);
                await using (var db = api.Open())
                    await db.Sessions.Where(s => s.Id == revoked.SessionId).ExecuteUpdateAsync(s => s.SetProperty(x => x.RevokedAt, DateTimeOffset.UtcNow));
                return revoked.Token;
            case Asker.Pending:
                return (await api.SignedInAsync(Role.Admin, pending: true)).Token;
            case Asker.Owner:
                return owner.Token;
            case Asker.AnotherShopper:
                return (await api.SignedInAsync(password: "another long password")).Token;
            default:
                return (await api.SignedInAsync(Enum.Parse<Role>($"{asker}"), password: "the staff's long password")).Token;
        }
    }

    private async Task<int> AuditedAsync()
    {
        await using var db = api.Open();
        return await db.Audit.CountAsync();
    }

    private static Line To(For who, string path, HttpStatusCode allowed, string? reason = null, object? body = null) =>
        new(who, (_, _) => Task.FromResult(new Ask(path, body)), allowed, reason);

    private static Line Of(Func<AuthorizationMatrixTests, Somebody, Task<Ask>> ask, For who, HttpStatusCode allowed, string? reason = null) =>
        new(who, ask, allowed, reason);

    private static Line OnStaff(string act) => Of((t, _) => t.StaffAsync(act), For.Admin, HttpStatusCode.NoContent);

    private static Ask Act(string path, object? body = null) =>
        new(path, body ?? new { why = "It was agreed." }, [("Idempotency-Key", $"{Guid.NewGuid()}")]);

    private async Task<Ask> StaffAsync(string act)
    {
        var agent = await api.SignedInAsync(Role.Agent);
        if (act is "resend-invite")
        {
            await using var db = api.Open();
            await db.Users.Where(u => u.Id == agent.Id).ExecuteUpdateAsync(u => u.SetProperty(x => x.PasswordHash, (string?)null));
        }

        return Act($"/operations/staff/{agent.Id}/{act}", new { role = "operator", why = "It was agreed." });
    }

    private async Task<Ask> OrderAsync(Somebody owner, string act)
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteDeleteAsync();
        await db.Orders.Where(o => o.Id == order.Id).ExecuteUpdateAsync(o => o.SetProperty(x => x.UserId, owner.Id));
        var number = await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync();
        return act is "" ? new Ask($"/orders/{number}") : Act($"/orders/{number}{act}", new { paymentToken = "pm_card_visa", provider = "stripe" });
    }

    private async Task<Ask> RefundAsync()
    {
        await using var db = api.Open();
        return Act($"/operations/orders/{(await RefundOperationsTests.PaidOrderAsync(db)).Number}/refunds");
    }

    private async Task<Ask> OpenOrderAsync(string act, object? body = null)
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteUpdateAsync(j => j.SetProperty(x => x.DueAt, DateTimeOffset.UtcNow.AddHours(1)));
        return Act($"/operations/orders/{await db.Orders.Where(o => o.Id == order.Id).Select(o => o.Number).SingleAsync()}/{act}", body);
    }

    private async Task<Ask> ParkedJobAsync()
    {
        await using var db = api.Open();
        var order = await Any.StoredOrderAsync(db);
        await db.PaymentJobs.Where(j => j.OrderId == order.Id).ExecuteUpdateAsync(j => j.SetProperty(x => x.State, JobState.Parked));
        return Act($"/operations/jobs/{await db.PaymentJobs.Where(j => j.OrderId == order.Id).Select(j => j.Id).SingleAsync()}/retry");
    }

    private async Task<Ask> BackgroundJobAsync()
    {
        await using var db = api.Open();
        var job = new BackgroundJob { Name = $"job_{Guid.NewGuid():N}", DueAt = DateTimeOffset.UtcNow.AddHours(1) };
        db.Add(job);
        await db.SaveChangesAsync();
        return Act($"/operations/background-jobs/{job.Name}/run");
    }

    private async Task<Ask> ErrorAsync() => Act($"/operations/errors/{await ErrorGroupTests.GroupAsync(api.Database)}/resolve");

    private async Task<Ask> MismatchAsync()
    {
        await using var db = api.Open();
        return Act($"/operations/mismatches/{(await ReconciliationOperationsTests.MismatchAsync(db)).Id}/refund");
    }

    private async Task<Ask> ParkedWebhookAsync(string act = "retry")
    {
        await using var db = api.Open();
        var receipt = new WebhookReceipt
        {
            Provider = PaymentProvider.Stripe, EventId = $"evt_{Guid.NewGuid():N}", Type = "any", Payload = [1], ReceivedAt = DateTimeOffset.UtcNow,
            State = JobState.Parked,
        };
        db.Add(receipt);
        await db.SaveChangesAsync();
        return Act($"/operations/webhooks/stripe/{receipt.EventId}/{act}");
    }

    private async Task<Ask> SavedMethodAsync(Somebody owner)
    {
        await using var db = api.Open();
        var now = DateTimeOffset.UtcNow;
        var method = SavedMethod.Of(owner.Id, PaymentProvider.PayPal, $"vault-{Guid.NewGuid():N}", null, "PayPal", now, now);
        db.Add(method);
        await db.SaveChangesAsync();
        return new($"/account/payment-methods/{method.Id}/remove", Headers: [("Idempotency-Key", $"{Guid.NewGuid()}")]);
    }

    private async Task<Ask> ParkedMailAsync(string what = "outbox", string act = "retry")
    {
        await using var db = api.Open();
        var message = OutboxMessage.To((await api.SignedInAsync()).Id, OutboxKind.PasswordChangedMail, DateTimeOffset.UtcNow);
        message.State = JobState.Parked;
        db.Add(message);
        await db.SaveChangesAsync();
        return Act($"/operations/{what}/{message.Id}/{act}");
    }
}
