using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Shop.Tests.Unit;

public sealed class ServiceDefaultsNpgsqlTests
{
    private const string Connection = "Host=nowhere;Database=shopdb;Username=u;Password=p";

    [Fact]
    public void A_context_retries_and_is_checked_unless_told_otherwise()
    {
        using var eager = Build(builder => builder.AddNpgsqlDbContext<Stock>("shopdb"));
        using var plain = Build(builder => builder.AddNpgsqlDbContext<Stock>("shopdb", settings =>
        {
            settings.DisableRetry = true;
            settings.DisableHealthChecks = true;
            settings.CommandTimeout = 3;
        }));

        Assert.True(Context(eager).Database.CreateExecutionStrategy().RetriesOnFailure);
        Assert.False(Context(plain).Database.CreateExecutionStrategy().RetriesOnFailure);
        Assert.Equal(3, Context(plain).Database.GetCommandTimeout());
        Assert.Equal(["Stock"], Checks(eager));
        Assert.Empty(Checks(plain));
    }

    [Fact]
    public void The_more_particular_setting_wins()
    {
        using var host = Build(
            builder => builder.AddNpgsqlDbContext<Stock>("shopdb"),
            ("Aspire:Npgsql:EntityFrameworkCore:PostgreSQL:CommandTimeout", "7"),
            ("Aspire:Npgsql:EntityFrameworkCore:PostgreSQL:DisableRetry", "true"),
            ("Aspire:Npgsql:EntityFrameworkCore:PostgreSQL:Stock:CommandTimeout", "9"));

        Assert.Equal(9, Context(host).Database.GetCommandTimeout());
        Assert.Equal(Connection, Context(host).Database.GetConnectionString());
    }

    [Fact]
    public void A_missing_connection_string_shows_at_the_first_use_and_says_where_it_belongs()
    {
        using var host = Build(builder => builder.AddNpgsqlDbContext<Stock>("other"));

        var missing = Assert.Throws<InvalidOperationException>(() => Context(host));

        Assert.Contains("ConnectionStrings:other", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_of_the_applications_own_can_be_enriched()
    {
        using var host = Build(builder =>
        {
            builder.Services.AddDbContextPool<Stock>(options => options.UseNpgsql(Connection));
            builder.EnrichNpgsqlDbContext<Stock>(settings => settings.CommandTimeout = 4);
        });

        Assert.Equal(4, Context(host).Database.GetCommandTimeout());
        Assert.True(Context(host).Database.CreateExecutionStrategy().RetriesOnFailure);
        Assert.Equal(["Stock"], Checks(host));
    }

    [Fact]
    public void Adding_twice_and_enriching_nothing_are_mistakes()
    {
        var builder = Host.CreateApplicationBuilder();

        Assert.Throws<InvalidOperationException>(() => builder.EnrichNpgsqlDbContext<Stock>());
        builder.AddNpgsqlDbContext<Stock>("shopdb");
        Assert.Throws<InvalidOperationException>(() => builder.AddNpgsqlDbContext<Stock>("shopdb"));
    }

    private static IHost Build(Action<HostApplicationBuilder> configure, params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration["ConnectionStrings:shopdb"] = Connection;
        foreach (var (key, value) in settings)
            builder.Configuration[key] = value;
        configure(builder);
        return builder.Build();
    }

    private static Stock Context(IHost host) => host.Services.CreateScope().ServiceProvider.GetRequiredService<Stock>();

    private static IEnumerable<string> Checks(IHost host) =>
        host.Services.GetService<IOptions<HealthCheckServiceOptions>>()?.Value.Registrations.Select(check => check.Name) ?? [];

    internal sealed class Stock(DbContextOptions<Stock> options) : DbContext(options);
}
