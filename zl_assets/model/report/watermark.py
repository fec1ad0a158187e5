"""A mark on pictures that were drawn from invented prices, so that it goes wherever the picture goes.

Must not be here: drawing of numbers (plots).
"""

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from zl_assets.model.report.page import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

SAMPLE = "SYNTHETIC SAMPLE: "
"""Begins a title of what was made of invented prices."""

_TITLE = f"{SAMPLE}invented prices"

# Pixels: the band above the picture, and its letters.
_BAND, _LETTERS = 24, 15

# Dark enough to be seen at a glance, light enough for what is under it to be read; of 255.
_SHADE = 56

# As plots has it: more colours would only make the file larger.
_COLOURS = 64


def marked(png: bytes) -> bytes:
    """The picture under a band with the mark as its title, and with the mark across it."""
    from PIL import Image, ImageDraw, ImageFont

    with Image.open(io.BytesIO(png)) as opened:
        drawn = opened.convert("RGBA")
    across = _across(drawn.size)
    whole = Image.new("RGBA", (drawn.width, drawn.height + _BAND), "white")
    whole.paste(Image.alpha_composite(drawn, across), (0, _BAND))
    pen = ImageDraw.Draw(whole)
    pen.rectangle((0, 0, drawn.width, _BAND - 1), fill="#D55E00")
    pen.text((drawn.width / 2, _BAND / 2), _TITLE, fill="white", font=ImageFont.load_default(_LETTERS), anchor="mm")
    content = io.BytesIO()
    whole.convert("RGB").quantize(_COLOURS).save(content, "PNG", optimize=True)
    return content.getvalue()


def _across(size: tuple[int, int]) -> "Image":
    """The mark in large letters from the lower left to the upper right, and nothing else."""
    from PIL import Image, ImageDraw, ImageFont

    width, height = size
    layer = Image.new("RGBA", size)
    font = ImageFont.load_default(width / 12)
    ImageDraw.Draw(layer).text((width / 2, height / 2), "SYNTHETIC", fill=(213, 94, 0, _SHADE), font=font, anchor="mm")
    return layer.rotate(18, resample=Image.Resampling.BICUBIC)


def marked_pictures(pictures: Iterable[Picture]) -> tuple[Picture, ...]:
    """Pictures of a report, each marked in the drawing and in its title."""
    return tuple(replace(one, title=f"{SAMPLE}{one.title}", png=marked(one.png)) for one in pictures)
