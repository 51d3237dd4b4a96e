using System.Diagnostics.CodeAnalysis;
using Polly;

namespace Microsoft.Extensions.Http.Resilience
{
    internal sealed class ResilienceHandler(Func<HttpRequestMessage, ResiliencePipeline<HttpResponseMessage>> pipelineOf) : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var context = ResilienceContextPool.Shared.Get(cancellationToken);
            context.SetRequestMessage(request);
            try
            {
                var outcome = await pipelineOf(request).ExecuteOutcomeAsync(
                    static async (context, handler) =>
                    {
                        try
                        {
                            return Outcome.FromResult(await handler.SendOnce(context.GetRequestMessage()!, context.CancellationToken));
                        }
#pragma warning disable CA1031 // Polly's shape: the strategies decide about every exception, the last one is thrown below.
                        catch (Exception e)
                        {
                            return Outcome.FromException<HttpResponseMessage>(e);
                        }
#pragma warning restore CA1031
                    },
                    context,
                    this);
                outcome.ThrowIfException();
                return outcome.Result!;
            }
            finally
            {
                ResilienceContextPool.Shared.Return(context);
            }
        }

        private Task<HttpResponseMessage> SendOnce(HttpRequestMessage request, CancellationToken cancellationToken) =>
            base.SendAsync(request, cancellationToken);
    }
}

namespace Polly
{
    [Experimental("EXTEXP0001")]
    public static class HttpResilienceContextExtensions
    {
        private static readonly ResiliencePropertyKey<HttpRequestMessage?> Key = new("Resilience.Http.RequestMessage");

        public static HttpRequestMessage? GetRequestMessage(this ResilienceContext context) => context.Properties.GetValue(Key, null);

        public static void SetRequestMessage(this ResilienceContext context, HttpRequestMessage? requestMessage) =>
            context.Properties.Set(Key, requestMessage);
    }
}
