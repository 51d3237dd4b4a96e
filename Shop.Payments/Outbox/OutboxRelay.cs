using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Mail;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Payments.Gateways;
using Shop.Payments.Queue;
using Shop.ServiceDefaults;

namespace Shop.Payments.Outbox;

internal sealed class OutboxOptions
{
    public const string Section = "Payments:Outbox";

    [Range(1, 100)] public int MaxAttempts { get; init; } = 8;

    /// <summary>How long a mail waits that may be untrue in a moment; see <see cref="Mails.CanWait"/>. Well before an order's deadline.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:30:00")] public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Delivers what a transaction promised to the outside: at least once, later if it must be, and never silently not.</summary>
internal sealed class OutboxRelay(
    IDbContextFactory<ShopDbContext> contexts, WorkLoop loop, IOptions<OutboxOptions> options, IOptions<MailOptions> mail, IOptions<PaymentsOptions> payments,
    IOptions<Timeouts> timeouts, SignedLinks links, Pace pace, TimeProvider clock, ILogger<OutboxRelay> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (mail.Value.Host is { Length: > 0 })
            return loop.RunAsync(OneAsync, logger, stoppingToken);

        logger.NoMailServer();
        return Task.CompletedTask;
    }

    /// <summary>How long a mail waits that is not true yet. An order's deadline ends it.</summary>
    private static readonly TimeSpan NotYet = TimeSpan.FromMinutes(1);

    private sealed record Delivery(bool IsSent, bool IsOver, string? Why)
    {
        public static readonly Delivery TooEarly = new(false, false, null);

        public static readonly Delivery Done = new(true, true, null);

        /// <summary>It is not to be sent any more.</summary>
        public static Delivery Dropped(string why) => new(false, true, why);

        public static Delivery Failed(string why) => new(false, false, why);
    }

    private async Task<bool> OneAsync(CancellationToken stopping)
    {
        if (await LeaseAsync(stopping) is not { } message)
            return false;
        if (await IsPutOffAsync(message, stopping))
            return true;

        using var activity = PaymentTelemetry.Start(message);
        using var limit = new CancellationTokenSource(mail.Value.Timeout + timeouts.Value.Recording, clock); // not linked to the host's stop
        var delivery = await SendAsync(message, limit.Token);

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        await contexts.TransactAsync(async db => await LockAsync(db, message, recording.Token) is { } mine && Write(db, mine, delivery), recording.Token);
        return true;
    }

    /// <summary>Once at most, when it is as due as it was promised: by two clocks that disagree it would be put off for ever.</summary>
    private async Task<bool> IsPutOffAsync(OutboxMessage message, CancellationToken ct)
    {
        var due = message.CreatedAt + pace.Of(options.Value.Patience);
        if (!Mails.CanWait(message.Kind) || message.DueAt != message.CreatedAt || due <= clock.GetUtcNow())
            return false;

        await using var db = await contexts.CreateDbContextAsync(ct);
        await db.Outbox.Where(m => m.Id == message.Id && m.LeaseToken == message.LeaseToken)
            .ExecuteUpdateAsync(m => m.SetProperty(x => x.DueAt, due).SetProperty(x => x.LeasedUntil, DateTimeOffset.UnixEpoch), ct);
        return true;
    }

    private async Task<OutboxMessage?> LeaseAsync(CancellationToken ct)
    {
        using var silent = SuppressInstrumentationScope.Begin();
        await using var db = await contexts.CreateDbContextAsync(ct);
        var leased = await db.Outbox.FromSql($"""
            WITH next AS MATERIALIZED (
                SELECT id FROM shop.outbox
                WHERE state = 'Waiting' AND due_at <= now() AND leased_until <= now() ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            UPDATE shop.outbox o SET leased_until = now() + {timeouts.Value.Lease}, lease_token = lease_token + 1
            FROM next WHERE o.id = next.id RETURNING o.*
            """).AsNoTracking().ToListAsync(ct);
        return leased is [var message] ? message : null;
    }

    private static async Task<OutboxMessage?> LockAsync(ShopDbContext db, OutboxMessage leased, CancellationToken ct) =>
        await db.Outbox.FromSql($"""
            SELECT * FROM shop.outbox WHERE id = {leased.Id} AND lease_token = {leased.LeaseToken} AND leased_until > now() FOR UPDATE
            """).ToListAsync(ct) is [var message] ? message : null;

    private async Task<Delivery> SendAsync(OutboxMessage message, CancellationToken ct)
    {
        MailFacts facts;
        await using (var db = await contexts.CreateDbContextAsync(ct))
            facts = await MailFacts.ReadAsync(db, message, ct);
        if (facts.WhyNot(clock.GetUtcNow()) is { } why)
            return Delivery.Dropped(why);
        if (facts.IsTooEarly)
            return Delivery.TooEarly;

        try
        {
            using var letter = Envelope.Around(Mails.Write(facts, new MailLinks(payments.Value.Page, links)), message, facts.Person, mail.Value);
            using var smtp = new SmtpClient(mail.Value.Host, mail.Value.Port) { EnableSsl = mail.Value.IsEncrypted };
            if (mail.Value.HasUser)
                smtp.Credentials = new NetworkCredential(mail.Value.User, mail.Value.Password);

            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
            timeout.CancelAfter(mail.Value.Timeout);
            await smtp.SendMailAsync(letter, timeout.Token);
            return Delivery.Done;
        }
        catch (Exception e) when (e is SmtpException or FormatException or ArgumentException or IOException or OperationCanceledException)
        {
            // The class and the server's code alone: its words may quote the address.
            return Delivery.Failed(e is SmtpException smtp ? $"{e.GetType().Name} {smtp.StatusCode}" : e.GetType().Name);
        }
    }

    private bool Write(ShopDbContext db, OutboxMessage message, Delivery delivery)
    {
        var now = clock.GetUtcNow();
        message.LeasedUntil = DateTimeOffset.UnixEpoch;
        if (delivery == Delivery.TooEarly)
        {
            message.DueAt = now + pace.Of(NotYet); // no try of its own
            return true;
        }

        message.Attempts++;
        message.LastError = delivery.Why;
        if (delivery.IsSent)
        {
            (message.State, message.SentAt) = (JobState.Done, now);
            if (message.OrderId is { } orderId)
                db.Timeline.Add(TimelineEntry.Of(orderId, now, TimelineKinds.MailSent, Sent(message.Kind), facts: new { mail = message.Id }));
            logger.Sent(message.Kind, message.Id, message.OrderId);
        }
        else if (delivery.IsOver)
        {
            message.State = JobState.Done;
            logger.MailDropped(message.Kind, message.Id, message.OrderId, delivery.Why!);
        }
        else if (message.Attempts >= options.Value.MaxAttempts)
        {
            message.State = JobState.Parked;
            if (message.OrderId is { } orderId)
            {
                db.Timeline.Add(TimelineEntry.Of(
                    orderId, now, TimelineKinds.Parked, $"{message.Kind} could not be sent: {delivery.Why}.", Reasons.OurError, forShopper: false));
            }

            logger.MessageParked(message.Kind, message.Id, message.OrderId, message.Attempts, delivery.Why!);
        }
        else
        {
            message.DueAt = now + pace.Of(Backoff.AfterFailure(message.Attempts, Random.Shared.NextDouble()));
            logger.NotSent(message.Kind, message.Id, message.OrderId, message.Attempts, delivery.Why!);
        }

        return true;
    }

    private static string Sent(OutboxKind kind) => kind switch
    {
        OutboxKind.OrderConfirmedMail => "We sent you the confirmation by mail.",
        OutboxKind.PaymentFailedMail => "We told you by mail that the payment did not go through.",
        OutboxKind.ActionNeededMail => "We reminded you by mail that the payment waits for you.",
        OutboxKind.CancelledMail => "We told you by mail that this order has ended.",
        OutboxKind.OrderLinkMail => "We sent you a new link to this order by mail.",
        _ => "We sent you a mail about the refund.",
    };
}

internal static class OutboxExtensions
{
    public static void AddOutbox(this IServiceCollection services)
    {
        services.AddOptions<OutboxOptions>().BindConfiguration(OutboxOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<MailOptions>().BindConfiguration(MailOptions.Section).ValidateDataAnnotations()
            .Validate(mail => mail.Port is not 465, "Smtp: on port 465 everything is encrypted from the first byte, which is not spoken here. Providers take mail on 587 as well.")
            .Validate(mail => !mail.HasUser || mail.IsEncrypted, "Smtp: a password never travels in the clear. With a User, StartTls can't be false.")
            .Validate<IOptions<Timeouts>>((mail, timeouts) => mail.Timeout + 2 * timeouts.Value.Recording < timeouts.Value.Lease,
                "Smtp: Timeout + 2 * Timeouts:Recording must be shorter than Timeouts:Lease, or one mail has two senders.")
            .ValidateOnStart();
        services.AddOptions<LinkSecrets>().BindConfiguration(LinkSecrets.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton(sp =>
        {
            var secrets = sp.GetRequiredService<IOptions<LinkSecrets>>().Value;
            return new SignedLinks(secrets.Secret, secrets.PreviousSecret);
        });
        services.AddHostedService<OutboxRelay>();
    }
}
