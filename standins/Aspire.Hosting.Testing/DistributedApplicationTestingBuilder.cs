using System.Diagnostics;
using System.Reflection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

public static class DistributedApplicationTestingBuilder
{
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync(typeof(TEntryPoint), cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync(Type entryPoint, CancellationToken cancellationToken = default) =>
        CreateAsync(entryPoint, [], cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(
        string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class => CreateAsync(typeof(TEntryPoint), args, cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync(
        Type entryPoint, string[] args, CancellationToken cancellationToken = default) =>
        CreateAsync(entryPoint, args, static (_, _) => { }, cancellationToken);

    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(
        string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configureBuilder,
        CancellationToken cancellationToken = default) => CreateAsync(typeof(TEntryPoint), args, configureBuilder, cancellationToken);

    /// <summary>
    /// Runs the entry point of the AppHost that contains the type, until it calls Build(). What it does after Build() it does when the test
    /// starts the application.
    /// </summary>
    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync(
        Type entryPoint, string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configureBuilder,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entryPoint);
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(configureBuilder);

        var run = new EntryPointRun(entryPoint.Assembly, args, (options, settings) =>
        {
            TestingDefaults.Apply(entryPoint.Assembly, options, settings);
            configureBuilder(options, settings);
        });
        try
        {
            return new TestingBuilder(await run.StartAsync(cancellationToken), run);
        }
        catch
        {
            run.Abandon();
            throw;
        }
    }

    public static IDistributedApplicationTestingBuilder Create(params string[] args) => Create(args, static (_, _) => { });

    /// <summary>An empty builder for the AppHost on the call stack.</summary>
    public static IDistributedApplicationTestingBuilder Create(
        string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configureBuilder)
    {
        ArgumentNullException.ThrowIfNull(args);
        ArgumentNullException.ThrowIfNull(configureBuilder);
        var assembly = new StackTrace().GetFrames().Select(frame => frame.GetMethod()?.DeclaringType?.Assembly).FirstOrDefault(IsAppHost)
            ?? throw new InvalidOperationException(
                "No application host assembly was found. Call Create from a project that is an AppHost, or CreateAsync with a type of one.");

        using var listening = new BuilderEvents
        {
            Constructing = (options, settings) =>
            {
                TestingDefaults.Apply(assembly, options, settings);
                configureBuilder(options, settings);
            },
            Constructed = TestingDefaults.Apply,
        };
        listening.ListenHere();
        return new TestingBuilder(DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args }), entryPoint: null);
    }

    private static bool IsAppHost(Assembly? assembly) => assembly is not null && AppHostIdentity.Metadata(assembly, "dcpclipath") is not null;
}
