using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shop.Data;

namespace Shop.Tests.Fixtures;

/// <summary>
/// A real Postgres of this test run's own, on a random port with its data in a temporary folder. Started once; each test class asks for
/// a database of its own, copied from a migrated template.
/// </summary>
public static class PostgresServer
{
    private const string Template = "shop_template";
    private static readonly Lazy<Task<string>> Server = new(StartAsync);
    private static int _databases;

    /// <summary>Connection string of a new, migrated, empty database.</summary>
    public static async Task<string> CreateDatabaseAsync()
    {
        var server = await Server.Value;
        var name = $"shop_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync(server, $"CREATE DATABASE {name} TEMPLATE {Template}");
        return Briefly(server, name);
    }

    /// <summary>Connection string of a new database with nothing in it, not even the schema.</summary>
    public static async Task<string> CreateEmptyDatabaseAsync()
    {
        var server = await Server.Value;
        var name = $"empty_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync(server, $"CREATE DATABASE {name}");
        return Briefly(server, name);
    }

    /// <summary>Connection string of a database that does not exist yet.</summary>
    public static async Task<string> NameDatabaseAsync() => Briefly(await Server.Value, $"new_{Interlocked.Increment(ref _databases)}");

    // Every database has pools of its own; connections that a finished test left open would use up the server for the next ones.
    private static string Briefly(string server, string database) =>
        new NpgsqlConnectionStringBuilder(server) { Database = database, ConnectionIdleLifetime = 2, ConnectionPruningInterval = 1 }.ConnectionString;

    public static ShopDbContext Open(string connectionString) =>
        new(new DbContextOptionsBuilder<ShopDbContext>().UseShopDatabase(connectionString).Options);

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<string> StartAsync()
    {
        var bin = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(d => Path.Combine(d, "bin")).Last(d => File.Exists(Path.Combine(d, "initdb")))
            : throw new InvalidOperationException("PostgreSQL is missing: install the package postgresql.");
        var data = Directory.CreateTempSubdirectory("shop-tests-pg-").FullName;
        var root = Environment.UserName == "root";
        if (root)
            await RunAsync("chown", "postgres", data);
        await RunAsync(AsServer(root, Path.Combine(bin, "initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"));

        var port = FreePort();
        // The parent turns the end of this process, however it comes, into an immediate stop of the server and removes its folder.
        var server = Process.Start(Quiet("/bin/sh", ["-c",
            $"\"$@\" & p=$!; while kill -0 {Environment.ProcessId} 2>/dev/null && kill -0 $p 2>/dev/null; do sleep 0.5; done; kill -QUIT $p; wait $p; rm -rf '{data}'",
            "sh", .. AsServer(root, Path.Combine(bin, "postgres"), "-D", data, "-p", $"{port}", "-c", "listen_addresses=127.0.0.1",
                "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=500",
                "-c", "shared_buffers=64MB", "-c", "shared_preload_libraries=pg_stat_statements")]))
            ?? throw new InvalidOperationException("Postgres did not start.");
        server.BeginErrorReadLine();
        server.BeginOutputReadLine();

        var connectionString = $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres;Include Error Detail=true";
        var limit = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                await ExecuteAsync(connectionString, $"CREATE DATABASE {Template}");
                break;
            }
            catch (Exception e) when (e is NpgsqlException or SocketException && limit.Elapsed < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(50);
            }
        }

        var template = new NpgsqlConnectionStringBuilder(connectionString) { Database = Template, Pooling = false }.ConnectionString;
        await using var db = Open(template);
        await db.Database.MigrateAsync();
        return connectionString;
    }

    private static string[] AsServer(bool root, params string[] command) =>
        root ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", .. command] : command;

    private static ProcessStartInfo Quiet(string file, params string[] args) =>
        new(file, args) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = "/" };

    private static async Task RunAsync(params string[] command)
    {
        using var process = Process.Start(Quiet(command[0], command[1..]))!;
        var output = process.StandardError.ReadToEndAsync();
        await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{command[0]} ended with {process.ExitCode}: {await output}");
    }

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
