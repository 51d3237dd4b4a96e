using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Mail;
using System.Net.Mime;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Shop.Simulator.Mail;

namespace Shop.Tests.Integration;

public sealed class SimulatorMailTests(SimulatorFixture fixture) : IClassFixture<SimulatorFixture>
{
    private readonly SimulatorHost _simulator = fixture.Simulator;

    private static CancellationToken Ct => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    private int Port => _simulator.Services.GetRequiredService<SmtpSink>().Port!.Value;

    [Fact]
    public async Task A_mail_arrives_as_the_shop_wrote_it()
    {
        using var mail = new MailMessage("shop@example.com", "guest@example.com")
        {
            Subject = "Bestätigung – Ihre Bestellung 1001, und ein langer Betreff, der über mehrere Zeilen geht",
            SubjectEncoding = Encoding.UTF8,
            Body = "Grüße,\r\n.hidden line\r\n..two dots\r\n.\r\nend",
            BodyEncoding = Encoding.UTF8,
        };
        mail.Bcc.Add("archive@example.com");
        mail.AlternateViews.Add(AlternateView.CreateAlternateViewFromString("<h1>Grüße €</h1>", Encoding.UTF8, MediaTypeNames.Text.Html));

        await SendAsync(mail);

        var arrived = Assert.Single(await MailsAsync("archive@example.com"));
        Assert.Equal(mail.Subject, arrived.Subject);
        Assert.Equal(["guest@example.com", "archive@example.com"], arrived.To);
        Assert.Equal(mail.Body, arrived.Text);
        Assert.Equal("<h1>Grüße €</h1>", arrived.Html);
        Assert.Contains(arrived.Headers, h => h is { Key: "To", Value: "guest@example.com" });
        Assert.DoesNotContain(arrived.Headers, h => h.Key == "Bcc");
        Assert.Equal(arrived.Subject, (await _simulator.Http.GetFromJsonAsync<ReceivedMail>($"/mails/{arrived.Id}", Ct))!.Subject);
    }

    [Fact]
    public async Task A_mail_is_shown_in_a_box_that_runs_nothing()
    {
        using var mail = new MailMessage("shop@example.com", "box@example.com") { Subject = "x", Body = "<script>alert(1)</script>", IsBodyHtml = true };
        await SendAsync(mail);

        using var shown = await _simulator.Http.GetAsync(new Uri($"/mails/{(await MailsAsync("box@example.com"))[0].Id}/html", UriKind.Relative), Ct);

        var policy = Assert.Single(shown.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.Contains("sandbox", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_mails_can_share_a_connection()
    {
        using var smtp = new SmtpClient("127.0.0.1", Port);
        for (var i = 0; i < 5; i++)
            await smtp.SendMailAsync(new MailMessage("shop@example.com", "many@example.com", i.ToString(CultureInfo.InvariantCulture), "body"), Ct);

        Assert.Equal(["4", "3", "2", "1", "0"], (await MailsAsync("many@example.com")).Select(m => m.Subject));
    }

    [Fact]
    public async Task A_mail_that_is_too_big_is_refused_and_the_conversation_goes_on()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port, Ct);
        using var reader = new StreamReader(client.GetStream());
        await using var writer = new StreamWriter(client.GetStream(), new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };

        Assert.StartsWith("220", await reader.ReadLineAsync(Ct), StringComparison.Ordinal);
        Assert.Equal("503", await AskAsync("DATA"));
        Assert.Equal("250", await AskAsync("HELO me"));
        Assert.Equal("552", await AskAsync("MAIL FROM:<a@example.com> SIZE=99999999"));
        Assert.Equal("250", await AskAsync("MAIL FROM:<a@example.com>"));
        Assert.Equal("250", await AskAsync("RCPT TO:<big@example.com>"));
        Assert.Equal("354", await AskAsync("DATA"));
        for (var i = 0; i < 5300; i++)
            await writer.WriteLineAsync(new string('x', 1000));
        Assert.Equal("552", await AskAsync("."));
        Assert.Equal("502", await AskAsync("VRFY somebody"));
        Assert.Equal("221", await AskAsync("QUIT"));
        Assert.Empty(await MailsAsync("big@example.com"));

        async Task<string> AskAsync(string line)
        {
            await writer.WriteLineAsync(line);
            return (await reader.ReadLineAsync(Ct))![..3];
        }
    }

    [Fact]
    public async Task A_sender_that_falls_silent_is_let_go()
    {
        await using var simulator = SimulatorHost.Start(("Simulator:Smtp:IdleTimeout", "00:00:00.200"));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, simulator.Services.GetRequiredService<SmtpSink>().Port!.Value, Ct);
        using var reader = new StreamReader(client.GetStream());

        Assert.StartsWith("220", await reader.ReadLineAsync(Ct), StringComparison.Ordinal);
        Assert.Null(await reader.ReadLineAsync(Ct));
    }

    [Fact]
    public async Task Only_the_last_mails_are_kept_and_they_survive_a_restart()
    {
        using var state = new StateFile();
        await using (var before = SimulatorHost.Start(state.Setting, ("Simulator:Smtp:MailsKept", "2")))
        {
            using var smtp = new SmtpClient("127.0.0.1", before.Services.GetRequiredService<SmtpSink>().Port!.Value);
            foreach (var subject in new[] { "1", "2", "3" })
                await smtp.SendMailAsync(new MailMessage("shop@example.com", "guest@example.com", subject, "body"), Ct);
        }

        await using var after = SimulatorHost.Start(state.Setting, ("Simulator:Smtp:MailsKept", "2"));

        var mails = await after.Http.GetFromJsonAsync<ReceivedMail[]>("/mails", Ct);
        Assert.Equal(["3", "2"], mails!.Select(m => m.Subject));
    }

    private async Task SendAsync(MailMessage mail)
    {
        using var smtp = new SmtpClient("127.0.0.1", Port);
        await smtp.SendMailAsync(mail, Ct);
    }

    private async Task<ReceivedMail[]> MailsAsync(string to) => await _simulator.Http.GetFromJsonAsync<ReceivedMail[]>($"/mails?to={to}", Ct) ?? [];
}
