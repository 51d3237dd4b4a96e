using Microsoft.EntityFrameworkCore;
using Shop.Data.Accounts;

namespace Shop.Tests.Fixtures;

/// <summary>An authenticator app. Each code it shows is a new one, as if half a minute had passed since the last.</summary>
internal sealed class Phone(ApiHost api, string key)
{
    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 30;

    public string Code => Last = Totp.CodeOf(key, Now);

    /// <summary>What it showed when somebody looked.</summary>
    public string Last { get; private set; } = "";

    /// <summary>A code that is none of those it shows at this time.</summary>
    public string WrongCode
    {
        get
        {
            var near = Enumerable.Range(-3, 7).Select(i => Totp.CodeOf(key, Now + i)).ToHashSet();
            return Enumerable.Range(0, 10).Select(i => $"{i}00000").First(code => !near.Contains(code));
        }
    }

    /// <summary>The current one, where the server has forgotten that it saw it.</summary>
    public async Task<string> NextCodeAsync()
    {
        await using var db = api.Open();
        await db.Users.Where(u => u.AuthenticatorKey == key).ExecuteUpdateAsync(u => u.SetProperty(x => x.LastCodeStep, 0));
        return Code;
    }
}
