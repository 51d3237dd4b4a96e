using System.Buffers.Binary;

namespace Shop.Data;

/// <summary>Ids are version 7: where they are the key, a span of time is a range of it.</summary>
public static class TimeOrderedId
{
    /// <summary>No id of this millisecond or a later one is smaller.</summary>
    public static Guid FirstAt(DateTimeOffset at)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(id, Math.Max(0, at.ToUnixTimeMilliseconds()) << 16);
        return new Guid(id, bigEndian: true);
    }

    public static long MillisecondOf(Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadInt64BigEndian(bytes) >>> 16;
    }
}
