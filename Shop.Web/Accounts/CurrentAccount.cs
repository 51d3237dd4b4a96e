using Shop.Web.Api;

namespace Shop.Web.Accounts;

/// <summary>
/// Who is signed in, for pages that are made without knowing: asked once, whichever parts of a page want to know. Missing means nobody, and
/// leads nowhere.
/// </summary>
internal sealed class CurrentAccount(AccountClient accounts, IHttpContextAccessor current)
{
    private Task<Fetched<AccountView>>? _asked;

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
            return new(null, IsMissing: e.Refusal is EntryRefusal.SignInNeeded);
        }
    }
}
