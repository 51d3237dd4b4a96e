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

    private async Task<bool> OneAsync(CancellationToken stopping)
    {
        if (await LeaseAsync(stopping) is not { } message)
            return false;

        using var activity = PaymentTelemetry.Start(message);
        using var limit = new CancellationTokenSource(mail.Value.Timeout + timeouts.Value.Recording, clock); // not linked to the host's stop
        var failure = await SendAsync(message, limit.Token);

        using var recording = new CancellationTokenSource(timeouts.Value.Recording, clock);
        await contexts.TransactAsync(async db => await LockAsync(db, message, recording.Token) is { } mine && Write(db, mine, failure), recording.Token);
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

    private const string Erased = "the recipient was erased";

    /// <returns>Null when it was sent, else why not.</returns>
    private async Task<string?> SendAsync(OutboxMessage message, CancellationToken ct)
    {
        Order? order = null;
        ShopUser? account = null;
        await using (var db = await contexts.CreateDbContextAsync(ct))
        {
            // As they are now, not as they were then: an erased person gets nothing.
            if (message.OrderId is { } orderId)
                order = await db.Orders.AsNoTracking().Include(o => o.Lines).Include(o => o.Person).AsSingleQuery().SingleAsync(o => o.Id == orderId, ct);
            else
                account = await db.Users.AsNoTracking().Include(u => u.Person).SingleAsync(u => u.Id == message.PersonId, ct);
        }

        if ((order?.Person ?? account!.Person).Email is "")
            return Erased;

        try
        {
            using var letter = order is null
                ? Mails.Write(message, account!, mail.Value, links, payments.Value.Page)
                : Mails.Write(
                    message, order, order.Person!, mail.Value,
                    $"{payments.Value.OrderPage(order.Number)}?key={links.Make(LinkPurpose.Order, order.Id, message.CreatedAt)}");
            using var smtp = new SmtpClient(mail.Value.Host, mail.Value.Port);
            if (mail.Value.User is { Length: > 0 } user)
            {
                smtp.EnableSsl = true;
                smtp.Credentials = new NetworkCredential(user, mail.Value.Password);
            }

            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(ct);
            timeout.CancelAfter(mail.Value.Timeout);
            await smtp.SendMailAsync(letter, timeout.Token);
            return null;
        }
        catch (Exception e) when (e is SmtpException or FormatException or ArgumentException or IOException or OperationCanceledException)
        {
            // The class and the server's code alone: its words may quote the address.
            return e is SmtpException smtp ? $"{e.GetType().Name} {smtp.StatusCode}" : e.GetType().Name;
        }
    }

    private bool Write(ShopDbContext db, OutboxMessage message, string? failure)
    {
        var now = clock.GetUtcNow();
        message.LeasedUntil = DateTimeOffset.UnixEpoch;
        message.Attempts++;
        message.LastError = failure;
        if (failure is null)
        {
            (message.State, message.SentAt) = (JobState.Done, now);
            if (message.OrderId is { } orderId)
            {
                db.Timeline.Add(TimelineEntry.Of(orderId, now, TimelineKinds.MailSent, message.Kind switch
                {
                    OutboxKind.OrderConfirmedMail => "We sent you the confirmation by mail.",
                    OutboxKind.OrderLinkMail => "We sent you a new link to this order by mail.",
                    _ => "We sent you a mail about the refund.",
                }));
            }

            logger.Sent(message.Kind, message.Id, message.OrderId);
        }
        else if (failure == Erased)
        {
            message.State = JobState.Done;
        }
        else if (message.Attempts >= options.Value.MaxAttempts)
        {
            message.State = JobState.Parked;
            if (message.OrderId is { } orderId)
            {
                db.Timeline.Add(TimelineEntry.Of(
                    orderId, now, TimelineKinds.Parked, $"{message.Kind} could not be sent: {failure}.", Reasons.OurError, forShopper: false));
            }

            logger.MessageParked(message.Kind, message.Id, message.OrderId, message.Attempts, failure);
        }
        else
        {
            message.DueAt = now + pace.Of(Backoff.AfterFailure(message.Attempts, Random.Shared.NextDouble()));
            logger.NotSent(message.Kind, message.Id, message.OrderId, message.Attempts, failure);
        }

        return true;
    }
}

internal static class OutboxExtensions
{
    public static void AddOutbox(this IServiceCollection services)
    {
        services.AddOptions<OutboxOptions>().BindConfiguration(OutboxOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<MailOptions>().BindConfiguration(MailOptions.Section).ValidateDataAnnotations()
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
