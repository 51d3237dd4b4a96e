using System.Diagnostics;

namespace Shop.Payments;

/// <summary>
/// Named moments at which a drill may end the process as if the machine had died: <c>Shop:CrashAt</c>, in Development only. Read once;
/// without it a moment costs one comparison with null. With <c>Shop:CrashCount</c> the first ones to come wait there for the others, and so
/// many jobs die with the process at the very same step.
/// </summary>
internal sealed class CrashPoints(IConfiguration configuration, IHostEnvironment environment)
{
    // In the order in which a payment meets them. "Key" is the moment after a key was committed and before the call that carries it.
    public const string AfterLease = "after_lease";
    public const string AfterCreateKey = "after_create_key";
    public const string AfterCreateAnswer = "after_create_answer";
    public const string AfterStartCommit = "after_start_commit"; // the intent's id and the confirm's key
    public const string AfterConfirmAnswer = "after_confirm_answer";
    public const string AfterReadAnswer = "after_read_answer"; // whoever settles an unknown, looks, or closes
    public const string AfterCaptureKey = "after_capture_key";
    public const string AfterCaptureAnswer = "after_capture_answer";
    public const string AfterCancelKey = "after_cancel_key";
    public const string AfterCancelAnswer = "after_cancel_answer";
    public const string AfterRefundKey = "after_refund_key";
    public const string AfterRefundAnswer = "after_refund_answer";
    public const string AfterOutcomeCommit = "after_outcome_commit"; // and before anybody is told
    public const string AfterNotice = "after_notice";

    /// <summary>Every one of them, for whoever dies at each in turn.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        AfterLease, AfterCreateKey, AfterCreateAnswer, AfterStartCommit, AfterConfirmAnswer, AfterReadAnswer, AfterCaptureKey, AfterCaptureAnswer,
        AfterCancelKey, AfterCancelAnswer, AfterRefundKey, AfterRefundAnswer, AfterOutcomeCommit, AfterNotice,
    ];

    private readonly string? _at = environment.IsDevelopment() ? configuration["Shop:CrashAt"] : null;
    private readonly int _count = configuration.GetValue("Shop:CrashCount", 1);
    private int _reached;

    public void Reach(string point)
    {
        if (_at is null || _at != point)
            return;

        if (Interlocked.Increment(ref _reached) >= _count)
            Process.GetCurrentProcess().Kill(); // SIGKILL: no handler, no finally block and no flush runs
        Thread.Sleep(Timeout.Infinite); // the signal may take a moment, and nothing may happen in it
    }
}
