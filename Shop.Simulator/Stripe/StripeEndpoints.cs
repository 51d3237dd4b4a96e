namespace Shop.Simulator.Stripe;

internal static class StripeEndpoints
{
    private static readonly string[] Details =
    [
        "customer", "payment_method", "payment_method_types", "allowed_payment_method_types", "payment_method_options", "capture_method", "description",
        "receipt_email", "setup_future_usage", "shipping", "statement_descriptor", "statement_descriptor_suffix",
    ];

    private static readonly string[] Paging = ["limit", "starting_after", "ending_before", "created"];

    /// <summary>By these names <c>PUT /faults</c> and the list of requests speak of calls.</summary>
    public static IReadOnlyCollection<string> Operations { get; } = ["create", "update", "confirm", "capture", "cancel", "refund", "dispute", "customer", "setup", "read", "payment_method"];

    public static void MapStripe(this IEndpointRouteBuilder app)
    {
        var v1 = app.MapGroup("/stripe/v1");

        Post("/payment_intents", new("create", PaymentIntents.Create,
        [
            .. Details, "amount", "currency", "automatic_payment_methods", "confirm", "metadata", "off_session", "error_on_requires_action",
            "return_url", "use_stripe_sdk",
        ]));
        Get("/payment_intents", new("read", PaymentIntents.List, [.. Paging, "customer"]));
        Get("/payment_intents/search", new("read", Search.Intents, ["query", "limit", "page"]));
        Get("/payment_intents/{id}", new("read", PaymentIntents.Retrieve, []));
        Post("/payment_intents/{id}", new("update", PaymentIntents.Update, [.. Details, "amount", "currency", "metadata"]));
        Post("/payment_intents/{id}/confirm", new("confirm", PaymentIntents.Confirm,
            [.. Details.Except(["customer"]), "off_session", "error_on_requires_action", "return_url", "use_stripe_sdk"]));
        Post("/payment_intents/{id}/capture", new("capture", PaymentIntents.Capture, ["amount_to_capture", "metadata"]));
        Post("/payment_intents/{id}/cancel", new("cancel", PaymentIntents.Cancel, ["cancellation_reason"]));

        Get("/charges", new("read", Charges.List, [.. Paging, "payment_intent", "customer"]));
        Get("/charges/{id}", new("read", Charges.Retrieve, []));
        Post("/charges/{id}", new("update", Charges.Update, ["description", "receipt_email", "metadata"]));

        Post("/refunds", new("refund", Refunds.Create, ["payment_intent", "charge", "amount", "reason", "metadata"]));
        Get("/refunds", new("read", Refunds.List, [.. Paging, "payment_intent", "charge"]));
        Get("/refunds/{id}", new("read", Refunds.Retrieve, []));
        Post("/refunds/{id}", new("refund", Refunds.Update, ["metadata"]));
        Post("/refunds/{id}/cancel", new("refund", Refunds.Cancel, []));

        Get("/disputes", new("read", Disputes.List, [.. Paging, "payment_intent", "charge"]));
        Get("/disputes/{id}", new("read", Disputes.Retrieve, []));
        Post("/disputes/{id}", new("dispute", Disputes.Update, ["evidence", "submit", "metadata"]));
        Post("/disputes/{id}/close", new("dispute", Disputes.Close, []));
        Get("/radar/early_fraud_warnings", new("read", FraudWarnings.List, [.. Paging, "payment_intent", "charge"]));
        Get("/radar/early_fraud_warnings/{id}", new("read", FraudWarnings.Retrieve, []));
        Get("/balance_transactions", new("read", Balance.List, [.. Paging, "type", "source", "currency"]));
        Get("/balance_transactions/{id}", new("read", Balance.Retrieve, []));

        Post("/payment_methods", new("payment_method", PaymentMethods.Create, ["type", "card", "billing_details", "metadata"]) { IsForBrowsers = true });
        Get("/payment_methods", new("read", PaymentMethods.List, [.. Paging, "customer", "type"]));
        Get("/payment_methods/{id}", new("read", PaymentMethods.Retrieve, []));
        Post("/payment_methods/{id}", new("customer", PaymentMethods.Update, ["billing_details", "metadata"]));
        Post("/payment_methods/{id}/attach", new("customer", PaymentMethods.Attach, ["customer"]));
        Post("/payment_methods/{id}/detach", new("customer", PaymentMethods.Detach, []));

        string[] person = ["name", "email", "phone", "description", "address", "shipping", "invoice_settings", "metadata"];
        Post("/customers", new("customer", Customers.Create, person));
        Get("/customers", new("read", Customers.List, [.. Paging, "email"]));
        Get("/customers/{id}", new("read", Customers.Retrieve, []));
        Post("/customers/{id}", new("customer", Customers.Update, person));
        Delete("/customers/{id}", new("customer", Customers.Delete, []));
        Get("/customers/{id}/payment_methods", new("read", PaymentMethods.List, [.. Paging, "type"]));

        Get("/events", new("read", Events.List, [.. Paging, "type", "types", "delivery_success"]));
        Get("/events/{id}", new("read", Events.Retrieve, []));

        string[] setup = ["payment_method", "payment_method_types", "allowed_payment_method_types", "payment_method_options", "automatic_payment_methods", "use_stripe_sdk", "return_url"];
        string[] described = ["customer", "usage", "description", "metadata"];
        Post("/setup_intents", new("setup", SetupIntents.Create, [.. setup, .. described, "confirm"]));
        Get("/setup_intents", new("read", SetupIntents.List, [.. Paging, "customer"]));
        Get("/setup_intents/{id}", new("read", SetupIntents.Retrieve, []));
        Post("/setup_intents/{id}", new("setup", SetupIntents.Update, [.. setup, .. described]));
        Post("/setup_intents/{id}/confirm", new("setup", SetupIntents.Confirm, setup));
        Post("/setup_intents/{id}/cancel", new("setup", SetupIntents.Cancel, ["cancellation_reason"]));

        v1.Map("/{**rest}", (HttpContext http, StripeApi api) => api.UnknownAsync(http));

        void Post(string path, Operation operation) =>
            v1.MapPost(path, (HttpContext http, StripeApi api) => api.RunAsync(http, operation, (string?)http.GetRouteValue("id"))).DisableAntiforgery();

        void Delete(string path, Operation operation) =>
            v1.MapDelete(path, (HttpContext http, StripeApi api) => api.RunAsync(http, operation, (string?)http.GetRouteValue("id")));

        void Get(string path, Operation operation) =>
            v1.MapGet(path, (HttpContext http, StripeApi api) => api.RunAsync(http, operation, (string?)http.GetRouteValue("id")));
    }
}
