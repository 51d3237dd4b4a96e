namespace Shop.Simulator.Stripe;

internal static class StripeEndpoints
{
    private static readonly string[] Details =
    [
        "payment_method", "payment_method_types", "allowed_payment_method_types", "payment_method_options", "capture_method", "description",
        "receipt_email", "setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix",
    ];

    private static readonly string[] Paging = ["limit", "starting_after", "ending_before", "created"];

    /// <summary>By these names <c>PUT /faults</c> and the list of requests speak of calls.</summary>
    public static IReadOnlyCollection<string> Operations { get; } = ["create", "update", "confirm", "capture", "cancel", "refund", "read", "payment_method"];

    public static void MapStripe(this IEndpointRouteBuilder app)
    {
        var v1 = app.MapGroup("/stripe/v1");

        Post("/payment_intents", new("create", PaymentIntents.Create,
        [
            .. Details, "amount", "currency", "automatic_payment_methods", "confirm", "metadata", "off_session", "error_on_requires_action",
            "return_url", "use_stripe_sdk",
        ]));
        Get("/payment_intents", new("read", PaymentIntents.List, Paging));
        Get("/payment_intents/{id}", new("read", PaymentIntents.Retrieve, []));
        Post("/payment_intents/{id}", new("update", PaymentIntents.Update, [.. Details, "amount", "currency", "metadata"]));
        Post("/payment_intents/{id}/confirm", new("confirm", PaymentIntents.Confirm,
            [.. Details, "off_session", "error_on_requires_action", "return_url", "use_stripe_sdk"]));
        Post("/payment_intents/{id}/capture", new("capture", PaymentIntents.Capture, ["amount_to_capture", "metadata"]));
        Post("/payment_intents/{id}/cancel", new("cancel", PaymentIntents.Cancel, ["cancellation_reason"]));

        Get("/charges", new("read", Charges.List, [.. Paging, "payment_intent"]));
        Get("/charges/{id}", new("read", Charges.Retrieve, []));

        Post("/refunds", new("refund", Refunds.Create, ["payment_intent", "charge", "amount", "reason", "metadata"]));
        Get("/refunds", new("read", Refunds.List, [.. Paging, "payment_intent", "charge"]));
        Get("/refunds/{id}", new("read", Refunds.Retrieve, []));

        Post("/payment_methods", new("payment_method", PaymentMethods.Create, ["type", "card", "billing_details", "metadata"]) { IsForBrowsers = true });
        Get("/payment_methods/{id}", new("read", PaymentMethods.Retrieve, []));

        Get("/events", new("read", Events.List, [.. Paging, "type", "types", "delivery_success"]));
        Get("/events/{id}", new("read", Events.Retrieve, []));

        v1.Map("/{**rest}", (HttpContext http, StripeApi api) => api.UnknownAsync(http));

        void Post(string path, Operation operation) =>
            v1.MapPost(path, (HttpContext http, StripeApi api) => api.RunAsync(http, operation, (string?)http.GetRouteValue("id"))).DisableAntiforgery();

        void Get(string path, Operation operation) =>
            v1.MapGet(path, (HttpContext http, StripeApi api) => api.RunAsync(http, operation, (string?)http.GetRouteValue("id")));
    }
}
