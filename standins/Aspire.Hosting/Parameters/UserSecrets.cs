using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.UserSecrets;

namespace Aspire.Hosting;

/// <summary>The developer's secrets.json of the AppHost: flat keys, shared by all runs and tests of that AppHost.</summary>
internal sealed class UserSecrets(string? path, IConfigurationManager configuration)
{
    private static readonly ConditionalWeakTable<IDistributedApplicationBuilder, UserSecrets> OfBuilders = [];
    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private static readonly JsonSerializerOptions Readable =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal bool IsAvailable => path is not null;

    internal static UserSecrets Of(IDistributedApplicationBuilder builder) => OfBuilders.GetValue(builder, b => new UserSecrets(
        b.AppHostAssembly?.GetCustomAttribute<UserSecretsIdAttribute>()?.UserSecretsId is { } id
            ? PathHelper.GetSecretsPathFromSecretsId(id)
            : null,
        b.Configuration));

    /// <summary>
    /// Two runs may start at the same moment and must not end with two passwords, so the file decides and is asked again under a lock.
    /// Without user secrets the value lives as long as this run.
    /// </summary>
    internal string GetOrAdd(string key, Func<string> generate)
    {
        if (configuration[key] is { Length: > 0 } configured)
            return configured;

        var value = path is null ? generate() : Change(secrets =>
        {
            if (secrets[key]?.GetValue<string>() is { Length: > 0 } known)
                return known;
            var made = generate();
            secrets[key] = made;
            return made;
        });
        configuration[key] = value;
        return value;
    }

    internal void Set(string key, string value)
    {
        if (path is not null)
            Change(secrets => (secrets[key] = value).ToString());
        configuration[key] = value;
    }

    internal void Remove(string key)
    {
        if (path is not null)
            Change(secrets => secrets.Remove(key).ToString());
        configuration[key] = null;
    }

    private string Change(Func<JsonObject, string> change)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path!)!);
        using var turn = Lock();
        var secrets = Read();
        var before = secrets.ToJsonString(Readable);
        var result = change(secrets);
        var after = secrets.ToJsonString(Readable);
        if (after != before)
            Write(after);
        return result;
    }

    private JsonObject Read()
    {
        if (!File.Exists(path))
            return [];
        var text = File.ReadAllText(path!, Encoding.UTF8);
        return string.IsNullOrWhiteSpace(text) ? [] : (JsonObject)JsonNode.Parse(
            text, documentOptions: new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true })!;
    }

    private void Write(string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var next = $"{path}.{Environment.ProcessId}";
        using (var writer = new StreamWriter(next, Encoding.UTF8, options))
            writer.Write(text);
        File.Move(next, path!, overwrite: true);
    }

    private FileStream Lock()
    {
        var until = DateTime.UtcNow + LockPatience;
        while (true)
        {
            try
            {
                return new FileStream($"{path}.lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException && DateTime.UtcNow < until)
            {
                Thread.Sleep(20);
            }
        }
    }
}
