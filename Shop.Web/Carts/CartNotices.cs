namespace Shop.Web.Carts;

internal static class CartNotices
{
    /// <summary>Null for a word we do not know: an address must not make us say anything.</summary>
    public static string? For(string? reason) => reason switch
    {
        "cart_changed" => "Your cart was changed in another window. This is how it looks now.",
        "cart_full" => "Your cart is full. Please order these things first.",
        "invalid_quantity" => "Please choose a quantity between 1 and 99.",
        "sku_not_found" => "We no longer have this product.",
        "out_of_stock" => "Something was sold out in the meantime. Please look at the marked lines.",
        "price_changed" => "A price has changed. Please look again before you order.",
        "too_many_requests" => "That was a little too often in a short time. Please wait a minute and try again.",
        _ => null,
    };
}
