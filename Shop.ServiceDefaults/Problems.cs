using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace Shop.ServiceDefaults;

/// <summary>
/// Every refusal is <c>application/problem+json</c> with two members of ours: <c>reason</c>, a word for programs out of a closed
/// set, and <c>reference</c>, the one thing a person has to quote.
/// </summary>
public static partial class Problems
{
    public const string ContentType = "application/problem+json";
    internal const string Reason = "reason";
    internal const string Reference = "reference";

    /// <param name="status">The HTTP status; it also names the problem's title.</param>
    /// <param name="reason">Lower snake case, such as <c>out_of_stock</c>; callers and tests depend on it.</param>
    /// <param name="detail">For a person. No personal data, no card data: it is logged along the way.</param>
    /// <param name="extensions">Further members, for example the order number.</param>
    public static ProblemHttpResult Refuse(int status, string reason, string detail, IDictionary<string, object?>? extensions = null)
    {
        if (!Word().IsMatch(reason))
            throw new ArgumentException($"A reason is one lower_snake_case word, not '{reason}'.", nameof(reason));

        var problem = new ProblemDetails { Status = status, Detail = detail };
        foreach (var (key, value) in extensions ?? new Dictionary<string, object?>())
            problem.Extensions[key] = value;

        problem.Extensions[Reason] = reason;
        Complete(problem);
        return TypedResults.Problem(problem);
    }

    internal static void AddProblems(this IServiceCollection services)
    {
        services.AddSingleton<IProblemDetailsWriter, Writer>(); // before the framework's, which declines when the client asked for HTML
        services.AddProblemDetails();
        services.PostConfigure<ProblemDetailsOptions>(options =>
        {
            var theirs = options.CustomizeProblemDetails;
            options.CustomizeProblemDetails = context =>
            {
                theirs?.Invoke(context);
                context.ProblemDetails.Status ??= context.HttpContext.Response.StatusCode;
                Complete(context.ProblemDetails);
            };
        });
        services.Configure<ExceptionHandlerOptions>(options =>
        {
            options.ExceptionHandler = UnhandledException.AnswerAsync;
            options.SuppressDiagnosticsCallback = _ => true; // logged there, once and with the reference
        });
    }

    private static void Complete(ProblemDetails problem)
    {
        var status = problem.Status ?? StatusCodes.Status500InternalServerError;
        var phrase = ReasonPhrases.GetReasonPhrase(status);
        if (problem.Title != phrase)
            problem.Detail ??= problem.Title;

        // about:blank says that the status tells it all; RFC 9457 wants its phrase as the title then.
        (problem.Type, problem.Title) = ("about:blank", phrase);
        problem.Extensions.Remove("traceId");
        problem.Extensions.TryAdd(Reason, problem is HttpValidationProblemDetails ? "validation_failed" : ReasonOf(status));
        if (ServiceDefaults.Reference.Current is { } reference)
            problem.Extensions[Reference] = reference;
    }

    private static string ReasonOf(int status) => status switch
    {
        400 => "bad_request",
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "not_found",
        405 => "method_not_allowed",
        406 => "not_acceptable",
        408 or 504 => "timeout",
        409 => "conflict",
        412 => "precondition_failed",
        413 => "too_large",
        415 => "unsupported_media_type",
        422 => "unprocessable",
        428 => "precondition_required",
        429 => "too_many_requests",
        502 => "bad_gateway",
        503 => "unavailable",
        >= 500 => "internal_error",
        _ => "refused",
    };

    [GeneratedRegex("^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    private static partial Regex Word();

    private sealed class Writer(IOptions<ProblemDetailsOptions> problems, IOptions<JsonOptions> json) : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public async ValueTask WriteAsync(ProblemDetailsContext context)
        {
            problems.Value.CustomizeProblemDetails?.Invoke(context);
            // No token: this overload stops by itself, and silently, when the client hangs up.
            await context.HttpContext.Response.WriteAsJsonAsync(
                context.ProblemDetails, context.ProblemDetails.GetType(), json.Value.SerializerOptions, ContentType);
        }
    }
}
