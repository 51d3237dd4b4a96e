using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Shop.Api.Orders;
using Shop.Api.RateLimits;
using Shop.Data.Telemetry;
using Shop.ServiceDefaults;
using Shop.ServiceDefaults.Records;

namespace Shop.Api.Telemetry;

/// <param name="Stack">As the browser has it, without the shop's own address.</param>
/// <param name="Page">The path of the page.</param>
internal sealed record ScriptError(string? Type, string? Message, string? Stack, string? Page);

/// <summary>
/// A script of ours failed in somebody's browser. Anybody can say so, and say anything: it is scrubbed, limited by address, and there are only so
/// many kinds an hour. So nothing that it says about an order or a person is believed.
/// </summary>
internal static partial class ScriptErrors
{
    private const int MaxStack = 4000;
    private const int MaxFrames = 10;
    private const int MaxTitle = 200;

    public static void MapScriptErrors(this IEndpointRouteBuilder app) => app.MapPost("/script-errors", ReportScriptError).WithName(nameof(ReportScriptError))
        .WithTags("Browser").WithSummary("A script of the storefront failed in a browser.").RequireRateLimiting(RateLimiting.Reports).AllowAnonymous();

    internal static NoContent ReportScriptError(
        ScriptError report, RecordBuffer buffer, TimeProvider clock, ShopTelemetry telemetry, ILogger<ScriptError> logger)
    {
        telemetry.BrowserReported("script_error");
        var now = clock.GetUtcNow();
        var type = Name().IsMatch(report.Type ?? "") ? report.Type! : "Error";
        var title = BrowserReports.Scrub(report.Message) ?? "(no words)";
        title = title.Length > MaxTitle ? title[..MaxTitle] : title;
        var frames = FramesOf(report.Stack);
        var page = PageOf(report.Page);
        logger.ScriptFailed(type, page, title);
        buffer.Add(new ErrorReport
        {
            Id = Guid.CreateVersion7(now), Fingerprint = Fingerprint.Of([ErrorGroups.Browser, type], frames, Digits().Replace(title, "")), At = now,
            Service = ErrorGroups.Browser, Instance = RecordBuffer.Instance, Release = Release.Current, Type = type, Title = title,
            Culprit = frames is [var first, ..] ? first : page, Stack = frames is [] ? null : string.Join('\n', frames), Route = page,
            Reference = Reference.Current, TraceId = System.Diagnostics.Activity.Current?.TraceId.ToHexString(),
        });
        return TypedResults.NoContent();
    }

    /// <summary>
    /// "at pay (/card.k2x9d8s7ab.js:12:30)" or "pay@/card.k2x9d8s7ab.js:12:30" is "pay card": the same in every build, as it holds neither the
    /// hash of the file nor a line.
    /// </summary>
    internal static IReadOnlyList<string> FramesOf(string? stack)
    {
        var text = stack is { Length: > MaxStack } ? stack[..MaxStack] : stack ?? "";
        return
        [
            .. Frame().Matches(text).Take(MaxFrames).Select(frame =>
            {
                var function = frame.Groups["chrome"].Value + frame.Groups["firefox"].Value;
                return $"{(function is "" ? "(anonymous)" : function)} {frame.Groups["file"].Value}";
            }),
        ];
    }

    // The page's kind: words of an address stay, what stands where a name or a number would does not.
    internal static string PageOf(string? path) =>
        path is { Length: > 0 and <= 300 } && path.StartsWith('/')
            ? $"/{string.Join('/', path.Split('/', StringSplitOptions.RemoveEmptyEntries).Take(6).Select((part, i) => i % 2 == 0 && Word().IsMatch(part) ? part : "{…}"))}"
            : "(unknown)";

    [GeneratedRegex(@"^[A-Za-z]{1,40}$")] private static partial Regex Name();

    [GeneratedRegex(@"^[a-z-]{1,30}$")] private static partial Regex Word();

    [GeneratedRegex(@"\d+")] private static partial Regex Digits();

    [GeneratedRegex(
        @"^[ \t]*(?:at (?:async )?(?:(?<chrome>[\w$.<>]{1,60}) (?:\[as \w+\] )?\()?|(?<firefox>[\w$.<>/*]{0,60})@)/(?<file>[\w/-]{1,60}?)(?:\.[a-z0-9]{10})?(?:\.m?js)(?:\?\S*?)?:\d+:\d+\)?\s*$",
        RegexOptions.Multiline)]
    private static partial Regex Frame();
}
