using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Shop.AppHost.Local;

/// <summary>The machine's own PostgreSQL, with the connection string and the properties of the container resource.</summary>
internal sealed class LocalPostgresServer(string name, string workingDirectory, ParameterResource password)
    : ExecutableResource(name, "sh", workingDirectory), IResourceWithConnectionString
{
    public EndpointReference Endpoint => field ??= new(this, "tcp");

    public ParameterResource Password => password;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host={Endpoint.Property(EndpointProperty.Host)};Port={Endpoint.Property(EndpointProperty.Port)};Username=postgres;Password={password}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() => Properties();

    internal IEnumerable<KeyValuePair<string, ReferenceExpression>> Properties(string? database = null)
    {
        var host = Endpoint.Property(EndpointProperty.Host);
        var port = Endpoint.Property(EndpointProperty.Port);
        var path = database is null ? "" : $"/{database}";
        yield return new("Host", ReferenceExpression.Create($"{host}"));
        yield return new("Port", ReferenceExpression.Create($"{port}"));
        yield return new("Username", ReferenceExpression.Create($"postgres"));
        yield return new("Password", ReferenceExpression.Create($"{password}"));
        yield return new("Uri", ReferenceExpression.Create($"postgresql://postgres:{password:uri}@{host}:{port}{path}"));
        yield return new("JdbcConnectionString", ReferenceExpression.Create($"jdbc:postgresql://{host}:{port}{path}"));
    }
}

internal sealed class LocalPostgresDatabase(string name, LocalPostgresServer server)
    : Resource(name), IResourceWithParent<LocalPostgresServer>, IResourceWithConnectionString
{
    public LocalPostgresServer Parent => server;

    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{server};Database={Name}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
        [.. server.Properties(Name), new("DatabaseName", ReferenceExpression.Create($"{Name}"))];
}

internal static class LocalPostgres
{
    public static (IResourceBuilder<IResource> Server, IResourceBuilder<IResourceWithConnectionString> Database) AddLocalPostgres(
        this IDistributedApplicationBuilder builder, string serverName, string databaseName)
    {
        var password = ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{serverName}-password", special: false);
        var resource = new LocalPostgresServer(serverName, builder.AppHostDirectory, password);
        var database = new LocalPostgresDatabase(databaseName, resource);
        builder.Services.AddHealthChecks()
            .AddAsyncCheck($"{serverName}_check", ct => ProbeAsync(resource, "postgres", ct))
            .AddAsyncCheck($"{databaseName}_check", ct => ProbeAsync(resource, databaseName, ct));

        var server = builder.AddResource(resource)
            .WithIconName("DatabaseMultiple")
            .WithEndpoint(name: "tcp", scheme: "tcp")
            .WithEnvironment("POSTGRES_PASSWORD", $"{password}") // not an argument: those show in ps
            .WithArgs(Path.Combine(builder.AppHostDirectory, "Local", "postgres.sh"), builder.DataPath("postgres"))
            .WithArgs(context => context.Args.Add(resource.Endpoint.Property(EndpointProperty.TargetPort)))
            .WithHealthCheck($"{serverName}_check")
            .OnResourceReady((ready, _, ct) => CreateDatabaseAsync(ready, databaseName, ct));

        return (server, builder.AddResource(database).WithIconName("Database").WithHealthCheck($"{databaseName}_check")
            .OnInitializeResource((child, start, ct) => { _ = FollowAsync(child, start); return Task.CompletedTask; }));
    }

    private static async Task<NpgsqlConnection> OpenAsync(LocalPostgresServer server, string database, CancellationToken ct)
    {
        var settings = new NpgsqlConnectionStringBuilder(await server.ConnectionStringExpression.GetValueAsync(ct))
        {
            Database = database, Pooling = false, Timeout = 3, CommandTimeout = 5,
        };
        var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(ct);
        return connection;
    }

    private static async Task<HealthCheckResult> ProbeAsync(LocalPostgresServer server, string database, CancellationToken ct)
    {
        try
        {
            await using var connection = await OpenAsync(server, database, ct);
            return HealthCheckResult.Healthy();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            return HealthCheckResult.Unhealthy(e.Message);
        }
    }

    private static async Task CreateDatabaseAsync(LocalPostgresServer server, string database, CancellationToken ct)
    {
        await using var connection = await OpenAsync(server, "postgres", ct);
        await using var command = new NpgsqlCommand($"CREATE DATABASE \"{database}\"", connection);
        try
        {
            await command.ExecuteNonQueryAsync(ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DuplicateDatabase)
        {
            // kept from the last run
        }
    }

    // Aspire copies a server's state to its children only for containers; whoever waits for the database would wait for ever.
    private static async Task FollowAsync(LocalPostgresDatabase database, InitializeResourceEvent start)
    {
        var stopping = start.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        try
        {
            await foreach (var change in start.Notifications.WatchAsync(stopping))
            {
                if (change.Resource == database.Parent)
                    await start.Notifications.PublishUpdateAsync(database, s => s with { State = change.Snapshot.State });
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }
}
