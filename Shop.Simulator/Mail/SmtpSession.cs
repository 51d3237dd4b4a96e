using System.Buffers;
using System.IO.Pipelines;
using System.Text;

namespace Shop.Simulator.Mail;

/// <summary>One conversation of RFC 5321, as far as a well-behaved sender needs it: no authentication, no TLS, no relaying.</summary>
internal sealed class SmtpSession(Stream stream, Mailbox mailbox, SmtpOptions options, TimeProvider clock, ILogger logger)
{
    private const int MostRecipients = 100;
    private const int LongestLine = 4096; // the standard asks for 1000; senders are not always exact

    private readonly PipeReader _reader = PipeReader.Create(stream);
    private readonly List<string> _to = [];
    private string? _from;

    public async Task RunAsync(CancellationToken stopping)
    {
        await ReplyAsync("220 simulator ESMTP", stopping);
        while (await ReadLineAsync(stopping) is { } bytes)
        {
            var line = Encoding.UTF8.GetString(bytes);
            var verb = line.Split([' ', ':'], 2)[0].ToUpperInvariant();
            switch (verb)
            {
                case "EHLO":
                    Reset();
                    await ReplyAsync($"250-simulator\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {options.MaxMessageBytes}", stopping);
                    break;
                case "HELO":
                    Reset();
                    await ReplyAsync("250 simulator", stopping);
                    break;
                case "MAIL" when Address(line, "MAIL FROM:") is { } from && _from is null:
                    if (DeclaredSize(line) > options.MaxMessageBytes)
                    {
                        await ReplyAsync("552 5.3.4 Message too big", stopping);
                        break;
                    }

                    _from = from;
                    await ReplyAsync("250 2.1.0 OK", stopping);
                    break;
                case "RCPT" when Address(line, "RCPT TO:") is { Length: > 0 } to && _from is not null:
                    var hasRoom = _to.Count < MostRecipients;
                    if (hasRoom)
                        _to.Add(to);
                    await ReplyAsync(hasRoom ? "250 2.1.5 OK" : "452 4.5.3 Too many recipients", stopping);
                    break;
                case "DATA" when _to.Count > 0:
                    await ReplyAsync("354 End with <CRLF>.<CRLF>", stopping);
                    await ReplyAsync(await ReceiveAsync(stopping), stopping);
                    Reset();
                    break;
                case "RSET":
                    Reset();
                    await ReplyAsync("250 2.0.0 OK", stopping);
                    break;
                case "NOOP":
                    await ReplyAsync("250 2.0.0 OK", stopping);
                    break;
                case "QUIT":
                    await ReplyAsync("221 2.0.0 Bye", stopping);
                    return;
                case "MAIL" or "RCPT" or "DATA":
                    await ReplyAsync("503 5.5.1 Bad sequence or address", stopping);
                    break;
                default:
                    await ReplyAsync("502 5.5.2 Not implemented", stopping);
                    break;
            }
        }
    }

    private async Task<string> ReceiveAsync(CancellationToken stopping)
    {
        var message = new ArrayBufferWriter<byte>();
        var isTooBig = false;
        while (await ReadLineAsync(stopping) is { } line)
        {
            if (line is [(byte)'.'])
            {
                if (isTooBig)
                    return "552 5.3.4 Message too big";
                var mail = MailParser.Parse(message.WrittenSpan, _from!, [.. _to], clock.GetUtcNow());
                mailbox.Add(mail); // kept before it is acknowledged
                logger.MailReceived(mail.Id, mail.Bytes);
                return $"250 2.0.0 {mail.Id}";
            }

            // A dot at the start of a line was doubled on its way.
            var content = line is [(byte)'.', ..] ? line[1..] : line;
            isTooBig |= message.WrittenCount + content.Length + 2 > options.MaxMessageBytes;
            if (isTooBig)
                continue;
            message.Write(content);
            message.Write("\r\n"u8);
        }

        throw new InvalidDataException("The sender left in the middle of a message.");
    }

    /// <summary>Null at the end of the conversation.</summary>
    private async Task<byte[]?> ReadLineAsync(CancellationToken stopping)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        idle.CancelAfter(options.IdleTimeout);
        while (true)
        {
            var read = await _reader.ReadAsync(idle.Token);
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end).ToArray();
                _reader.AdvanceTo(buffer.GetPosition(1, end));
                return line is [.., (byte)'\r'] ? line[..^1] : line;
            }

            if (buffer.Length > LongestLine)
                throw new InvalidDataException("A line was too long.");
            _reader.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
                return null;
        }
    }

    private async Task ReplyAsync(string reply, CancellationToken stopping)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        idle.CancelAfter(options.IdleTimeout);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{reply}\r\n"), idle.Token);
    }

    private void Reset()
    {
        _from = null;
        _to.Clear();
    }

    private static string? Address(string line, string command)
    {
        if (!line.StartsWith(command, StringComparison.OrdinalIgnoreCase))
            return null;
        var (open, close) = (line.IndexOf('<', StringComparison.Ordinal), line.IndexOf('>', StringComparison.Ordinal));
        return open > 0 && close > open ? line[(open + 1)..close] : null;
    }

    private static long DeclaredSize(string line) =>
        line.Split(' ').FirstOrDefault(w => w.StartsWith("SIZE=", StringComparison.OrdinalIgnoreCase)) is { } word
        && long.TryParse(word.AsSpan(5), out var size) ? size : 0;
}
