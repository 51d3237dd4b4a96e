using System.Net.Mail;
using Shop.Web.Api;

namespace Shop.Web.Accounts;

/// <summary>What a form has to say after it was sent: which fields to correct, or a sentence.</summary>
public sealed class FormAnswer(HttpContext context)
{
    public static readonly Dictionary<string, string> Labels = new()
    {
        ["Email"] = "E-mail", ["Name"] = "Name", ["Password"] = "Password", ["CurrentPassword"] = "Current password", ["NewPassword"] = "New password",
        ["Code"] = "Code", ["Role"] = "Role", ["Why"] = "Why", ["From"] = "From", ["To"] = "To",
    };

    private readonly Dictionary<string, string> _errors = [];

    public IReadOnlyDictionary<string, string> Errors => _errors;
    public string? Words { get; private set; }
    public string? Reference { get; private set; }
    public bool IsGood => _errors.Count is 0 && Words is null;

    public void CheckEmail(string email)
    {
        if (email.Length > 254 || !MailAddress.TryCreate(email, out var address) || address.Address != email)
            Refuse("Email", "Enter an e-mail address, such as name@example.org.");
    }

    public void Require(string field, string value, string words)
    {
        if (value is "")
            Refuse(field, words);
    }

    public void Refuse(string field, string words)
    {
        _errors[field] = words;
        context.Response.StatusCode = StatusCodes.Status422UnprocessableEntity;
    }

    /// <summary>True when the Api did it. Otherwise this says why not, and the page's status with it.</summary>
    internal bool Take<T>(Written<T> written) where T : class
    {
        if (written.Value is not null)
            return true;

        foreach (var (field, texts) in written.Problem?.Errors ?? [])
            _errors[char.ToUpperInvariant(field[0]) + field[1..]] = string.Join(' ', texts);
        if (written.Problem?.Reason is "wrong_password")
            _errors["CurrentPassword"] = "This is not your current password.";
        if (_errors.Count is 0)
            Words = RefusalWords.For(written.Problem);
        if (!written.IsRefused)
            Reference = written.Problem?.Reference ?? ServiceDefaults.Reference.Current;

        context.Response.StatusCode = written.Problem?.Status switch
        {
            null or >= 500 => StatusCodes.Status503ServiceUnavailable,
            StatusCodes.Status401Unauthorized => StatusCodes.Status422UnprocessableEntity, // wrong words, not a missing sign-in
            var status => status.Value,
        };
        return false;
    }
}
