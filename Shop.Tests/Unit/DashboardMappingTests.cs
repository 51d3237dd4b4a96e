using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dashboard;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using static Shop.Tests.Unit.DashboardFixture;
using Proto = Aspire.Hosting.Dashboard.Proto;

namespace Shop.Tests.Unit;

public sealed class DashboardMappingTests
{
    [Fact]
    public void The_barest_resource_still_has_all_that_keeps_the_dashboard_from_dropping_the_stream()
    {
        var resource = Map(new Thing("web"), new CustomResourceSnapshot { ResourceType = "Project", Properties = [] }, "web-abcdefgh");

        Assert.Equal(("web-abcdefgh", "web", "Project", "web-abcdefgh"), (resource.Name, resource.DisplayName, resource.ResourceType, resource.Uid));
        Assert.NotNull(resource.CreatedAt);
        Assert.False(resource.HasState);
    }

    [Fact]
    public async Task A_published_resource_knows_when_it_was_created()
    {
        await using var app = new DashboardFixture();
        var web = new Thing("web");

        await app.SetAsync(web, "Running");
        var created = app.Snapshot("web").CreationTimeStamp;
        await app.SetAsync(web, "Finished");

        Assert.NotNull(created);
        Assert.Equal(created, app.Snapshot("web").CreationTimeStamp);
    }

    [Fact]
    public void Every_url_has_display_properties_and_one_that_is_not_absolute_is_left_out()
    {
        var resource = Map(new Thing("web"), new CustomResourceSnapshot
        {
            ResourceType = "Project",
            Properties = [],
            Urls =
            [
                new UrlSnapshot("http", "http://localhost:5301", IsInternal: false) { IsInactive = true },
                new UrlSnapshot("tcp", "tcp://localhost:5432", IsInternal: true) { DisplayProperties = new("Database", 3) },
                new UrlSnapshot(null, "nowhere in particular", IsInternal: false),
            ],
        });

        Assert.Equal(2, resource.Urls.Count);
        Assert.All(resource.Urls, u => Assert.NotNull(u.DisplayProperties));
        Assert.True(resource.Urls[0].IsInactive);
        Assert.Equal(("Database", 3), (resource.Urls[1].DisplayProperties.DisplayName, resource.Urls[1].DisplayProperties.SortOrder));
    }

    [Fact]
    public void A_check_that_has_not_run_yet_has_no_status()
    {
        var resource = Map(new Thing("db"), new CustomResourceSnapshot
        {
            ResourceType = "Executable",
            Properties = [],
            State = "Running",
            HealthReports = [new("a", null, null, null), new("b", HealthStatus.Degraded, "slow", null)],
        });

        Assert.False(resource.HealthReports[0].HasStatus);
        Assert.Equal(Proto.HealthStatus.Degraded, resource.HealthReports[1].Status);
        Assert.Equal("Unhealthy", PropertyOf(resource, "resource.healthState").StringValue);
    }

    [Fact]
    public void A_child_names_the_instance_of_its_parent_and_a_relationship_may_make_it_one()
    {
        var server = new Thing("postgres");
        WithReplicas(server, "abcdefgh");
        var database = new Part("shopdb", server);
        var helper = new Thing("helper");
        helper.Annotations.Add(new ResourceRelationshipAnnotation(server, "Parent"));
        var bare = new CustomResourceSnapshot { ResourceType = "x", Properties = [] };

        Assert.Equal("postgres-abcdefgh", PropertyOf(Map(database, bare), "resource.parentName").StringValue);
        Assert.Equal("postgres-abcdefgh", PropertyOf(Map(helper, bare), "resource.parentName").StringValue);
    }

    [Fact]
    public void Property_values_keep_their_kind_and_secrets_stay_marked()
    {
        var resource = Map(new Thing("web"), new CustomResourceSnapshot
        {
            ResourceType = "Project",
            Properties =
            [
                new("resource.appArgs", (string[])["-p", "secret"]),
                new("resource.appArgsSensitivity", (int[])[0, 1]),
                new("executable.pid", 42),
                new("Value", "sk_test") { IsSensitive = true },
                new("nothing", null),
            ],
            ExitCode = -1,
        });

        Assert.Equal(["-p", "secret"], PropertyOf(resource, "resource.appArgs").ListValue.Values.Select(v => v.StringValue));
        Assert.Equal([0d, 1d], PropertyOf(resource, "resource.appArgsSensitivity").ListValue.Values.Select(v => v.NumberValue));
        Assert.Equal(42d, PropertyOf(resource, "executable.pid").NumberValue);
        Assert.Equal(-1d, PropertyOf(resource, "resource.exitCode").NumberValue);
        Assert.Equal(Value.KindOneofCase.NullValue, PropertyOf(resource, "nothing").KindCase);
        Assert.True(Assert.Single(resource.Properties, p => p.Name == "Value").IsSensitive);
    }

    [Fact]
    public async Task A_command_that_is_not_for_people_is_not_shown_and_the_others_keep_order_and_question()
    {
        await using var app = new DashboardFixture();
        var web = new Thing("web");
        web.Annotations.Add(Command("second-thoughts", Nothing, confirmation: "Really?"));
        web.Annotations.Add(Command("for-programs", Nothing, visibility: ResourceCommandVisibility.Api));
        web.Annotations.Add(Command("only-when-stopped", Nothing, c =>
            c.ResourceSnapshot.State?.Text == "Running" ? ResourceCommandState.Hidden : ResourceCommandState.Enabled));

        await app.SetAsync(web, "Running");
        var commands = Map(web, app.Snapshot("web")).Commands;

        Assert.Equal(["second-thoughts", "only-when-stopped"], commands.Select(c => c.Name));
        Assert.Equal("Really?", commands[0].ConfirmationMessage);
        Assert.Equal(Proto.ResourceCommandState.Hidden, commands[1].State);
    }

    private static Task<ExecuteCommandResult> Nothing(ExecuteCommandContext context) => Task.FromResult(CommandResults.Success());

    private static Proto.Resource Map(IResource resource, CustomResourceSnapshot snapshot, string? id = null) =>
        ResourceMapping.ToProto(new ResourceEvent(resource, id ?? resource.Name, snapshot));

    private static Value PropertyOf(Proto.Resource resource, string name) => Assert.Single(resource.Properties, p => p.Name == name).Value;
}
