namespace Shop.Data.Catalog.Seed.Drawing;

/// <summary>The colours that several families share, so that sage is one green throughout the shop.</summary>
internal static class Palette
{
    public static readonly Colour Chalk = new("Chalk", 0xF1ECE3);
    public static readonly Colour Oat = new("Oat", 0xDCCDB2);
    public static readonly Colour Sand = new("Sand", 0xC9AE87);
    public static readonly Colour Butter = new("Butter", 0xF0DB98);
    public static readonly Colour Mustard = new("Mustard", 0xD19C33);
    public static readonly Colour Apricot = new("Apricot", 0xE9A878);
    public static readonly Colour Terracotta = new("Terracotta", 0xBF6446);
    public static readonly Colour Brick = new("Brick", 0x9E4536);
    public static readonly Colour Red = new("Red", 0xC23B36);
    public static readonly Colour Rose = new("Rose", 0xDBA09B);
    public static readonly Colour Plum = new("Plum", 0x6D3F57);
    public static readonly Colour Lilac = new("Lilac", 0xB3A3C9);
    public static readonly Colour Sky = new("Sky", 0x9CC2D8);
    public static readonly Colour Denim = new("Denim", 0x53789E);
    public static readonly Colour Navy = new("Navy", 0x2B3B58);
    public static readonly Colour Teal = new("Teal", 0x2E7777);
    public static readonly Colour Mint = new("Mint", 0xA9D3BD);
    public static readonly Colour Sage = new("Sage", 0x9BAD8A);
    public static readonly Colour Moss = new("Moss", 0x65753F);
    public static readonly Colour Forest = new("Forest", 0x2F4F3E);
    public static readonly Colour Slate = new("Slate", 0x6C7A85);
    public static readonly Colour Stone = new("Stone", 0xABA69C);
    public static readonly Colour Charcoal = new("Charcoal", 0x3C3D41);
    public static readonly Colour Black = new("Black", 0x26262A);
    public static readonly Colour Cognac = new("Cognac", 0xA9683A);
    public static readonly Colour Chestnut = new("Chestnut", 0x6E4230);

    public static readonly Colour Oak = new("Oak", 0xCFA671);
    public static readonly Colour Ash = new("Ash", 0xE2C89E);
    public static readonly Colour Beech = new("Beech", 0xDDB284);
    public static readonly Colour Walnut = new("Walnut", 0x7A5238);
    public static readonly Colour Cherry = new("Cherry", 0xA8623F);
    public static readonly Colour Olive = new("Olive wood", 0xB98D55);
    public static readonly Colour Brass = new("Brass", 0xC9A24B);
    public static readonly Colour Steel = new("Brushed steel", 0xB9BEC3);
}
