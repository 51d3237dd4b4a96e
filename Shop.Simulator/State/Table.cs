namespace Shop.Simulator.State;

/// <summary>All facts of one kind as they are now, oldest first, and found by their keys.</summary>
internal sealed class Table
{
    private readonly OrderedDictionary<string, Fact> _byId = [];
    private readonly Dictionary<string, OrderedDictionary<string, Fact>> _byKey = [];

    public int Count => _byId.Count;

    public Fact? Find(string id) => _byId.GetValueOrDefault(id);

    public int IndexOf(string id) => _byId.IndexOf(id);

    public IEnumerable<Fact> OldestFirst(int from = 0)
    {
        for (var i = from; i < _byId.Count; i++)
            yield return _byId.GetAt(i).Value;
    }

    public IEnumerable<Fact> NewestFirst()
    {
        for (var i = _byId.Count - 1; i >= 0; i--)
            yield return _byId.GetAt(i).Value;
    }

    /// <summary>Oldest first.</summary>
    public IEnumerable<Fact> With(string key) => _byKey.TryGetValue(key, out var found) ? found.Values : [];

    public void Keep(Fact fact)
    {
        var keys = fact.Keys.OfType<string>().ToArray();
        if (_byId.TryGetValue(fact.Id, out var before))
        {
            foreach (var key in before.Keys.OfType<string>().Except(keys))
            {
                if (_byKey[key].Remove(fact.Id) && _byKey[key].Count == 0)
                    _byKey.Remove(key);
            }
        }

        _byId[fact.Id] = fact;
        foreach (var key in keys)
        {
            if (!_byKey.TryGetValue(key, out var same))
                _byKey[key] = same = [];
            same[fact.Id] = fact;
        }
    }
}
