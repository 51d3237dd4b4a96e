using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Options;
using Npgsql;
using Shop.Api.Accounts;
using Shop.Api.RateLimits;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Payments;
using Shop.Data.People;
using Shop.ServiceDefaults;

namespace Shop.Api.CardTesting;

/// <summary>
/// Keeps the shop from being a place to try out stolen cards. It counts declines per address, e-mail and account in Postgres, where they
/// are facts: first a payment waits some seconds longer in the queue, which costs nobody a thread, then none is taken for a while. No
/// riddles, and nothing for somebody who mistyped.
/// </summary>
internal sealed class VelocityLimits(
    IOptions<CardTestingOptions> options, IOptions<LinkSecrets> secrets, NpgsqlDataSource database, ShopTelemetry telemetry, TimeProvider clock,
    ILogger<VelocityLimits> logger)
{
    public const string Reason = "too_many_declined_payments";

    public DateTimeOffset Since => clock.GetUtcNow() - options.Value.Window;

    /// <summary>Where a request comes from; what of that is known.</summary>
    public IReadOnlyList<(SourceKind Kind, byte[] Hash)> SourcesOf(HttpContext http, string? email, Guid? userId)
    {
        List<(SourceKind, byte[])> sources = [];
        if (http.Connection.RemoteIpAddress is not null && !Synthetic.IsRequest(http)) // a drill's shoppers all come from one, and decline a lot
            Add(SourceKind.Address, RateLimiting.AddressOf(http));
        if (email is not null)
            Add(SourceKind.Email, Plain(email));
        if (userId is { } user)
            Add(SourceKind.Account, $"{user}");
        return sources;

        void Add(SourceKind kind, string who) => sources.Add((kind, ChargeSources.HashOf(secrets.Value.Secret, kind, who)));
    }

    /// <summary>What came from these sources before, and from those that this order's charges came from; in the transaction of the caller.</summary>
    public async Task<IReadOnlyList<SourceCount>> CountAsync(
        ShopDbContext db, Guid orderId, IReadOnlyList<(SourceKind Kind, byte[] Hash)> sources, CancellationToken ct)
    {
        await using var batch = ((NpgsqlConnection)db.Database.GetDbConnection()).CreateBatch();
        batch.Transaction = (NpgsqlTransaction?)db.Database.CurrentTransaction?.GetDbTransaction();
        batch.BatchCommands.Add(ChargeSources.CountOfOrder([.. sources.Select(s => s.Hash)], orderId, Since));
        await using var reader = await batch.ExecuteReaderAsync(ct);
        return await ChargeSources.ReadAsync(reader, ct);
    }

    public Velocity Judge(IReadOnlyList<SourceCount> counts)
    {
        var velocity = Velocity.Of(counts, options.Value, clock.GetUtcNow());
        telemetry.Judged(velocity);
        return velocity;
    }

    /// <summary>For the page of those who watch; a shopper's order does not hang on it.</summary>
    public async Task KeepAsync(Velocity velocity, CancellationToken ct)
    {
        if (velocity is not { Tier: VelocityTier.Slowed or VelocityTier.Refused, By: { } by })
            return;

        logger.VelocityLimited(velocity.Tier, by.Kind, by.Declines, velocity.Wait);
        var now = clock.GetUtcNow();
        try
        {
            await using var command = database.CreateCommand(
                "INSERT INTO payments.velocity_events (id, tier, kind, hash, declines, at) VALUES ($1, $2, $3, $4, $5, $6)");
            foreach (var value in new object[] { Guid.CreateVersion7(now), $"{velocity.Tier}", $"{by.Kind}", by.Hash, by.Declines, now })
                command.Parameters.Add(new() { Value = value });
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (NpgsqlException e)
        {
            logger.VelocityNotKept(e.Message);
        }
    }

    public static ProblemHttpResult Refuse(HttpContext http, Velocity velocity)
    {
        var seconds = (int)Math.Ceiling(velocity.Wait.TotalSeconds);
        http.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return Problems.Refuse(StatusCodes.Status429TooManyRequests, Reason,
            "Too many payments were declined in a short time, so we can't take another one right now. No money was taken. "
            + $"Please try again in {(seconds < 100 ? $"{seconds} seconds" : $"{(seconds + 59) / 60} minutes")}, or contact us.");
    }

    // One mailbox has as many addresses as somebody likes: name+anything@… reaches name@…
    private static string Plain(string email)
    {
        var plain = Person.AccountEmailOf(email);
        var at = plain.LastIndexOf('@');
        var plus = plain.IndexOf('+', StringComparison.Ordinal);
        return plus > 0 && plus < at ? plain.Remove(plus, at - plus) : plain;
    }
}
