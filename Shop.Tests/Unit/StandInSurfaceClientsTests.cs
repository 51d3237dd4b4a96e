using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace Shop.Tests.Unit;

/// <summary>
/// What the stand-ins for the client packages show is a part of what the real packages show. StandInSurfaceClients.txt lists what has been
/// compared with them; a member that is not in it is either internal by right, or has to be compared, and listed.
/// </summary>
public sealed class StandInSurfaceClientsTests
{
    private static readonly Assembly[] StandIns =
    [
        typeof(StackExchange.Redis.IDatabase).Assembly,
        typeof(Stripe.StripeClient).Assembly,
        typeof(Aspire.StackExchange.Redis.StackExchangeRedisSettings).Assembly,
        typeof(Aspire.Npgsql.EntityFrameworkCore.PostgreSQL.NpgsqlEntityFrameworkCorePostgreSQLSettings).Assembly,
        typeof(Microsoft.Extensions.Http.Resilience.HttpStandardResilienceOptions).Assembly,
        typeof(Microsoft.Extensions.ServiceDiscovery.ServiceDiscoveryOptions).Assembly,
        typeof(OpenTelemetry.OpenTelemetryBuilder).Assembly,
        typeof(OpenTelemetry.Instrumentation.AspNetCore.AspNetCoreTraceInstrumentationOptions).Assembly,
        typeof(OpenTelemetry.Instrumentation.Http.HttpClientTraceInstrumentationOptions).Assembly,
        typeof(OpenTelemetry.Instrumentation.Runtime.RuntimeInstrumentationOptions).Assembly,
    ];

    [Fact]
    public void Nothing_is_shown_that_the_real_packages_do_not_have()
    {
        using var listed = new StreamReader(GetType().Assembly.GetManifestResourceStream("Shop.Tests.Unit.StandInSurfaceClients.txt")!);
        var known = Members(listed.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#')).ToHashSet();

        var shown = Members(StandIns.SelectMany(Lines)).ToHashSet();

        Assert.True(shown.SetEquals(known), $"""
            Not listed, so not compared with the real package:
            {string.Join('\n', shown.Except(known))}
            Listed, but not shown any more:
            {string.Join('\n', known.Except(shown))}
            """);
    }

    /// <summary>Each indented line with the line that it stands under.</summary>
    private static IEnumerable<string> Members(IEnumerable<string> lines)
    {
        var type = "";
        foreach (var line in lines)
        {
            if (line[0] != ' ')
                type = line;
            yield return line[0] == ' ' ? $"{type}:{line[1..]}" : line;
        }
    }

    /// <summary><c>interface Stripe.IHasId</c> and below it, indented, <c>string Id { get; set; }</c>.</summary>
    private static IEnumerable<string> Lines(Assembly assembly)
    {
        foreach (var type in assembly.GetExportedTypes().OrderBy(type => type.FullName, StringComparer.Ordinal))
        {
            if (type.IsEnum)
            {
                var values = type.GetFields(BindingFlags.Public | BindingFlags.Static)
                    .Select(field => string.Create(CultureInfo.InvariantCulture, $"{field.Name}={Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture)}"));
                yield return $"enum {FullName(type)} {{ {string.Join(", ", values)} }}";
                continue;
            }

            yield return Head(type);
            foreach (var line in type.GetMembers(BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly)
                .Where(IsShown).Select(Line).Where(line => line is not null).Order(StringComparer.Ordinal))
            {
                yield return $"  {line}";
            }
        }
    }

    private static string Head(Type type)
    {
        var kind = type.IsInterface ? "interface" : type.IsValueType ? "struct"
            : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
        var bases = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? (Type[])[parent] : [];
        return $"{kind} {FullName(type)}{(bases is [var one] ? $" : {Name(one)}" : "")}";
    }

    private static bool IsShown(MemberInfo member) => member switch
    {
        // Declared in object, or made by the compiler of a record or an operator: not a matter of agreement.
        MethodInfo method => method is { IsPublic: true } or { IsFamily: true } && !method.IsSpecialName && method.GetBaseDefinition().DeclaringType != typeof(object)
            && method is not { Name: "Equals" or "CompareTo" or "GetEnumerator" or "GetAsyncEnumerator" },
        ConstructorInfo constructor => constructor.IsPublic && !constructor.DeclaringType!.IsAbstract,
        PropertyInfo property => property.GetMethod is { IsPublic: true } || property.SetMethod is { IsPublic: true },
        FieldInfo field => field.IsPublic,
        EventInfo @event => @event.AddMethod is { IsPublic: true },
        _ => false,
    } || member is MethodInfo { IsPublic: true, IsSpecialName: true, Name: "op_Implicit" or "op_Explicit" };

    private static string? Line(MemberInfo member) => member switch
    {
        MethodInfo { IsSpecialName: true } conversion =>
            $"{(conversion.Name == "op_Implicit" ? "implicit" : "explicit")} {Name(conversion.GetParameters()[0])} → {Name(conversion.ReturnParameter)}",
        MethodInfo method => $"{Static(method)}{Name(method.ReturnParameter)} {method.Name}{Generic(method)}({Parameters(method)}){Constraints(method)}",
        ConstructorInfo constructor => constructor.GetParameters() is [] ? null : $"new({Parameters(constructor)})",
        PropertyInfo property => $"{Static(property.GetMethod ?? property.SetMethod!)}{Name(new NullabilityInfoContext().Create(property), property.PropertyType)} "
            + (property.GetIndexParameters() is [] ? property.Name : $"this[{string.Join(", ", property.GetIndexParameters().Select(Parameter))}]")
            + $" {{{(property.GetMethod is { IsPublic: true } ? " get;" : "")}{Setter(property)} }}",
        FieldInfo field => $"const {Name(field.FieldType)} {field.Name} = {Value(field.GetRawConstantValue(), field.FieldType)}",
        EventInfo @event => $"event {Name(@event.EventHandlerType!)} {@event.Name}",
        _ => null,
    };

    private static string Static(MethodBase method) =>
        method.IsStatic && method.DeclaringType is not { IsAbstract: true, IsSealed: true } ? "static " : "";

    private static string Setter(PropertyInfo property) => property.SetMethod is not { IsPublic: true } setter ? ""
        : setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init;" : " set;";

    private static string Generic(MethodInfo method) =>
        method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";

    private static string Constraints(MethodInfo method) => string.Concat(
        method.GetGenericArguments().SelectMany(argument => argument.GetGenericParameterConstraints().Select(type => $" where {argument.Name} : {Name(type)}")));

    private static string Parameters(MethodBase method) =>
        (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var text = new StringBuilder();
        if (parameter.IsDefined(typeof(ParamArrayAttribute)))
            text.Append("params ");
        if (parameter.IsOut)
            text.Append("out ");
        text.Append(Name(parameter)).Append(' ').Append(parameter.Name);
        if (parameter.HasDefaultValue)
            text.Append(" = ").Append(Value(parameter.RawDefaultValue, parameter.ParameterType));
        return text.ToString();
    }

    private static string Value(object? value, Type type) => value switch
    {
        null => type.IsValueType && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        double.NegativeInfinity => "double.NegativeInfinity",
        double.PositiveInfinity => "double.PositiveInfinity",
        _ when type.IsEnum => $"{type.Name}.{Enum.ToObject(type, value)}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Name(ParameterInfo parameter) => Name(new NullabilityInfoContext().Create(parameter), parameter.ParameterType);

    private static string Name(NullabilityInfo info, Type type)
    {
        if (type.IsByRef)
            type = type.GetElementType()!;
        var mark = !type.IsValueType && info.ReadState == NullabilityState.Nullable && !type.IsGenericParameter ? "?" : "";
        if (type.IsArray && info.ElementType is { } element)
            return $"{Name(element, type.GetElementType()!)}[]{mark}";
        if (type.IsGenericType && Nullable.GetUnderlyingType(type) is null)
        {
            var arguments = type.GetGenericArguments();
            return $"{Outer(type)}<{string.Join(", ", arguments.Select((argument, i) => i < info.GenericTypeArguments.Length ? Name(info.GenericTypeArguments[i], argument) : Name(argument)))}>{mark}";
        }

        return Name(type) + mark;
    }

    private static string Name(Type type) => type switch
    {
        _ when Nullable.GetUnderlyingType(type) is { } inner => $"{Name(inner)}?",
        { IsArray: true } => $"{Name(type.GetElementType()!)}[]",
        { IsGenericType: true } => $"{Outer(type)}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>",
        { IsGenericParameter: true } => type.Name,
        _ => type.FullName switch
        {
            "System.Void" => "void", "System.Object" => "object", "System.String" => "string", "System.Boolean" => "bool", "System.Byte" => "byte",
            "System.Int32" => "int", "System.UInt32" => "uint", "System.Int64" => "long", "System.UInt64" => "ulong", "System.Double" => "double",
            "System.Single" => "float", "System.Decimal" => "decimal",
            _ => Outer(type),
        },
    };

    private static string Outer(Type type)
    {
        var name = type.Name.Split('`')[0];
        return type is { IsNested: true, IsGenericParameter: false } ? $"{type.DeclaringType!.Name}.{name}" : name;
    }

    private static string FullName(Type type) => $"{type.Namespace}.{(type.IsGenericType ? Name(type) : Outer(type))}";
}
