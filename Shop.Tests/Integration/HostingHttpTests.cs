using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Shop.Tests.Integration;

/// <summary>Health checks and commands that are requests, to a process that answers 503 until it was healed.</summary>
public sealed class HostingHttpTests
{
    private const string Patient = """
        use Socket; socket(S,PF_INET,SOCK_STREAM,6); setsockopt(S,SOL_SOCKET,SO_REUSEADDR,1);
        bind(S,sockaddr_in($ARGV[0],inet_aton('127.0.0.1'))) or die; listen(S,9);
        while (accept(C,S)) {
          my ($method,$path) = split ' ', <C> // ''; my $name = '';
          while (defined(my $line = <C>)) { $name = $1 if $line =~ /^x-name: (\w+)/i; last if $line =~ /^\r?\n$/ }
          $healed = 1 if $method eq 'POST' && $path eq '/heal';
          my $status = $path eq '/broken' || !$healed ? '503 Service Unavailable' : '200 OK';
          my $body = $path eq '/heal' ? "{\"healed\":\"$name\"}" : '';
          syswrite(C, "HTTP/1.1 $status\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\nConnection: close\r\n\r\n$body");
          close C;
        }
        """;

    [Fact]
    public async Task Whoever_waits_for_a_healthy_resource_starts_after_the_command_that_heals_it()
    {
        await using var app = new HostingApplication();
        var patient = AddPatient(app).WithHttpHealthCheck("/health").WithHttpCommand("/heal", "Heal", commandOptions: new HttpCommandOptions
        {
            ResultMode = HttpCommandResultMode.Auto,
            Arguments = [new InteractionInput { Name = "name", InputType = InputType.Text, Value = "Ada" }],
            PrepareRequest = context =>
            {
                context.Request.Headers.Add("X-Name", context.Arguments.GetString("name"));
                return Task.CompletedTask;
            },
        });
        app.AddShell("visitor", "exec sleep 100").WaitFor(patient);
        var starting = app.StartAsync(); // which waits, as the visitor does
        var ill = (await app.Notifications.WaitForResourceAsync(
            "patient", e => e.Snapshot.HealthReports is [{ Status: HealthStatus.Unhealthy, LastRunAt: not null }], app.Ct)).Snapshot;
        var waiting = await app.ReachesAsync("visitor", KnownResourceStates.Waiting);

        var healed = await app.CommandAsync(patient.Resource, "patient-http-http-post-/heal");

        Assert.Equal("patient_http_/health_200_check", Assert.Single(ill.HealthReports).Name);
        Assert.Contains("503", Assert.Single(ill.HealthReports).Description, StringComparison.Ordinal);
        Assert.Contains(waiting.Properties, p => p is { Name: "resource.waitingFor", Value: IEnumerable<string> ids } && ids.Single().StartsWith("patient-", StringComparison.Ordinal));
        Assert.True(healed.Success, healed.Message);
        Assert.Equal(("""{"healed":"Ada"}""", CommandResultFormat.Json), (healed.Data!.Value, healed.Data.Format));
        await app.ReachesAsync("visitor", KnownResourceStates.Running);
        await starting;
        Assert.Equal(HealthStatus.Healthy, (await app.Notifications.WaitForResourceHealthyAsync("patient", app.Ct)).Snapshot.HealthStatus);
    }

    [Fact]
    public async Task A_refused_request_is_a_failed_command_and_a_stopped_resource_offers_none()
    {
        await using var app = new HostingApplication();
        var patient = AddPatient(app).WithHttpCommand("/broken", "Break", commandName: "break", commandOptions: new HttpCommandOptions { Method = HttpMethod.Get });
        await app.StartAsync();
        var running = await app.ReachesAsync("patient", KnownResourceStates.Running);

        // Its port accepts before it listens.
        ExecuteCommandResult refused;
        while ((refused = await app.CommandAsync(patient.Resource, "break")).Message?.StartsWith("Request failed", StringComparison.Ordinal) is not true)
            await Task.Delay(100, app.Ct);
        await app.CommandAsync(patient.Resource, "stop");
        var finished = await app.ReachesAsync("patient", KnownResourceStates.Finished);

        Assert.Equal((false, "Request failed with status code ServiceUnavailable"), (refused.Success, refused.Message));
        Assert.Equal(ResourceCommandState.Enabled, StateIn(running));
        Assert.Equal(ResourceCommandState.Disabled, StateIn(finished));

        static ResourceCommandState StateIn(CustomResourceSnapshot snapshot) => snapshot.Commands.Single(c => c.Name == "break").State;
    }

    [Fact]
    public async Task Icons_and_relations_of_the_model_are_on_the_resource_as_it_runs()
    {
        await using var app = new HostingApplication();
        var depot = app.AddShell("depot", "exec sleep 100");
        var key = app.Builder.AddParameter("key", "k");
        app.AddShell("courier", "exec sleep 100").WithIconName("VehicleTruck", IconVariant.Regular).WithParentRelationship(depot)
            .WithRelationship(depot.Resource, "Feeds").WithEnvironment("KEY", key).WaitForStart(depot);
        await app.StartAsync();

        var courier = await app.ReachesAsync("courier", KnownResourceStates.Running);

        Assert.Equal(("VehicleTruck", IconVariant.Regular), (courier.IconName, courier.IconVariant));
        Assert.Equal(
            ["depot Feeds", "depot Parent", "depot WaitFor", "key Reference"],
            courier.Relationships.Select(r => $"{r.ResourceName} {r.Type}").Order(StringComparer.Ordinal));
        Assert.Contains(courier.Properties, p => p is { Name: "executable.path", Value: "sh" });
    }

    private static IResourceBuilder<ExecutableResource> AddPatient(HostingApplication app)
    {
        var patient = app.Builder.AddExecutable("patient", "perl", ".", "-e", Patient).WithHttpEndpoint();
        return patient.WithArgs(patient.GetEndpoint("http").Property(EndpointProperty.TargetPort));
    }
}
