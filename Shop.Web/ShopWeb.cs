namespace Shop.Web;

/// <summary>Names this host for tests: several hosts in one test project make <c>Program</c> ambiguous.</summary>
public sealed class ShopWeb;
