using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Shop.AppHost;

internal static class ResetData
{
    /// <summary>"Reset data" on the database server: an empty database, migrated and seeded anew, and the services started on it.</summary>
    public static void WithResetCommand(this IResourceBuilder<IResource> server, IResourceBuilder<IResourceWithConnectionString> database,
        IResourceBuilder<ProjectResource> migrate, string simulatedWorld, params IResourceBuilder<ProjectResource>[] users) =>
        server.WithCommand("reset-data", "Reset data",
            context => RunAsync(context, database.Resource, migrate.Resource, simulatedWorld, [.. users.Select(u => u.Resource)]),
            new CommandOptions
            {
                Description = "Delete every order, cart and product, and seed the shop again.",
                ConfirmationMessage = "This deletes all data of the shop on this machine: orders, carts, catalogue, and what the simulator remembers. It can't be undone.",
                IconName = "ArrowReset",
                UpdateState = context => context.ResourceSnapshot.State?.Text == KnownResourceStates.Running
                    ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
            });

    private static async Task<ExecuteCommandResult> RunAsync(
        ExecuteCommandContext context, IResourceWithConnectionString database, ProjectResource migrate, string simulatedWorld, ProjectResource[] users)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        var commands = context.Services.GetRequiredService<ResourceCommandService>();
        var notifications = context.Services.GetRequiredService<ResourceNotificationService>();
        foreach (var user in users)
            await commands.ExecuteCommandAsync(user, "stop", limit.Token);

        File.Delete(simulatedWorld); // its ledger tells of orders that are gone
        await using (var connection = new NpgsqlConnection(await database.ConnectionStringExpression.GetValueAsync(limit.Token)))
        {
            await connection.OpenAsync(limit.Token);
            // Whatever schemas there are by then: one that is forgotten here would keep the migrations from running again.
            await using var drop = new NpgsqlCommand("""
                DO $$ DECLARE own text; BEGIN
                    FOR own IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public') LOOP
                        EXECUTE format('DROP SCHEMA %I CASCADE', own);
                    END LOOP;
                END $$;
                DROP TABLE IF EXISTS public."__EFMigrationsHistory"
                """, connection);
            await drop.ExecuteNonQueryAsync(limit.Token);
        }

        if (await commands.ExecuteCommandAsync(migrate, "start", limit.Token) is { Success: false } failed)
            return failed;
        var done = await notifications.WaitForResourceAsync(migrate.Name, e => KnownResourceStates.TerminalStates.Contains(e.Snapshot.State?.Text), limit.Token);
        if (done.Snapshot.ExitCode is not 0)
            return CommandResults.Failure("The migration failed; its console log says why.");

        foreach (var user in users)
            await commands.ExecuteCommandAsync(user, "start", limit.Token);
        return CommandResults.Success("The shop has fresh data.");
    }
}
