using System.ComponentModel.DataAnnotations;

namespace Shop.Payments.Outbox;

internal sealed class MailOptions
{
    public const string Section = "Smtp";

    /// <summary>Without a host mails wait in the outbox, where a person sees them.</summary>
    public string? Host { get; init; }

    /// <summary>587 or 25: the conversation begins in the clear and is encrypted by STARTTLS. Encrypted from its first byte, as on 465, it is not spoken.</summary>
    [Range(1, 65535)] public int Port { get; init; } = 587;

    /// <summary>Whether STARTTLS is asked for, and nothing sent without it. Null: where there is a user.</summary>
    public bool? StartTls { get; init; }

    public string? User { get; init; }
    public string? Password { get; init; }

    public bool HasUser => User is { Length: > 0 };
    public bool IsEncrypted => StartTls ?? HasUser;

    [Required, EmailAddress] public string From { get; init; } = "orders@shop.example";
    [Required] public string FromName { get; init; } = "Shop";

    /// <summary>Who reads the answers. Empty: whoever reads what comes to <see cref="From"/>.</summary>
    [RegularExpression("^$|^[^@\\s]+@[^@\\s]+$")] public string? ReplyTo { get; init; }

    [Range(typeof(TimeSpan), "00:00:00.500", "00:02:00")] public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);
}
