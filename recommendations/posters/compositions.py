"""What is drawn above the title: each composition fills the poster down to `floor`."""

import hashlib
import itertools
from collections.abc import Sequence
from typing import TypeVar

from recommendations.posters.colours import Palette, mix
from recommendations.posters.lettering import MARGIN, WIDTH

Choice = TypeVar("Choice")


class Dice:
    """Chance that falls the same way for the same title on every machine."""

    def __init__(self, title: str) -> None:
        self._rolls = itertools.cycle(hashlib.shake_256(title.encode()).digest(1024))

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * next(self._rolls) / 255

    def count(self, low: int, high: int) -> int:
        return low + next(self._rolls) % (high - low + 1)

    def pick(self, choices: Sequence[Choice]) -> Choice:
        return choices[next(self._rolls) % len(choices)]


def circle(x: float, y: float, radius: float, colour: str) -> str:
    return f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{radius:.1f}" fill="{colour}"/>'


def box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' fill="{colour}"/>'
    )


def polygon(colour: str, *corners: tuple[float, float]) -> str:
    points = " ".join(f"{x:.0f},{y:.0f}" for x, y in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def rings(dice: Dice, palette: Palette, floor: int) -> str:
    count = dice.count(3, 7)
    x, y = dice.between(96, 200), floor * dice.between(0.42, 0.55)
    largest = min(floor - y, dice.between(96, 150))
    drift = dice.pick((0.0, 0.0, -0.45, 0.45))  # off centre, the rings turn into a tunnel
    eye = dice.pick((palette.shape, palette.type))
    outlined = dice.pick((False, False, True))
    drawn = []
    for place in range(count):
        radius = largest * (1 - place / count)
        colour = mix(palette.ground, palette.shape, 0.2 + 0.8 * place / max(count - 1, 1))
        colour = eye if place == count - 1 else colour
        across = x + drift * (largest - radius)
        drawn.append(circle(across, y, radius, colour))
        if outlined and place < count - 1:
            drawn.append(circle(across, y, radius - largest / count * 0.45, palette.ground))
    return "".join(drawn)


def bars(dice: Dice, palette: Palette, floor: int) -> str:
    count = dice.count(6, 12)
    build = dice.pick(("rising", "hanging", "mirrored", "lying"))
    bright = dice.count(0, count - 1)
    lengths = [dice.between(0.16, 1) for _ in range(count)]
    if dice.pick((False, False, True)):
        lengths.sort(reverse=dice.pick((False, True)))
    drawn = []
    for place, length in enumerate(lengths):
        colour = mix(palette.ground, palette.shape, 0.4 + 0.6 * length)
        colour = palette.type if place == bright else colour
        if build == "lying":
            step = (floor - 18) / count
            drawn.append(box(0, 18 + place * step, length * 226, step * 0.66, colour))
            continue
        step = (WIDTH - 2 * MARGIN + 6) / count
        height = length * (floor - 26)
        y = {"rising": floor - height, "hanging": 0, "mirrored": (floor + 10 - height) / 2}[build]
        drawn.append(box(MARGIN + place * step, y, step - 6, height, colour))
    return "".join(drawn)


def split(dice: Dice, palette: Palette, floor: int) -> str:
    build = dice.pick((falling, peaks, halves, rays))
    drawn = build(dice, palette, floor)
    if dice.pick((False, True)):
        return drawn
    return f'<g transform="translate({WIDTH} 0) scale(-1 1)">{drawn}</g>'


def falling(dice: Dice, palette: Palette, floor: int) -> str:
    left, right = floor * dice.between(0.62, 0.88), floor * dice.between(0.2, 0.5)
    band = dice.between(10, 30)
    stripe = mix(palette.shape, palette.type, 0.55)
    moon = circle(dice.between(50, 120), left * 0.38, dice.between(16, 34), palette.type)
    return (
        polygon(palette.shape, (0, 0), (256, 0), (256, right), (0, left))
        + polygon(
            stripe, (0, left + 5), (256, right + 5), (256, right + 5 + band), (0, left + 5 + band)
        )
        + dice.pick(("", moon))
    )


def peaks(dice: Dice, palette: Palette, floor: int) -> str:
    moon = circle(dice.between(160, 215), floor * 0.26, dice.between(18, 36), palette.type)
    drawn = [moon]
    for share in (0.3, 0.62, 1.0)[dice.count(0, 1) :]:
        top = floor * dice.between(0.12, 0.5)
        foot = dice.between(30, 220)
        reach = (floor - top) * dice.between(0.7, 1.1)
        drawn.append(
            polygon(
                mix(palette.ground, palette.shape, share),
                (foot - reach, floor),
                (foot, top),
                (foot + reach, floor),
            )
        )
    return "".join(drawn)


def halves(dice: Dice, palette: Palette, floor: int) -> str:
    seam = dice.between(96, 160)
    radius = dice.between(44, 80)
    y = floor * dice.between(0.42, 0.55)
    left, right = f"M{seam:.0f} {y - radius:.0f}", f"0 {radius * 2:.0f}"
    arc = f"a{radius:.0f} {radius:.0f} 0 0"
    return (
        box(0, 0, seam, floor, palette.shape)
        + f'<path d="{left}{arc} 0 {right}z" fill="{palette.ground}"/>'
        + f'<path d="{left}{arc} 1 {right}z" fill="{mix(palette.shape, palette.type, 0.7)}"/>'
    )


def rays(dice: Dice, palette: Palette, floor: int) -> str:
    count = dice.count(4, 8)
    x = dice.between(-20, 120)
    step = (WIDTH + 220) / count
    fan = [
        polygon(
            mix(palette.ground, palette.shape, 0.35 + 0.65 * place / count),
            (x, floor),
            (-120 + place * step, -30),
            (-120 + (place + dice.between(0.4, 0.6)) * step, -30),
        )
        for place in range(count)
    ]
    return "".join(fan) + circle(x, floor, dice.between(30, 58), palette.type)


def waves(dice: Dice, palette: Palette, floor: int) -> str:
    return dice.pick((lined, sea))(dice, palette, floor)


def swell(y: float, height: float, shift: float) -> str:
    """A wave across the poster, as the start of a path."""
    return f"M{-shift:.0f} {y:.0f}q64 {-height:.0f} 128 0t128 0t128 0t128 0"


def lined(dice: Dice, palette: Palette, floor: int) -> str:
    count = dice.count(5, 9)
    step = (floor - 44) / count
    height, shift = dice.between(14, 52), dice.between(0, 120)
    stroke = step * dice.between(0.34, 0.56)
    drawn = []
    for place in range(count):
        away = (place + 1) / count
        colour = mix(
            palette.ground, palette.type if place % 2 else palette.shape, 0.3 + 0.7 * away
        )
        d = swell(40 + place * step, height * (1.15 - 0.5 * away), shift)
        drawn.append(f'<path d="{d}" fill="none" stroke="{colour}" stroke-width="{stroke:.1f}"/>')
    return "".join(drawn)


def sea(dice: Dice, palette: Palette, floor: int) -> str:
    count = dice.count(3, 6)
    start = floor * dice.between(0.36, 0.5)
    sky = mix(palette.ground, palette.shape, dice.pick((0.0, 0.22)))
    moon = circle(dice.between(56, 200), start * 0.62, dice.between(22, 46), palette.type)
    drawn = [box(0, 0, WIDTH, floor, sky), moon]
    for place in range(count):
        y = start + (floor - start + 4) * place / (count - 1) * 0.86
        colour = mix(palette.shape, palette.ground, place / (count - 1))
        d = swell(y, dice.between(14, 40), dice.between(0, 250))
        drawn.append(f'<path d="{d}V{floor + 40}H-260z" fill="{colour}"/>')
    return "".join(drawn)


def dots(dice: Dice, palette: Palette, floor: int) -> str:
    columns = dice.count(5, 8)
    step = (WIDTH - 2 * 14) / columns
    rows = int((floor - 14) / step)
    build = dice.pick(("scattered", "mirrored", "halftone"))
    focus = dice.between(0, columns - 1), dice.between(0, rows - 1)
    drawn = []
    for row in range(rows):
        sizes = [dice.pick((0, 0, 0.2, 0.32, 0.42, 0.42)) for _ in range(columns)]
        tones = [dice.pick((palette.shape, palette.shape, palette.type)) for _ in range(columns)]
        for column in range(columns):
            across = min(column, columns - 1 - column) if build == "mirrored" else column
            size, tone = sizes[across], tones[across]
            if build == "halftone":
                far = ((column - focus[0]) ** 2 + (row - focus[1]) ** 2) ** 0.5 / columns
                size, tone = (
                    max(0.06, 0.47 - 0.5 * far),
                    mix(palette.shape, palette.type, max(0.0, 0.5 - far)),
                )
            if size:
                x, y = 14 + (column + 0.5) * step, 14 + (row + 0.5) * step
                drawn.append(circle(x, y, size * step, tone))
    return "".join(drawn)


def sunset(dice: Dice, palette: Palette, floor: int) -> str:
    return dice.pick((sun_over_water, striped_sun, sun_behind_hills))(dice, palette, floor)


def sun_over_water(dice: Dice, palette: Palette, floor: int) -> str:
    radius = dice.between(60, 92)
    x = dice.between(104, 152)
    horizon = min(floor * dice.between(0.56, 0.66), floor - 40)
    radius = min(radius, horizon - 14)
    arc = f"a{radius:.0f} {radius:.0f} 0 0 1 {radius * 2:.0f} 0z"
    drawn = [f'<path d="M{x - radius:.0f} {horizon:.0f}{arc}" fill="{palette.shape}"/>']
    count = dice.count(4, 7)
    step = (floor - horizon - 4) / count
    narrowing = dice.pick((0.06, 0.1, -0.05))
    for place in range(count):
        reach = radius * (1 - narrowing * place)
        colour = mix(palette.shape, palette.ground, 0.8 * place / count)
        y = horizon + 8 + place * step
        drawn.append(box(x - reach, y, reach * 2, step * 0.5, colour))
    return "".join(drawn)


def striped_sun(dice: Dice, palette: Palette, floor: int) -> str:
    radius = min(dice.between(72, 104), floor / 2 - 8)
    x, y = dice.between(100, 160), floor * 0.5 + 2
    count = dice.count(4, 7)
    drawn = [circle(x, y, radius, palette.shape)]
    for place in range(count):
        height = 3 + 9 * place / count
        below = y - radius * 0.1 + (radius * 1.05) * place / count
        drawn.append(box(x - radius - 2, below, radius * 2 + 4, height, palette.ground))
    return "".join(drawn)


def sun_behind_hills(dice: Dice, palette: Palette, floor: int) -> str:
    radius = dice.between(44, 70)
    sky = mix(palette.ground, palette.shape, dice.pick((0.14, 0.28)))
    drawn = [
        box(0, 0, WIDTH, floor, sky),
        circle(dice.between(80, 176), floor * 0.46, radius, mix(palette.shape, palette.type, 0.6)),
    ]
    for place, share in enumerate((0.85, 0.5, 0.0)):
        y = floor * (0.56 + 0.17 * place)
        d = swell(y, dice.between(20, 64), dice.between(0, 250))
        colour = mix(palette.ground, palette.shape, share)
        drawn.append(f'<path d="{d}V{floor + 80}H-260z" fill="{colour}"/>')
    return "".join(drawn)


COMPOSITIONS = (rings, bars, split, waves, dots, sunset)
