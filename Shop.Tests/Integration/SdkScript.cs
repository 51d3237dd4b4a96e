using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Shop.Tests.Integration;

/// <summary>A script that drives a gateway's own SDK, which comes from npm in the versions of the script's lock file.</summary>
internal sealed class SdkScript
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    private readonly string _folder;
    private readonly Lazy<Task> _installed;

    /// <param name="folder">Under Assets, with the script as shop.mjs.</param>
    public SdkScript(string folder)
    {
        _folder = Path.Combine(AppContext.BaseDirectory, "Assets", folder);
        _installed = new(InstallAsync);
    }

    /// <summary>Where npm cannot reach a registry this fails, because nothing else here knows the gateway so well.</summary>
    public Task InstalledAsync() => _installed.Value;

    public async Task<JsonNode> RunAsync(params string[] arguments)
    {
        // The browser tests bring a node of their own, newer than many a distribution's.
        var bundled = Path.Combine(AppContext.BaseDirectory, ".playwright", "node", "linux-x64", "node");
        var (code, output, errors) = await StartAsync(File.Exists(bundled) ? bundled : "node", ["shop.mjs", .. arguments]);
        Assert.True(code == 0, $"The SDK's script failed:\n{errors}");
        return JsonNode.Parse(output)!;
    }

    /// <summary>What is expected has to be there as it says; more may be there.</summary>
    public static void Is(JsonNode result, string name, string expected) => Check(JsonNode.Parse(expected), result[name], name);

    private static void Check(JsonNode? expected, JsonNode? actual, string path)
    {
        if (expected is JsonObject members)
        {
            foreach (var (member, value) in members)
                Check(value, actual is JsonObject there ? there[member] : null, $"{path}.{member}");
        }
        else
        {
            Assert.True(JsonNode.DeepEquals(expected, actual), $"{path} is {actual?.ToJsonString() ?? "null"} instead of {expected?.ToJsonString() ?? "null"}.");
        }
    }

    private async Task InstallAsync()
    {
        if (File.Exists(Path.Combine(_folder, "node_modules", ".package-lock.json")))
            return;
        try
        {
            var (code, output, errors) = await StartAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
            Assert.True(code == 0, $"npm could not fetch the SDK, which these tests need (can it reach a registry?):\n{output}{errors}");
        }
        catch (Win32Exception)
        {
            Assert.Fail("There is no npm on this machine; the SDK, which these tests need, comes from it. eng/setup.sh tests installs it.");
        }
    }

    private async Task<(int Code, string Output, string Errors)> StartAsync(string program, string[] arguments)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            return (-1, "", $"{program} took longer than {Limit}.");
        }
    }
}
