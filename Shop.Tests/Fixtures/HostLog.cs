using System.Collections.Concurrent;
using Aspire.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Shop.Tests.Fixtures;

/// <summary>What an application host writes to its log, and nowhere else.</summary>
internal sealed class HostLog : ILoggerProvider, ILogger
{
    public HostLog(IDistributedApplicationBuilder builder) => builder.Services.AddLogging(logging => logging.ClearProviders().AddProvider(this));

    public ConcurrentQueue<string> Lines { get; } = [];
    public ILogger CreateLogger(string categoryName) => this;
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;
    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        Lines.Enqueue(formatter(state, exception));

    public void Dispose()
    {
    }
}
