using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Web.Api;

namespace Shop.Web.Operations;

using RetryResult = Results<RedirectHttpResult, StatusCodeHttpResult>;

internal static class OperationsEndpoints
{
    public static void AddOperations(this IServiceCollection services) =>
        services.AddOptions<DashboardOptions>().BindConfiguration(DashboardOptions.Section)
            .Validate(o => o.Url is null or { IsAbsoluteUri: true }, "Dashboard:Url must be an absolute address.").ValidateOnStart();

    /// <summary>Orders and payments are for staff, and nobody can sign in yet: outside Development these pages do not exist.</summary>
    public static void UseOperationsGate(this WebApplication app) => app.Use((context, next) =>
    {
        if (!context.Request.Path.StartsWithSegments("/ops") || app.Environment.IsDevelopment())
            return next(context);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    });

    public static void MapOperations(this IEndpointRouteBuilder app)
    {
        app.MapPost("/ops/jobs/{id:guid}/retry", RetryJob).DisableAntiforgery();
        app.MapPost("/ops/webhooks/{provider}/{eventId}/retry", RetryWebhook).DisableAntiforgery();
        app.MapPost("/ops/outbox/{id:guid}/retry", RetryMessage).DisableAntiforgery();
    }

    internal static async Task<RetryResult> RetryJob(Guid id, OperationsClient operations, CancellationToken ct) =>
        Answer(await operations.RetryJobAsync(id, ct));

    internal static async Task<RetryResult> RetryWebhook(string provider, string eventId, OperationsClient operations, CancellationToken ct) =>
        Answer(await operations.RetryWebhookAsync(provider, eventId, ct));

    internal static async Task<RetryResult> RetryMessage(Guid id, OperationsClient operations, CancellationToken ct) =>
        Answer(await operations.RetryMessageAsync(id, ct));

    private static RetryResult Answer(Written<Done> retried)
    {
        if (retried.Value is null && !retried.IsRefused)
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        return TypedResults.LocalRedirect(retried.Value is null ? "/ops/queue?notice=not_parked" : "/ops/queue?notice=due");
    }
}
