namespace Shop.AppHost;

/// <summary>What stands in a deployment for the simulated outside world: whoever deploys is asked for it.</summary>
internal static class Deployment
{
    public static void WithMailServer(this IResourceBuilder<ProjectResource> payments)
    {
        var builder = payments.ApplicationBuilder;
        payments
            .WithEnvironment("Smtp__Host", builder.AddParameter("smtp-host"))
            .WithEnvironment("Smtp__Port", builder.AddParameter("smtp-port", "587", publishValueAsDefault: true))
            .WithEnvironment("Smtp__User", builder.AddParameter("smtp-user"))
            .WithEnvironment("Smtp__Password", builder.AddParameter("smtp-password", secret: true))
            .WithEnvironment("Smtp__From", builder.AddParameter("smtp-from"));
    }
}
