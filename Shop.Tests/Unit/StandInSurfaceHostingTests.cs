using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.Testing;

namespace Shop.Tests.Unit;

/// <summary>
/// What compiles against the stand-ins compiles against the real packages: every public type and member is spelled as there. The list of
/// the real ones (Aspire 13.5.4) was reflected from the packages, without what is obsolete or hidden there.
/// </summary>
public sealed partial class StandInSurfaceHostingTests
{
    private static readonly Assembly[] StandIns =
    [
        typeof(DistributedApplication).Assembly, typeof(PostgresBuilderExtensions).Assembly, typeof(RedisBuilderExtensions).Assembly,
        typeof(DistributedApplicationTestingBuilder).Assembly,
    ];

    /// <summary>Public in the real packages too, but not in the list, which was made of what a shop uses.</summary>
    private static readonly HashSet<string> NotListed =
    [
        "AfterPublishEvent", "BeforePublishEvent", "ConnectionStringReference", "ConnectionStringResource", "ContainerImageAnnotation",
        "ContainerMountAnnotation", "ContainerMountType", "ContainerNameAnnotation", "EndpointBindingMode", "ExplicitStartupAnnotation", "IInteractionService",
        "InputsDialogInteractionOptions", "InteractionOptions", "InteractionResult", "InteractionResult<T>", "KnownNetworkIdentifiers",
        "LaunchProfile", "LaunchSettings", "ManifestPublishingContext", "MessageBoxInteractionOptions", "MessageIntent", "NetworkIdentifier",
        "NotificationInteractionOptions", "OtlpExporterAnnotation", "OtlpProtocol", "ResourceAnnotationCollection",
        "ResourceAnnotationMutationBehavior", "ResourceIconAnnotation", "ResourceSnapshotAnnotation", "ValueProviderContext", "VolumeSnapshot",
    ];

    private static readonly NullabilityInfoContext Nullability = new();
    private readonly Dictionary<string, (string Declaration, HashSet<string> Members)> real = Read();

    public static TheoryData<string> Types => [.. PublicTypes().Select(NameOf).Where(n => !NotListed.Contains(n))];

    [Fact]
    public void No_public_type_is_invented() =>
        Assert.DoesNotContain(PublicTypes().Select(NameOf), n => !real.ContainsKey(n) && !NotListed.Contains(n));

    [Theory]
    [MemberData(nameof(Types))]
    public void A_type_has_no_member_and_no_spelling_of_its_own(string name)
    {
        var type = PublicTypes().Single(t => NameOf(t) == name);
        var (declaration, members) = real[name];

        Assert.Equal("", string.Join('\n', Members(type).Where(m => !members.Contains(m))));
        Assert.Equal("", string.Join('\n', Bases(type).Where(b => !Regex.IsMatch(declaration, $@"\b{Regex.Escape(b)}(?![\w<])"))));
        if (type.IsSealed && type.IsClass && !type.IsAbstract && Regex.IsMatch(declaration, "^(class|abstract)"))
            Assert.Fail($"'{declaration}' is sealed here.");
        if (!type.IsSealed && declaration.StartsWith("sealed", StringComparison.Ordinal))
            Assert.Fail($"'{declaration}' is not sealed here.");
        Assert.Equal(declaration.Contains("record ", StringComparison.Ordinal), IsRecord(type));
    }

    private static IEnumerable<Type> PublicTypes() =>
        StandIns.SelectMany(a => a.GetExportedTypes()).Where(t => t.Namespace?.StartsWith("Aspire.Hosting", StringComparison.Ordinal) is true);

    private static Dictionary<string, (string, HashSet<string>)> Read()
    {
        var types = new Dictionary<string, (string, HashSet<string>)>();
        HashSet<string>? members = null;
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Assets", "surface-of-aspire-13.5.txt")))
        {
            if (line.StartsWith("namespace", StringComparison.Ordinal))
                continue;
            if (line.StartsWith(' '))
            {
                members!.Add(Plain(line.Trim()));
                continue;
            }

            var name = TypeName().Match(line).Groups[1].Value.Replace("<out ", "<", StringComparison.Ordinal);
            if (types.TryGetValue(name, out var known))
            {
                members = known.Item2; // an extension class that two packages have
                continue;
            }
            types[name] = (line, members = []);
            if (EnumValues().Match(line) is { Success: true } values)
                members.UnionWith(values.Groups[1].Value.Split(", ").Select(v => v.Trim()));
        }
        return types;
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
            return Enum.GetNames(type).Select(n => $"{n}={Convert.ToInt32(Enum.Parse(type, n), CultureInfo.InvariantCulture)}");

        const BindingFlags declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
        var record = IsRecord(type);
        return
        [
            .. type.GetConstructors(declared).Where(c => IsVisible(c) && !type.IsAbstract || c.IsFamily)
                .Where(c => !(record && c.IsFamily) && !(c.GetParameters().Length == 0 && !type.IsValueType))
                .Select(c => Plain($"{(c.IsFamily ? "protected " : "")}{type.Name}({Parameters(c)})")),
            .. type.GetMethods(declared).Where(m => IsVisible(m) && !m.IsSpecialName && !m.Name.Contains('<', StringComparison.Ordinal))
                .Where(m => m.Name is not ("Equals" or "GetHashCode" or "ToString" or "Deconstruct")) // of every object, or of every record
                .Select(m => Plain($"{Static(m, type)}{Text(m.ReturnType, Nullability.Create(m.ReturnParameter))} {m.Name}{Generics(m)}({Parameters(m)})")),
            .. type.GetProperties(declared).Where(p => p.GetAccessors(nonPublic: true).Any(IsVisible)).Select(p => Plain(Property(p))),
            .. type.GetFields(declared).Where(f => f.IsPublic)
                .Select(f => Plain($"{(f.IsStatic ? "static readonly " : "")}{Text(f.FieldType, Nullability.Create(f))} {f.Name}")),
            .. type.GetEvents(declared).Where(e => IsVisible(e.AddMethod!)).Select(e => Plain($"event {Text(e.EventHandlerType!, null)} {e.Name}")),
        ];
    }

    private static string Property(PropertyInfo property)
    {
        var get = property.GetMethod is { } g && IsVisible(g) ? "get; " : "";
        var init = property.SetMethod?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) is true;
        var set = property.SetMethod is { } s && IsVisible(s) ? init ? "init; " : "set; " : "";
        var required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        var isStatic = property.GetMethod is { IsStatic: true } ? "static " : "";
        var index = property.GetIndexParameters() is { Length: > 0 } parameters
            ? $"this[{string.Join(", ", parameters.Select(p => $"{Text(p.ParameterType, null)} {p.Name}"))}]"
            : property.Name;
        return $"{required}{isStatic}{Text(property.PropertyType, Nullability.Create(property))} {index} {{ {get}{set}}}";
    }

    private static string Parameters(MethodBase method)
    {
        var extension = method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "";
        return extension + string.Join(", ", method.GetParameters().Select(p =>
            (p.IsDefined(typeof(ParamArrayAttribute)) ? "params " : p.IsOut ? "out " : p.IsIn && p.ParameterType.IsByRef ? "in " : "")
            + $"{Text(p.ParameterType, Nullability.Create(p))} {p.Name}" + (p.IsOptional ? " =" : "")));
    }

    private static string Static(MethodInfo method, Type type) => method.IsStatic && !(type.IsAbstract && type.IsSealed) ? "static " : "";

    private static string Generics(MethodInfo method) =>
        method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "";

    private static string Text(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef)
            return Text(type.GetElementType()!, nullability?.ElementType ?? nullability);
        if (Nullable.GetUnderlyingType(type) is { } value)
            return Text(value, null) + "?";

        var mark = !type.IsValueType && nullability is { } n && (n.ReadState == NullabilityState.Nullable || n.WriteState == NullabilityState.Nullable) ? "?" : "";
        if (type.IsArray)
            return $"{Text(type.GetElementType()!, nullability?.ElementType)}[]{mark}";
        if (type.IsGenericParameter)
            return type.Name + mark;
        if (!type.IsGenericType)
            return (Keyword(type) ?? NameOf(type)) + mark;

        var arguments = type.GetGenericArguments().Select((a, i) => Text(a, nullability?.GenericTypeArguments.ElementAtOrDefault(i)));
        return $"{type.Name.Split('`')[0]}<{string.Join(", ", arguments)}>{mark}";
    }

    private static string? Keyword(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.String => "string",
        TypeCode.Boolean when !type.IsEnum => "bool",
        TypeCode.Int32 when !type.IsEnum => "int",
        TypeCode.Int64 when !type.IsEnum => "long",
        TypeCode.Double => "double",
        _ when type == typeof(void) => "void",
        _ when type == typeof(object) => "object",
        _ => null,
    };

    private static string NameOf(Type type)
    {
        var name = type.IsGenericTypeDefinition
            ? $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(a => a.Name))}>"
            : type.Name;
        return type is { IsNested: true, IsGenericParameter: false } ? $"{type.DeclaringType!.Name}.{name}" : name;
    }

    private static IEnumerable<string> Bases(Type type)
    {
        if (type.IsEnum || type.IsValueType)
            return [];
        var inherited = (type.BaseType?.GetInterfaces() ?? []).Concat(type.GetInterfaces().SelectMany(i => i.GetInterfaces())).ToHashSet();
        var own = type.GetInterfaces().Where(i => !inherited.Contains(i) && !i.Name.StartsWith("IEquatable", StringComparison.Ordinal));
        return (type.BaseType is { } b && b != typeof(object) ? own.Prepend(b) : own).Select(t => Text(t, null));
    }

    private static bool IsRecord(Type type) => type.GetMethod("<Clone>$") is not null;

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    /// <summary>Without constraints, default values, and what does not concern a caller.</summary>
    private static string Plain(string member)
    {
        member = Constraints().Replace(member, "");
        member = Modifiers().Replace(member, "");
        member = Defaults().Replace(member, " =");
        return OpenNullable().Replace(member, "$1");
    }

    [GeneratedRegex(@"^(?:(?:sealed|static|abstract|class|interface|enum|struct|record)\s)+([\w.]+(?:<[^>]*>)?)")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^enum.*\{ (.*) \}")]
    private static partial Regex EnumValues();

    [GeneratedRegex(@" where \w+ :.*$")]
    private static partial Regex Constraints();

    [GeneratedRegex(@"\b(virtual|override|abstract) ")]
    private static partial Regex Modifiers();

    // "A.B, C" is how the list writes flags that are set together.
    [GeneratedRegex(@" = (?:ResourceCommandVisibility\.UI, Api|""[^""]*""|[\w.-]+)")]
    private static partial Regex Defaults();

    [GeneratedRegex(@"\b(T|T[A-Z]\w*)\?")]
    private static partial Regex OpenNullable();
}
