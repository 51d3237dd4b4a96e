using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;

namespace Shop.Web.Api;

/// <summary>
/// Tells the Api who the visitor is, for its rate limits: the address that our own server has settled on, in a header of our own making.
/// What a visitor wrote into theirs does not come along. That a visitor is a drill's is proven here, and signed again for the Api.
/// </summary>
internal sealed class ClientAddress(IHttpContextAccessor accessor, IOptions<SyntheticOptions> synthetic, TimeProvider clock) : DelegatingHandler
{
    public const string Header = "X-Forwarded-For";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // A second attempt may come after the visitor has gone: then what the first one said stands.
        if (accessor.HttpContext?.Connection.RemoteIpAddress is { } address && !request.Headers.Contains(Header))
            request.Headers.Add(Header, (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString());
        if (accessor.HttpContext is { } visit && Synthetic.IsRequest(visit))
            Synthetic.Sign(request, synthetic.Value.Secret!, clock.GetUtcNow());
        return base.SendAsync(request, cancellationToken);
    }
}
