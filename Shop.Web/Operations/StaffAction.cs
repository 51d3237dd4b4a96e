namespace Shop.Web.Operations;

/// <summary>What an admin can do about somebody: each on a page of its own, which says what comes of it and asks why.</summary>
internal sealed record StaffAction(string Path, string Link, string Question, string Outcome, string Button, Func<StaffRow, bool> IsOffered)
{
    public const string Role = "role";

    public static readonly IReadOnlyList<StaffAction> All =
    [
        new(Role, "Change role", "Change the role of {0}?", "{0} is signed out everywhere, and has the new role at the next sign-in.", "Change the role", _ => true),
        new("resend-invite", "Invite again", "Send {0} the invitation again?", "A new link to choose a password goes to {1}.", "Send it again", p => p.State is "invited"),
        new("unlock", "Unlock", "Unlock the account of {0}?", "It was locked by wrong passwords or codes. {0} can try again at once.", "Unlock", p => p.State is "locked"),
        new("reset-second-factor", "Reset second factor", "Reset the second factor of {0}?",
            "{0} is signed out everywhere, and sets up a new one at the next sign-in. Make sure that it is really {0} who asks for it.", "Reset it", p => p.SecondFactor),
        new("disable", "Disable", "Disable the account of {0}?", "{0} is signed out everywhere and cannot sign in until somebody enables the account.", "Disable it", p => p.State is not "disabled"),
        new("enable", "Enable", "Enable the account of {0}?", "{0} can sign in again.", "Enable it", p => p.State is "disabled"),
    ];

    public static IEnumerable<StaffAction> For(StaffRow person) => All.Where(action => action.IsOffered(person));
}
