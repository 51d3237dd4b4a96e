using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Options;

namespace Shop.Tests.Integration;

public sealed class HostingTests
{
    [Fact]
    public async Task A_restarted_process_is_found_on_the_port_of_its_predecessor()
    {
        await using var app = new HostingApplication();
        var server = app.AddServer("server");
        await app.StartAsync();
        await app.ReachesAsync("server", KnownResourceStates.Running);
        var before = await app.ProcessBehindAsync(server.GetEndpoint("tcp"));

        var restarted = await app.CommandAsync(server.Resource, "restart");

        Assert.True(restarted.Success, restarted.Message);
        await app.ReachesAsync("server", KnownResourceStates.Running);
        Assert.NotEqual(before, await app.ProcessBehindAsync(server.GetEndpoint("tcp")));
        Assert.False(HostingApplication.IsAlive(before));
    }

    [Fact]
    public async Task Stop_ends_the_process_and_start_runs_it_again()
    {
        await using var app = new HostingApplication();
        var server = app.AddServer("server");
        await app.StartAsync();
        await app.ReachesAsync("server", KnownResourceStates.Running);
        var first = await app.ProcessBehindAsync(server.GetEndpoint("tcp"));

        await app.CommandAsync(server.Resource, "stop");
        var stopped = await app.ReachesAsync("server", KnownResourceStates.Finished);
        await app.CommandAsync(server.Resource, "start");

        Assert.NotNull(stopped.StopTimeStamp);
        Assert.False(HostingApplication.IsAlive(first));
        await app.ReachesAsync("server", KnownResourceStates.Running);
        Assert.NotEqual(first, await app.ProcessBehindAsync(server.GetEndpoint("tcp")));
    }

    [Fact]
    public async Task Nothing_is_left_when_the_application_is_disposed()
    {
        var app = new HostingApplication();
        var server = app.AddServer("server");
        await app.StartAsync();
        await app.ReachesAsync("server", KnownResourceStates.Running);
        var process = await app.ProcessBehindAsync(server.GetEndpoint("tcp"));

        await app.DisposeAsync();

        Assert.False(HostingApplication.IsAlive(process));
    }

    [Fact]
    public async Task Parameters_endpoints_and_connection_strings_arrive_as_the_variables_that_clients_read()
    {
        await using var app = new HostingApplication("--Parameters:greeting=from configuration", "--ConnectionStrings:ledger=Host=elsewhere");
        var server = app.AddServer("server");
        var shell = app.AddShell("shell", "env; echo done")
            .WithEnvironment("GREETING", app.Builder.AddParameter("greeting"))
            .WithEnvironment("ADDRESS", $"at {server.GetEndpoint("tcp").Property(EndpointProperty.HostAndPort)}!")
            .WithReference(server.GetEndpoint("tcp"))
            .WithReference(app.Builder.AddConnectionString("ledger"))
            .WithReference("carrier", new Uri("http://carrier.test/"));
        await app.StartAsync();

        var lines = await app.ConsoleAsync(shell.Resource, "done");

        var port = server.GetEndpoint("tcp").Port;
        Assert.Contains("GREETING=from configuration", lines);
        Assert.Contains($"ADDRESS=at localhost:{port}!", lines);
        Assert.Contains($"SERVER_TCP=tcp://localhost:{port}", lines);
        Assert.Contains($"services__server__tcp__0=tcp://localhost:{port}", lines);
        Assert.Contains("ConnectionStrings__ledger=Host=elsewhere", lines);
        Assert.Contains("services__carrier__default__0=http://carrier.test/", lines);
    }

    [Fact]
    public async Task The_environment_of_the_application_host_itself_does_not_reach_its_processes()
    {
        await using var app = new HostingApplication();
        var shell = app.AddShell("shell", "env; echo done");
        await app.StartAsync();

        var lines = await app.ConsoleAsync(shell.Resource, "done");

        Assert.DoesNotContain(lines, l => l.StartsWith("ASPNETCORE_URLS=", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, l => l.StartsWith("DOTNET_ENVIRONMENT=", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("PATH=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_project_is_told_where_to_listen_and_under_which_name_to_report()
    {
        await using var app = new HostingApplication();
        var project = app.Builder.AddProject<Projects.Shop_Web>("front", launchProfileName: null).WithHttpEndpoint();
        await app.StartAsync();

        // The web server or its first failure: either way DCP has filled in the variables.
        var seen = await app.Notifications.WaitForResourceAsync("front", e => e.Snapshot.EnvironmentVariables.Length > 0, app.Ct);

        var variables = seen.Snapshot.EnvironmentVariables.DistinctBy(v => v.Name).ToDictionary(v => v.Name, v => v.Value);
        var instance = seen.ResourceId["front-".Length..];
        Assert.Equal("front", variables["OTEL_SERVICE_NAME"]);
        Assert.Equal($"service.instance.id={instance}", variables["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.Matches("^http://localhost:[0-9]+$", variables["ASPNETCORE_URLS"]);
        Assert.NotEqual(project.GetEndpoint("http").Url, variables["ASPNETCORE_URLS"]);
    }

    [Fact]
    public async Task Each_replica_listens_on_a_port_of_its_own_behind_one_public_one()
    {
        await using var app = new HostingApplication();
        app.Builder.AddProject<Projects.Shop_Web>("front", launchProfileName: null).WithHttpEndpoint().WithReplicas(2);
        await app.StartAsync();

        var listening = new Dictionary<string, string?>();
        await app.Notifications.WaitForResourceAsync("front", e =>
        {
            if (e.Snapshot.EnvironmentVariables.FirstOrDefault(v => v.Name == "ASPNETCORE_URLS") is { } urls)
                listening[e.ResourceId] = urls.Value;
            return listening.Count == 2;
        }, app.Ct);

        Assert.Equal(2, listening.Values.Distinct().Count());
    }

    [Fact]
    public void Replicas_cannot_share_one_fixed_port()
    {
        using var refused = new StartRefused(app =>
            app.Builder.AddProject<Projects.Shop_Web>("front", launchProfileName: null).WithHttpEndpoint(targetPort: 8080).WithReplicas(2));

        Assert.IsType<InvalidOperationException>(refused.Reason);
        Assert.Contains("can have multiple replicas", refused.Reason.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_program_fails_to_start_and_its_console_says_why()
    {
        await using var app = new HostingApplication();
        var missing = app.Builder.AddExecutable("missing", "/does/not/exist", ".");
        await app.StartAsync();

        await app.ReachesAsync("missing", KnownResourceStates.FailedToStart);

        var lines = await app.ConsoleAsync(missing.Resource, "/does/not/exist");
        Assert.Contains(lines, l => l.StartsWith("[sys]", StringComparison.Ordinal) && l.Contains("no such file", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task The_exit_code_of_a_process_is_published()
    {
        await using var app = new HostingApplication();
        var shell = app.AddShell("shell", "echo broken >&2; exit 7");
        await app.StartAsync();

        var ended = await app.ReachesAsync("shell", KnownResourceStates.Finished);

        Assert.Equal(7, ended.ExitCode);
        Assert.Contains("broken", await app.ConsoleAsync(shell.Resource, "broken"));
    }

    [Fact]
    public async Task A_task_runs_before_what_waits_for_its_completion()
    {
        var done = Path.GetTempFileName();
        File.Delete(done);
        await using var app = new HostingApplication();
        var task = app.AddShell("task", "sleep 0.5; touch \"$1\"", done);
        app.AddShell("service", "test -e \"$1\" && exec sleep 100; exit 9", done).WaitForCompletion(task);
        await app.StartAsync();

        await app.ReachesAsync("service", KnownResourceStates.Running);

        Assert.True(File.Exists(done));
        File.Delete(done);
    }

    [Fact]
    public async Task What_waits_for_a_failed_task_fails_too()
    {
        await using var app = new HostingApplication();
        var task = app.AddShell("task", "exit 3");
        app.AddShell("service", "exec sleep 100").WaitForCompletion(task);
        await app.StartAsync();

        await app.ReachesAsync("service", KnownResourceStates.FailedToStart);
    }

    [Fact]
    public async Task A_parameter_without_a_value_fails_only_those_that_need_it()
    {
        await using var app = new HostingApplication();
        var key = app.Builder.AddParameter("key-nobody-has-set", secret: true);
        app.AddShell("needs-it", "exec sleep 100").WithEnvironment("KEY", key);
        app.AddShell("does-not", "exec sleep 100");
        await app.StartAsync();

        await app.ReachesAsync("needs-it", KnownResourceStates.FailedToStart);
        await app.ReachesAsync("does-not", KnownResourceStates.Running);
        var parameter = await app.ReachesAsync("key-nobody-has-set", KnownResourceStates.ValueMissing);
        Assert.Contains(parameter.Properties, p => p is { Name: "Value", IsSensitive: true, Value: string text } && text.Contains("Parameters:key-nobody-has-set", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_resource_with_explicit_start_waits_for_its_command()
    {
        await using var app = new HostingApplication();
        var later = app.AddShell("later", "exec sleep 100").WithExplicitStart();
        await app.StartAsync();
        await app.ReachesAsync("later", KnownResourceStates.NotStarted);

        await app.CommandAsync(later.Resource, "start");

        await app.ReachesAsync("later", KnownResourceStates.Running);
    }

    [Fact]
    public async Task Commands_offered_follow_the_state()
    {
        await using var app = new HostingApplication();
        var shell = app.AddShell("shell", "exec sleep 100");
        await app.StartAsync();
        var running = await app.ReachesAsync("shell", KnownResourceStates.Running);
        await app.CommandAsync(shell.Resource, "stop");
        var finished = await app.ReachesAsync("shell", KnownResourceStates.Finished);

        Assert.Equal(["restart", "stop"], Offered(running));
        Assert.Equal(["start"], Offered(finished));

        static IEnumerable<string> Offered(CustomResourceSnapshot snapshot) =>
            snapshot.Commands.Where(c => c is { State: ResourceCommandState.Enabled, Name: "start" or "stop" or "restart" }).Select(c => c.Name).Order();
    }

    [Fact]
    public async Task Rebuild_compiles_a_stopped_project_and_says_what_the_compiler_said()
    {
        var folder = Directory.CreateTempSubdirectory("shop-rebuild");
        var project = Path.Combine(folder.FullName, "Broken.proj");
        await File.WriteAllTextAsync(project, "<Project><Target Name='Build'><Error Text='No such thing.' Code='SHOP1' /></Target></Project>");
        await using var app = new HostingApplication();
        var broken = app.Builder.AddProject("broken", project).WithExplicitStart();
        await app.StartAsync();
        var hidden = (await app.Notifications.WaitForResourceAsync("broken-rebuilder", e => e.Snapshot.IsHidden, app.Ct)).Snapshot;
        Assert.Equal((KnownResourceStates.NotStarted, "Executable"), (hidden.State?.Text, hidden.ResourceType));
        await app.ReachesAsync("broken", KnownResourceStates.NotStarted);

        var failed = await app.CommandAsync(broken.Resource, "rebuild");

        Assert.Equal("Build failed with exit code 1.", failed.Message);
        Assert.Contains("SHOP1", failed.Data?.Value, StringComparison.Ordinal);
        await app.ReachesAsync("broken", KnownResourceStates.FailedToStart);
        Assert.Contains(await app.ConsoleAsync(broken.Resource, "SHOP1"), l => l.StartsWith("[build] ", StringComparison.Ordinal));

        await File.WriteAllTextAsync(project, "<Project><Target Name='Build' /></Project>");
        var built = await app.CommandAsync(broken.Resource, "rebuild");

        Assert.Equal((true, "Successfully rebuilt 'broken'."), (built.Success, built.Message));
        await app.ReachesAsync("broken", KnownResourceStates.FailedToStart); // as it was: what did not run is not started
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Urls_are_named_and_active_only_while_the_process_runs()
    {
        await using var app = new HostingApplication();
        var server = app.AddServer("server").WithHttpEndpoint(name: "page", env: "PAGE")
            .WithUrlForEndpoint("page", u => (u.DisplayText, u.Url) = ("The page", "/start"));
        await app.StartAsync();
        var running = await app.ReachesAsync("server", KnownResourceStates.Running);
        await app.CommandAsync(server.Resource, "stop");
        var finished = await app.ReachesAsync("server", KnownResourceStates.Finished);

        var url = Assert.Single(running.Urls, u => u.Name == "page");
        Assert.Equal($"{server.GetEndpoint("page").Url}/start", url.Url);
        Assert.Equal("The page", url.DisplayProperties.DisplayName);
        Assert.False(url.IsInactive);
        Assert.All(finished.Urls, u => Assert.True(u.IsInactive));
    }

    [Fact]
    public async Task Events_of_a_resource_come_in_the_order_that_hosts_rely_on()
    {
        await using var app = new HostingApplication();
        var order = new List<string>();
        var ready = new TaskCompletionSource();
        var server = app.AddServer("server")
            .OnResourceEndpointsAllocated((_, _, _) => Noted("allocated"))
            .OnBeforeResourceStarted((_, _, _) => Noted("before start"))
            .OnResourceReady(async (_, _, _) =>
            {
                await Noted("ready");
                ready.TrySetResult();
            });
        app.Builder.OnBeforeStart((_, _) => Noted("application"));
        await app.StartAsync();
        await ready.Task.WaitAsync(app.Ct);

        Assert.Equal(["application", "allocated", "before start", "ready"], order);
        Assert.True(server.GetEndpoint("tcp").IsAllocated);

        Task Noted(string what)
        {
            lock (order)
                order.Add(what);
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_public_port_that_is_taken_is_named_in_the_failure()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        await using var app = new HostingApplication("--DcpPublisher:RandomizePorts=false");
        var server = app.AddServer("server").WithEndpoint("tcp", e => e.Port = port);
        var neighbour = app.AddServer("neighbour");
        await app.StartAsync();

        await app.ReachesAsync("server", KnownResourceStates.FailedToStart);

        var text = port.ToString(CultureInfo.InvariantCulture);
        Assert.Contains(await app.ConsoleAsync(server.Resource, text), l => l.Contains($"Port {text}", StringComparison.Ordinal));
        await app.ReachesAsync("neighbour", KnownResourceStates.Running);
        Assert.NotEqual(port, neighbour.GetEndpoint("tcp").Port);
    }

    [Fact]
    public async Task A_dashboard_over_plain_http_has_to_be_allowed()
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions
        {
            Args = ["--ASPNETCORE_URLS", "http://localhost:0"],
            AssemblyName = "Shop.AppHost",
        });
        await using var app = builder.Build();

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.Contains("ASPIRE_ALLOW_UNSECURED_TRANSPORT", refused.Message, StringComparison.Ordinal);
    }

    /// <summary>What StartAsync throws.</summary>
    private sealed class StartRefused : IDisposable
    {
        private readonly HostingApplication app;

        public StartRefused(Action<HostingApplication> model, params string[] args)
        {
            app = new HostingApplication(args);
            model(app);
            Reason = Assert.ThrowsAnyAsync<Exception>(app.StartAsync).GetAwaiter().GetResult();
        }

        public Exception Reason { get; }

        public void Dispose() => app.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
