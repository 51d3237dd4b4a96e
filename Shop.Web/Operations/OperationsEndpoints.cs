using Microsoft.AspNetCore.Http.HttpResults;

namespace Shop.Web.Operations;

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

    public static void MapOperations(this IEndpointRouteBuilder app) => app.MapPost("/ops/jobs/{id:guid}/retry", Retry).DisableAntiforgery();

    internal static async Task<Results<RedirectHttpResult, StatusCodeHttpResult>> Retry(Guid id, OperationsClient operations, CancellationToken ct)
    {
        var retried = await operations.RetryAsync(id, ct);
        if (retried.Value is null && !retried.IsRefused)
            return TypedResults.StatusCode(StatusCodes.Status503ServiceUnavailable);
        return TypedResults.LocalRedirect(retried.Value is null ? "/ops/queue?notice=not_parked" : "/ops/queue?notice=due");
    }
}
