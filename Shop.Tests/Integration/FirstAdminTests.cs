using System.Collections.Concurrent;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shop.Api;
using Shop.Data.Accounts;
using Shop.Data.People;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

public sealed class FirstAdminTests
{
    private const string Password = "the admin's first long password";

    /// <summary><c>migrate</c>, in the services of an Api that is not started.</summary>
    private static async Task<(int ExitCode, string Log)> MigrateAsync(string database, string? email, string? password)
    {
        var lines = new ConcurrentQueue<string>();
        await using var factory = new WebApplicationFactory<ShopApi>().WithWebHostBuilder(web =>
        {
            web.UseSetting("ConnectionStrings:shopdb", database);
            web.UseSetting("Links:Secret", Any.LinkSecret);
            web.UseSetting("Accounts:HashIterations", "10000");
            web.UseSetting("Accounts:FirstAdmin:Email", email);
            web.UseSetting("Accounts:FirstAdmin:Password", password);
            web.ConfigureLogging(logging => logging.AddProvider(new Captured(lines)));
        });
        var exitCode = await MigrateCommand.RunAsync(factory.Services, ApiHost.Ct);
        return (exitCode, string.Join('\n', lines));
    }

    [Fact]
    public async Task An_empty_database_gets_the_configured_admin_once()
    {
        var database = await PostgresServer.CreateDatabaseAsync();

        Assert.Equal(0, (await MigrateAsync(database, "Boss@Example.org", Password)).ExitCode);
        var (exitCode, log) = await MigrateAsync(database, "other@example.org", "another long password");

        Assert.Equal(0, exitCode);
        Assert.DoesNotContain("first admin", log, StringComparison.Ordinal);
        await using var db = PostgresServer.Open(database);
        var admin = await db.Users.Include(u => u.Person).SingleAsync();
        Assert.Equal((Role.Admin, true, false, "boss@example.org"), (admin.Role, admin.EmailConfirmed, admin.TwoFactorEnabled, admin.Person.AccountEmail));
        Assert.Equal(1, await db.Audit.CountAsync());
    }

    [Fact]
    public async Task Users_without_an_admin_get_none_and_it_is_said_what_to_do()
    {
        var database = await PostgresServer.CreateDatabaseAsync();
        await using var db = PostgresServer.Open(database);
        db.Add(ShopUser.Of(Person.WithAccount("ada@example.org", "Ada", Any.Now), Role.Shopper, Any.Now));
        await db.SaveChangesAsync();

        var (exitCode, log) = await MigrateAsync(database, "boss@example.org", Password);

        Assert.Equal(0, exitCode);
        Assert.Contains("no admin among them", log, StringComparison.Ordinal);
        Assert.False(await db.Users.AnyAsync(u => u.Role == Role.Admin));
    }

    [Fact]
    public async Task Without_configuration_there_is_nobody_and_it_is_said()
    {
        var database = await PostgresServer.CreateDatabaseAsync();

        var (exitCode, log) = await MigrateAsync(database, null, null);

        Assert.Equal(0, exitCode);
        Assert.Contains("Accounts:FirstAdmin", log, StringComparison.Ordinal);
        await using var db = PostgresServer.Open(database);
        Assert.False(await db.Users.AnyAsync());
    }

    [Theory]
    [InlineData("boss@example.org", "too short")]
    [InlineData("boss@example.org", "password1234")]
    [InlineData("boss@example.org", null)]
    [InlineData("nobody", Password)]
    public async Task What_breaks_the_rules_stops_it_with_one_line(string email, string? password)
    {
        var database = await PostgresServer.CreateDatabaseAsync();

        var (exitCode, log) = await MigrateAsync(database, email, password);

        Assert.Equal(1, exitCode);
        var line = Assert.Single(log.Split('\n'), l => l.Contains("was not migrated", StringComparison.Ordinal));
        Assert.Contains("Accounts:FirstAdmin:", line, StringComparison.Ordinal);
        Assert.DoesNotContain(password ?? "none", log, StringComparison.Ordinal);
        await using var db = PostgresServer.Open(database);
        Assert.False(await db.Users.AnyAsync());
    }

    private sealed class Captured(ConcurrentQueue<string> lines) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
