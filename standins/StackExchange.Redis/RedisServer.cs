namespace StackExchange.Redis;

internal sealed class RedisServer(ConnectionMultiplexer multiplexer) : RedisBase(multiplexer), IServer
{
    public System.Net.EndPoint EndPoint => Owner.EndPoint;

    public bool IsConnected => Owner.IsConnected;

    public Task<long> DatabaseSizeAsync(int database = -1, CommandFlags flags = CommandFlags.None) =>
        Send(flags, Number(database), "DBSIZE", Reply.Long);

    public Task<RedisResult> ExecuteAsync(string command, params object[] args) => ExecuteAsync(-1, command, args, CommandFlags.None);

    public Task<RedisResult> ExecuteAsync(string command, ICollection<object> args, CommandFlags flags = CommandFlags.None) =>
        ExecuteAsync(-1, command, args, flags);

    public Task FlushDatabaseAsync(int database = -1, CommandFlags flags = CommandFlags.None) => Owner.Options.AllowAdmin
        ? Send(flags, Number(database), "FLUSHDB", Reply.Ok)
        : throw new RedisCommandException("This operation is not available unless admin mode is enabled: FLUSHDB");

    /// <summary>By the headings of the server's answer: <c># Memory</c>, then <c>used_memory:1024</c> and so on.</summary>
    public async Task<IGrouping<string, KeyValuePair<string, string>>[]> InfoAsync(RedisValue section = default, CommandFlags flags = CommandFlags.None)
    {
        var heading = "miscellaneous";
        List<(string Heading, KeyValuePair<string, string> Fact)> facts = [];
        foreach (var line in (await InfoRawAsync(section, flags) ?? "").Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#'))
                heading = line[1..].Trim();
            else if (line.Split(':', 2) is [var name, var value])
                facts.Add((heading, new(name.Trim(), value.Trim())));
        }

        return [.. facts.GroupBy(entry => entry.Heading, entry => entry.Fact)];
    }

    public Task<string?> InfoRawAsync(RedisValue section = default, CommandFlags flags = CommandFlags.None) =>
        section.IsNullOrEmpty ? Send(flags, -1, "INFO", Reply.Text) : Send(flags, -1, "INFO", Reply.Text, section);

    public async IAsyncEnumerable<RedisKey> KeysAsync(
        int database = -1, RedisValue pattern = default, int pageSize = 250, long cursor = 0, int pageOffset = 0, CommandFlags flags = CommandFlags.None)
    {
        do
        {
            var page = await Send(flags, Number(database), "SCAN", Reply.Page, [cursor, .. Scan.Words(pattern, pageSize)]);
            foreach (var key in page.Items.Skip(pageOffset))
                yield return (byte[]?)key;
            (cursor, pageOffset) = (page.Cursor, 0);
        }
        while (cursor != 0);
    }

    private int Number(int database) => database < 0 ? Owner.Options.DefaultDatabase ?? 0 : database;
}

internal static class Scan
{
    public static RedisValue[] Words(RedisValue pattern, int pageSize) =>
        pattern.IsNullOrEmpty || pattern == "*" ? ["COUNT", pageSize] : ["MATCH", pattern, "COUNT", pageSize];
}
