using Shop.Payments;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Chaos;

/// <summary>Payments as a process of its own, over the tests' simulator.</summary>
internal static class PaymentsProcess
{
    public static ServiceProcess Start(
        string database, Uri simulator, int smtpPort, string? crashAt = null, params (string Key, string? Value)[] more) => ServiceProcess.Start<ShopPayments>(
    [
        .. PaymentsShop.Settings(database, simulator, smtpPort).Select(setting => (setting.Key, (string?)setting.Value)),
        ("ASPNETCORE_ENVIRONMENT", "Development"), ("Shop:CrashAt", crashAt ?? ""), .. more,
    ]);
}
