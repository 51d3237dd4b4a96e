using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using NpgsqlTypes;
using Shop.Data.Accounts;

namespace Shop.Data.Audit;

/// <summary>
/// What somebody of the staff did, written in the transaction that did it. Append-only: a trigger refuses changes. It names people by id
/// alone, so that an erased person disappears from it too; only <see cref="Why"/> is free text, and what somebody writes there about a
/// person stays. The form asks them not to.
/// </summary>
public sealed class AuditEntry
{
    private static readonly JsonSerializerOptions Readable =
        new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public required Guid Id { get; init; }
    public required DateTimeOffset At { get; init; }
    public required Guid ActorId { get; init; }

    /// <summary>What they were at that time.</summary>
    public required Role ActorRole { get; init; }

    /// <summary>A word of <see cref="AuditActions"/>.</summary>
    public required string Action { get; init; }

    /// <summary>A word of <see cref="AuditSubjects"/>.</summary>
    public required string SubjectKind { get; init; }

    /// <summary>Its id, as people quote it.</summary>
    public required string Subject { get; init; }

    /// <summary>JSON.</summary>
    public string? Before { get; init; }

    /// <summary>JSON.</summary>
    public string? After { get; init; }

    public string? Why { get; init; }
    public string? Reference { get; init; }
    public Guid? SessionId { get; init; }

    public static AuditEntry Of(
        DateTimeOffset now, Guid actorId, Role actorRole, string action, string subjectKind, string subject, object? before = null,
        object? after = null, string? why = null, string? reference = null, Guid? sessionId = null)
    {
        if (!AuditActions.All.Contains(action))
            throw new ArgumentOutOfRangeException(nameof(action), action, "Not an action of the audit.");

        return new AuditEntry
        {
            Id = Guid.CreateVersion7(now), At = now, ActorId = actorId, ActorRole = actorRole, Action = action, SubjectKind = subjectKind, Subject = subject,
            Before = Json(before), After = Json(after), Why = why, Reference = reference, SessionId = sessionId,
        };

        static string? Json(object? value) => value is null ? null : JsonSerializer.Serialize(value, Readable);
    }
}

public static class AuditActions
{
    public const string SignedIn = "signed_in";
    public const string SignedOut = "signed_out";
    /// <summary>By wrong passwords. The actor is whose account it is, as nobody knows who it was.</summary>
    public const string LockedOut = "locked_out";

    public const string SecondFactorFailed = "second_factor_failed";
    public const string SecondFactorEnabled = "second_factor_enabled";
    public const string RecoveryCodesRenewed = "recovery_codes_renewed";
    public const string PasswordChanged = "password_changed";
    public const string PasswordReset = "password_reset";
    public const string SessionRevoked = "session_revoked";
    public const string JobRetried = "job_retried";
    public const string WebhookRetried = "webhook_retried";
    public const string MessageRetried = "message_retried";
    public const string WebhookReplayed = "webhook_replayed";
    public const string BackgroundJobStarted = "background_job_started";
    public const string ReconciliationStarted = "reconciliation_started";
    public const string MismatchRepaired = "mismatch_repaired";
    public const string MismatchIgnored = "mismatch_ignored";
    public const string StaffInvited = "staff_invited";
    public const string InvitationSentAgain = "invitation_sent_again";
    public const string RoleChanged = "role_changed";
    public const string UserDisabled = "user_disabled";
    public const string UserEnabled = "user_enabled";
    public const string UserUnlocked = "user_unlocked";
    public const string SecondFactorReset = "second_factor_reset";
    public const string OrderRefunded = "order_refunded";
    public const string OrderCancelled = "order_cancelled";
    public const string OrderAskedNow = "order_asked_now";
    public const string HoldExtended = "hold_extended";
    public const string NoteAdded = "note_added";

    /// <summary>Somebody looked for a person: by what kind of thing, and how many orders they found. Never for whom.</summary>
    public const string PeopleSearched = "people_searched";

    public const string GatewayOverridden = "gateway_overridden";
    public const string ErrorResolved = "error_resolved";
    public const string ErrorIgnored = "error_ignored";
    public const string ErrorReopened = "error_reopened";
    public const string FirstAdminCreated = "first_admin_created";

    public static readonly FrozenSet<string> All = FrozenSet.Create(
        SignedIn, SignedOut, LockedOut, SecondFactorFailed, SecondFactorEnabled, RecoveryCodesRenewed, PasswordChanged, PasswordReset, SessionRevoked, JobRetried,
        WebhookRetried, MessageRetried, StaffInvited, InvitationSentAgain, RoleChanged, UserDisabled, UserEnabled, UserUnlocked, SecondFactorReset,
        FirstAdminCreated, WebhookReplayed, BackgroundJobStarted, ReconciliationStarted, MismatchRepaired, MismatchIgnored, GatewayOverridden,
        OrderRefunded, OrderCancelled, OrderAskedNow, HoldExtended, NoteAdded, PeopleSearched, ErrorResolved, ErrorIgnored, ErrorReopened);
}

public static class AuditSubjects
{
    /// <summary>By its number.</summary>
    public const string Order = "order";

    /// <summary>By provider and event, such as <c>Stripe/evt_1</c>.</summary>
    public const string Webhook = "webhook";

    /// <summary>By its provider, such as <c>Stripe</c>.</summary>
    public const string Gateway = "gateway";

    /// <summary>A mail that is about no order, by its id.</summary>
    public const string Message = "message";

    /// <summary>By what people were looked for: email, name, part or digits.</summary>
    public const string Search = "search";

    /// <summary>What a group of errors is called by: its id.</summary>
    public const string Error = "error";

    /// <summary>By name.</summary>
    public const string BackgroundJob = "background_job";

    /// <summary>By id.</summary>
    public const string Reconciliation = "reconciliation";

    /// <summary>By id; one that is about an order is filed under the order.</summary>
    public const string Mismatch = "mismatch";

    /// <summary>By id.</summary>
    public const string User = "user";

    /// <summary>By id.</summary>
    public const string Session = "session";
}

internal sealed class AuditEntryConfiguration : IEntityTypeConfiguration<AuditEntry>
{
    private const string Words = nameof(Words);

    public void Configure(EntityTypeBuilder<AuditEntry> entry)
    {
        entry.ToTable("audit", ShopDbContext.AccountsSchema).HasKey(e => e.Id);
        entry.Property(e => e.Before).HasColumnType("jsonb");
        entry.Property(e => e.After).HasColumnType("jsonb");
        // Filled by the database; a search for words looks through it.
        entry.Property<NpgsqlTsVector>(Words).HasComputedColumnSql(
            "to_tsvector('simple'::regconfig, coalesce(why, '') || ' ' || coalesce(before::text, '') || ' ' || coalesce(after::text, ''))", stored: true);

        // Each search, newest first, page by page: the id is the time.
        entry.HasIndex(e => new { e.ActorId, e.Id });
        entry.HasIndex(e => new { e.Action, e.Id });
        entry.HasIndex(e => new { e.Subject, e.Id });
        entry.HasIndex(e => e.Reference);
        entry.HasIndex(Words).HasMethod("gin");
        entry.HasOne<ShopUser>().WithMany().HasForeignKey(e => e.ActorId);
    }
}
