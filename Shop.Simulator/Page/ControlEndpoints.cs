using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Simulator.Elements;
using Shop.Simulator.Faults;
using Shop.Simulator.Mail;
using Shop.Simulator.Stripe;
using Shop.Simulator.Webhooks;

namespace Shop.Simulator.Page;

internal sealed record Settings(WebhookEndpoint[]? Webhooks);

internal sealed record SettingsAnswer(string[] WebhookUrls, int? SmtpPort, string StripeUrl);

/// <summary>What tests and the developer page ask and set. None of it exists in the real world.</summary>
internal static class ControlEndpoints
{
    public static void MapControl(this IEndpointRouteBuilder app)
    {
        app.MapGet("/ledger", (Account account, string? order, string? after, int? limit, DateTimeOffset? from, DateTimeOffset? to) =>
            account.Read(w => Ledger.Of(w, order, after, limit, from, to)));
        app.MapGet("/requests", (RequestLog requests, string? order) => requests.NewestFirst(order));
        app.MapGet("/webhooks", (Account account, string? order) => account.Read(w => SentWebhook.NewestFirst(w, order)));
        app.MapGet("/mails", (Mailbox mails, string? to) => mails.NewestFirst(to));
        app.MapGet("/mails/{id}", Results<Ok<ReceivedMail>, NotFound> (Mailbox mails, string id) =>
            mails.Find(id) is { } mail ? TypedResults.Ok(mail) : TypedResults.NotFound());
        app.MapGet("/mails/{id}/html", MailHtml);
        app.MapGet("/faults", (FaultBox faults) => faults.Current);
        app.MapPut("/faults", SetFaultsAsync);
        app.MapPost("/faults", PlayFormAsync).DisableAntiforgery(); // nothing here is worth forging, and no cookie says who asks
        app.MapDelete("/faults", (FaultBox faults, GatewayListener gateway, CancellationToken ct) => PlayAsync(new(), faults, gateway, ct));
        app.MapGet("/settings", ReadSettings);
        app.MapPut("/settings", SetWebhooks);
    }

    private static async Task<Results<Ok<FaultSettings>, ValidationProblem>> SetFaultsAsync(
        HttpRequest request, FaultBox faults, GatewayListener gateway, CancellationToken ct)
    {
        FaultSettings? settings;
        try
        {
            settings = await request.ReadFromJsonAsync<FaultSettings>(ct);
        }
        catch (JsonException e) // says which member, and where
        {
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { [e.Path ?? ""] = [e.Message] });
        }

        var problems = settings?.Problems(StripeEndpoints.Operations) ?? new() { [""] = ["An object is needed."] };
        return problems.Count > 0 ? TypedResults.ValidationProblem(problems) : TypedResults.Ok(await PlayAsync(settings!, faults, gateway, ct));
    }

    /// <summary>From the page's form.</summary>
    private static async Task<IResult> PlayFormAsync(HttpRequest request, FaultBox faults, GatewayListener gateway, CancellationToken ct)
    {
        var settings = FaultForm.Read(await request.ReadFormAsync(ct));
        var problems = settings?.Problems(StripeEndpoints.Operations) ?? new() { ["fault"] = ["One of those in the list."] };
        if (problems.Count > 0)
        {
            return new RazorComponentResult<DeveloperPage>(new { Problem = string.Join(" ", problems.Select(p => $"{p.Key}: {p.Value[0]}")) })
            {
                StatusCode = StatusCodes.Status422UnprocessableEntity,
            };
        }

        await PlayAsync(settings!, faults, gateway, ct);
        return new SeeOther("/");
    }

    private static async Task<FaultSettings> PlayAsync(FaultSettings settings, FaultBox faults, GatewayListener gateway, CancellationToken ct)
    {
        faults.Set(settings);
        await gateway.OpenAsync(!faults.IsDoorClosed, ct);
        return faults.Current;
    }

    // Secrets are taken, never given back.
    private static SettingsAnswer ReadSettings(Account account, SmtpSink smtp, GatewayListener gateway) =>
        new(account.Read(w => w.Webhooks.Endpoints.Select(e => e.Url).ToArray()), smtp.Port, gateway.Url);

    private static Results<Ok<SettingsAnswer>, ValidationProblem> SetWebhooks(
        Settings settings, Account account, SmtpSink smtp, GatewayListener gateway)
    {
        if (settings.Webhooks is not { } webhooks || !webhooks.All(w => w is { IsValid: true }))
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["webhooks"] = ["Each needs an absolute http(s) url and a secret, and may have an apiVersion such as 2026-10-28.endive."] });
        account.Write(w => w.Save(new WebhookSettings(WebhookSettings.TheOne, webhooks)));
        return TypedResults.Ok(ReadSettings(account, smtp, gateway));
    }

    /// <summary>For the page's iframe. A mail is a stranger's HTML: no scripts, no forms, nothing fetched.</summary>
    private static Results<ContentHttpResult, NotFound> MailHtml(Mailbox mails, string id, HttpResponse response)
    {
        if (mails.Find(id) is not { Html: { } html })
            return TypedResults.NotFound();
        response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups; frame-ancestors 'self'";
        return TypedResults.Content(html, "text/html; charset=utf-8");
    }
}

/// <summary>A webhook's way so far, for people.</summary>
internal sealed record SentWebhook(
    string EventId, string Type, string Url, DeliveryState State, int Attempts, int? LastStatus, string? LastError,
    DateTimeOffset? LastAttempt, DateTimeOffset? NextAttempt, string? OrderId)
{
    private const int Most = 500;

    public static SentWebhook[] NewestFirst(Work work, string? orderId) => [.. (orderId is null
            ? work.NewestFirst<Delivery>()
            : work.With<StripeEvent>($"order:{orderId}").Reverse().SelectMany(e => work.With<Delivery>($"event:{e.Id}")))
        .Where(d => d.Forgery is null)
        .Select(d => (Delivery: d, OrderId: work.Find<StripeEvent>(d.EventId)?.OrderId))
        .Take(Most)
        .Select(s => new SentWebhook(s.Delivery.EventId, s.Delivery.Type, s.Delivery.Url, s.Delivery.State, s.Delivery.Attempts, s.Delivery.LastStatus,
            s.Delivery.LastError, s.Delivery.LastAttempt, s.Delivery.State == DeliveryState.Waiting ? s.Delivery.NextAttempt : null, s.OrderId))];
}
