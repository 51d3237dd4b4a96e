using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Shop.ServiceDefaults;

/// <summary>
/// Service discovery takes endpoints in turn and shares its turns among all requests, so the second attempt of one may well get the
/// endpoint that has just failed it. This pair around discovery asks for another turn until it is an endpoint that has not failed this
/// request yet. A connection that could not be made carried nothing: then the next endpoint is asked at once, which is no repetition, and
/// neither the retry nor the breaker hears of it.
/// </summary>
internal sealed class NextEndpoint : DelegatingHandler
{
    private const int Turns = 12; // of two endpoints taken at random, the one that is wanted comes with 99.98 %

    private static readonly HttpRequestOptionsKey<Asked> Key = new(nameof(NextEndpoint));

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (!request.Options.TryGetValue(Key, out var asked))
            request.Options.Set(Key, asked = new());

        asked.MayRepeat = false;
        HttpRequestException? refused = null;
        for (var turn = 1; ; turn++)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (AskedBeforeException)
            {
                if (turn < Turns)
                    continue;
                if (refused is not null)
                    ExceptionDispatchInfo.Throw(refused); // whoever else there is could not be reached either
                asked.MayRepeat = true; // there is nobody else
            }
            catch (HttpRequestException e) when (!asked.MayRepeat && NeverLeft(e))
            {
                refused = e;
            }
        }
    }

    public static bool NeverLeft(Exception? e) => e is HttpRequestException
    {
        HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
    };

    private sealed class Asked
    {
        public ConcurrentDictionary<string, bool> Failed { get; } = new(StringComparer.OrdinalIgnoreCase);

        public bool MayRepeat { get; set; }
    }

    private sealed class AskedBeforeException : Exception;

    /// <summary>Inside discovery, where the request has its endpoint.</summary>
    internal sealed class Memory : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (!request.Options.TryGetValue(Key, out var asked) || request.RequestUri is not { } endpoint)
                return await base.SendAsync(request, cancellationToken);
            if (!asked.MayRepeat && asked.Failed.ContainsKey(endpoint.Authority))
                throw new AskedBeforeException();

            var isWell = false;
            try
            {
                var response = await base.SendAsync(request, cancellationToken);
                isWell = (int)response.StatusCode < 500;
                return response;
            }
            finally
            {
                if (!isWell)
                    asked.Failed[endpoint.Authority] = true;
            }
        }
    }
}
