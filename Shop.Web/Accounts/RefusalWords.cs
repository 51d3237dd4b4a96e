using Shop.Web.Api;

namespace Shop.Web.Accounts;

internal static class RefusalWords
{
    /// <summary>Never tells whether an address has an account here.</summary>
    public static string For(ApiProblem? problem) => problem?.Reason switch
    {
        "sign_in_failed" => "We could not sign you in with this address and password. Check both. If you are new here, open the link in our mail first. "
            + "After several wrong passwords we accept none for a few minutes.",
        "code_wrong" => "This code is not right. A code from your app is good for half a minute, and a recovery code works once.",
        "too_many_requests" => "That was too often in a short time. Please wait a few minutes, and try again.",
        "second_factor_required_for_staff" => "Staff cannot be without a second factor.",
        "validation_failed" => "Please check what you entered.",
        "already_staff" => "This person belongs to the staff already. Change the role in the list instead.",
        "last_admin" => "This is the last admin. Make somebody else an admin first.",
        "own_account" => "This is your own account. Another admin can do it.",
        not null when problem.Status < 500 => problem.Detail ?? "We could not do this. Nothing was changed.",
        _ => "We did not hear back in time. It may have been done all the same: please look, and try again if it was not.",
    };
}
