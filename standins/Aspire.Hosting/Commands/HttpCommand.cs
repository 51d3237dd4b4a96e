using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting;

internal sealed class HttpCommand(EndpointReference endpoint, string path, HttpCommandOptions options)
{
    private readonly HttpMethod _method = options.Method ?? HttpMethod.Post;

    public string DefaultName => string.Create(null,
        $"{endpoint.Resource.Name}-{endpoint.EndpointName}-http-{_method.Method.ToLowerInvariant()}-{path}");

    public static ResourceCommandState StateIn(UpdateCommandStateContext context) =>
        context.ResourceSnapshot.State?.Text is { } state && (state == KnownResourceStates.Running || state == KnownResourceStates.RuntimeUnhealthy)
            ? ResourceCommandState.Enabled
            : ResourceCommandState.Disabled;

    public async Task<ExecuteCommandResult> ExecuteAsync(ExecuteCommandContext context)
    {
        if (!endpoint.IsAllocated)
            return CommandResults.Failure("Endpoints are not yet allocated.");

        using var client = context.Services.GetRequiredService<IHttpClientFactory>().CreateClient(options.HttpClientName ?? "");

        // A command may take as long as it takes: whoever pressed the button can cancel it. A named client has been given its own limit.
        if (options.HttpClientName is null)
            client.Timeout = Timeout.InfiniteTimeSpan;

        using var request = new HttpRequestMessage(_method, new Uri(new Uri(endpoint.Url), path));
        if (options.PrepareRequest is { } prepare)
        {
            await prepare(new HttpCommandRequestContext
            {
                Services = context.Services,
                ResourceName = context.ResourceName,
                Endpoint = endpoint,
                CancellationToken = context.CancellationToken,
                HttpClient = client,
                Arguments = context.Arguments,
                Request = request,
            });
        }

        try
        {
            using var response = await client.SendAsync(request, context.CancellationToken);
            return options.GetCommandResult is { } getResult
                ? await getResult(new HttpCommandResultContext
                {
                    Services = context.Services,
                    ResourceName = context.ResourceName,
                    Endpoint = endpoint,
                    CancellationToken = context.CancellationToken,
                    HttpClient = client,
                    Arguments = context.Arguments,
                    Response = response,
                })
                : await ResultOfAsync(response, context.CancellationToken);
        }
        catch (HttpRequestException e)
        {
            return CommandResults.Failure(e);
        }
    }

    private async Task<ExecuteCommandResult> ResultOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var data = await DataOfAsync(response, cancellationToken);
        if (response.IsSuccessStatusCode)
            return new ExecuteCommandResult { Success = true, Data = data };

        return new ExecuteCommandResult { Success = false, Message = $"Request failed with status code {response.StatusCode}", Data = data };
    }

    private async Task<CommandResultData?> DataOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var type = response.Content.Headers.ContentType?.MediaType;
        CommandResultFormat? format = options.ResultMode switch
        {
            HttpCommandResultMode.Json => CommandResultFormat.Json,
            HttpCommandResultMode.Text => CommandResultFormat.Text,
            HttpCommandResultMode.Auto when type is not null && type.EndsWith("json", StringComparison.OrdinalIgnoreCase) => CommandResultFormat.Json,
            HttpCommandResultMode.Auto when type is not null && type.StartsWith("text/", StringComparison.OrdinalIgnoreCase) => CommandResultFormat.Text,
            _ => null,
        };
        if (format is null || await response.Content.ReadAsStringAsync(cancellationToken) is not { Length: > 0 } body)
            return null;

        return new CommandResultData { Value = body, Format = format.Value };
    }
}
