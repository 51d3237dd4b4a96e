using Microsoft.AspNetCore.WebUtilities;
using Shop.Web.Api;

namespace Shop.Web.Operations;

internal sealed class MailClient(HttpClient http)
{
    public Task<Fetched<MailList>> GetMailsAsync(string? state, string? order, string? before, CancellationToken ct) =>
        http.FetchAsync<MailList>(QueryHelpers.AddQueryString("/operations/mail", new Dictionary<string, string?>
        {
            ["state"] = state, ["order"] = order, ["before"] = before,
        }.Where(part => !string.IsNullOrWhiteSpace(part.Value))), ct);

    public Task<Fetched<MailPreview>> GetMailAsync(Guid id, CancellationToken ct) => http.FetchAsync<MailPreview>($"/operations/mail/{id}", ct);

    public Task<Written<Done>> SendAgainAsync(Guid id, string why, Guid key, CancellationToken ct) =>
        http.WriteAsync(ApiHttp.Post($"/operations/mail/{id}/again", new { why }, key), ct, whenEmpty: new Done());
}

public sealed record MailList(int Parked, IReadOnlyList<MailRow> Items, Guid? Next = null);

/// <summary><see cref="State"/>: waiting, sent, dropped or parked. <see cref="To"/>: a part of the address.</summary>
public sealed record MailRow(
    Guid Id, string Kind, string State, string To, DateTimeOffset CreatedAt, DateTimeOffset DueAt, int Attempts, int Copy, long? OrderNumber = null,
    DateTimeOffset? SentAt = null, string? LastError = null)
{
    /// <summary>"orderConfirmedMail" as people write it.</summary>
    public string Title => string.Concat(Kind.Replace("Mail", "", StringComparison.Ordinal).Select(c => char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));
}

/// <summary>As it would be written now. <see cref="WhyNot"/>: why it would not be sent.</summary>
public sealed record MailPreview(MailRow Mail, string Subject, string Text, string Html, string? WhyNot = null);

/// <summary>A page with a mail in a frame: its content security policy lets that document of ours in.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ShowsMailsAttribute : Attribute;
