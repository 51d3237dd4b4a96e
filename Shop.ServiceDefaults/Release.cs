using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Shop.ServiceDefaults;

/// <summary>Which build this is: <c>Shop:Release</c>, else the version of what was started, with seven digits of its commit.</summary>
public static class Release
{
    private const int CommitDigits = 7;

    public static string Current { get; private set; } = OfAssembly();

    internal static void Read(IConfiguration configuration)
    {
        if (configuration["Shop:Release"] is { Length: > 0 and <= 100 } release)
            Current = release;
    }

    private static string OfAssembly()
    {
        var version = Assembly.GetEntryAssembly()?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        var plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus >= 0 && version.Length > plus + 1 + CommitDigits ? version[..(plus + 1 + CommitDigits)] : version;
    }
}
