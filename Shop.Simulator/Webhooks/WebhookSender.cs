using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Shop.Simulator.Stripe;

namespace Shop.Simulator.Webhooks;

/// <summary>
/// Delivers events until they are acknowledged or the attempts are used up. At least once and in no order, as from the real one.
/// The queue is part of the account, so a restart goes on where the process died.
/// </summary>
internal sealed class WebhookSender : BackgroundService
{
    private const int AtOnce = 8;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(1);

    private static readonly ActivitySource Source = new("Shop.Simulator");

    private readonly Account _account;
    private readonly StripeOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<WebhookSender> _logger;
    private readonly ConcurrentDictionary<string, bool> _underway = new();
    private readonly SemaphoreSlim _wake = new(0, 1);

    // No trace headers: Stripe's webhooks carry none, and a shop must find its order without. No retries but ours.
    private readonly HttpClient _http = new(new SocketsHttpHandler { ActivityHeadersPropagator = null, AllowAutoRedirect = false });

    public WebhookSender(Account account, IOptions<StripeOptions> options, TimeProvider clock, ILogger<WebhookSender> logger)
    {
        (_account, _options, _clock, _logger) = (account, options.Value, clock, logger);
        _http.Timeout = options.Value.WebhookTimeout;
        account.WebhooksQueued += Wake;
    }

    public override void Dispose()
    {
        _account.WebhooksQueued -= Wake;
        _http.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        List<Task> running = [];
        try
        {
            while (true)
            {
                var now = _clock.GetUtcNow();
                var waiting = _account.Read(work => work.All<Delivery>().Where(d => d.State == DeliveryState.Waiting && !_underway.ContainsKey(d.Id)).ToArray());
                running.RemoveAll(t => t.IsCompleted);
                foreach (var due in waiting.Where(d => d.NextAttempt <= now).Take(AtOnce - _underway.Count))
                {
                    _underway[due.Id] = true;
                    running.Add(TryAsync(due, stoppingToken));
                }

                // A full house is left by one that ends, and that wakes us too.
                var next = waiting.Where(d => d.NextAttempt > now).Select(d => d.NextAttempt - now).DefaultIfEmpty(Idle).Min();
                await _wake.WaitAsync(next < Idle ? next : Idle, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(running);
        }
    }

    /// <summary>One slow endpoint holds up its own event and no other.</summary>
    private async Task TryAsync(Delivery delivery, CancellationToken ct)
    {
        try
        {
            await AttemptAsync(delivery, ct);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            _logger.WebhookAttemptBroken(e, delivery.EventId);
            await Task.Delay(Breath, _clock, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (OperationCanceledException)
        {
            // Stopping: it is still waiting in the queue.
        }
        finally
        {
            _underway.TryRemove(delivery.Id, out _);
            Wake();
        }
    }

    private async Task AttemptAsync(Delivery delivery, CancellationToken ct)
    {
        var (payload, secret) = _account.Read(work => (
            work.Find<StripeEvent>(delivery.EventId) is { } e
                ? (delivery.Forgery is { } forgery ? ForgedEvent.Of(forgery, e, delivery.Id) : Render.Event(e, e.Webhooks)).ToJsonString() : null,
            work.Webhooks.Endpoints.FirstOrDefault(w => w.Url == delivery.Url)?.Secret));
        if (delivery.Forgery is Forgery.BadSignature)
            secret = "whsec_of_somebody_else";

        // A trace of its own: the shop's work on a webhook is not part of the charge that caused it.
        using var activity = Source.StartActivity("webhook deliver", ActivityKind.Producer)?
            .SetTag("stripe.event.id", delivery.EventId).SetTag("stripe.event.type", delivery.Type);
        var (status, error) = payload is null || secret is null
            ? (null, "The endpoint is gone.") : await PostAsync(delivery.Url, payload, secret, ct);

        var attempts = delivery.Attempts + 1;
        var isDone = status is >= 200 and < 300;
        var state = isDone ? DeliveryState.Delivered
            : attempts >= _options.WebhookAttempts || secret is null || delivery.Forgery is not null ? DeliveryState.GivenUp : DeliveryState.Waiting;
        var now = _clock.GetUtcNow();
        _account.Write(work => work.Save(delivery with
        {
            State = state, Attempts = attempts, LastAttempt = now, LastStatus = status, LastError = isDone ? null : error, NextAttempt = now + Pause(attempts),
        }));

        if (isDone)
            _logger.WebhookDelivered(delivery.EventId, delivery.Type, attempts);
        else
            _logger.WebhookFailed(delivery.EventId, delivery.Type, attempts, error ?? $"status {status}");
    }

    private async Task<(int? Status, string? Error)> PostAsync(string url, string payload, string secret, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url);
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(payload)) { Headers = { ContentType = new("application/json") { CharSet = "utf-8" } } };
        request.Headers.Add("Stripe-Signature", Signature(payload, secret, _clock.GetUtcNow()));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Stripe", "1.0"));
        try
        {
            // The headers are the acknowledgement; what else an endpoint says does not matter.
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
            return ((int)response.StatusCode, null);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !ct.IsCancellationRequested)
        {
            return (null, e is OperationCanceledException ? "timeout" : e.InnerException?.Message ?? e.Message);
        }
    }

    /// <summary>Made anew for every attempt: a redelivered event has the same body and a fresh time.</summary>
    internal static string Signature(string payload, string secret, DateTimeOffset at)
    {
        var time = at.ToUnixTimeSeconds();
        var v1 = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{time}.{payload}"));
        return $"t={time},v1={Convert.ToHexStringLower(v1)}";
    }

    private TimeSpan Pause(int attempts)
    {
        var doubled = _options.FirstWebhookRetry * Math.Pow(2, attempts - 1);
        return doubled < _options.LongestWebhookRetry ? doubled : _options.LongestWebhookRetry;
    }

    private void Wake()
    {
        try
        {
            _wake.Release();
        }
        catch (SemaphoreFullException)
        {
            // Already woken.
        }
    }
}
