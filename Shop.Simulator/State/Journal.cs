using System.Text.Json;
using Microsoft.Extensions.Options;

namespace Shop.Simulator.State;

/// <summary>
/// The memory of the outside world: one line of JSON per change, written before anybody is answered. A line is whole or it does
/// not count, so a kill at any moment loses nothing that was answered. It does not survive the machine: nothing is synced to disk.
/// </summary>
internal sealed class Journal : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileStream? _file;
    private readonly List<Fact> _replayed = [];

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

    public IEnumerable<T> Replayed<T>() where T : Fact => _replayed.OfType<T>();

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
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        var end = 0;
        while (Array.IndexOf(bytes, (byte)'\n', end) is >= 0 and var newline)
        {
            _replayed.AddRange(JsonSerializer.Deserialize<Fact[]>(bytes.AsSpan(end, newline - end))!);
            end = newline + 1;
        }

        return end;
    }
}
