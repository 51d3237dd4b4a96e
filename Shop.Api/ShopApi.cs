namespace Shop.Api;

/// <summary>Names this assembly in tests: every host has a class called Program.</summary>
public sealed class ShopApi;
