using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Shop.Simulator.PayPal;
using Shop.Simulator.State;
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
    private readonly Signatures _payPal;
    private readonly StripeOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<WebhookSender> _logger;
    private readonly Lock _gate = new();
    private readonly PriorityQueue<Delivery, DateTimeOffset> _queue = new();
    private int _underway;
    private readonly SemaphoreSlim _wake = new(0, 1);

    // No trace headers: the gateways' webhooks carry none, and a shop must find its order without. No retries but ours.
    private readonly HttpClient _http = new(new SocketsHttpHandler { ActivityHeadersPropagator = null, AllowAutoRedirect = false });

    public WebhookSender(Account account, Signatures payPal, IOptions<StripeOptions> options, TimeProvider clock, ILogger<WebhookSender> logger)
    {
        (_account, _payPal, _options, _clock, _logger) = (account, payPal, options.Value, clock, logger);
        _http.Timeout = options.Value.WebhookTimeout;
        foreach (var waiting in account.Read(w => w.OldestFirst<Delivery>().Where(d => d.State == DeliveryState.Waiting).ToArray()))
            _queue.Enqueue(waiting, waiting.NextAttempt);
        account.WebhooksQueued += Enqueue;
    }

    public override void Dispose()
    {
        _account.WebhooksQueued -= Enqueue;
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
                running.RemoveAll(t => t.IsCompleted);
                while (NextDue() is { } due)
                    running.Add(TryAsync(due, stoppingToken));

                await _wake.WaitAsync(UntilNext(), stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(running);
        }
    }

    private Delivery? NextDue()
    {
        lock (_gate)
        {
            if (_underway >= AtOnce || !_queue.TryPeek(out var delivery, out var at) || at > _clock.GetUtcNow())
                return null;
            _underway++;
            return _queue.Dequeue();
        }
    }

    /// <summary>A full house is left by one that ends, and that wakes us too.</summary>
    private TimeSpan UntilNext()
    {
        lock (_gate)
        {
            var wait = _underway < AtOnce && _queue.TryPeek(out _, out var at) ? at - _clock.GetUtcNow() : Idle;
            return wait < TimeSpan.Zero ? TimeSpan.Zero : wait < Idle ? wait : Idle;
        }
    }

    private void Enqueue(params Delivery[] deliveries)
    {
        lock (_gate)
        {
            foreach (var delivery in deliveries)
                _queue.Enqueue(delivery, delivery.NextAttempt);
        }

        Wake();
    }

    /// <summary>One slow endpoint holds up its own event and no other.</summary>
    private async Task TryAsync(Delivery delivery, CancellationToken ct)
    {
        try
        {
            if (await AttemptAsync(delivery, ct) is { State: DeliveryState.Waiting } again)
                Enqueue(again);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            _logger.WebhookAttemptBroken(e, delivery.EventId);
            Enqueue(delivery with { NextAttempt = _clock.GetUtcNow() + Breath });
        }
        catch (OperationCanceledException)
        {
            // Stopping: it is still waiting in the queue.
        }
        finally
        {
            lock (_gate)
                _underway--;
            Wake();
        }
    }

    private async Task<Delivery> AttemptAsync(Delivery delivery, CancellationToken ct)
    {
        var message = MessageOf(delivery);

        // A trace of its own: the shop's work on a webhook is not part of the charge that caused it.
        using var activity = Source.StartActivity("webhook deliver", ActivityKind.Producer)?
            .SetTag("webhook.event.id", delivery.EventId).SetTag("webhook.event.type", delivery.Type);
        var (status, error) = message is null ? (null, "The endpoint is gone.") : await PostAsync(delivery.Url, message, ct);

        var attempts = delivery.Attempts + 1;
        var isDone = status is >= 200 and < 300;
        var state = isDone ? DeliveryState.Delivered
            : attempts >= _options.WebhookAttempts || message is null || delivery.Forgery is not null ? DeliveryState.GivenUp : DeliveryState.Waiting;
        var now = _clock.GetUtcNow();
        delivery = _account.Write(work => work.Save(delivery with
        {
            State = state, Attempts = attempts, LastAttempt = now, LastStatus = status, LastError = isDone ? null : error, NextAttempt = now + Pause(attempts),
        }));

        if (isDone)
            _logger.WebhookDelivered(delivery.EventId, delivery.Type, attempts);
        else
            _logger.WebhookFailed(delivery.EventId, delivery.Type, attempts, error ?? $"status {status}");
        return delivery;
    }

    private sealed record Message(byte[] Body, IEnumerable<(string Name, string Value)> Headers, string Sender);

    /// <summary>Signed anew for every attempt: a redelivered event has the same body and a fresh time. Null: there is nobody to send it to any more.</summary>
    private Message? MessageOf(Delivery delivery)
    {
        var isForged = delivery.Forgery is Forgery.BadSignature;
        if (_account.Read(w => w.Find<PayPalEvent>(delivery.EventId)) is { } told)
        {
            if (_account.Read(w => w.PayPalWebhooks().FirstOrDefault(e => e.Url == delivery.Url)) is not { } to)
                return null;
            var json = delivery.Forgery is { } kind ? ForgedEvent.Of(kind, told, delivery.Id) : PayPal.Events.Json(told);
            var bytes = Encoding.UTF8.GetBytes(json.ToJsonString());
            return new(bytes, _payPal.Headers(bytes, to.Id, TransmissionOf(delivery), isForged), "PayPal/AUHR-214.0-1");
        }

        var (@event, endpoint) = _account.Read(w => (w.Find<StripeEvent>(delivery.EventId), w.Webhooks().Endpoints.FirstOrDefault(e => e.Url == delivery.Url)));
        if (@event is null || endpoint is null)
            return null;
        var payload = (delivery.Forgery is { } forgery
            ? ForgedEvent.Of(forgery, @event, delivery.Id) : Stripe.Render.Event(@event, @event.Webhooks, endpoint.ApiVersion ?? @event.ApiVersion)).ToJsonString();
        var secret = isForged ? "whsec_of_somebody_else" : endpoint.Secret;
        return new(Encoding.UTF8.GetBytes(payload), [("Stripe-Signature", Signature(payload, secret, _clock.GetUtcNow()))], "Stripe/1.0");
    }

    /// <summary>The same for every attempt at a delivery.</summary>
    private static string TransmissionOf(Delivery delivery) => new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(delivery.Id))[..16]).ToString();

    private async Task<(int? Status, string? Error)> PostAsync(string url, Message message, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url);
        request.Content = new ByteArrayContent(message.Body) { Headers = { ContentType = new("application/json") { CharSet = "utf-8" } } };
        foreach (var (name, value) in message.Headers)
            request.Headers.Add(name, value);
        request.Headers.UserAgent.ParseAdd(message.Sender);
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
