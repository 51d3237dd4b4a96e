using Shop.Api.Accounts;
using Shop.Data;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.ServiceDefaults;

namespace Shop.Api.Audit;

internal static class AuditLog
{
    /// <summary>Part of the caller's transaction: written with what was done, or neither is.</summary>
    public static void Record(
        this ShopDbContext db, Caller actor, DateTimeOffset now, string action, string subjectKind, string subject, object? before = null,
        object? after = null, string? why = null) =>
        db.Audit.Add(AuditEntry.Of(
            now, actor.UserId, actor.Role, action, subjectKind, subject, before, after, why, Reference.Current, actor.SessionId));

    /// <summary>What somebody did to their own account; a shopper's is nobody's business.</summary>
    public static void RecordOwn(this ShopDbContext db, ShopUser user, DateTimeOffset now, string action, Guid? sessionId, object? after = null)
    {
        if (user.IsStaff)
            db.Audit.Add(AuditEntry.Of(
                now, user.Id, user.Role, action, AuditSubjects.User, $"{user.Id}", after: after, reference: Reference.Current, sessionId: sessionId));
    }
}
