"""The colours that a genre is drawn in."""

from typing import NamedTuple


def mix(one: str, other: str, share: float) -> str:
    """`share` of the other colour in the one."""
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(a + (b - a) * share) for a, b in pairs).hex()


class Palette(NamedTuple):
    ground: str
    shape: str
    type: str

    @property
    def quiet_type(self) -> str:
        """For what is less than the title."""
        return mix(self.type, self.ground, 0.2)


#: By main genre, two to four palettes: the title picks one. "-" is for any other genre, and none.
TABLE = """
Action      #1c1114 #d8432b #ffd9c9   #a8231b #f4a259 #fff6ec
Adventure   #0f3d3e #e2a33b #f6ead0   #e8b04a #8a4314 #2b1607
Animation   #0c6b64 #f2b134 #f7fdf5   #4b2e83 #ff8fab #fff0f5
Children    #ffd166 #ef476f #3b1d4f   #125a7c #ffd24c #f5fbff
Comedy      #f3c53c #d9480f #33200a   #f7e8d0 #e4572e #3a1c12   #0b5563 #ffb347 #fff6e6
Crime       #16171d #b4771c #ffe38a   #2b2018 #c25b2a #f7e3c8
Documentary #e9e4d8 #2f6f73 #22302f   #26302f #8fb8a8 #eef5ef
Drama       #1f2a44 #b08968 #f4ead9   #efe3d3 #a8503f #2d1f1c   #3b1f2b #c8707e #f9e4e4
Drama       #20302a #94ab7c #eef0df
Fantasy     #2a1a4f #8f6bd8 #efe4ff   #0e3b43 #6ec6b8 #e9fffb
Film-Noir   #0b0b0c #77777e #ffffff   #e6e3dc #2b2b2e #141415
Horror      #130509 #9c1523 #ff7a75   #101412 #5b7f3a #d6e8c3
IMAX        #05233b #2aa9e0 #e6f6ff   #e3eef2 #1b6f9c #0b2a3d
Musical     #5c1033 #e0467c #ffe3ee   #f6d6dd #b3245a #4a0d2a
Mystery     #13233a #5f7fa8 #e4edf8   #241b33 #8a74b8 #eae3f7
Romance     #f4d4cf #c8415b #4d1425   #5a1230 #e58fa5 #ffe9ee
Sci-Fi      #0b1a38 #1f6feb #8fe6ff   #101820 #ff6f3c #ffe0cf
Thriller    #0d1f22 #2a9d8f #eafaf6   #1b1b1f #d7b100 #fbf3c4
War         #252f1c #6f8440 #ece8c8   #3c2f23 #a3512b #f2e2cb
Western     #4a2412 #c8752a #f7dca6   #e6b877 #8a3b16 #3a1707
-           #24262b #7d828c #f2f1ee   #e4e1da #8a8479 #26241f
"""


def read_palettes(table: str) -> dict[str, list[Palette]]:
    palettes: dict[str, list[Palette]] = {}
    for line in table.strip().splitlines():
        genre, *colours = line.split()
        threes = [Palette(*colours[at : at + 3]) for at in range(0, len(colours), 3)]
        palettes.setdefault(genre, []).extend(threes)
    return palettes


PALETTES = read_palettes(TABLE)
PALETTES["Children's"] = PALETTES["Children"]  # as MovieLens called them until 2003
SHORT_NAMES = {"Film-Noir": "Noir", "Children's": "Children"}
