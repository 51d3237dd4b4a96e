using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting;

/// <param name="Http2">Null: as all endpoints of the project.</param>
internal sealed record KestrelEndpoint(string Name, BindingAddress Address, bool? Http2);

/// <summary>Where a project's own appsettings make it listen.</summary>
internal sealed record KestrelSettings(IReadOnlyList<KestrelEndpoint> Endpoints, bool Http2ByDefault)
{
    internal static KestrelSettings Read(string projectPath)
    {
        var environment = Environment.GetEnvironmentVariable("ASPNETCORE_ENVIRONMENT") ?? Environment.GetEnvironmentVariable("DOTNET_ENVIRONMENT");
        var directory = Path.GetDirectoryName(projectPath)!;
        var settings = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(directory, "appsettings.json"), optional: true)
            .AddJsonFile(Path.Combine(directory, $"appsettings.{environment}.json"), optional: true)
            .Build();
        var endpoints = settings.GetSection("Kestrel:Endpoints").GetChildren()
            .Where(e => e["Url"] is not null)
            .Select(e => new KestrelEndpoint(e.Key, BindingAddress.Parse(e["Url"]!), e["Protocols"] is { } its ? its == "Http2" : null));
        return new KestrelSettings([.. endpoints], settings["Kestrel:EndpointDefaults:Protocols"] == "Http2");
    }
}
