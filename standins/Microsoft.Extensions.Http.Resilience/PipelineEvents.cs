using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Polly.Telemetry;

namespace Microsoft.Extensions.Http.Resilience;

/// <summary>Tells the log and the meter what the strategies do, in the words and numbers of Polly.Extensions.</summary>
internal sealed class PipelineEvents(ILogger logger) : TelemetryListener
{
    private static readonly Meter Meter = new("Polly", "1.0");
    private static readonly Counter<int> Events = Meter.CreateCounter<int>(
        "resilience.polly.strategy.events", description: "Tracks the number of resilience events that occurred in resilience strategies.");
    private static readonly Histogram<double> Attempts = Meter.CreateHistogram<double>(
        "resilience.polly.strategy.attempt.duration", "ms", "Tracks the duration of execution attempts.");
    private static readonly Histogram<double> Executions = Meter.CreateHistogram<double>(
        "resilience.polly.pipeline.duration", "ms", "The execution duration of resilience pipelines.");

    public override void Write<TResult, TArgs>(in TelemetryEventArguments<TResult, TArgs> args)
    {
        Measure(args);
        Log(args);
    }

    private static void Measure<TResult, TArgs>(in TelemetryEventArguments<TResult, TArgs> args)
    {
        if (!Events.Enabled && !Attempts.Enabled && !Executions.Enabled)
            return;

        var tags = new TagList { { "event.name", args.Event.EventName }, { "event.severity", args.Event.Severity.ToString() } };
        Add("pipeline.name", args.Source.PipelineName);
        Add("pipeline.instance", args.Source.PipelineInstanceName);
        Add("strategy.name", args.Source.StrategyName);
        Add("operation.key", args.Context.OperationKey);
        Add("exception.type", args.Outcome?.Exception?.GetType().FullName);
        switch (args.Arguments)
        {
            case PipelineExecutedArguments executed:
                Executions.Record(executed.Duration.TotalMilliseconds, tags);
                break;
            case ExecutionAttemptArguments attempt:
                tags.Add("attempt.number", attempt.AttemptNumber);
                tags.Add("attempt.handled", attempt.Handled);
                Attempts.Record(attempt.Duration.TotalMilliseconds, tags);
                break;
            default:
                Events.Add(1, tags);
                break;
        }

        void Add(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                tags.Add(name, value);
        }
    }

    private void Log<TResult, TArgs>(in TelemetryEventArguments<TResult, TArgs> args)
    {
        var level = args.Event.Severity switch
        {
            ResilienceEventSeverity.None => LogLevel.None,
            ResilienceEventSeverity.Debug => LogLevel.Debug,
            ResilienceEventSeverity.Information => LogLevel.Information,
            ResilienceEventSeverity.Warning => LogLevel.Warning,
            ResilienceEventSeverity.Error => LogLevel.Error,
            _ => LogLevel.Critical,
        };
        if (level == LogLevel.None || !logger.IsEnabled(level))
            return;

        object? result = args.Outcome switch
        {
            { Exception: { } exception } => exception.Message,
            { Result: HttpResponseMessage response } => (int)response.StatusCode,
            _ => null,
        };
        logger.Log(
            level, new EventId(0, "ResilienceEvent"), args.Outcome?.Exception,
            "Resilience event occurred. EventName: '{EventName}', Source: '{PipelineName}/{PipelineInstance}/{StrategyName}', Operation Key: '{OperationKey}', Result: '{Result}'",
            args.Event.EventName, args.Source.PipelineName, args.Source.PipelineInstanceName, args.Source.StrategyName, args.Context.OperationKey, result);
    }
}
