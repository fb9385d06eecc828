"""Files as they should be, and what becomes of them in hostile hands."""

import csv
import io
import zipfile
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.fuzz.cases import HOSTILE

#: What confuses those who read csv, zip or NumPy files.
BITS = [
    *(b"", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b'""', b",", b"\r", b"\n", b"\r\n", b"::"),
    *(b"|", b"\t", b"PK\x03\x04", b"PK\x05\x06", b"\x93NUMPY", b"'", b"x" * 70_000, b"\x1a"),
    *(b"\xed\xa0\x80", b"\xc2\x85", b"-1", b"9" * 30, b"nan", b"1e999", b"[" * 20_000, b"{"),
]


@st.composite
def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """Cut, flipped, doubled, or with something put into it, a few times over."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 40))
        between = draw(
            st.one_of(
                st.sampled_from(BITS),
                st.binary(max_size=8),
                st.just(content[start:end] * 2),
                st.just(bytes(byte ^ 1 for byte in content[start:end])),
            )
        )
        content = content[:start] + between + content[draw(st.sampled_from([start, end])) :]
        if draw(st.integers(0, 9)) == 0:
            content = content[:start]
    return content


@st.composite
def tables(draw: st.DrawFn, header: str, rows: Sequence[Sequence[str]]) -> bytes:
    """A csv of this header, whose rows are mixed from good cells and hostile ones."""
    columns = header.split(",")
    good = [cell for row in rows for cell in row] or [""]
    cell = st.one_of(st.sampled_from(good), st.sampled_from(good), HOSTILE)
    row = st.one_of(
        st.sampled_from(list(map(list, rows)) or [[]]),
        st.lists(cell, min_size=len(columns), max_size=len(columns)),
        st.lists(cell, max_size=len(columns) + 2),
    )
    written = io.StringIO()
    # A quote within a row is doubled here and stands alone once `mutated` was at it.
    csv.writer(written).writerows([columns, *draw(st.lists(row, max_size=12))])
    return written.getvalue().encode("utf-8", "surrogatepass")


def zip_of(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()
