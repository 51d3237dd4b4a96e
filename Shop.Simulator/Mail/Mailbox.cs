using Microsoft.Extensions.Options;
using Shop.Simulator.State;

namespace Shop.Simulator.Mail;

/// <summary>The last mails that the shop sent to anybody.</summary>
internal sealed class Mailbox
{
    private readonly Lock _gate = new();
    private readonly Journal _journal;
    private readonly int _kept;
    private readonly Queue<ReceivedMail> _mails = new();

    public Mailbox(Journal journal, IOptions<SmtpOptions> options)
    {
        (_journal, _kept) = (journal, options.Value.MailsKept);
        foreach (var mail in journal.Take(f => f is ReceivedMail).Cast<ReceivedMail>())
            Keep(mail);
    }

    public void Add(ReceivedMail mail)
    {
        lock (_gate)
        {
            _journal.Append([mail]);
            Keep(mail);
        }
    }

    public ReceivedMail[] NewestFirst(string? to = null)
    {
        lock (_gate)
            return [.. _mails.Reverse().Where(m => to is null || m.To.Contains(to, StringComparer.OrdinalIgnoreCase))];
    }

    public ReceivedMail? Find(string id)
    {
        lock (_gate)
            return _mails.FirstOrDefault(m => m.Id == id);
    }

    private void Keep(ReceivedMail mail)
    {
        _mails.Enqueue(mail);
        if (_mails.Count > _kept)
            _mails.Dequeue();
    }
}
