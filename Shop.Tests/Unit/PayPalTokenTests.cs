using System.Net;
using Shop.Payments.Gateways;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Unit;

public sealed class PayPalTokenTests : IDisposable
{
    private readonly SteppedClock _clock = new(Any.Now);
    private readonly Issuer _issuer = new();
    private readonly PayPalToken _token;

    public PayPalTokenTests() => _token = new(
        new HttpClient(_issuer) { BaseAddress = new Uri("https://paypal.example/") }, "client", "secret", TimeSpan.FromSeconds(5), _clock);

    public void Dispose() => _issuer.Dispose();

    private async Task<string?> GetAsync(string? refused = null) => (await _token.GetAsync(refused, CancellationToken.None)).Text;

    [Fact]
    public async Task Fifty_who_want_one_at_the_same_time_ask_for_it_once()
    {
        var hold = _issuer.Hold = new TaskCompletionSource();
        Task<string?>[] wanting = [.. Enumerable.Range(0, 50).Select(_ => Task.Run(() => GetAsync()))];
        await _issuer.Asked.Task;
        hold.SetResult();

        Assert.All(await Task.WhenAll(wanting), text => Assert.Equal("token1", text));
        Assert.Equal(1, _issuer.Calls);
    }

    [Fact]
    public async Task One_is_kept_until_a_minute_before_its_end()
    {
        Assert.Equal("token1", await GetAsync());
        _clock.Advance(TimeSpan.FromSeconds(900 - 61));
        Assert.Equal("token1", await GetAsync());
        _clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("token2", await GetAsync());
        Assert.Equal(2, _issuer.Calls);
    }

    [Fact]
    public async Task A_refresh_that_fails_leaves_the_old_one_for_its_last_minute_and_no_longer()
    {
        await GetAsync();
        _clock.Advance(TimeSpan.FromSeconds(900 - 30));
        _issuer.Status = HttpStatusCode.ServiceUnavailable;
        Assert.Equal("token1", await GetAsync());

        _clock.Advance(TimeSpan.FromSeconds(31));
        var none = await _token.GetAsync(null, CancellationToken.None);
        Assert.Equal((null, Refusal.NotSent, 503), (none.Text, none.None!.By, none.None.Facts.HttpStatus));

        _issuer.Status = HttpStatusCode.OK;
        Assert.Equal("token4", await GetAsync());
    }

    [Fact]
    public async Task One_that_was_refused_is_replaced_once_however_many_were_refused_with_it()
    {
        await GetAsync();
        Assert.Equal("token2", await GetAsync(refused: "token1"));
        Assert.Equal("token2", await GetAsync(refused: "token1")); // somebody was faster
        Assert.Equal(2, _issuer.Calls);

        _issuer.Status = HttpStatusCode.ServiceUnavailable;
        Assert.Null(await GetAsync(refused: "token2")); // it is worth nothing, whatever its time
    }

    [Fact]
    public async Task Who_leaves_while_it_is_asked_for_takes_it_from_nobody_else()
    {
        var hold = _issuer.Hold = new TaskCompletionSource();
        using var impatient = new CancellationTokenSource();
        var first = _token.GetAsync(null, impatient.Token);
        await _issuer.Asked.Task;
        var second = GetAsync();
        await impatient.CancelAsync();
        hold.SetResult();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Equal("token1", await second);
        Assert.Equal(1, _issuer.Calls);
    }

    [Fact]
    public async Task One_that_does_not_come_in_time_was_not_sent()
    {
        _issuer.Hold = new TaskCompletionSource();
        var hasty = new PayPalToken(new HttpClient(_issuer) { BaseAddress = new Uri("https://paypal.example/") }, "client", "secret", TimeSpan.FromMilliseconds(20), _clock);

        Assert.Equal(Refusal.NotSent, (await hasty.GetAsync(null, CancellationToken.None)).None!.By);
    }

    private sealed class Issuer : HttpMessageHandler
    {
        private int _calls;

        public int Calls => _calls;
        public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;
        public TaskCompletionSource? Hold { get; set; }
        public TaskCompletionSource Asked { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var number = Interlocked.Increment(ref _calls);
            Asked.TrySetResult();
            if (Hold is { } hold)
                await hold.Task.WaitAsync(cancellationToken);
            return new(Status) { Content = new StringContent($$"""{"access_token":"token{{number}}","expires_in":900}""") };
        }
    }
}
