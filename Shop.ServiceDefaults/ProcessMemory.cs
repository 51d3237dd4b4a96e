using System.Diagnostics.Metrics;
using System.Globalization;

namespace Shop.ServiceDefaults;

/// <summary>
/// The proportional set size: what this process really costs the machine, shared pages counted by their share. The working set, which the
/// runtime reports, counts the same shared pages for every process again.
/// </summary>
internal static class ProcessMemory
{
    private const string Source = "/proc/self/smaps_rollup"; // of Linux alone
    private static readonly Meter Meter = new("Shop.Process");

    static ProcessMemory()
    {
        // Asked once per export. The kernel walks the page tables for it, a few milliseconds under the lock of the memory map.
        if (File.Exists(Source))
            Meter.CreateObservableGauge("process.memory.pss", Read, "By", "Physical memory, pages shared with other processes counted by share");
    }

    /// <summary>Of the process, so once however many hosts it runs: the type's initialiser does it.</summary>
    public static void Publish()
    {
    }

    private static IEnumerable<Measurement<long>> Read()
    {
        try
        {
            foreach (var line in File.ReadLines(Source))
            {
                if (line.StartsWith("Pss:", StringComparison.Ordinal)) // "Pss:               48123 kB"
                    return [new(long.Parse(line.AsSpan(4, line.Length - 6).Trim(), NumberStyles.None, CultureInfo.InvariantCulture) * 1024)];
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A hardened kernel may refuse it.
        }

        return [];
    }
}
