"""The letters of the pictures: ``python deploy/fonts.py`` builds ``bot/speech/pictures/fonts`` anew from packages of the npm registry.

Fontsource cuts each typeface by script and keeps its axes. Here one weight is fixed, what belongs together is merged, and
what a picture never needs is left out. The same packages give the same files. Run it where a language is added, then
look at the gallery. `npm` must be on the machine.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fontTools.merge import Merger
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.ttLib.scaleUpem import scale_upem
from fontTools.varLib.instancer import instantiateVariableFont

FONTS = Path(__file__).resolve().parent.parent / "bot" / "speech" / "pictures" / "fonts"
PUNCTUATION = (*range(0x20, 0x40), 0xA0, 0xAB, 0xB7, 0xBB, *range(0x2010, 0x2027), 0x2039, 0x203A, 0x25CC)
"""What a script takes from its own typeface beside its letters, so that a comma fits the word before it."""
EVERYTHING = tuple(range(0x20, 0x30000))


@dataclass(frozen=True)
class Cut:
    """One of a package's files, and what of it is kept."""

    file: str
    keep: tuple[int, ...] = EVERYTHING


@dataclass(frozen=True)
class Made:
    """One font of the pictures: from which package, at which place on its axes, out of which cuts."""

    name: str
    package: str
    axes: dict[str, float]
    cuts: tuple[Cut, ...]
    features: tuple[str, ...] = ("*",)
    unit: int = 0
    """Units of an em, where fewer than it has are enough: coordinates below 256 take one byte."""


def _signs(text: str) -> tuple[int, ...]:
    return tuple(sorted({ord(sign) for sign in "".join(text.split())}))


EMOJI = _signs("""
    😀😃😄😁😆😅🤣😂🙂🙃😉😊😇🥰😍🤩😘😗☺😚😙🥲😋😛😜🤪😝🤑🤗🤭🤫🤔🫡🤐🤨😐😑😶😏😒🙄😬🤥😌😔😪🤤😴😷🤒🤕🤢🤧🥵🥶🥴😵🤯🤠🥳🥸😎🤓🧐
    😕😟🙁☹😮😯😲😳🥺🥹😦😧😨😰😥😢😭😱😖😣😞😓😩😫🥱😤😡😠🤬😈💀💩🤡👻👽🤖😺😸😻🙈🙉🙊💋💌💘💝💖💗💓💞💕💟❣💔❤🧡💛💚💙💜🤎🖤🤍🩷🩵🩶
    💯💢💥💫💦💨💬💭💤👋🤚✋🖖👌🤌🤏✌🤞🤟🤘🤙👈👉👆👇☝👍👎✊👊🤛🤜👏🙌🫶👐🤲🤝🙏✍💅🤳💪👂👃🧠👀👁👅👄👶🧒👦👧🧑👨👩🧓👴👵🙋🤦🤷
    💁🙇👮👷🤴👸🧕🤵👰🤱👼🎅🧙🧚🚶🏃💃🕺🧘🛌👫👬👭💏💑👪🗣👤👥🫂👣🐶🐱🐭🐰🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔🐧🐦🐤🦆🦅🦉🐺🐴🦄🐝🐛🦋🐌🐞🐢🐍🐙🐠🐟🐬🐳🐘🐕🐈🐾
    💐🌸🌹🥀🌺🌻🌼🌷🌱🪴🌲🌳🌴🌵🌾🌿☘🍀🍁🍂🍃🍄🍇🍉🍊🍋🍌🍍🥭🍎🍏🍐🍑🍒🍓🫐🥝🍅🥥🥑🥕🌽🌶🥦🧄🧅🥔🍞🥐🥖🥨🥯🥞🧇🧀🍖🍗🥩🍔🍟🍕🌭🥪🌮🌯🥙🥚🍳
    🥘🍲🥣🥗🍿🧈🍱🍘🍚🍛🍜🍝🍣🍤🥟🍦🍧🍨🍩🍪🎂🍰🧁🥧🍫🍬🍭🍮🍯🍼🥛☕🫖🍵🍷🍹🍺🍻🥂🥤🧋🧃🍽🍴🥄🌍🌎🌏🗺🏔⛰🌋🏕🏖🏜🏝🏞🏠🏡🏢🏥🏫⛪🕌🛕🕋
    🌅🌄🌇🌆🌃🌉🎡🎢🎪🚂🚆🚌🚕🚗🚚🚲🛵🏍✈🚀🚢⛵⛽🚦⌛⏳⌚⏰🕰🌑🌓🌕🌙🌚🌛🌝🌞☀⭐🌟🌠☁⛅🌤🌧⛈🌈☔⛱⚡❄☃⛄🔥💧🌊🎃🎄🎆🎇🧨✨🎈🎉🎊🎋🎍🎎🎏🎐🪔🎀🎁
    🎫🏆🏅🥇⚽🏀🏏🏸🎾🎯🎮🧩🧸♟🎨🧵🪡🧶👓👔👕👖🧣🧤🧥👗🥻👚👛👜🎒👟👠👑👒🎓💄💍💎🔔🎵🎶🎤🎧📻🎷🎸🎹🎺🎻🥁📱☎📞🔋💻🎥📷📺🔍🕯💡📖📚📝📜📰💰💳✉📧
    📦📫✏🖊📅📆📌📍📎✂🔑🔒🔓🔨🛠⚙⚖🔗🧰🪜💊🩹🩺🚪🪑🛋🛏🚿🛁🧼🧽🪥🧹🧺🧻🛒🚬⚰♻✅✔☑❌❗❓⁉‼➕➖💲♾🔴🟠🟡🟢🔵🟣🟤⚫⚪🟥🟧🟨🟩🟦🟪🔶🔷
""")
"""The emoji of everyday life. Whatever is not here is left out of a picture, and stays in the words under it."""

SIGNS = _signs("★☆✓→←↑↓↔⇒⇐⇔♡♥♪♫♬●○◦■□▪◆◇∞≈≠≤≥−√∑∆π±×÷∴∀∃∈")
"""Signs that people type beside words and that no script has."""

FRAUNCES = {"opsz": 40.0, "wght": 470.0, "SOFT": 60.0, "WONK": 0.0}
MADE = (
    Made(
        "latin",
        "@fontsource-variable/fraunces@5.3.0",
        FRAUNCES,
        tuple(Cut(f"fraunces-{part}-full-normal") for part in ("latin", "latin-ext", "vietnamese")),
        ("ccmp", "locl", "mark", "mkmk", "kern", "liga"),
    ),
    Made(
        "devanagari",
        "@fontsource-variable/noto-serif-devanagari@5.3.0",
        {"wght": 480.0},
        (
            Cut("noto-serif-devanagari-devanagari-wght-normal"),
            Cut("noto-serif-devanagari-latin-wght-normal", PUNCTUATION),
        ),
    ),
    Made(
        "arabic",
        "@fontsource-variable/noto-naskh-arabic@5.3.0",
        {"wght": 500.0},
        (
            Cut(
                "noto-naskh-arabic-arabic-wght-normal",
                (*range(0x20, 0x40), *range(0x600, 0x700), *range(0x200C, 0x2010), 0xFDFA, 0xFDFD),
            ),
            Cut("noto-naskh-arabic-latin-wght-normal", PUNCTUATION),
        ),
    ),
    Made("signs", "@fontsource/noto-sans-math@5.3.0", {}, (Cut("noto-sans-math-latin-400-normal", SIGNS),), ()),
    Made(
        "emoji",
        "@fontsource-variable/noto-emoji@5.3.1",
        {"wght": 400.0},
        tuple(Cut(f"noto-emoji-{part}-wght-normal", EMOJI) for part in range(10)),
        (),
        unit=512,
    ),
)


def main() -> None:
    """Fetch, cut, merge, write down."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is not installed; on Debian: apt-get install npm")
    FONTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for each in MADE:
            package = _fetched(npm, each.package, Path(folder) / each.name)
            font = _merged(each, package, Path(folder))
            font.save(FONTS / f"{each.name}.ttf")
            licence = (package / "LICENSE").read_text("utf-8")
            (FONTS / f"{each.name}.OFL.txt").write_text(licence.replace("\r\n", "\n").rstrip() + "\n", "utf-8")
            size = (FONTS / f"{each.name}.ttf").stat().st_size
            sys.stdout.write(f"{each.name}\t{len(font.getBestCmap())} characters\t{size // 1024} KB\n")


def _fetched(npm: str, package: str, into: Path) -> Path:
    into.mkdir()
    subprocess.run([npm, "pack", "--silent", package], cwd=into, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(into.glob("*.tgz"))) as packed:
        packed.extractall(into, filter="data")
    return into / "package"


def _merged(made: Made, package: Path, folder: Path) -> TTFont:
    """One static font of all cuts; the earlier cut wins where two have the same character."""
    paths: list[str] = []
    had: set[int] = set()
    for number, cut in enumerate(made.cuts):
        font = TTFont(package / "files" / f"{cut.file}.woff2", recalcTimestamp=False)
        font = instantiateVariableFont(font, made.axes) if made.axes else font
        keep = (set(font.getBestCmap()) & set(cut.keep)) - had
        if not keep:
            continue
        had |= keep
        _cut(font, keep, made.features)
        font.flavor = None
        paths.append(str(folder / f"{made.name}-{number}.ttf"))
        font.save(paths[-1])
    whole = TTFont(paths[0], recalcTimestamp=False) if len(paths) == 1 else Merger().merge(paths)
    _cut(whole, had, made.features)
    if made.unit:
        scale_upem(whole, made.unit)
    whole["head"].created = whole["head"].modified = (
        3786912000  # 2024-01-01, so that the same packages give the same bytes
    )
    whole.recalcTimestamp = False
    return whole


def _cut(font: TTFont, keep: set[int], features: tuple[str, ...]) -> None:
    options = Options()
    options.layout_features = list(features)
    options.hinting = False
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 6, 13, 14]
    options.drop_tables += ["STAT", "gasp", "prep", "MVAR", "HVAR", "avar", "MATH", "vhea", "vmtx"]
    options.glyph_names = False
    cutter = Subsetter(options)
    cutter.populate(unicodes=keep)
    cutter.subset(font)


if __name__ == "__main__":
    main()
