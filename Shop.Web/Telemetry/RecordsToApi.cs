using System.Text.Json;
using Shop.ServiceDefaults;
using Shop.ServiceDefaults.Records;

namespace Shop.Web.Telemetry;

/// <summary>The storefront has no database; the Api keeps its lines.</summary>
internal static class RecordsToApi
{
    private const string ClientName = "telemetry";

    public static void AddRecords(this IHostApplicationBuilder builder)
    {
        builder.Services.AddHttpClient(ClientName, http => http.BaseAddress = new Uri("https+http://api"))
            .WithDeadlines(t => t.Attempt, t => t.Total, retries: 0); // the shipper comes again
        builder.AddRecords(services =>
        {
            var clients = services.GetRequiredService<IHttpClientFactory>();
            var secret = services.GetRequiredService<IConfiguration>()["Services:Secret"];
            return async (batch, ct) =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, RecordsExtensions.Path) { Content = JsonContent.Create(batch, options: JsonSerializerOptions.Web) };
                request.Headers.Add(RecordsExtensions.SecretHeader, secret);
                using var response = await clients.CreateClient(ClientName).SendAsync(request, ct);
                response.EnsureSuccessStatusCode();
            };
        });
    }
}
