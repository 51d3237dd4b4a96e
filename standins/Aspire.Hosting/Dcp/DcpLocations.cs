using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <summary>Where the two programs of the Aspire runtime are: configuration, then environment, then what the build wrote down.</summary>
internal sealed record DcpLocations(string Dcp, string Dashboard)
{
    internal static DcpLocations Find(IConfiguration configuration, AppHostIdentity appHost, bool withDashboard)
    {
        var dcp = First(configuration["DcpPublisher:CliPath"], InDirectory(configuration["ASPIRE_DCP_PATH"]), appHost.Metadata("dcpclipath"));
        var dashboard = First(configuration["DcpPublisher:DashboardPath"], configuration["ASPIRE_DASHBOARD_PATH"], appHost.Metadata("aspiredashboardpath"));
        if (!File.Exists(dcp) || (withDashboard && !File.Exists(dashboard)))
            throw new StartRefusedException("The Aspire runtime is not installed: run ./run.sh once");
        return new DcpLocations(dcp, dashboard);
    }

    private static string? InDirectory(string? directory) => string.IsNullOrEmpty(directory)
        ? null
        : Path.Combine(directory, OperatingSystem.IsWindows() ? "dcp.exe" : "dcp");

    private static string First(params string?[] paths) => paths.FirstOrDefault(p => !string.IsNullOrEmpty(p)) ?? "";
}
