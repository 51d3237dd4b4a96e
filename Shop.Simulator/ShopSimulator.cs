namespace Shop.Simulator;

/// <summary>Names this host for <c>WebApplicationFactory</c>: with several web projects around, <c>Program</c> is ambiguous.</summary>
public sealed class ShopSimulator;
