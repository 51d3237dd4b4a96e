using System.Buffers.Binary;
using System.Numerics;

namespace Aspire.Hosting.Publishing;

/// <summary>xxHash's 32 bits with seed 0, which the names of conditional values in a manifest end in.</summary>
internal static class XxHash32
{
    private const uint Prime1 = 2654435761, Prime2 = 2246822519, Prime3 = 3266489917, Prime4 = 668265263, Prime5 = 374761393;

    internal static uint Of(ReadOnlySpan<byte> text)
    {
        var length = (uint)text.Length;
        uint hash;
        if (text.Length < 16)
        {
            hash = Prime5;
        }
        else
        {
            Span<uint> lanes = [unchecked(Prime1 + Prime2), Prime2, 0, unchecked(0 - Prime1)];
            for (; text.Length >= 16; text = text[16..])
            {
                for (var lane = 0; lane < lanes.Length; lane++)
                    lanes[lane] = BitOperations.RotateLeft(lanes[lane] + (Word(text[(4 * lane)..]) * Prime2), 13) * Prime1;
            }
            hash = BitOperations.RotateLeft(lanes[0], 1) + BitOperations.RotateLeft(lanes[1], 7)
                + BitOperations.RotateLeft(lanes[2], 12) + BitOperations.RotateLeft(lanes[3], 18);
        }

        hash += length;
        for (; text.Length >= 4; text = text[4..])
            hash = BitOperations.RotateLeft(hash + (Word(text) * Prime3), 17) * Prime4;
        foreach (var rest in text)
            hash = BitOperations.RotateLeft(hash + (rest * Prime5), 11) * Prime1;

        hash = (hash ^ (hash >> 15)) * Prime2;
        hash = (hash ^ (hash >> 13)) * Prime3;
        return hash ^ (hash >> 16);
    }

    private static uint Word(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
