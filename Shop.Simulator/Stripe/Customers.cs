using System.Text.Json.Nodes;
using Shop.Simulator.Gateways;
using Shop.Simulator.State;

namespace Shop.Simulator.Stripe;

internal static class Customers
{
    public static Answer Create(Work work, Form form, CallContext call)
    {
        var customer = work.Save(Described(new Customer(Ids.New("cus_", 14), work.Now), work, form));
        work.Emit("customer.created", Render.Customer(customer));
        return Answer.Ok(Render.Customer(customer));
    }

    public static Answer Update(Work work, Form form, CallContext call)
    {
        var customer = work.Save(Described(Existing(work, call.Id!, "id", 404), work, form));
        work.Emit("customer.updated", Render.Customer(customer));
        return Answer.Ok(Render.Customer(customer));
    }

    public static Answer Retrieve(Work work, Form form, CallContext call) => Answer.Ok(
        work.Find<Customer>(call.Id) is { IsDeleted: true } gone ? Deleted(gone) : Render.Customer(Existing(work, call.Id!, "id", 404)));

    public static Answer List(Work work, Form form, CallContext call) => Listing.Of(
        (form.NonEmpty("email") is { } email ? work.With<Customer>($"email:{email}").Reverse() : work.NewestFirst<Customer>()).Where(c => !c.IsDeleted),
        form, call, c => c.Created, Render.Customer);

    public static Answer Delete(Work work, Form form, CallContext call)
    {
        var customer = Existing(work, call.Id!, "id", 404);
        foreach (var method in work.With<PaymentMethod>($"customer:{customer.Id}"))
            work.Save(method with { Customer = null });
        work.Save(customer with { IsDeleted = true });
        work.Emit("customer.deleted", Render.Customer(customer));
        return Answer.Ok(Deleted(customer));
    }

    public static Customer Existing(Work work, string id, string param, int status) =>
        work.Find<Customer>(id) is { IsDeleted: false } customer ? customer : throw StripeFailure.NotFound("customer", id, param, status);

    private static JsonObject Deleted(Customer customer) => new() { ["id"] = customer.Id, ["object"] = "customer", ["deleted"] = true };

    private static Customer Described(Customer customer, Work work, Form form)
    {
        var method = Text("invoice_settings[default_payment_method]", customer.DefaultPaymentMethod);
        if (method is not null && work.Find<PaymentMethod>(method)?.Customer != customer.Id)
            throw StripeFailure.NotFound("PaymentMethod", method, "invoice_settings[default_payment_method]", 400);
        return customer with
        {
            Name = Text("name", customer.Name),
            Email = Text("email", customer.Email),
            Phone = Text("phone", customer.Phone),
            Description = Text("description", customer.Description),
            DefaultPaymentMethod = method,
            Address = Map("address", customer.Address),
            Shipping = Map("shipping", customer.Shipping),
            Metadata = form.Metadata(customer.Metadata),
        };

        string? Text(string name, string? before) => form.Has(name) ? form.NonEmpty(name) : before;
        Dictionary<string, string>? Map(string name, Dictionary<string, string>? before) =>
            form[name] is "" ? null : form.Map(name) is { Count: > 0 } map ? map : before;
    }
}
