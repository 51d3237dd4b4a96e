using Shop.Data.Payments;

namespace Shop.Api;

/// <summary>Every log line this service can write. Event ids are stable: alerts and dashboards refer to them.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "The database is at {Migration}; {Products} products seeded")]
    public static partial void Migrated(this ILogger logger, string migration, int products);

    [LoggerMessage(2001, LogLevel.Critical, "The database was not migrated: {Why}")]
    public static partial void NotMigrated(this ILogger logger, string why);

    [LoggerMessage(2002, LogLevel.Warning, "Postgres asked for a second try ({SqlState})")]
    public static partial void OnceMore(this ILogger logger, string sqlState);

    [LoggerMessage(2003, LogLevel.Warning, "{Endpoint} answered busy: {Why}")]
    public static partial void Busy(this ILogger logger, string? endpoint, string why);

    [LoggerMessage(2004, LogLevel.Information, "Listening for notices")]
    public static partial void Listening(this ILogger logger);

    [LoggerMessage(2005, LogLevel.Warning, "Not listening for notices, next try in {Delay}: {Why}")]
    public static partial void ListenerLost(this ILogger logger, TimeSpan delay, string why);

    [LoggerMessage(2006, LogLevel.Warning, "Redis is left alone for {Pause}: {Why}")]
    public static partial void RedisLeftAlone(this ILogger logger, TimeSpan pause, string why);

    [LoggerMessage(2009, LogLevel.Error, "Redis is not used by this process: {Why}")]
    public static partial void RedisNotUsed(this ILogger logger, string why);

    [LoggerMessage(2007, LogLevel.Information, "Purged {Carts} carts and {Keys} request keys")]
    public static partial void CartsPurged(this ILogger logger, int carts, int keys);

    [LoggerMessage(2008, LogLevel.Warning, "The cart sweep failed, it runs again in {Interval}")]
    public static partial void CartSweepFailed(this ILogger logger, Exception exception, TimeSpan interval);

    [LoggerMessage(2010, LogLevel.Information, "Order {OrderNumber} placed ({OrderId}), {Lines} lines")]
    public static partial void OrderPlaced(this ILogger logger, long orderNumber, Guid orderId, int lines);

    [LoggerMessage(2011, LogLevel.Information, "Checkout refused: {Reason}")]
    public static partial void CheckoutRefused(this ILogger logger, string reason);

    [LoggerMessage(2012, LogLevel.Warning, "The payment worker was not notified, its poll finds the job: {Why}")]
    public static partial void NotNotified(this ILogger logger, string why);

    [LoggerMessage(2013, LogLevel.Information, "Order {OrderNumber} is paid again ({OrderId})")]
    public static partial void PaymentAskedAgain(this ILogger logger, long orderNumber, Guid orderId);

    [LoggerMessage(2014, LogLevel.Warning, "Waited-for orders could not be polled: {Why}")]
    public static partial void PollFailed(this ILogger logger, string why);

    [LoggerMessage(2015, LogLevel.Information, "The shop may hold {Planned} of the server's {Room} connections")]
    public static partial void ConnectionsFit(this ILogger logger, int planned, int room);

    [LoggerMessage(2016, LogLevel.Warning, "Nobody could ask the server how many connections it gives: {Why}")]
    public static partial void ConnectionsNotCounted(this ILogger logger, string why);

    [LoggerMessage(2017, LogLevel.Information, "Redis answers again")]
    public static partial void RedisIsBack(this ILogger logger);

    [LoggerMessage(2018, LogLevel.Information, "Refused by the limit {Policy}, counted {Source}")]
    public static partial void RateLimited(this ILogger logger, string policy, string source);

    [LoggerMessage(2019, LogLevel.Warning, "RateLimits:Lifted: nothing is limited")]
    public static partial void RateLimitsLifted(this ILogger logger);

    [LoggerMessage(2030, LogLevel.Information, "Purged {Sessions} sessions that had ended")]
    public static partial void SessionsPurged(this ILogger logger, int sessions);

    [LoggerMessage(2031, LogLevel.Warning, "The session sweep failed, it runs again in {Interval}")]
    public static partial void SessionSweepFailed(this ILogger logger, Exception exception, TimeSpan interval);

    [LoggerMessage(2032, LogLevel.Information, "There is nobody yet: the first admin was created ({UserId})")]
    public static partial void FirstAdminCreated(this ILogger logger, Guid userId);

    [LoggerMessage(2033, LogLevel.Warning, "There is nobody who could sign in: Accounts:FirstAdmin is not configured")]
    public static partial void NoFirstAdmin(this ILogger logger);

    [LoggerMessage(2034, LogLevel.Warning, "There are users and no admin among them. Accounts:FirstAdmin is for a database without users: give "
        + "somebody who has confirmed their address the role 'Admin' in accounts.users by hand, and end their sessions")]
    public static partial void NoAdminLeft(this ILogger logger);

    [LoggerMessage(2040, LogLevel.Warning, "How the gateways stand could not be looked up: {Why}")]
    public static partial void GatewaysNotSeen(this ILogger logger, string why);

    [LoggerMessage(2041, LogLevel.Warning, "Payment {Tier}: {Declines} declines from one {Kind}; {Wait}")]
    public static partial void VelocityLimited(this ILogger logger, VelocityTier tier, SourceKind kind, int declines, TimeSpan wait);

    [LoggerMessage(2042, LogLevel.Warning, "That a payment was limited could not be kept: {Why}")]
    public static partial void VelocityNotKept(this ILogger logger, string why);

    [LoggerMessage(2043, LogLevel.Information, "User {UserId} removed a saved payment method at {Provider}")]
    public static partial void SavedMethodRemoved(this ILogger logger, Guid userId, PaymentProvider provider);

    [LoggerMessage(2044, LogLevel.Warning, "A script failed in a browser, on {Page}: {Type}: {Message}")]
    public static partial void ScriptFailed(this ILogger logger, string type, string page, string message);
    [LoggerMessage(2070, LogLevel.Warning, "The dashboard's {Panel} could not be read, it shows what was last known: {Kind}: {Why}")]
    public static partial void PanelFailed(this ILogger logger, string panel, string kind, string why);

    [LoggerMessage(2020, LogLevel.Information, "Parked {Thing} {Id} is due again")]
    public static partial void Unparked(this ILogger logger, string thing, string id);
}
