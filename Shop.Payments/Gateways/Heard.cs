using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Shop.Data.Payments;

namespace Shop.Payments.Gateways;

/// <summary>One request to a gateway and what came back for it, as it was on the wire.</summary>
/// <param name="Body">The beginning of it.</param>
/// <param name="BodyBytes">How much of it arrived.</param>
internal sealed record Heard(
    string Request, string Outcome, int? Status, IReadOnlyDictionary<string, string> Headers, ReadOnlyMemory<byte> Body, long BodyBytes,
    TimeSpan Latency, DateTimeOffset At)
{
    /// <summary>Scrubbed: from here on it is written down and read by people.</summary>
    public RawAnswer ToAnswer(Guid attemptId, int n) => new()
    {
        AttemptId = attemptId, N = n, Request = Request, Outcome = Outcome, HttpStatus = Status,
        Headers = Headers.Count is 0 ? null : JsonSerializer.Serialize(Headers),
        Body = BodyBytes == 0 ? null : Scrubbed(),
        BodyBytes = BodyBytes, LatencyMs = Math.Round(Latency.TotalMilliseconds, 1), At = At,
    };

    /// <returns>Null where it can't be: what became of the payment is written down with it, and must be whatever was in the body.</returns>
    private string? Scrubbed()
    {
        try
        {
            return Scrub.Body(Body.Span, isWhole: Outcome is RawOutcomes.Answered && BodyBytes == Body.Length);
        }
        catch (Exception)
        {
            return null;
        }
    }

    /// <summary>A record prints its members, and a body is not for logs.</summary>
    public override string ToString() => $"{Request} {Outcome} {Status}";
}

/// <summary>
/// Hears what is answered to one call of ours, however deep below it the request is sent. Nobody above or below learns of it: it changes no
/// answer, no exception and no time.
/// </summary>
internal sealed class Ear : IDisposable
{
    private static readonly AsyncLocal<Ear?> Current = new();
    private readonly List<Hearing> _heard = [];

    public static Ear Open() => Current.Value = new Ear();

    public static Hearing? Begin(string request, DateTimeOffset at, long started)
    {
        if (Current.Value is not { } ear)
            return null;

        var hearing = new Hearing(request, at, started);
        lock (ear._heard)
            ear._heard.Add(hearing);
        return hearing;
    }

    /// <summary>A request that is still running when its call has been given up is told as that.</summary>
    public IReadOnlyList<Heard> Heard
    {
        get
        {
            lock (_heard)
                return [.. _heard.Select(h => h.End())];
        }
    }

    public void Dispose() => Current.Value = null;
}

/// <summary>What is known so far of one request.</summary>
internal sealed class Hearing(string request, DateTimeOffset at, long started)
{
    public const int MaxBody = 16 * 1024;

    private static readonly string[] Telling =
        ["Request-Id", "PayPal-Debug-Id", "Idempotent-Replayed", "Stripe-Should-Retry", "Retry-After", "Content-Type"];

    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _headers = [];
    private readonly ArrayBufferWriter<byte> _body = new();
    private string? _outcome;
    private int? _status;
    private long _bytes;
    private TimeSpan _latency;

    public void Headers(HttpResponseMessage response)
    {
        lock (_gate)
        {
            _status = (int)response.StatusCode;
            foreach (var name in Telling)
            {
                if ((response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values))
                    && Scrub.Header(string.Join(", ", values)) is { } value)
                    _headers[name] = value;
            }
        }
    }

    public void Body(ReadOnlySpan<byte> more)
    {
        lock (_gate)
        {
            _bytes += more.Length;
            _body.Write(more[..Math.Min(more.Length, MaxBody - _body.WrittenCount)]);
        }
    }

    public void Answered() => Set(RawOutcomes.Answered);

    public void Failed(Exception e)
    {
        Set(e switch
        {
            OperationCanceledException => RawOutcomes.TimedOut,
            HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError } =>
                RawOutcomes.NotConnected,
            _ when _status is not null => RawOutcomes.Cut,
            _ => RawOutcomes.Lost,
        });
    }

    private void Set(string outcome)
    {
        lock (_gate)
            (_outcome, _latency) = (_outcome ?? outcome, _outcome is null ? Stopwatch.GetElapsedTime(started) : _latency);
    }

    public Heard End()
    {
        lock (_gate)
        {
            // Nobody read it to its end: an answer without a body, or one that was given up.
            var outcome = _outcome ?? (_status is null ? RawOutcomes.TimedOut : _bytes == 0 ? RawOutcomes.Answered : RawOutcomes.Cut);
            return new(request, outcome, _status, new Dictionary<string, string>(_headers), _body.WrittenSpan.ToArray(), _bytes,
                _outcome is null ? Stopwatch.GetElapsedTime(started) : _latency, at);
        }
    }
}

/// <summary>Passes everything on as it is, and lets the <see cref="Ear"/> of the call listen.</summary>
internal sealed class Listener(TimeProvider clock, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // The path holds ids alone; a query may hold more.
        if (Ear.Begin($"{request.Method} {request.RequestUri?.AbsolutePath}", clock.GetUtcNow(), Stopwatch.GetTimestamp()) is not { } hearing)
            return await base.SendAsync(request, cancellationToken);

        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            hearing.Headers(response);
            response.Content = new Overheard(response.Content, hearing);
            return response;
        }
        catch (Exception e)
        {
            hearing.Failed(e);
            throw;
        }
    }

    /// <summary>A body on its way to whoever reads it.</summary>
    private sealed class Overheard : HttpContent
    {
        private readonly HttpContent _inner;
        private readonly Hearing _hearing;

        public Overheard(HttpContent inner, Hearing hearing)
        {
            (_inner, _hearing) = (inner, hearing);
            foreach (var header in inner.Headers.NonValidated)
                Headers.TryAddWithoutValidation(header.Key, header.Value);
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await using var source = await CreateContentReadStreamAsync(cancellationToken);
            await source.CopyToAsync(stream, cancellationToken);
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override Task<Stream> CreateContentReadStreamAsync() => CreateContentReadStreamAsync(default);

        protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
            new OverheardStream(await _inner.ReadAsStreamAsync(cancellationToken), _hearing);

        protected override bool TryComputeLength(out long length)
        {
            length = _inner.Headers.ContentLength ?? 0;
            return _inner.Headers.ContentLength is not null;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _inner.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class OverheardStream(Stream inner, Hearing hearing) : Stream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            try
            {
                var read = await inner.ReadAsync(buffer, cancellationToken);
                return Heard(buffer.Span, read);
            }
            catch (Exception e)
            {
                hearing.Failed(e);
                throw;
            }
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count)
        {
            try
            {
                return Heard(buffer.AsSpan(offset), inner.Read(buffer, offset, count));
            }
            catch (Exception e)
            {
                hearing.Failed(e);
                throw;
            }
        }

        private int Heard(ReadOnlySpan<byte> buffer, int read)
        {
            if (read > 0)
                hearing.Body(buffer[..read]);
            else if (buffer.Length > 0)
                hearing.Answered();
            return read;
        }

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => inner.Length;
        public override long Position { get => inner.Position; set => throw new NotSupportedException(); }
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
