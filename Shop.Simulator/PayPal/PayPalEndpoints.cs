namespace Shop.Simulator.PayPal;

internal static class PayPalEndpoints
{
    /// <summary>By these names <c>PUT /faults</c> and the list of requests speak of calls.</summary>
    public static IReadOnlyCollection<string> Operations { get; } =
        ["token", "create", "update", "capture", "authorize", "void", "reauthorize", "refund", "read", "vault", "resend", "verify"];

    public static void MapPayPal(this IEndpointRouteBuilder app)
    {
        var root = app.MapGroup("/paypal");
        root.MapPost("/v1/oauth2/token", (HttpContext http, PayPalApi api) => api.TokenAsync(http)).DisableAntiforgery();

        Post("/v2/checkout/orders", new("create", Orders.Create) { RequestKept = o => o.OrderRequestsKept });
        Get("/v2/checkout/orders/{id}", new("read", Orders.Retrieve));
        root.MapPatch("/v2/checkout/orders/{id}", Handler(new("update", Orders.Patch)));
        Post("/v2/checkout/orders/{id}/capture", new("capture", Orders.Capture) { RequestKept = o => o.OrderRequestsKept, PlaysMock = true });
        Post("/v2/checkout/orders/{id}/authorize", new("authorize", Orders.Authorize) { RequestKept = o => o.OrderRequestsKept, PlaysMock = true });

        Get("/v2/payments/captures/{id}", new("read", Captures.Retrieve));
        Post("/v2/payments/captures/{id}/refund", new("refund", Captures.Refund) { RequestKept = o => o.PaymentRequestsKept, PlaysMock = true });
        Get("/v2/payments/refunds/{id}", new("read", Captures.RetrieveRefund));
        Get("/v2/payments/authorizations/{id}", new("read", Authorizations.Retrieve));
        Post("/v2/payments/authorizations/{id}/capture", new("capture", Authorizations.Capture) { RequestKept = o => o.PaymentRequestsKept, PlaysMock = true });
        Post("/v2/payments/authorizations/{id}/void", new("void", Authorizations.Void) { RequestKept = o => o.PaymentRequestsKept, TakesBody = false });
        Post("/v2/payments/authorizations/{id}/reauthorize", new("reauthorize", Authorizations.Reauthorize) { RequestKept = o => o.PaymentRequestsKept });

        Get("/v3/vault/payment-tokens", new("read", Vault.List));
        Get("/v3/vault/payment-tokens/{id}", new("read", Vault.Retrieve));
        root.MapDelete("/v3/vault/payment-tokens/{id}", Handler(new("vault", Vault.Delete)));

        Get("/v1/reporting/transactions", new("read", Reporting.List));
        Get("/v1/customer/disputes", new("read", Disputes.List));
        Get("/v1/customer/disputes/{id}", new("read", Disputes.Retrieve));

        Get("/v1/notifications/webhooks-events", new("read", Events.List));
        Get("/v1/notifications/webhooks-events/{id}", new("read", Events.Retrieve));
        Post("/v1/notifications/webhooks-events/{id}/resend", new("resend", Events.Resend));
        root.MapPost("/v1/notifications/verify-webhook-signature", (HttpContext http, PayPalApi api) => api.VerifyAsync(http)).DisableAntiforgery();
        root.MapGet("/v1/notifications/certs/{id}", (HttpContext http, PayPalApi api, string id) => api.CertificateAsync(http, id));

        foreach (var version in (string[])["v1", "v2", "v3"])
            root.Map($"/{version}/{{**rest}}", (HttpContext http, PayPalApi api) => api.UnknownAsync(http));

        void Post(string path, PayPalOperation operation) => root.MapPost(path, Handler(operation)).DisableAntiforgery();

        void Get(string path, PayPalOperation operation) => root.MapGet(path, Handler(operation));

        static Delegate Handler(PayPalOperation operation) =>
            (HttpContext http, PayPalApi api) => api.RunAsync(http, operation, (string?)http.GetRouteValue("id"));
    }
}
