using Shop.Data.Catalog.Seed.Drawing;

namespace Shop.Data.Catalog.Seed.Pictures;

internal enum BagForm { Tote, Rucksack, Weekender, Satchel, RollTop, Crossbody, Bucket }

internal static class BagPicture
{
    public static string Draw(BagForm form, Tone cloth, Tone leather, Tone metal, int pattern, Dice dice)
    {
        var sketch = new Sketch(dice, cloth);
        sketch.Shadow(344, 420, form is BagForm.Weekender ? 270 : 200, 28, 0.42);
        switch (form)
        {
            case BagForm.Tote: Tote(sketch, cloth, leather, pattern, dice); break;
            case BagForm.Rucksack: Rucksack(sketch, cloth, leather, metal, pattern); break;
            case BagForm.Weekender: Weekender(sketch, cloth, leather, metal, pattern); break;
            case BagForm.Satchel: Satchel(sketch, cloth, leather, metal, pattern); break;
            case BagForm.RollTop: RollTop(sketch, cloth, leather, metal, pattern); break;
            case BagForm.Crossbody: Crossbody(sketch, cloth, leather, metal, pattern); break;
            default: Bucket(sketch, cloth, leather, metal, pattern); break;
        }

        return sketch.ToString();
    }

    /// <summary>A soft panel: cloth, its weave or stripes, and the light over both.</summary>
    private static void Panel(Sketch sketch, Svg shape, Tone cloth, Tone second, int pattern, double dark = 0.24)
    {
        var d = shape.ToString();
        sketch.Draw($"<path d='{d}' fill='{cloth}'/>");
        if (pattern > 0)
            sketch.Draw($"<g clip-path='{sketch.Clip($"<path d='{d}'/>")}'>{Woven(pattern, cloth, second)}</g>");
        sketch.Draw($"""
            <path d='{d}'
            fill='{sketch.Across((0, Tone.Ink.Fade(0.16)), (0.25, Tone.White.Fade(0.16)), (0.6, Tone.Ink.Fade(0)), (1,
            Tone.Ink.Fade(dark)))}'/>
            <path d='{d}' fill='{sketch.Down((0, Tone.White.Fade(0.1)), (0.6, Tone.Ink.Fade(0)), (1, Tone.Ink.Fade(0.24)))}'/>
            """);
    }

    private static Svg Woven(int pattern, Tone cloth, Tone second) => pattern switch
    {
        1 => $"<path d='M0 180H640M0 230H640M0 280H640M0 330H640M0 380H640' stroke='{second}' stroke-width='18'/>",
        2 => $"""
            <path d='{Svg.Each(22, i => $"M{i * 30} 60V440")}'
            stroke='{cloth.Dark(0.22).Fade(0.6)}' stroke-width='11'/>
            <path d='{Svg.Each(14, i => $"M60 {60 + (i * 30)}H600")}' stroke='{second.Fade(0.55)}'
            stroke-width='5'/>
            """,
        _ => $"<path d='M0 330H640V480H0z' fill='{second}'/>",
    };

    private static Svg Stitch(Svg path, Tone cloth) =>
        $"""
            <path d='{path}' stroke='{(cloth.Luma > 0.6 ? cloth.Dark(0.4) : cloth.Light(0.5)).Fade(0.8)}' stroke-width='2'
            stroke-dasharray='7 5'/>
            """;

    private static Svg Strap(Svg path, double width, Tone tone) =>
        $"""
            {Sketch.Line(path, width, tone.Dark(0.3))}
            <g transform='translate(-1 -2)'>{Sketch.Line(path, width * 0.72, tone)}{Sketch.Line(path, width * 0.14, tone.Light(0.4))}</g>
            """;

    private static Svg Buckle(double x, double y, Tone metal) =>
        $"""
            <rect x='{x - 15}' y='{y - 12}' width='30' height='24' rx='5' stroke='{metal.Dark(0.35)}' stroke-width='6'/>
            <rect x='{x - 16}' y='{y - 13}' width='30' height='24' rx='5' stroke='{metal.Light(0.15)}' stroke-width='4'/>
            <path d='M{x} {y - 12}v22' stroke='{metal}' stroke-width='4'/>
            """;

    private static void Tote(Sketch sketch, Tone cloth, Tone leather, int pattern, Dice dice)
    {
        var drop = dice.Between(28, 56);
        sketch.Draw(Strap($"M250 170C250 {drop - 12} 390 {drop - 12} 390 170", 15, leather.Dark(0.25)));
        Panel(sketch, $"M180 152Q320 140 460 152L490 404Q490 418 474 418H166Q150 418 150 404z", cloth, leather, pattern);
        sketch.Draw($"""
            <path d='M180 152Q320 166 460 152Q320 140 180 152z' fill='{cloth.Dark(0.5)}'/>{Stitch($"M180 172Q320 186 462 172", cloth)}
            <path d='M218 420q-14 -60 -6 -130M430 418q12 -50 2 -110M330 418q8 -30 2 -60' stroke='{cloth.Dark(0.4).Fade(0.35)}'
            stroke-width='4'/>
            """);
        sketch.Draw(Strap($"M240 226V150C240 {drop} 400 {drop} 400 150V226", 17, leather));
        foreach (var x in new[] { 240, 400 })
            sketch.Draw($"<path d='M{x - 14} 196h28v40h-28z' fill='{leather.Dark(0.12)}'/>{Stitch($"M{x - 9} 201h18v30h-18z", leather)}");
    }

    private static void Rucksack(Sketch sketch, Tone cloth, Tone leather, Tone metal, int pattern)
    {
        sketch.Draw(
            $"""
                {Strap($"M214 190C140 220 150 360 196 398", 24, leather.Dark(0.15))}
                {Strap($"M426 190C500 220 490 360 444 398", 24, leather.Dark(0.3))}{Strap($"M284 84C284 40 356 40 356 84", 13, leather)}
                """);
        Panel(sketch, $"""
            M204 150C204 92 250 74 320 74S436 92 436 150L448 384Q450 416 416 416H224Q190 416 192 384z
            """, cloth, leather, pattern);
        Panel(
            sketch, $"M226 270H414V372Q414 396 390 396H250Q226 396 226 372z", cloth.Light(0.05), leather, pattern == 1 ? 0 : pattern, 0.3);
        sketch.Draw(Stitch($"M234 278H406V370Q406 388 388 388H252Q234 388 234 370z", cloth));
        Panel(sketch, $"""
            M196 160C196 92 250 68 320 68S444 92 444 160V214Q444 238 418 240H222Q196 238 196 214z
            """, cloth.Dark(0.08), leather, pattern);
        sketch.Draw(Stitch($"M205 162V212Q206 230 224 231H416Q435 230 435 212V162", cloth));
        foreach (var x in new[] { 266, 374 })
            sketch.Draw($"{Strap($"M{x} 196V314", 18, leather)}{Buckle(x, 262, metal)}");
    }

    private static void Weekender(Sketch sketch, Tone cloth, Tone leather, Tone metal, int pattern)
    {
        sketch.Draw(Strap($"M238 220C238 70 402 70 402 220", 14, leather.Dark(0.3)));
        Panel(sketch, $"""
            M110 250C110 190 160 172 220 168H420C480 172 530 190 530 250V380Q530 414 494 416H146Q110 414 110 380z
            """, cloth, leather, pattern);
        sketch.Draw($"""
            <path d='M110 330Q110 414 146 416H210V330zM530 330Q530 414 494 416H430V330z' fill='{leather}'/>
            <path d='M110 330H210V416H146Q110 414 110 380zM430 330H530V380Q530 414 494 416H430z'
            fill='{sketch.Down((0, Tone.White.Fade(0.12)), (1, Tone.Ink.Fade(0.4)))}'/>
            {Stitch($"M116 338H202V410M524 338H438V410", leather)}
            """);
        sketch.Draw($"""
            <path d='M150 188Q320 164 490 188' stroke='{cloth.Dark(0.5)}' stroke-width='9'/>
            <path d='M150 188Q320 164 490 188' stroke='{metal}' stroke-width='3' stroke-dasharray='4 3' stroke-linecap='butt'/>
            <path d='M466 186l22 26' stroke='{leather}' stroke-width='8'/>
            """);
        sketch.Draw(Strap($"M224 412V230C224 84 416 84 416 230V412", 19, leather));
        sketch.Draw($"""
            <path d='M282 106q38 -16 76 0v20q-38 -14 -76 0z' fill='{leather.Dark(0.25)}'/>{Stitch($"M218 250V410M422 250V410", leather)}
            <circle cx='224' cy='250' r='9' fill='{metal}'/><circle cx='416' cy='250' r='9' fill='{metal}'/>
            """);
        sketch.Draw($"""
            {Sketch.Line($"M112 236q-26 4 -24 30M528 236q26 4 24 30", 9, leather.Dark(0.2))}
            <circle cx='90' cy='270' r='11' stroke='{metal}' stroke-width='5'/>
            <circle cx='550' cy='270' r='11' stroke='{metal}' stroke-width='5'/>
            """);
    }

    private static void Satchel(Sketch sketch, Tone cloth, Tone leather, Tone metal, int pattern)
    {
        sketch.Draw(
            $"{Strap($"M146 210C120 20 520 20 494 210", 13, leather.Dark(0.15))}{Strap($"M272 146C272 104 368 104 368 146", 15, leather)}");
        Panel(sketch, $"""
            M140 160Q140 146 154 146H486Q500 146 500 160V392Q500 416 476 416H164Q140 416 140 392z
            """, cloth.Dark(0.16), leather, 0);
        Panel(sketch, $"M172 300H304V398H172zM336 300H468V398H336z", cloth.Dark(0.02), leather, 0);
        Panel(sketch, $"""
            M134 152Q134 138 150 138H490Q506 138 506 152V290Q506 330 466 330H174Q134 330 134 290z
            """, cloth, leather, pattern == 3 ? 0 : pattern);
        sketch.Draw(Stitch($"M144 152V288Q144 320 174 320H466Q496 320 496 288V152", cloth));
        foreach (var x in new[] { 228, 412 })
            sketch.Draw(
                $"""
                    {Strap($"M{x} 258V376", 22, leather)}{Buckle(x, 340, metal)}
                    {Sketch.Dots([new(x, 366), new(x, 380)], 5, leather.Dark(0.5))}
                    """);
    }

    private static void RollTop(Sketch sketch, Tone cloth, Tone leather, Tone metal, int pattern)
    {
        sketch.Draw(
            $"""
                {Strap($"M216 180C150 220 158 360 200 396", 22, leather.Dark(0.15))}
                {Strap($"M424 180C490 220 482 360 440 396", 22, leather.Dark(0.3))}
                """);
        Panel(sketch, $"M200 128H440L446 390Q446 418 418 418H222Q194 418 194 390z", cloth, leather, pattern);
        Panel(sketch, $"M196 66H444Q456 66 456 80V114Q456 130 444 132H196Q184 130 184 114V80Q184 66 196 66z", cloth.Dark(0.1), leather, 0);
        sketch.Draw($"""
            <path d='M186 98H454M190 116H450' stroke='{cloth.Dark(0.4).Fade(0.6)}' stroke-width='3'/>
            <path d='M184 78q16 12 0 44M456 78q-16 12 0 44' stroke='{cloth.Dark(0.45)}' stroke-width='4'/>
            """);
        Panel(sketch, $"M222 292H418V384Q418 398 404 398H236Q222 398 222 384z", cloth.Light(0.06), leather, 0, 0.32);
        sketch.Draw($"""
            <path d='M226 300H414' stroke='{cloth.Dark(0.5)}' stroke-width='7'/>
            <path d='M226 300H414' stroke='{metal}' stroke-width='2.5' stroke-dasharray='4 3' stroke-linecap='butt'/>
            {Stitch($"M230 312V384Q230 390 238 390H402Q410 390 410 384V312", cloth)}
            """);
        sketch.Draw($"""
            {Strap($"M320 62V236", 24, leather)}{Buckle(320, 190, metal)}<path d='M308 236h24v20l-12 10-12 -10z' fill='{leather}'/>
            """);
    }

    private static void Crossbody(Sketch sketch, Tone cloth, Tone leather, Tone metal, int pattern)
    {
        sketch.Draw(Strap($"M176 226C150 -40 490 -40 464 226", 11, leather.Dark(0.1)));
        Panel(sketch, $"""
            M164 214Q164 200 178 200H462Q476 200 476 214V320C476 392 420 416 320 416S164 392 164 320z
            """, cloth.Dark(0.14), leather, 0);
        Panel(sketch, $"""
            M158 206Q158 190 176 190H464Q482 190 482 206C484 292 420 342 320 342S156 292 158 206z
            """, cloth, leather, pattern == 3 ? 0 : pattern);
        sketch.Draw($"""
            {Stitch($"M168 208C170 284 230 332 320 332S470 284 472 208", cloth)}
            <circle cx='176' cy='222' r='13' stroke='{metal}' stroke-width='6'/>
            <circle cx='464' cy='222' r='13' stroke='{metal}' stroke-width='6'/>
            """);
        sketch.Draw($"""
            <path d='M300 306h40v44q0 14 -20 14t-20 -14z' fill='{leather}'/>
            <circle cx='320' cy='346' r='10' fill='{sketch.Radial((0, metal.Light(0.5)), (1, metal.Dark(0.25)))}'/>
            """);
    }

    private static void Bucket(Sketch sketch, Tone cloth, Tone leather, Tone metal, int pattern)
    {
        sketch.Draw(Strap($"M206 190C190 -30 450 -30 434 190", 13, leather.Dark(0.1)));
        sketch.Round($"""
            M196 166L216 398A104 18 0 0 0 424 398L444 166A124 22 0 0 1 196 166z
            """, cloth, pattern > 0 ? Woven(pattern, cloth, leather) : null, 0.16);
        sketch.Draw($"""
            <ellipse cx='320' cy='166' rx='124' ry='22' fill='{cloth.Dark(0.5)}'/>
            <path d='M196 166q14 -10 24 6t26 4 26 6 26 4 24 -2 24 2 26 -6 26 -2 22 -6 24 -6a124 22 0 0 1 -248 0z'
            fill='{cloth.Light(0.1)}'/>
            """);
        sketch.Draw($"""
            <path d='M214 372L216 398A104 18 0 0 0 424 398L426 372Q320 396 214 372z' fill='{leather}'/>
            {Stitch($"M216 380Q320 404 424 380", leather)}
            <path d='{Svg.Each(8, i => $"M{214 + (i * 30)} {202 + (9 * Math.Sin((i + 0.5) * Math.PI / 8))}h0")}' stroke='{metal}'
            stroke-width='11'/>
            """);
        sketch.Draw($"""
            {Strap($"M208 200Q320 226 432 200", 6, leather)}{Strap($"M306 212q-16 50 -8 92M334 212q18 40 14 100", 6, leather)}
            <circle cx='298' cy='308' r='9' fill='{metal}'/><circle cx='348' cy='316' r='9' fill='{metal}'/>
            <circle cx='204' cy='190' r='10' fill='{metal}'/><circle cx='436' cy='190' r='10' fill='{metal}'/>
            """);
    }
}
