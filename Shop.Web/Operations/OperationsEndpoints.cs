using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Shop.Web.Api;

namespace Shop.Web.Operations;

using RetryResult = Results<RedirectHttpResult, StatusCodeHttpResult>;

/// <summary>What staff do. Who may is the Api's to say, of every request anew.</summary>
internal static class OperationsEndpoints
{
    public static void AddOperations(this IServiceCollection services)
    {
        services.AddOptions<DashboardOptions>().BindConfiguration(DashboardOptions.Section)
            .Validate(o => o.Url is null or { IsAbsoluteUri: true }, "Dashboard:Url must be an absolute address.").ValidateOnStart();
        services.AddOptions<DrillOptions>().BindConfiguration(DrillOptions.Section)
            .Validate(o => o.Url is null or { IsAbsoluteUri: true }, "Drill:Url must be an absolute address.").ValidateOnStart();
    }

    public static void MapOperations(this IEndpointRouteBuilder app)
    {
        app.MapPost("/ops/jobs/{id:guid}/retry", RetryJob).DisableAntiforgery();
        app.MapPost("/ops/webhooks/{provider}/{eventId}/retry", RetryWebhook).DisableAntiforgery();
        app.MapPost("/ops/outbox/{id:guid}/retry", RetryMessage).DisableAntiforgery();
        app.MapPost("/ops/gateways/{provider}/override", OverrideGateway).DisableAntiforgery();
        app.MapPost("/ops/jobs/{name}/run", RunJob).DisableAntiforgery();
        app.MapGet("/ops/mail/{id:guid}/html", GetMailHtml);
        app.MapGet("/ops/orders/{number:long}/scenario.json", GetScenario);
        app.MapGet("/ops/orders/{number:long}/scenario.cs", GetScenarioTest);
    }

    internal static async Task<RetryResult> RetryJob(
        Guid id, [FromForm(Name = "Why")] string? why, OperationsClient operations, HttpContext context, CancellationToken ct) =>
        Answer(await operations.RetryJobAsync(id, why ?? "", ActKey.Of(context), ct));

    internal static async Task<RetryResult> RetryWebhook(
        string provider, string eventId, [FromForm(Name = "Why")] string? why, OperationsClient operations, HttpContext context, CancellationToken ct) =>
        Answer(await operations.RetryWebhookAsync(provider, eventId, why ?? "", ActKey.Of(context), ct));

    internal static async Task<RetryResult> RetryMessage(
        Guid id, [FromForm(Name = "Why")] string? why, OperationsClient operations, HttpContext context, CancellationToken ct) =>
        Answer(await operations.RetryMessageAsync(id, why ?? "", ActKey.Of(context), ct));

    internal static async Task<RetryResult> OverrideGateway(
        string provider, [FromForm(Name = "Mode")] string? mode, [FromForm(Name = "Minutes")] string? minutes, [FromForm(Name = "Why")] string? why,
        OperationsClient operations, HttpContext context, CancellationToken ct)
    {
        int? chosen = int.TryParse(minutes, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
        return await operations.OverrideGatewayAsync(provider, mode ?? "", chosen, why ?? "", ActKey.Of(context), ct) switch
        {
            { Value: not null } => TypedResults.LocalRedirect("/ops/gateways?notice=done"),
            { Problem.Reason: "gateway_not_overridden" } => TypedResults.LocalRedirect("/ops/gateways?notice=not_overridden"),
            { IsRefused: true } => TypedResults.LocalRedirect("/ops/gateways?notice=invalid"),
            _ => TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable),
        };
    }

    internal static async Task<RetryResult> RunJob(
        string name, [FromForm(Name = "Why")] string? why, ReconciliationClient operations, HttpContext context, CancellationToken ct) =>
        await operations.RunJobAsync(name, why ?? "", ActKey.Of(context), ct) switch
        {
            { Value: not null } => TypedResults.LocalRedirect("/ops/jobs?notice=due"),
            { Problem.Reason: "validation_failed" } => TypedResults.LocalRedirect("/ops/jobs?notice=why_missing"),
            { IsRefused: true } => TypedResults.LocalRedirect("/ops/jobs?notice=refused"),
            _ => TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable),
        };

    /// <summary>A mail as the document it is, for the frame in its page: it brings its own styles, and can do nothing.</summary>
    internal static async Task<Results<ContentHttpResult, StatusCodeHttpResult>> GetMailHtml(
        Guid id, MailClient mails, HttpContext context, CancellationToken ct)
    {
        var found = await mails.GetMailAsync(id, ct);
        if (found.Value is not { } mail)
            return TypedResults.StatusCode(found.IsMissing ? StatusCodes.Status404NotFound : StatusCodes.Status503ServiceUnavailable);

        context.Response.Headers.ContentSecurityPolicy = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";
        return TypedResults.Content(mail.Html, "text/html; charset=utf-8");
    }

    /// <summary>For <c>PUT /faults</c> of the simulator.</summary>
    internal static Task<Results<FileContentHttpResult, StatusCodeHttpResult>> GetScenario(long number, SearchClient search, CancellationToken ct) =>
        ExportAsync(number, search, export => export.Json, "application/json", $"order-{number}.json", ct);

    internal static Task<Results<FileContentHttpResult, StatusCodeHttpResult>> GetScenarioTest(long number, SearchClient search, CancellationToken ct) =>
        ExportAsync(number, search, export => export.Test, "text/plain", $"Order{number}Tests.cs", ct);

    private static async Task<Results<FileContentHttpResult, StatusCodeHttpResult>> ExportAsync(
        long number, SearchClient search, Func<ExportedOrder, string> what, string type, string name, CancellationToken ct)
    {
        var found = await search.GetScenarioAsync(number, ct);
        return found.Value is { } export
            ? TypedResults.File(System.Text.Encoding.UTF8.GetBytes(what(export)), $"{type}; charset=utf-8", name)
            : TypedResults.StatusCode(found.IsMissing ? StatusCodes.Status404NotFound : StatusCodes.Status503ServiceUnavailable);
    }

    private static RetryResult Answer(Written<Done> retried) => retried switch
    {
        { Value: not null } => TypedResults.LocalRedirect("/ops/queue?notice=due"),
        { Problem.Reason: "validation_failed" } => TypedResults.LocalRedirect("/ops/queue?notice=why_missing"),
        { IsRefused: true } => TypedResults.LocalRedirect("/ops/queue?notice=not_parked"),
        _ => TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable),
    };
}
