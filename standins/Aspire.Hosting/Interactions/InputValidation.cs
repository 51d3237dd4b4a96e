using System.Globalization;

namespace Aspire.Hosting;

/// <summary>The checks that follow from an input's own description, then the caller's.</summary>
internal static class InputValidation
{
    /// <summary>True when all inputs are usable; otherwise their ValidationErrors say why not.</summary>
    public static async Task<bool> ValidateAsync(
        InteractionInputCollection inputs, Func<InputsDialogValidationContext, Task>? validate, IServiceProvider services,
        CancellationToken cancellationToken)
    {
        var context = new InputsDialogValidationContext { Inputs = inputs, Services = services, CancellationToken = cancellationToken };
        foreach (var input in inputs)
        {
            input.ValidationErrors.Clear();
            if (Fault(input) is { } fault)
                context.AddValidationError(input, fault);
        }

        // Callers may rely on what was already checked: a number is a number.
        if (!context.HasErrors && validate is not null)
            await validate(context);

        return !context.HasErrors;
    }

    private static string? Fault(InteractionInput input) => input switch
    {
        { Value: null or "", Required: true } => "Value is required.",
        { Value: null or "" } => null,
        { InputType: InputType.Boolean } when !bool.TryParse(input.Value, out _) => "Value must be a valid boolean.",
        { InputType: InputType.Number } when !double.TryParse(input.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out _) =>
            "Value must be a valid number.",
        { InputType: InputType.Choice, AllowCustomChoice: false, Options: { } options } when options.All(o => o.Key != input.Value) =>
            "Value must be one of the provided options.",
        { InputType: InputType.Text or InputType.SecretText, MaxLength: { } length } when input.Value.Length > length =>
            $"Value length must not exceed {length} characters.",
        _ => null,
    };
}
