using System.ComponentModel.DataAnnotations;

namespace Shop.Api.Accounts;

/// <summary>Bound from <c>Accounts</c>. The defaults are production values.</summary>
internal sealed class AccountOptions
{
    public const string Section = "Accounts";

    /// <summary>From the password to the second factor.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "01:00:00")] public TimeSpan Pending { get; init; } = TimeSpan.FromMinutes(10);

    [Range(typeof(TimeSpan), "00:10:00", "365.00:00:00")] public TimeSpan ShopperIdle { get; init; } = TimeSpan.FromDays(30);
    [Range(typeof(TimeSpan), "00:10:00", "365.00:00:00")] public TimeSpan ShopperLongest { get; init; } = TimeSpan.FromDays(90);
    [Range(typeof(TimeSpan), "00:10:00", "1.00:00:00")] public TimeSpan StaffIdle { get; init; } = TimeSpan.FromHours(1);
    [Range(typeof(TimeSpan), "00:10:00", "7.00:00:00")] public TimeSpan StaffLongest { get; init; } = TimeSpan.FromHours(12);

    /// <summary>How often the use of a session is written down; an idle session ends at most this much early.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")] public TimeSpan SeenEvery { get; init; } = TimeSpan.FromMinutes(5);

    [Range(3, 100)] public int LockoutAfter { get; init; } = 5;
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")] public TimeSpan Lockout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Of PBKDF2 with SHA-512: about a tenth of a second for us, and as much for whoever guesses.</summary>
    [Range(10_000, 10_000_000)] public int HashIterations { get; init; } = 210_000;

    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")] public TimeSpan SweepInterval { get; init; } = TimeSpan.FromHours(1);
    [Range(1, 10_000)] public int SweepBatch { get; init; } = 500;

    public bool EachIsShorterThanTheNext() =>
        SeenEvery < StaffIdle && SeenEvery < ShopperIdle && StaffIdle <= StaffLongest && ShopperIdle <= ShopperLongest;

    public TimeSpan LongestOf(bool staff) => staff ? StaffLongest : ShopperLongest;

    public TimeSpan IdleOf(bool staff) => staff ? StaffIdle : ShopperIdle;
}
