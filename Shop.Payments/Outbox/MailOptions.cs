using System.ComponentModel.DataAnnotations;

namespace Shop.Payments.Outbox;

internal sealed class MailOptions
{
    public const string Section = "Smtp";

    /// <summary>Without a host mails wait in the outbox, where a person sees them.</summary>
    public string? Host { get; init; }

    [Range(1, 65535)] public int Port { get; init; } = 587;

    /// <summary>With a user the connection is encrypted: a password never travels in the clear.</summary>
    public string? User { get; init; }

    public string? Password { get; init; }
    [Required, EmailAddress] public string From { get; init; } = "orders@shop.example";
    [Required] public string FromName { get; init; } = "Shop";
    [Range(typeof(TimeSpan), "00:00:00.500", "00:02:00")] public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);
}
