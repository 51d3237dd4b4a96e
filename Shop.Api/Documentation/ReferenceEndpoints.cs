using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Shop.Api.Documentation;

/// <summary>The OpenAPI document, and the same thing for people: one page, rendered here, that needs nothing from anywhere.</summary>
internal static class ReferenceEndpoints
{
    private const string Document = "v1";

    private const string Style = """
        :root { color-scheme: light dark; --line: light-dark(#ddd, #444); --soft: light-dark(#f6f6f4, #222); }
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { margin-bottom: .25rem; }
        code { font: .9em/1.4 ui-monospace, monospace; } .verb { display: inline-block; min-width: 3.5rem; font-weight: 700; }
        table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
        th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border: 1px solid var(--line); }
        th { background: var(--soft); } nav a { margin-right: 1rem; }
        """;

    public static void AddReference(this IServiceCollection services) => services.AddOpenApi(Document);

    public static void MapReference(this IEndpointRouteBuilder app)
    {
        app.MapOpenApi().AllowAnonymous();
        app.MapGet("/reference", GetReference).ExcludeFromDescription().AllowAnonymous();
    }

    internal static async Task<ContentHttpResult> GetReference(
        [FromKeyedServices(Document)] IOpenApiDocumentProvider documents, HttpContext http, CancellationToken ct)
    {
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        return TypedResults.Content(Render(await documents.GetOpenApiDocumentAsync(ct)), "text/html; charset=utf-8");
    }

    private static string Render(OpenApiDocument document)
    {
        var page = new StringBuilder();
        var operations = document.Paths
            .SelectMany(p => (p.Value.Operations ?? []).Select(o => (Path: p.Key, Verb: o.Key.Method, Operation: o.Value)))
            .GroupBy(o => o.Operation.Tags?.FirstOrDefault()?.Name ?? "Other").ToList();
        var schemas = document.Components?.Schemas ?? new Dictionary<string, IOpenApiSchema>();

        page.Append($"""
            <!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Shop API</title><style>{Style}</style></head><body><h1>Shop API</h1>
            <p>The same as a document for programs: <a href="/openapi/{Document}.json"><code>/openapi/{Document}.json</code></a>. Errors are
            <code>application/problem+json</code> with <code>reason</code> and <code>reference</code>; amounts are in minor units (cents).</p><nav>
            """);
        foreach (var group in operations)
            page.Append($"""<a href="#{Text(group.Key)}">{Text(group.Key)}</a>""");
        page.Append("""<a href="#schemas">Schemas</a></nav>""");

        foreach (var group in operations)
        {
            page.Append($"""<h2 id="{Text(group.Key)}">{Text(group.Key)}</h2>""");
            foreach (var (path, verb, operation) in group)
                Operation(page, path, verb, operation);
        }

        page.Append("""<h2 id="schemas">Schemas</h2>""");
        foreach (var (name, schema) in schemas)
            Schema(page, name, schema);
        return page.Append("</body></html>").ToString();
    }

    private static void Operation(StringBuilder page, string path, string verb, OpenApiOperation operation)
    {
        page.Append($"""
            <h3 id="{Text(operation.OperationId)}"><span class="verb">{Text(verb)}</span> <code>{Text(path)}</code></h3>
            <p>{Text(operation.Summary)}</p>
            """);
        if (operation.Parameters is { Count: > 0 } parameters)
        {
            page.Append("<table><tr><th>Parameter</th><th>In</th><th>Type</th></tr>");
            foreach (var parameter in parameters)
                page.Append($"<tr><td><code>{Text(parameter.Name)}</code></td><td>{parameter.In}</td><td>{TypeOf(parameter.Schema)}</td></tr>");
            page.Append("</table>");
        }

        page.Append("<table><tr><th>Body</th><th>Content</th></tr>");
        if (operation.RequestBody?.Content is { } body)
            page.Append($"<tr><td>request</td><td>{Contents(body)}</td></tr>");
        foreach (var (status, response) in operation.Responses ?? [])
            page.Append($"<tr><td>{Text(status)} {Text(response.Description)}</td><td>{Contents(response.Content)}</td></tr>");
        page.Append("</table>");
    }

    private static void Schema(StringBuilder page, string name, IOpenApiSchema schema)
    {
        page.Append($"""<h3 id="schema-{Text(name)}"><code>{Text(name)}</code></h3>""");
        if (schema.Enum is { Count: > 0 } words)
            page.Append($"<p>{string.Join(", ", words.Select(w => $"<code>{Text(w?.ToString())}</code>"))}</p>");
        if (schema.Properties is not { Count: > 0 } properties)
            return;

        page.Append("<table><tr><th>Member</th><th>Type</th></tr>");
        foreach (var (member, type) in properties)
            page.Append($"<tr><td><code>{Text(member)}</code></td><td>{TypeOf(type)}</td></tr>");
        page.Append("</table>");
    }

    private static string Contents(IDictionary<string, OpenApiMediaType>? contents) => contents is { Count: > 0 }
        ? string.Join("<br>", contents.Select(c => $"<code>{Text(c.Key)}</code> {TypeOf(c.Value.Schema)}"))
        : "";

    private static string TypeOf(IOpenApiSchema? schema) => schema switch
    {
        null => "",
        OpenApiSchemaReference { Reference.Id: { } id } => $"""<a href="#schema-{Text(id)}">{Text(id)}</a>""",
        { OneOf: { Count: > 0 } either } => string.Join(" or ", either.Select(TypeOf)),
        { Type: { } type } when type.HasFlag(JsonSchemaType.Array) => $"list of {TypeOf(schema.Items)}",
        { Type: { } type } => Text($"{type}{(schema.Format is { } format ? $" ({format})" : "")}".ToLowerInvariant()),
        _ => "any",
    };

    private static string Text(string? text) => WebUtility.HtmlEncode(text ?? "");
}
