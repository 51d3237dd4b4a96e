using System.Diagnostics;

namespace Shop.Payments;

/// <summary>
/// Named moments at which a drill may end the process as if the machine had died: <c>Shop:CrashAt</c>, in Development only. Read once;
/// without it a moment costs one comparison with null.
/// </summary>
internal sealed class CrashPoints(IConfiguration configuration, IHostEnvironment environment)
{
    public const string AfterCreateAnswer = "after_create_answer";
    public const string AfterStartCommit = "after_start_commit";
    public const string AfterConfirmAnswer = "after_confirm_answer";
    public const string AfterOutcomeCommit = "after_outcome_commit";

    private readonly string? _at = environment.IsDevelopment() ? configuration["Shop:CrashAt"] : null;

    public void Reach(string point)
    {
        if (_at is null || _at != point)
            return;

        Process.GetCurrentProcess().Kill(); // SIGKILL: no handler, no finally block and no flush runs
        Thread.Sleep(Timeout.Infinite); // the signal may take a moment, and nothing may happen in it
    }
}
