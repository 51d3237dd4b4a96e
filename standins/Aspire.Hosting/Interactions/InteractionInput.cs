using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Aspire.Hosting;

public enum InputType
{
    Text = 0,
    SecretText = 1,
    Choice = 2,
    Boolean = 3,
    Number = 4,
    File = 5,
}

/// <summary>One field of a dialog, or one argument of a command. All values are text: "true", "12.5", the key of a choice.</summary>
public sealed class InteractionInput
{
    public required string Name { get; init; }
    public string? Label { get; init; }
    public string? Description { get; init; }
    public bool EnableDescriptionMarkdown { get; init; }
    public required InputType InputType { get; init; }
    public bool Required { get; init; }
    public IReadOnlyList<KeyValuePair<string, string>>? Options { get; set; }
    public string? Value { get; set; }
    public string? Placeholder { get; init; }
    public bool AllowCustomChoice { get; init; }
    public bool Disabled { get; set; }

    public int? MaxLength
    {
        get;
        init
        {
            if (value is { } length)
                ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);

            field = value;
        }
    }

    internal List<string> ValidationErrors { get; } = [];

    internal InteractionInput Copy(string? value, string? name = null) => new()
    {
        Name = name ?? Name,
        Label = Label,
        Description = Description,
        EnableDescriptionMarkdown = EnableDescriptionMarkdown,
        InputType = InputType,
        Required = Required,
        Options = Options,
        Value = value,
        Placeholder = Placeholder,
        AllowCustomChoice = AllowCustomChoice,
        Disabled = Disabled,
        MaxLength = MaxLength,
    };
}

public sealed class InteractionInputCollection : IReadOnlyList<InteractionInput>
{
    private readonly List<InteractionInput> _inputs;
    private readonly Dictionary<string, InteractionInput> _byName = new(StringComparer.OrdinalIgnoreCase);

    public InteractionInputCollection(IReadOnlyList<InteractionInput> inputs)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        _inputs = [.. inputs];
        foreach (var input in _inputs)
        {
            if (!_byName.TryAdd(input.Name, input))
                throw new InvalidOperationException($"Duplicate input name '{input.Name}' found. Input names must be unique.");
        }
    }

    public InteractionInput this[string name] =>
        TryGetByName(name, out var input) ? input : throw new KeyNotFoundException($"No input with name '{name}' was found.");

    public InteractionInput this[int index] => _inputs[index];
    public int Count => _inputs.Count;
    public IEnumerable<string> Names => _inputs.Select(i => i.Name);

    public bool TryGetByName(string name, [NotNullWhen(true)] out InteractionInput? input) => _byName.TryGetValue(name, out input);

    public bool ContainsName(string name) => _byName.ContainsKey(name);

    public string? GetString(string name) => this[name].Value;

    public bool GetBoolean(string name) => bool.Parse(GetGiven(name));

    public int GetInt32(string name) => int.Parse(GetGiven(name), NumberStyles.Integer, CultureInfo.InvariantCulture);

    public double GetDouble(string name) => double.Parse(GetGiven(name), NumberStyles.Float, CultureInfo.InvariantCulture);

    public InteractionInput[] ToArray() => [.. _inputs];

    public IEnumerator<InteractionInput> GetEnumerator() => _inputs.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private string GetGiven(string name) => GetString(name) ?? throw new InvalidOperationException($"Input '{name}' does not have a value.");
}

public sealed class InputsDialogValidationContext
{
    public required InteractionInputCollection Inputs { get; init; }
    public required CancellationToken CancellationToken { get; init; }
    public required IServiceProvider Services { get; init; }

    internal bool HasErrors { get; private set; }

    public void AddValidationError(InteractionInput input, string errorMessage)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentException.ThrowIfNullOrEmpty(errorMessage);
        input.ValidationErrors.Add(errorMessage);
        HasErrors = true;
    }

    public void AddValidationError(string inputName, string errorMessage) => AddValidationError(Inputs[inputName], errorMessage);
}
