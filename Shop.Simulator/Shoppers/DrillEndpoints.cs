using Shop.ServiceDefaults;
using Shop.Simulator.Elements;
using Shop.Simulator.Page;

namespace Shop.Simulator.Shoppers;

internal static class DrillEndpoints
{
    private const string Path = "/drills/payments-failing";

    public static void AddShoppers(this IServiceCollection services)
    {
        services.AddOptions<ShopOptions>().BindConfiguration(ShopOptions.Section).ValidateDataAnnotations()
            .Validate(o => o.Api is null or { IsAbsoluteUri: true } && o.Web is null or { IsAbsoluteUri: true }, "Simulator:Shop: Api and Web must be absolute addresses.")
            .ValidateOnStart();
        services.AddSingleton<Drill>();
        services.AddHostedService(s => s.GetRequiredService<Drill>());
    }

    public static void MapDrills(this IEndpointRouteBuilder app)
    {
        app.MapGet(Path, (Drill drill) => drill.Report());
        app.MapPost(Path, StartAsync).DisableAntiforgery(); // nothing here is worth forging, and no cookie says who asks
        app.MapDelete(Path, IResult (Drill drill) => drill.TryStop() ? TypedResults.Accepted(Path) : TypedResults.NoContent());
    }

    /// <summary>Without a body, as the dashboard asks, or from the page's form.</summary>
    private static async Task<IResult> StartAsync(HttpRequest request, Drill drill, int? seed)
    {
        if (request.HasFormContentType)
        {
            if ((await request.ReadFormAsync(request.HttpContext.RequestAborted))["do"] == "stop")
                drill.TryStop();
            else if (drill.CanRun)
                drill.TryStart();
            return new SeeOther("/");
        }

        if (!drill.CanRun)
            return Problems.Refuse(StatusCodes.Status409Conflict, "no_shop", "No shop is configured (Simulator:Shop:Api), so there is nowhere to buy.");
        return drill.TryStart(seed) ? TypedResults.Accepted(Path, drill.Report())
            : Problems.Refuse(StatusCodes.Status409Conflict, "drill_running", "A drill is running already: stop it, or wait until it is over.");
    }
}
