namespace Shop.Web.Accounts;

internal enum EntryRefusal
{
    /// <summary>Nobody is signed in, or the session has ended.</summary>
    SignInNeeded,

    /// <summary>Somebody is, by password alone, where a second factor is needed.</summary>
    SecondFactorNeeded,

    /// <summary>Somebody is who may not do this.</summary>
    Forbidden,
}

/// <summary>
/// The Api does not do this for whoever asks. It ends the page, wherever in it the answer came: <see cref="EntryGate"/> leads on from there,
/// and no page can forget to.
/// </summary>
internal sealed class EntryRefusedException(EntryRefusal refusal) : Exception($"The Api answered: {refusal}.")
{
    public EntryRefusal Refusal { get; } = refusal;

    public static EntryRefusal? Of(string? reason) => reason switch
    {
        "unauthenticated" => EntryRefusal.SignInNeeded,
        "second_factor_required" => EntryRefusal.SecondFactorNeeded,
        "forbidden" => EntryRefusal.Forbidden,
        _ => null,
    };
}
