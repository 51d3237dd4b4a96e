namespace Shop.AppHost.Local;

/// <summary>Postgres and Redis: containers where an engine answers, this machine's own programs otherwise.</summary>
internal static class ShopResources
{
    public static (IResourceBuilder<IResource> Server, IResourceBuilder<IResourceWithConnectionString> Database) AddShopDatabase(
        this IDistributedApplicationBuilder builder, string serverName, string databaseName)
    {
        if (!builder.UsesContainers())
            return builder.AddLocalPostgres(serverName, databaseName);

        var server = builder.AddPostgres(serverName).WithDataVolume()
            .WithArgs("-c", "shared_preload_libraries=pg_stat_statements"); // as the local one has it: the dashboard shows where time goes
        return (server, server.AddDatabase(databaseName));
    }

    public static IResourceBuilder<IResourceWithConnectionString> AddShopCache(this IDistributedApplicationBuilder builder, string name) =>
        builder.UsesContainers() ? builder.AddRedis(name) : builder.AddLocalRedis(name);

    /// <summary>A path below the git-ignored data folder (<c>Shop:Data</c>, by default <c>.data</c> beside the solution).</summary>
    public static string DataPath(this IDistributedApplicationBuilder builder, string name) =>
        Path.GetFullPath(Path.Combine(builder.AppHostDirectory, builder.Configuration["Shop:Data"] ?? "../.data", name));

    // Publishing always describes containers: what this machine happens to have is nobody else's business.
    private static bool UsesContainers(this IDistributedApplicationBuilder builder) =>
        builder.ExecutionContext.IsPublishMode || (builder.Configuration["Shop:Containers"] ?? "auto").ToUpperInvariant() switch
        {
            "ALWAYS" => true,
            "NEVER" => false,
            "AUTO" => ContainerEngine.Answers,
            var other => throw new InvalidOperationException($"Shop__Containers is '{other}'; it can be auto, always or never."),
        };
}
