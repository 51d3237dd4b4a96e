namespace Shop.Web.Edge;

/// <summary>Pages that hold nothing personal are rendered once per 30 s and process, whatever the crowd; a burst waits for one rendering.</summary>
internal static class SharedPages
{
    public const string Policy = "shared";

    public static void AddSharedPages(this IServiceCollection services) => services.AddOutputCache(cache =>
    {
        cache.SizeLimit = 32 * 1024 * 1024;
        // Only what these pages read: campaign parameters and invented ones must not multiply the entries.
        cache.AddPolicy(Policy, policy => policy.Expire(TimeSpan.FromSeconds(30)).SetVaryByQuery("page", "sort", "stock"));
    });
}
