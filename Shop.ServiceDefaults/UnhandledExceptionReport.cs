using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;

namespace Shop.ServiceDefaults;

/// <summary>
/// For a host that answers an exception with a page of its own: <c>UseExceptionHandler("/path")</c> builds its own options, and what we set
/// on the shared ones would be silent. It reports and answers nothing, so the page is still shown.
/// </summary>
public sealed class UnhandledExceptionReport : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!httpContext.RequestAborted.IsCancellationRequested && exception is not BadHttpRequestException)
            UnhandledException.Report(httpContext, exception);
        return ValueTask.FromResult(false);
    }
}
