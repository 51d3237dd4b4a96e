using Shop.Data.Accounts;

namespace Shop.Api.Accounts;

/// <summary>Every endpoint names one of these, or says that it is for everybody.</summary>
internal static class Policies
{
    /// <summary>Whoever knows the password, be the second factor still to come or not.</summary>
    public const string AnySession = "any session";

    public const string Shopper = nameof(Role.Shopper);

    // Staff only counts with a proven second factor: see Caller.
    public const string Agent = nameof(Role.Agent);
    public const string Operator = nameof(Role.Operator);
    public const string Admin = nameof(Role.Admin);

    public static void AddPolicies(this IServiceCollection services)
    {
        var policies = services.AddAuthorizationBuilder()
            .AddPolicy(AnySession, policy => policy.RequireAuthenticatedUser())
            // An endpoint without a decision is closed; what is no endpoint stays a plain 404 or 405.
            .SetFallbackPolicy(new Microsoft.AspNetCore.Authorization.AuthorizationPolicyBuilder()
                .RequireAssertion(context => context.Resource is HttpContext http && http.GetEndpoint() is not RouteEndpoint).Build());
        foreach (var role in (string[])[Shopper, Agent, Operator, Admin])
            policies.AddPolicy(role, policy => policy.RequireRole(role));
    }
}
