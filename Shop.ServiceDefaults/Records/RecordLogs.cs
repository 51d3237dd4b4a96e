using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Shop.ServiceDefaults.Records;

/// <summary>
/// Makes lines of what is logged: of our own from Information on, of everybody else's from Warning on. Whose order and payment a line is about
/// stands in its own values, in a scope around it, or on a span around it, in this order.
/// </summary>
[ProviderAlias("Records")]
internal sealed class RecordLogs(RecordBuffer buffer, TimeProvider clock) : ILoggerProvider, ISupportExternalScope
{
    private IExternalScopeProvider? _scopes;

    public ILogger CreateLogger(string categoryName) => new Category(this, buffer, clock, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    private sealed class Category(RecordLogs records, RecordBuffer buffer, TimeProvider clock, string name) : ILogger
    {
        private readonly bool _isOurs = name.StartsWith("Shop.", StringComparison.Ordinal);
        private readonly LogLevel _from =
            name.StartsWith("Shop.ServiceDefaults.Records.", StringComparison.Ordinal) ? LogLevel.None
            : name.StartsWith("Shop.", StringComparison.Ordinal) ? LogLevel.Information
            : LogLevel.Warning;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => records._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= _from && logLevel != LogLevel.None && buffer.IsEnabled && !RecordBuffer.IsSilent;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel) || (logLevel <= LogLevel.Information && !buffer.HasAllowance()))
                return;

            var about = new About();
            about.Read(state);
            records._scopes?.ForEachScope(static (scope, about) => about.Read(scope), about);
            var activity = Activity.Current;
            for (var span = activity; span is not null; span = span.Parent)
                about.Read(span);

            var now = clock.GetUtcNow();
            var isTraced = activity is { IdFormat: ActivityIdFormat.W3C };
            var line = new LogLine
            {
                Id = Guid.CreateVersion7(now), At = now, Service = buffer.Service, Instance = RecordBuffer.Instance, Release = Release.Current,
                Level = logLevel, EventId = eventId.Id, Event = eventId.Name, Category = name,
                Message = RecordText.Fit(formatter(state, exception), LogLine.MaxMessage), Reference = Reference.Current,
                TraceId = isTraced ? activity!.TraceId.ToHexString() : null, SpanId = isTraced ? activity!.SpanId.ToHexString() : null,
                OrderId = about.OrderId, OrderNumber = about.OrderNumber, PaymentId = about.PaymentId, PersonId = about.PersonId,
                Exception = exception is null ? null : RecordText.Fit(exception.ToString(), LogLine.MaxException), IsSynthetic = about.IsSynthetic,
            };
            buffer.Add(line);
            if (exception is not null && (logLevel >= LogLevel.Error || (_isOurs && logLevel >= LogLevel.Warning)) && !ErrorReports.IsLoggedTwice(name))
                buffer.Add(ErrorReports.Of(exception, line, about.Route));
        }
    }

    private sealed class About
    {
        public Guid? OrderId { get; private set; }
        public long? OrderNumber { get; private set; }
        public Guid? PaymentId { get; private set; }
        public string? PersonId { get; private set; }
        public bool IsSynthetic { get; private set; }
        public string? Route => _route is null ? null : $"{_method} {_route}";
        private string? _method, _route;

        public void Read(object? state)
        {
            if (state is not IReadOnlyList<KeyValuePair<string, object?>> values)
                return;
            for (var i = 0; i < values.Count; i++)
                Take(values[i].Key, values[i].Value);
        }

        public void Read(Activity span)
        {
            foreach (ref readonly var tag in span.EnumerateTagObjects())
                Take(tag.Key, tag.Value);
        }

        private void Take(string key, object? value)
        {
            switch (key)
            {
                case "OrderId" or "shop.order.id":
                    OrderId ??= IdOf(value);
                    break;
                case "OrderNumber" or "shop.order.number":
                    OrderNumber ??= value as long? ?? (long.TryParse(value as string, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null);
                    break;
                case "PaymentId" or "JobId" or "shop.payment.id":
                    PaymentId ??= IdOf(value);
                    break;
                case "UserId" or "PersonId" or "enduser.id":
                    PersonId ??= value?.ToString();
                    break;
                case "Method":
                    _method ??= value as string;
                    break;
                case "Route":
                    _route ??= value as string;
                    break;
                case Synthetic.Tag:
                    IsSynthetic |= value is true or "true" or "True";
                    break;
            }
        }

        private static Guid? IdOf(object? value) => value as Guid? ?? (Guid.TryParse(value as string, out var id) ? id : null);
    }
}
