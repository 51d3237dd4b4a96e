using Shop.Web.Api;
using Shop.Web.Edge;

namespace Shop.Web.Telemetry;

/// <summary>A browser's beacon: a script of ours failed on some page. It waits for no answer and reads none.</summary>
internal static class ScriptErrorEndpoint
{
    private const int MaxField = 4000;

    public static void MapScriptErrors(this IEndpointRouteBuilder app) => app.MapPost("/script-errors", Report).DisableAntiforgery().TakesFormsOnly();

    internal static async Task<IResult> Report(HttpContext context, ScriptErrorClient errors, CancellationToken ct)
    {
        var form = await context.Request.ReadFormAsync(ct);
        await errors.ReportAsync(Field("type"), Field("message"), Field("stack"), Field("page"), ct);
        return TypedResults.NoContent();

        string? Field(string name) => form[name].ToString() is { Length: > 0 } text ? text.Length > MaxField ? text[..MaxField] : text : null;
    }
}

internal sealed class ScriptErrorClient(HttpClient http)
{
    public Task<Written<object>> ReportAsync(string? type, string? message, string? stack, string? page, CancellationToken ct) =>
        http.WriteAsync<object>(ApiHttp.Post("/script-errors", new { type, message, stack, page }, Guid.CreateVersion7()), ct, whenEmpty: new object());
}
