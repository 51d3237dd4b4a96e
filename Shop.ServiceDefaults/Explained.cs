namespace Shop.ServiceDefaults;

/// <summary>Whether what was said of a drill's order is what happened to it: one judge for the simulator, the page of those who watch, and the tests.</summary>
public static class Explained
{
    /// <param name="side">In truth: bank, gateway or shopper; null where nothing failed.</param>
    /// <param name="moneyTaken">In truth: yes or no.</param>
    /// <param name="saidSide">Whose side it was by what was said; null where no failure was.</param>
    /// <param name="payment">The state of the payment that was said.</param>
    /// <returns>Null while it is said that nobody knows yet.</returns>
    public static bool? Agrees(string? side, string moneyTaken, string? saidSide, string saidMoneyTaken, string payment) => saidMoneyTaken is "unknown" ? null
        // A gateway's fault that was over before anybody had to be told of it: the order is paid, and so it was said.
        : saidMoneyTaken == moneyTaken && (saidSide == side || (saidSide is null && side is "gateway" && payment is "paid"));
}
