using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Shop.ServiceDefaults;

/// <summary>The end of every exception that no <see cref="IExceptionHandler"/> of the host wanted.</summary>
internal static class UnhandledException
{
    public static async Task AnswerAsync(HttpContext context)
    {
        var feature = context.Features.GetRequiredFeature<IExceptionHandlerPathFeature>();
        var exception = feature.Error;
        if (context.RequestAborted.IsCancellationRequested)
        {
            // Whatever broke, it broke because nobody waits for it any more.
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return;
        }

        if (exception is BadHttpRequestException bad)
        {
            context.Response.StatusCode = bad.StatusCode; // the client's mistake; its text may quote the input, so it stays here
        }
        else
        {
            Report(context, exception);
        }

        await context.RequestServices.GetRequiredService<IProblemDetailsService>()
            .WriteAsync(new() { HttpContext = context, Exception = exception, ProblemDetails = { Status = context.Response.StatusCode } });
    }

    /// <summary>Once in the log, on the span and on the request's metric, however many handlers an exception passes on its way out.</summary>
    public static void Report(HttpContext context, Exception exception)
    {
        if (!context.Items.TryAdd(typeof(UnhandledException), exception))
            return;

        RequestLog.TellOrder(context); // before the line is written
        var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(UnhandledException).FullName!);
        logger.Unhandled(exception, context.Request.Method, RequestLog.RouteOf(context), Reference.Current);

        var type = exception.GetType().FullName;
        context.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("error.type", type));
        if (context.Features.Get<IHttpActivityFeature>()?.Activity is { } activity)
        {
            activity.AddException(exception);
            activity.SetTag("error.type", type).SetStatus(ActivityStatusCode.Error);
        }
    }
}
