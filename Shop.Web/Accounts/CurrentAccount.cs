using Shop.Web.Api;

namespace Shop.Web.Accounts;

/// <summary>
/// Who is signed in, for pages that are made without knowing: asked once, whichever parts of a page want to know, and it leads nowhere.
/// Missing means nobody. Somebody whose second factor is still to come has no account to show yet, and is <see cref="IsPending"/>.
/// </summary>
internal sealed class CurrentAccount(AccountClient accounts, IHttpContextAccessor current)
{
    private Task<Fetched<AccountView>>? _asked;

    public bool IsPending { get; private set; }

    public Task<Fetched<AccountView>> FindAsync() => _asked ??= AskAsync(current.HttpContext!);

    private async Task<Fetched<AccountView>> AskAsync(HttpContext context)
    {
        if (SessionCookie.Read(context.Request) is null)
            return new(null, IsMissing: true);
        try
        {
            return await accounts.GetAsync(context.RequestAborted);
        }
        catch (EntryRefusedException e)
        {
            IsPending = e.Refusal is EntryRefusal.SecondFactorNeeded;
            return new(null, IsMissing: !IsPending);
        }
    }
}
