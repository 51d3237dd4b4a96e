using System.Text;
using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;
using Shop.Data.Audit;
using Shop.Data.Carts;
using Shop.Data.Catalog;
using Shop.Data.Inventory;
using Shop.Data.Operations;
using Shop.Data.Orders;
using Shop.Data.Outbox;
using Shop.Data.Payments;
using Shop.Data.People;

namespace Shop.Data;

/// <summary>Every table of the shop. Three schemas show who writes what; later two database roles can enforce it.</summary>
public sealed class ShopDbContext(DbContextOptions<ShopDbContext> options) : DbContext(options)
{
    public const string ShopSchema = "shop";
    public const string PaymentsSchema = "payments";
    public const string AccountsSchema = "accounts";

    public DbSet<Category> Categories => Set<Category>();
    public DbSet<Product> Products => Set<Product>();
    public DbSet<Variant> Variants => Set<Variant>();
    public DbSet<Picture> Pictures => Set<Picture>();
    public DbSet<StockItem> Stock => Set<StockItem>();
    public DbSet<StockHold> Holds => Set<StockHold>();
    public DbSet<Cart> Carts => Set<Cart>();
    public DbSet<CartLine> CartLines => Set<CartLine>();
    public DbSet<RequestKey> RequestKeys => Set<RequestKey>();
    public DbSet<Person> People => Set<Person>();
    public DbSet<Order> Orders => Set<Order>();
    public DbSet<OrderLine> OrderLines => Set<OrderLine>();
    public DbSet<TimelineEntry> Timeline => Set<TimelineEntry>();
    public DbSet<PaymentJob> PaymentJobs => Set<PaymentJob>();
    public DbSet<PaymentIntent> PaymentIntents => Set<PaymentIntent>();
    public DbSet<GatewayKey> GatewayKeys => Set<GatewayKey>();
    public DbSet<PaymentAttempt> PaymentAttempts => Set<PaymentAttempt>();
    public DbSet<RawAnswer> RawAnswers => Set<RawAnswer>();
    public DbSet<Refund> Refunds => Set<Refund>();
    public DbSet<Failover> Failovers => Set<Failover>();
    public DbSet<SavedMethod> SavedMethods => Set<SavedMethod>();
    public DbSet<GatewayCustomer> GatewayCustomers => Set<GatewayCustomer>();
    public DbSet<RefundLine> RefundLines => Set<RefundLine>();
    public DbSet<Dispute> Disputes => Set<Dispute>();
    public DbSet<GatewayState> GatewayStates => Set<GatewayState>();
    public DbSet<GatewayChange> GatewayChanges => Set<GatewayChange>();
    public DbSet<GatewayOverride> GatewayOverrides => Set<GatewayOverride>();
    public DbSet<ChargeSource> ChargeSources => Set<ChargeSource>();
    public DbSet<VelocityEvent> VelocityEvents => Set<VelocityEvent>();
    public DbSet<WebhookReceipt> WebhookReceipts => Set<WebhookReceipt>();
    public DbSet<WebhookGap> WebhookGaps => Set<WebhookGap>();
    public DbSet<ReconciliationRun> ReconciliationRuns => Set<ReconciliationRun>();
    public DbSet<GatewayItem> GatewayItems => Set<GatewayItem>();
    public DbSet<Mismatch> Mismatches => Set<Mismatch>();
    public DbSet<Pattern> Patterns => Set<Pattern>();
    public DbSet<BackgroundJob> BackgroundJobs => Set<BackgroundJob>();
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();
    public DbSet<ShopUser> Users => Set<ShopUser>();
    public DbSet<Session> Sessions => Set<Session>();
    public DbSet<AuditEntry> Audit => Set<AuditEntry>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configuration) =>
        configuration.Properties<Enum>().HaveConversion<string>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(ShopSchema).HasPostgresExtension("public", "pg_trgm").ApplyConfigurationsFromAssembly(typeof(ShopDbContext).Assembly);

        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
            {
                // Renaming xmin would turn it into an ordinary column that never changes, and the guard on edits would be gone.
                if (!property.IsConcurrencyToken)
                    property.SetColumnName(SnakeCase(property.Name));
            }

            foreach (var key in entity.GetKeys())
                key.SetName(key.GetName()!.ToLowerInvariant());
            foreach (var index in entity.GetIndexes())
                index.SetDatabaseName(index.GetDatabaseName()!.ToLowerInvariant());
            foreach (var foreignKey in entity.GetForeignKeys())
            {
                foreignKey.SetConstraintName(foreignKey.GetConstraintName()!.ToLowerInvariant());
                if (entity.ClrType != typeof(CartLine))
                    foreignKey.DeleteBehavior = DeleteBehavior.Restrict; // books are not deleted by deleting something else
            }
        }
    }

    internal static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]))
                text.Append('_');
            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
