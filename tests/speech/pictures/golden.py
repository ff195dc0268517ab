"""What the pictures looked like when somebody last looked at them: small copies, beside this file.

`python -m tests.speech.pictures.golden` takes them anew. Look at them before you commit them.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageChops

from bot.domain.gestures import Form
from bot.domain.prompts import Step
from bot.speech.card import Picture
from bot.speech.pictures.invite import InvitePicture
from bot.speech.pictures.month import MonthPicture, Terrace
from bot.speech.pictures.week import WeekPicture

HERE = Path(__file__).parent / "golden"
SIZE = (432, 540)
P, E, C, R, H, U = Form
MUCH = ((P, E), (C,), (), (P, H), (E, R, U), (P, E, C, R, H, U), (U, H))

ENGLISH = WeekPicture(
    step=Step.PRACTISE,
    label="Theme of the week",
    theme="Practise balance, not perfection",
    whose="Asha and \u2068नूर\u2069",
    plain="A look at your week",
    span="Mar 1 – 7",
    days=("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"),
    forms=MUCH,
    legend=((P, "practical"), (E, "emotional"), (C, "communication"), (R, "mending"), (H, "healing"), (U, "future")),
    mended="something mended",
    lines=("You sat with me on the step until it was dark, and did not try to mend anything ☕❤️",),
    rtl=False,
)
HINDI = WeekPicture(
    step=Step.OBSERVE,
    label="हफ़्ते का विषय",
    theme="बदलाव देखना",
    whose="आशा और विद्यार्थी",
    plain="हफ़्ते पर एक नज़र",
    span="15 – 21 मार्च",
    days=("रवि", "सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि"),
    forms=((P,), (C,), (E,), (P, H), (), (P, E), (U,)),
    legend=((P, "व्यावहारिक"), (E, "भावनात्मक"), (C, "बातचीत"), (H, "मरहम"), (U, "भविष्य")),
    mended=None,
    lines=("शाम को चुपचाप पास बैठे रहे; क्षमा, श्री, द्वन्द्व, ट्रैफ़िक, हृदय, कृतज्ञता।",),
    rtl=False,
)
ARABIC = WeekPicture(
    step=Step.REPAIR,
    label="موضوع الأسبوع",
    theme="الإصلاح برفق",
    whose="نور و\u2068Sam\u2069",
    plain="نظرة إلى الأسبوع",
    span="27 أبريل – 3 مايو",
    days=("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
    forms=(tuple(Form),) * 7,
    legend=((P, "عملي"), (E, "مشاعر"), (C, "حديث"), (R, "إصلاح"), (H, "تعافٍ"), (U, "مستقبل")),
    mended="أمر صَلُح",
    lines=("قالت Asha (आशा) في الساعة 9:30: «الشاي جاهز»، فضحكنا 😂❤️🙏🏽 — 100% من القلب",),
    rtl=True,
)
LITTLE = replace(ENGLISH, step=Step.EXPRESS, theme="Express needs honestly", mended=None, lines=())
LITTLE = replace(LITTLE, forms=((), (), (P,), (), (), (), ()), legend=LITTLE.legend[:1])
MONTH = MonthPicture(
    step=Step.INVEST,
    label="Les quatre dernières semaines",
    title="Ce qui a fleuri en quatre semaines",
    whose="Mégane et Étienne",
    plain="Retour sur la semaine",
    span="22 mars – 18 avr.",
    days=("dim.", "lun.", "mar.", "mer.", "jeu.", "ven.", "sam."),
    weeks=(
        Terrace("22 – 28 mars · Réfléchir aux besoins", HINDI.forms, mended=False),
        Terrace("29 mars – 4 avr. · Dire ses besoins", LITTLE.forms, mended=False),
        Terrace("5 – 11 avr. · Prendre des nouvelles", ARABIC.forms, mended=True),
        Terrace("12 – 18 avr. · Offrir de petits gestes", MUCH, mended=True),
    ),
    legend=ENGLISH.legend,
    mended="quelque chose de réparé",
    rtl=False,
)
INVITE = InvitePicture(
    link="https://t.me/recipro_bot?start=K7MPQ2XW",
    code="K7MPQ2XW",
    label="دعوة",
    title="شخصان، ولحظة صغيرة كل يوم",
    how="يُمسح الرمز بالكاميرا، أو تُفتح \u2068@recipro_bot\u2069 في Telegram ويُرسل الرمز.",
    rtl=True,
)
GOLDEN: dict[str, Picture] = {
    "english": ENGLISH,
    "hindi": HINDI,
    "arabic": ARABIC,
    "little": LITTLE,
    "month": MONTH,
    "invite": INVITE,
}
"""With words of their own, so that a better translation does not ask for new copies."""


def small(png: bytes) -> Image.Image:
    """A picture at the size of the copies."""
    return Image.open(io.BytesIO(png)).convert("RGB").resize(SIZE, Image.Resampling.BOX)


def difference(one: Image.Image, other: Image.Image) -> tuple[float, float]:
    """How far two pictures are apart: on the whole, 0 to 255, and the share of places that are plainly different."""
    apart = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).convert("L")
    counts = apart.histogram()
    places = SIZE[0] * SIZE[1]
    return sum(value * n for value, n in enumerate(counts)) / places, sum(counts[24:]) / places


def take() -> None:
    """Draw all of them, and keep small copies of few colours."""
    HERE.mkdir(exist_ok=True)
    for name, picture in GOLDEN.items():
        copy = small(picture.draw()).quantize(96, dither=Image.Dither.NONE)
        copy.save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    take()
