using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Shop.Data.Payments;

/// <summary>
/// What came back over the wire for one call of an attempt, scrubbed before it was written: codes, ids and amounts, nothing of a person. Kept
/// for a month; the attempt itself stays.
/// </summary>
public sealed class RawAnswer
{
    public required Guid AttemptId { get; init; }

    /// <summary>From 1. PayPal's token may have to be fetched first, and its call sent again with a new one.</summary>
    public required int N { get; init; }

    /// <summary>Method and path.</summary>
    public required string Request { get; init; }

    /// <summary>A word of <see cref="RawOutcomes"/>.</summary>
    public required string Outcome { get; init; }

    public int? HttpStatus { get; init; }

    /// <summary>JSON; the few that support asks about.</summary>
    public string? Headers { get; init; }

    /// <summary>Scrubbed, and not more than its first 16 KB.</summary>
    public string? Body { get; init; }

    /// <summary>How much of it arrived.</summary>
    public required long BodyBytes { get; init; }

    public required double LatencyMs { get; init; }
    public required DateTimeOffset At { get; init; }
}

public static class RawOutcomes
{
    public const string Answered = "answered";

    /// <summary>It began and broke off.</summary>
    public const string Cut = "cut";

    /// <summary>Nothing came in the time we give it.</summary>
    public const string TimedOut = "timed_out";

    /// <summary>The connection was lost after it had been made.</summary>
    public const string Lost = "lost";

    /// <summary>There was no connection, so nothing was sent.</summary>
    public const string NotConnected = "not_connected";
}

internal sealed class RawAnswerConfiguration : IEntityTypeConfiguration<RawAnswer>
{
    public void Configure(EntityTypeBuilder<RawAnswer> answer)
    {
        answer.ToTable("gateway_answers", ShopDbContext.PaymentsSchema).HasKey(a => new { a.AttemptId, a.N });
        answer.Property(a => a.Headers).HasColumnType("jsonb");
        answer.HasIndex(a => a.At);
    }
}
