namespace Shop.Web.Catalog;

/// <summary>The orders a category can be shown in: the Api's word, and ours for people.</summary>
internal static class Sorting
{
    public const string Default = "featured";

    public static readonly (string Value, string Text)[] All =
    [
        (Default, "Featured"), ("newest", "Newest"), ("price", "Price, low to high"), ("-price", "Price, high to low"), ("name", "Name"),
    ];

    public static string Known(string? word) => Array.Exists(All, sort => sort.Value == word) ? word! : Default;
}
