"""What the property tests draw from: series, panels and windows of every unpleasant kind."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from westforecast import Panel, Windows

from ..builders import panel

# Fixed examples, few enough to be quick; the first call of a model may be slow.
modest = settings(derandomize=True, max_examples=25, deadline=None)

MAGNITUDES = st.sampled_from([1e-12, 1e-3, 1.0, 1e6, 1e15])


@st.composite
def series(draw, positive: bool = False, gaps: bool = True, min_size: int = 1) -> list[float]:
    """Constant, zero, negative, huge, tiny or plain values, perhaps with gaps inside."""
    kind = draw(st.sampled_from(["plain", "constant", "zero", "growing"]))
    size = draw(st.integers(min_size, 20))
    scale = draw(MAGNITUDES)
    low = 0.1 if positive else -10.0
    if kind == "plain":
        values = draw(st.lists(st.floats(low, 10), min_size=size, max_size=size))
    elif kind == "growing":
        values = (1 + draw(st.floats(-0.3, 0.5))) ** np.arange(size)
    else:
        values = [draw(st.floats(low, 10)) if kind == "constant" or positive else 0.0] * size
    values = scale * np.array(values)
    if gaps and draw(st.booleans()):
        missing = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        values = np.where(missing, np.nan, values)
    return values.tolist()


@st.composite
def panels(draw, **kind) -> Panel:
    """One to five ragged series that begin in different years."""
    several = draw(st.lists(series(**kind), min_size=1, max_size=5))
    first = draw(st.lists(st.integers(1990, 2010), min_size=len(several), max_size=len(several)))
    return panel(*several, first=first)


@st.composite
def windows(draw, **kind) -> Windows:
    """One to six windows anywhere inside the series of a panel, empty ones as well."""
    data = draw(panels(**kind))
    picked = draw(st.lists(st.integers(0, len(data) - 1), min_size=1, max_size=6))
    start, end = [], []
    for s in picked:
        length = int(data.lengths[s])
        begin = draw(st.integers(0, length))
        start.append(data.indptr[s] + begin)
        end.append(data.indptr[s] + draw(st.integers(begin, length)))
    return Windows.of(data, picked, np.array(start, np.int64), np.array(end, np.int64))
