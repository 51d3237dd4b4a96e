using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry;
using OpenTelemetry.Context.Propagation;
using OpenTelemetry.Trace;
using Shop.ServiceDefaults;
using Service = Shop.Tests.Integration.ServiceDefaultsTests.Service;
using Shop.Tests.Fixtures;

namespace Shop.Tests.Integration;

[Collection(Propagation.Name)]
public sealed class TelemetryTests
{
    public TelemetryTests() => Sdk.SetDefaultTextMapPropagator(new CompositeTextMapPropagator([new TraceContextPropagator(), new BaggagePropagator()]));

    [Fact]
    public async Task A_request_is_named_by_its_route_and_carries_no_values_of_its_query()
    {
        var spans = new Spans();
        await using var service = await StartAsync(spans);

        await service.Client.GetAsync("/parts/7?card=4242&x");

        var span = await spans.SingleAsync(service, ActivityKind.Server, "/parts/7");
        Assert.Equal("GET /parts/{id}", span.DisplayName);
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        Assert.Equal("/parts/{id}", span.GetTagItem("http.route"));
        Assert.Equal("GET", span.GetTagItem("http.request.method"));
        Assert.Equal(200, span.GetTagItem("http.response.status_code"));
        Assert.Equal("?card=Redacted&x", span.GetTagItem("url.query"));
        Assert.Equal("http", span.GetTagItem("url.scheme"));
        Assert.Equal("1.1", span.GetTagItem("network.protocol.version"));
    }

    [Fact]
    public async Task A_failed_request_is_an_error_with_the_exception_on_it()
    {
        var spans = new Spans();
        await using var service = await StartAsync(spans);

        await service.Client.GetAsync("/boom/7");

        var span = await spans.SingleAsync(service, ActivityKind.Server, "/boom/7");
        Assert.Equal("GET /boom/{id}", span.DisplayName);
        Assert.Equal(ActivityStatusCode.Error, span.Status);
        Assert.Equal(500, span.GetTagItem("http.response.status_code"));
        Assert.Equal("System.InvalidOperationException", span.GetTagItem("error.type"));
        Assert.Single(span.Events, e => e.Name == "exception");
    }

    [Fact]
    public async Task A_refusal_is_no_error_of_the_service()
    {
        var spans = new Spans();
        await using var service = await StartAsync(spans);

        await service.Client.GetAsync("/refused");

        Assert.Equal(ActivityStatusCode.Unset, (await spans.SingleAsync(service, ActivityKind.Server, "/refused")).Status);
    }

    [Fact]
    public async Task Health_is_not_traced()
    {
        var spans = new Spans();
        await using var service = await StartAsync(spans);

        await service.Client.GetAsync("/alive");
        await service.Client.GetAsync("/ready");
        await service.Client.GetAsync("/refused");

        await spans.SingleAsync(service, ActivityKind.Server, "/refused");
        Assert.DoesNotContain(spans.Of(service), span => span.GetTagItem("url.path") is "/alive" or "/ready");
    }

    [Fact]
    public async Task A_call_to_another_service_is_one_trace_with_the_callers_baggage()
    {
        var spans = new Spans();
        await using var service = await StartAsync(spans);

        Assert.Equal("synthetic", await service.Client.GetStringAsync("/caller"));

        var (caller, client, callee) = (
            await spans.SingleAsync(service, ActivityKind.Server, "/caller"),
            await spans.SingleAsync(service, ActivityKind.Client, null),
            await spans.SingleAsync(service, ActivityKind.Server, "/callee"));
        Assert.Equal((caller.TraceId, caller.TraceId), (client.TraceId, callee.TraceId));
        Assert.Equal((caller.SpanId, client.SpanId), (client.ParentSpanId, callee.ParentSpanId));
        Assert.Equal("GET", client.DisplayName);
        Assert.Equal($"{service.Client.BaseAddress}callee?token=Redacted", client.GetTagItem("url.full"));
        Assert.Equal(200, client.GetTagItem("http.response.status_code"));
    }

    [Fact]
    public async Task A_call_that_nobody_answers_says_so()
    {
        var spans = new Spans();
        await using var service = await StartAsync(spans);

        await service.Client.GetAsync("/unanswered");

        var server = await spans.SingleAsync(service, ActivityKind.Server, "/unanswered");
        var client = Assert.Single(spans.All, span => span.Kind == ActivityKind.Client && span.TraceId == server.TraceId);
        Assert.Equal((ActivityStatusCode.Error, "connection_error"), (client.Status, client.GetTagItem("error.type")));
    }

    [Fact]
    public async Task A_strangers_trace_is_continued_only_where_strangers_are_none()
    {
        const string Theirs = "0af7651916cd43dd8448eb211c80319c";
        var before = Propagators.DefaultTextMapPropagator;
        try
        {
            foreach (var ignores in new[] { false, true })
            {
                var spans = new Spans();
                await using var service = await StartAsync(spans, builder =>
                {
                    if (ignores)
                        builder.IgnoreInboundTraces();
                });
                using var request = new HttpRequestMessage(HttpMethod.Get, "/callee");
                request.Headers.Add("traceparent", $"00-{Theirs}-b7ad6b7169203331-01");
                request.Headers.Add("baggage", "shopper=synthetic");

                using var response = await service.Client.SendAsync(request);

                var span = await spans.SingleAsync(service, ActivityKind.Server, "/callee");
                Assert.Equal(ignores, span.TraceId.ToHexString() != Theirs);
                Assert.Equal(ignores ? "" : "synthetic", await response.Content.ReadAsStringAsync());
            }
        }
        finally
        {
            Sdk.SetDefaultTextMapPropagator(before);
        }
    }

    [Fact]
    public async Task The_last_spans_leave_before_the_service_ends()
    {
        var spans = new Spans();
        var exporter = new Exporter(spans);
        await using (var service = await Service.StartAsync(builder => builder.Services.ConfigureOpenTelemetryTracerProvider(
            tracing => tracing.AddProcessor(new BatchActivityExportProcessor(exporter, scheduledDelayMilliseconds: 3_600_000)))))
        {
            await service.Client.GetAsync("/refused");
        }

        Assert.Contains(spans.All, span => span.DisplayName == "GET /refused");
    }

    private static Task<Service> StartAsync(Spans spans, Action<WebApplicationBuilder>? configure = null) => Service.StartAsync(
        builder =>
        {
            configure?.Invoke(builder);
            builder.Services.ConfigureOpenTelemetryTracerProvider(tracing => tracing.AddProcessor(spans));
        },
        map: app =>
        {
            app.MapGet("/parts/{id}", (string id) => id);
            app.MapGet("/callee", () => Baggage.GetBaggage("shopper") ?? "");
            app.MapGet("/caller", async (HttpContext context, IHttpClientFactory clients, CancellationToken ct) =>
            {
                Baggage.SetBaggage("shopper", "synthetic");
                return await clients.CreateClient("quick").GetStringAsync($"http://{context.Request.Host}/callee?token=abc", ct);
            });
            app.MapGet("/unanswered", async (IHttpClientFactory clients, CancellationToken ct) =>
            {
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Post, "http://127.0.0.1:1/"); // a POST, so tried once
                    await clients.CreateClient("quick").SendAsync(request, ct);
                }
                catch (HttpRequestException)
                {
                }
            });
        });

    /// <summary>All services of a process share its activities, so a test looks at those of its own port.</summary>
    private sealed class Spans : BaseProcessor<Activity>
    {
        private readonly ConcurrentQueue<Activity> _ended = new();

        public IEnumerable<Activity> All => _ended;

        public IEnumerable<Activity> Of(Service service) => _ended.Where(span => span.GetTagItem("server.port") is int port && port == service.Client.BaseAddress!.Port);

        public override void OnEnd(Activity data) => _ended.Enqueue(data);

        public async Task<Activity> SingleAsync(Service service, ActivityKind kind, string? path)
        {
            for (var i = 0; i < 500; i++)
            {
                var found = Of(service).Where(span => span.Kind == kind && (path is null || (string?)span.GetTagItem("url.path") == path)).ToArray();
                if (found is [_, ..])
                    return Assert.Single(found);
                await Task.Delay(20);
            }

            throw new TimeoutException($"No {kind} span for {path}.");
        }
    }

    private sealed class Exporter(Spans spans) : BaseExporter<Activity>
    {
        public override ExportResult Export(in Batch<Activity> batch)
        {
            foreach (var span in batch)
                spans.OnEnd(span);
            return ExportResult.Success;
        }
    }
}
