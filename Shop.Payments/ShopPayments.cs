namespace Shop.Payments;

/// <summary>Names this host where several are referenced and <c>Program</c> would be ambiguous.</summary>
public sealed class ShopPayments;
