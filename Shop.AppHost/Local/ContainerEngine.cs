using System.ComponentModel;
using System.Diagnostics;

namespace Shop.AppHost.Local;

internal static class ContainerEngine
{
    private static readonly Lazy<bool> Found = new(() => Responds("docker") || Responds("podman"));

    /// <summary>True when docker or podman is installed and its engine answers within three seconds.</summary>
    public static bool Answers => Found.Value;

    private static bool Responds(string command)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command, "ps --quiet") { RedirectStandardOutput = true, RedirectStandardError = true });
            if (process is null)
                return false;
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine(); // a full pipe would hold the command up for ever
            process.BeginErrorReadLine();
            if (process.WaitForExit(TimeSpan.FromSeconds(3)))
                return process.ExitCode == 0;
            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (Win32Exception)
        {
            return false; // not installed
        }
    }
}
