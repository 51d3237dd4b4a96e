using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Shop.ServiceDefaults.Records;

/// <summary>
/// Says which errors are the same: the same types thrown through the same methods of ours, whatever the build. A stack says more than that:
/// line numbers, paths, and the names that the compiler gave to what it made of lambdas and async methods, which it numbers anew each time. What
/// it cannot undo is the JIT: a method inlined in one build and not in the next makes another stack.
/// </summary>
public static partial class Fingerprint
{
    private const int MostFrames = 12;
    private const int MostForeignFrames = 4;

    /// <param name="types">From the outermost to the innermost.</param>
    /// <param name="where">What tells errors without any frame apart.</param>
    public static string Of(IEnumerable<string> types, IReadOnlyList<string> frames, string where)
    {
        var ours = frames.Where(IsOurs).Take(MostFrames).ToArray();
        string[] told = ours is [_, ..] ? ours : frames is [_, ..] ? [.. frames.Take(MostForeignFrames)] : [where];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [.. types, "", .. told])))[..16]);
    }

    /// <summary>The frames of a stack as .NET writes it, innermost first, each as the method somebody wrote.</summary>
    public static IReadOnlyList<string> FramesOf(string? stack)
    {
        List<string> frames = [];
        foreach (Match line in Frame().Matches(stack ?? ""))
        {
            var method = Written(line.Groups["method"].Value);
            if (frames is [] || frames[^1] != method) // recursion may go deeper tomorrow
                frames.Add(method);
        }

        return frames;
    }

    public static bool IsOurs(string frame) => frame.StartsWith("Shop.", StringComparison.Ordinal) || frame.StartsWith("Program.", StringComparison.Ordinal);

    /// <summary>Whether a line of a stack is a frame of ours, for somebody who reads it.</summary>
    public static bool IsOurLine(string line) => Frame().Match(line) is { Success: true } frame && IsOurs(Written(frame.Groups["method"].Value));

    private static string Written(string method)
    {
        var written = Generic().Replace(method.Replace('+', '.'), "");
        written = TopLevel().Replace(written, "$1");
        written = Closure().Replace(written, "");
        written = LocalFunction().Replace(written, "$1.$2");
        written = Lambda().Replace(written, "$1.(lambda)");
        written = StateMachine().Replace(written, "$1");
        return written.EndsWith(".MoveNext", StringComparison.Ordinal) ? written[..^".MoveNext".Length] : written;
    }

    // "   at Shop.Api.Orders.GetOrder[T](Int64 number) in /src/Orders.cs:line 12"
    [GeneratedRegex(@"^\s*at (?<method>[^(\r\n]+)\(", RegexOptions.Multiline)] private static partial Regex Frame();

    [GeneratedRegex(@"\[[^\]]*\]|`\d+")] private static partial Regex Generic();

    [GeneratedRegex(@"<([^<>]+)>\$")] private static partial Regex TopLevel();

    [GeneratedRegex(@"\.<>c(?:__DisplayClass[\d_]+)?(?=\.)")] private static partial Regex Closure();

    [GeneratedRegex(@"<([^<>]+)>g__(\w+?)\|[\d_]+")] private static partial Regex LocalFunction();

    [GeneratedRegex(@"<([^<>]+)>b__[\d_]+")] private static partial Regex Lambda();

    [GeneratedRegex(@"<([^<>]+)>d(?:__\d+)?")] private static partial Regex StateMachine();
}
