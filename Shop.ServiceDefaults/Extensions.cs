using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Shop.ServiceDefaults;

namespace Microsoft.Extensions.Hosting;

/// <summary>What every service of a distributed application has: telemetry, health, discovery, resilience, timeouts, honest errors, a clean end.</summary>
public static class Extensions
{
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder) where TBuilder : IHostApplicationBuilder
    {
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.AddConfigurationDefaults();
        Release.Read(builder.Configuration);
        builder.Services.AddSingleton<IValidateOptions<Timeouts>, Timeouts.Validator>();
        builder.Services.AddOptions<Timeouts>().BindConfiguration(Timeouts.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.AddTelemetry();
        builder.AddSynthetic();
        builder.Services.AddHealth();
        builder.Services.AddHttpClientDefaults(builder.Configuration);
        builder.Services.AddProblems();
        builder.Services.AddServerDefaults();
        builder.Services.AddTransient<IStartupFilter, DefaultPipeline>();
        return builder;
    }

    /// <summary>
    /// <c>/alive</c> (this process works) and <c>/ready</c> (send it traffic), in every environment. Call it right after Build:
    /// in Development it also puts the exception handler inside the developer page, which would answer with a stack.
    /// </summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        if (app.Environment.IsDevelopment())
            app.UseExceptionHandler();

        app.MapHealth();
        return app;
    }

    /// <summary>Around everything the application adds itself, in this order from the outside.</summary>
    private sealed class DefaultPipeline : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            var drain = app.ApplicationServices.GetRequiredService<Drain>();
            app.Use((context, next) =>
            {
                drain.TellClient(context);
                return next(context);
            });
            app.UseMiddleware<Synthetic.Middleware>();
            app.UseMiddleware<RequestLog>(); // outermost of those that answer, so it sees the status that the other two settled on
            app.UseStatusCodePages();
            app.UseExceptionHandler();
            next(app);
        };
    }
}
