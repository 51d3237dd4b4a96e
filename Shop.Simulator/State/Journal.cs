using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Shop.Simulator.State;

/// <summary>
/// The memory of the outside world: one line of JSON per change, written before anybody is answered. A line is whole or it does
/// not count, so a kill at any moment loses nothing that was answered. It does not survive the machine: nothing is synced to disk.
/// </summary>
internal sealed class Journal : IDisposable
{
    private const int FirstBuffer = 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly FileStream? _file;
    private List<Fact> _replayed = [];

    public Journal(IOptions<SimulatorOptions> options, ILogger<Journal> logger)
    {
        if (options.Value.StatePath is not { Length: > 0 } path)
            return;

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        var whole = Replay(_file);
        if (whole < _file.Length)
            logger.LineCutOff(_file.Length - whole);
        _file.SetLength(whole);
        _file.Position = whole;
    }

    /// <summary>Hands over what was remembered, oldest first. Every kind of fact has one owner, and it asks once.</summary>
    public IReadOnlyList<Fact> Take(Predicate<Fact> isMine)
    {
        lock (_gate)
        {
            var mine = _replayed.FindAll(isMine);
            _replayed = _replayed.FindAll(f => !isMine(f));
            return mine;
        }
    }

    public void Append(IReadOnlyList<Fact> facts)
    {
        if (_file is null || facts.Count == 0)
            return;

        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(facts), (byte)'\n'];
        lock (_gate)
        {
            var before = _file.Position;
            try
            {
                _file.Write(line); // unbuffered: it is the kernel's from here on
            }
            catch
            {
                _file.SetLength(before); // half a line would swallow the next one
                _file.Position = before;
                throw;
            }
        }
    }

    public void Dispose() => _file?.Dispose();

    /// <summary>Reads all whole lines and tells where the last one ends.</summary>
    private long Replay(FileStream file)
    {
        var buffer = new byte[FirstBuffer];
        var (filled, whole) = (0, 0L);
        while (file.Read(buffer, filled, buffer.Length - filled) is > 0 and var read)
        {
            filled += read;
            var start = 0;
            while (buffer.AsSpan(start, filled - start).IndexOf((byte)'\n') is >= 0 and var length)
            {
                _replayed.AddRange(JsonSerializer.Deserialize<Fact[]>(buffer.AsSpan(start, length))!);
                start += length + 1;
            }

            whole += start;
            filled -= start;
            if (start > 0)
                buffer.AsSpan(start, filled).CopyTo(buffer);
            else if (filled == buffer.Length)
                Array.Resize(ref buffer, buffer.Length * 2); // one line that is longer than all of it
        }

        return whole;
    }
}
