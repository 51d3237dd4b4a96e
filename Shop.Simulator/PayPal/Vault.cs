using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.PayPal;

/// <summary>Sources that payers let the shop keep.</summary>
internal static class Vault
{
    public static VaultToken Keep(Work work, PayPalOrder order)
    {
        var token = work.Save(new VaultToken(Ids.PayPal(10).ToLowerInvariant(), work.Now, order.CustomerId ?? Ids.New("", 10), order.Funding!));
        work.Tell("VAULT.PAYMENT-TOKEN.CREATED", "payment_token", "A payment token has been created.", Json(token, Events.LinkBase), order.CustomId);
        return token;
    }

    public static PayPalAnswer Retrieve(Work work, PayPalCall call) => new(200, Json(Get(work, call), call.Base));

    public static PayPalAnswer List(Work work, PayPalCall call)
    {
        var customer = (string?)call.Query["customer_id"] ?? throw PayPalFailure.Missing("customer_id");
        VaultToken[] tokens = [.. work.With<VaultToken>($"customer:{customer}").Where(t => !t.IsDeleted)];
        return new(200, new() { ["customer"] = new JsonObject { ["id"] = customer }, ["payment_tokens"] = new JsonArray([.. tokens.Select(t => Json(t, call.Base))]), ["links"] = new JsonArray(PayPalFailure.Link($"{call.Base}/v3/vault/payment-tokens?customer_id={Uri.EscapeDataString(customer)}", "self", "GET")) });
    }

    public static PayPalAnswer Delete(Work work, PayPalCall call)
    {
        var token = work.Save(Get(work, call) with { IsDeleted = true });
        work.Tell("VAULT.PAYMENT-TOKEN.DELETED", "payment_token", "A payment token has been deleted.", new() { ["id"] = token.Id, ["customer"] = new JsonObject { ["id"] = token.CustomerId } }, null);
        return new(204, null);
    }

    public static JsonArray Links(VaultToken token, string url) =>
    [
        PayPalFailure.Link($"{url}/v3/vault/payment-tokens/{token.Id}", "self", "GET"),
        PayPalFailure.Link($"{url}/v3/vault/payment-tokens/{token.Id}", "delete", "DELETE"),
    ];

    private static JsonObject Json(VaultToken token, string url) => new()
    {
        ["id"] = token.Id,
        ["customer"] = new JsonObject { ["id"] = token.CustomerId },
        ["payment_source"] = new JsonObject
        {
            ["paypal"] = new JsonObject
            {
                ["email_address"] = Payer.Email, ["account_id"] = Payer.Id, ["payer_id"] = Payer.Id, ["usage_type"] = token.UsageType, ["permit_multiple_payment_tokens"] = false,
                ["name"] = new JsonObject { ["given_name"] = "Sam", ["surname"] = "Payer" },
            },
        },
        ["links"] = Links(token, url),
    };

    private static VaultToken Get(Work work, PayPalCall call) => work.Find<VaultToken>(call.Id) is { IsDeleted: false } token ? token : throw PayPalFailure.NotFound(call.Id);
}
