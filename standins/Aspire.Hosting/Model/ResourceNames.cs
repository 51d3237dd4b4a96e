namespace Aspire.Hosting.ApplicationModel;

internal static class ResourceNames
{
    internal const int MaxLength = 64;

    internal static void Validate(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (Fault(name) is { } fault)
            throw new ArgumentException($"Resource name '{name}' is invalid. {fault}", nameof(name));
    }

    private static string? Fault(string name) => name switch
    {
        "" or { Length: > MaxLength } => "Name must be between 1 and 64 characters long.",
        _ when !name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') => "Name must contain only ASCII letters, digits, and hyphens.",
        _ when !char.IsAsciiLetter(name[0]) => "Name must start with an ASCII letter.",
        _ when name.EndsWith('-') => "Name cannot end with a hyphen.",
        _ when name.Contains("--", StringComparison.Ordinal) => "Name cannot contain consecutive hyphens.",
        _ => null,
    };
}
