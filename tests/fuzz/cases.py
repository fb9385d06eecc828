"""How many cases are tried, and what hostile people say.

`ci` tries a few hundred, the same each time; `HYPOTHESIS_PROFILE=long` 29 times as many, others
each time, and prints how to repeat what it finds.
"""

import os
from collections.abc import Callable
from typing import Any

from django.conf import settings as site
from hypothesis import HealthCheck, Phase, configuration, settings
from hypothesis import strategies as st

LONG = 29

configuration.set_hypothesis_home_dir(site.DATA_DIR / "hypothesis")
settings.register_profile(
    "ci",
    database=None,
    deadline=None,
    derandomize=True,
    # To look for the smallest case takes minutes; the first is told as well.
    phases=[Phase.explicit, Phase.generate],
    # Each case is undone, and finds what fixtures made as the first did.
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("long", settings.get_profile("ci"), derandomize=False, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def cases(few: int) -> Callable[..., Any]:
    """So many in the gate."""
    is_long = settings.get_current_profile_name() == "long"
    return settings(max_examples=few * LONG if is_long else few)


#: Surrogates and NUL, too.
ANYTHING = st.text(st.characters(), max_size=40)

#: What is a digit to one function and none to the next, ends of ranges, dates that overflow.
KNOWN_TRAPS = [
    *("", " ", "0", "-0", "1", "5.0", "0.5", "0.25", "-1", "+4", " 4 ", "1_0", "0x10", "1e400"),
    *("nan", "inf", "-inf", "²", "٣", "\uff11", "½", "①", "1,5", "1e3", "9" * 400, "1.", ".5"),
    *(str(2**31), str(2**31 - 1), str(2**63), str(2**63 - 1), str(-(2**63)), str(2**64)),
    *("0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("2024-02-30", "2024-02-29T24:00", "on", "true", "null", "None", "[]", "{}", "home", "taste"),
    *(
        "film:10",
        "film:",
        "film:-1",
        f"film:{2**63}",
        "film:\uff11",
        "nearest",
        "watchlist",
        "hidden",
    ),
    *("//evil.example/", "/\\evil.example", "http://[", "http://[::1", "javascript:alert(1)"),
    *("/films/10/", "/lists/?page=x", "/%ff", "/\n", "/\x00", "https://evil.example\r\nX: y"),
    *("1\x00", "\ud800", "\udcff", "\ufeff", "\u202e", "e\u0301" * 60, "x" * 5000, "%00", "%"),
    *("'", '"', "' OR 1=1 --", "<script>", "{{ 7 }}", "{% csrf_token %}", "../../etc/passwd"),
    *("a@b", "@", "é@é", "x" * 250 + "@example.org", "00000000-0000-0000-0000-000000000000"),
]

NUMBERS = st.one_of(
    st.integers(-5, 120),
    st.integers(),
    st.sampled_from([2**31, 2**63, -(2**63) - 1, 10**30]),
    st.floats(),
).map(str)
TIMES = st.one_of(st.dates(), st.datetimes(), st.times()).map(lambda time: time.isoformat())
HOSTILE = st.one_of(st.sampled_from(KNOWN_TRAPS), NUMBERS, TIMES, ANYTHING)
