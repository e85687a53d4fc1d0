"""Units: one registry of words, and what a text such as 亿元, 100 mn CNY or CNY per unit means.

A text is a size (万, mn, 10 000), what is counted (CNY, persons), and what it is counted per. Words
that nobody listed are units of their own; words that mean several things (M, K, mil) are not
guessed: such a text is a unit of its own, and `Unit.doubt` names the word.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isclose, log10, prod
from numbers import Real
from typing import Literal

from westforecast.errors import UsageError

Dimension = tuple[tuple[str, int], ...]
"""What is counted and per what, sorted: (("CNY", 1), ("units", -1)); () is a pure number."""

# --- the registry -------------------------------------------------------------------------------

SIZES: Mapping[float, str] = {
    10: "ten tens 十", 12: "dozen", 100: "hundred hundreds 百",
    1e3: "thousand thousands thsd thous thou ths tsd milliers 千 тыс",
    1e4: "万 萬", 1e5: "lakh lakhs",
    1e6: "million millions mn mln mio mill milj millón 百万 млн", 1e7: "crore crores",
    1e8: "亿 億", 1e9: "billion billions bn bln mrd milliard milliards mia 十亿 млрд",
    1e12: "trillion trillions tn trn 万亿 трлн",
}  # fmt: skip
"""Size -> its words, divided by blanks."""

SYMBOLS: Mapping[float, str] = {1e3: "k K", 1e6: "m M mm MM", 1e9: "b B"}
"""Letters that are sizes beside a currency (USD m, €k); k and m also between digits and a count."""

CURRENCIES: Mapping[str, str] = {
    "CNY": "RMB, yuan, renminbi, 元, 人民币, 人民币元, 元人民币",
    "USD": "US dollar, US dollars, dollars US, 美元",
    "EUR": "euro, euros, 欧元, €",
    "JPY": "yen, 日元, 円",
    "GBP": "pounds sterling, 英镑, £",
    "HKD": "Hong Kong dollars, 港元, 港币",
    "TWD": "New Taiwan dollars, 新台币",
    "KRW": "won, 韩元, ₩",
    "RUB": "roubles, rubles, 卢布, руб, ₽",
    "INR": "Indian rupees, ₹",
    "rupees": "rupee, Rs",
    "CHF": "Swiss francs, 瑞士法郎",
    "AUD": "Australian dollars, 澳元",
    "CAD": "Canadian dollars, 加元",
    "$": "dollar, dollars",
    "¥": "",
    "local currency": "LCU",
    **{
        code: ""
        for line in (
            "AED ARS BDT BGN BRL BYN CLP COP CZK DEM DKK EGP FRF HRK HUF IDR ILS IQD IRR ISK KES",
            "KZT LAK MAD MMK MNT MXN MYR NGN NOK NPR NZD PEN PHP PKR PLN QAR RON RSD SAR SEK SGD",
            "THB TND TRY UAH UZS VND ZAR",
        )
        for code in line.split()
    },
}
"""Base -> its other words, divided by commas."""

COUNTS: Mapping[str, str] = {
    "units": "unit, pieces, piece, pcs, sets, set, machines, machine, items, 台, 套, 台套, 个, 件, "
             "只, 部, 架, 标准台, шт",
    "persons": "person, people, capita, inhabitants, passengers, passenger, 人, 人口, 口, 名, чел",
    "workers": "worker, employees, employee, jobs, 职工, 从业人员",
    "households": "household, 户", "vehicles": "vehicle, cars, 辆", "ships": "ship, vessels, 艘",
    "enterprises": "enterprise, companies, firms, 家", "animals": "heads, head, 头",
    "visits": "person times, 人次",
}  # fmt: skip
"""As CURRENCIES; what is counted. A figure per unit or per head is often stated without its per."""

MEASURES: Mapping[str, Mapping[float, str]] = {
    "tonnes": {
        1: "t, ton, tons, tonne, metric ton, metric tons, 吨, 公吨, т",
        1e3: "kt, kilotonnes", 1e6: "Mt, megatonnes", 1e9: "Gt",
        1e-3: "kg, kilogram, kilograms, 千克, 公斤", 1e-6: "gram, grams, 克",
    },
    "tonnes of coal equivalent": {
        1: "tce, SCE, tonnes of standard coal, tons of standard coal, tonnes of SCE, tons of SCE, "
           "tons of coal equivalent, 吨标准煤, 吨标煤",
        1e-3: "kgce, 千克标准煤, 公斤标准煤, kg of coal equivalent",
    },
    "tonnes of oil equivalent": {
        1: "toe, tons of oil equivalent, 吨标准油", 1e3: "ktoe", 1e6: "Mtoe",
    },
    "kWh": {
        1: "kilowatt hour, kilowatt hours, 千瓦时, 千瓦小时, 度",
        1e3: "MWh, megawatt hours, 兆瓦时", 1e6: "GWh, gigawatt hours", 1e9: "TWh, terawatt hours",
    },
    "kW": {
        1: "kilowatt, kilowatts, 千瓦", 1e3: "MW, megawatt, megawatts, 兆瓦",
        1e6: "GW, gigawatt, gigawatts, 吉瓦",
    },
    "GJ": {
        1: "gigajoules", 1e3: "TJ, terajoules", 1e6: "PJ, petajoules", 1e9: "EJ, exajoules",
        1e-3: "MJ, megajoules",
    },
    "m": {
        1: "metre, metres, meter, meters, 米",
        1e3: "km, kilometre, kilometres, kilometer, kilometers, 公里, 千米",
    },
    "m2": {
        1: "square metres, square meters, sq m, 平方米",
        1e6: "km2, sq km, square kilometres, square kilometers, 平方公里, 平方千米",
        1e4: "ha, hectare, hectares, 公顷", 1e4 / 15: "mu, 亩",
    },
    "m3": {
        1: "cubic metres, cubic meters, cu m, cum, 立方米, 标准立方米, 方",
        1e-3: "litre, litres, liter, liters, 升", 1e-1: "hl, hectolitres",
    },
    "hours": {1: "hour, 小时"}, "machine hours": {1: "machine hour, 台时"},
    "days": {1: "day, 天, 日"},
    "years": {1: "year, yr, annum, 年"},
    "points": {1: "point, 点"},
    "TEU": {1: "teus, 标准箱"},
    "weight cases": {1: "重量箱"},
}  # fmt: skip
"""Base -> how much of it -> words, divided by commas. No other conversions are known."""

NUMBERS: Mapping[float, str] = {
    0.01: "%, percent, percents, pct, percentage, percentage points, percentage point, pp, p.p., "
          "百分比, 百分点, 个百分点",
    1e-3: "‰, permille, 千分比", 1e-4: "basis points, basis point, bp, bps",
    1.0: "fraction, share, proportion, ratio, 比例, 份额, 占比",
}  # fmt: skip
"""Pure numbers: what one is worth -> words, divided by commas."""

# Percent with these are changes or yields, which may be negative, not shares; points are neither.
# The bare words rate, annual and 率 say nothing: 城镇化率 and literacy rates are shares.
_CHANGES = re.compile(
    r"(?:per|an?|each) (?:year|annum)|/ ?(?:yr|year|年)\b|每年"
    r"|\bp\.? ?a\b|\b([yqm]) ?o ?\1\b|\b(year|quarter|month) (?:on|over) \2\b"
    r"|annual (?:%|pct|percentage)|growth|change|increase|decrease|inflation|previous|preceding"
    r"|interest|yield|return|margin"
    r"|同比|环比|增长|增速|增幅|变化|变动|涨幅"
    r"|降幅|跌幅|升幅|上涨|下降|上年|利率|收益率|利润率"
)
_OF = re.compile(r"(?:%|pct|percentage|share|proportion) of (?!.*\b(?:previous|preceding)\b)")
_POINTS = re.compile(r"point|点|\bpp\b|%p|\bpts?\b")
_SHARES = re.compile(r"\b(?:fraction|share|proportion)\b|比例|份额|占比", re.IGNORECASE)
# Words that say how, not what, is counted.
_HOW = (
    "in at the and number no current constant real nominal prices price chained annual annually "
    "international ppp total gross net count chain linked volume volumes x × * · # ' , ; : - 每 "
    "当年价 当年价格 现价 不变价 可比价 年末 年底 年初 期末 全年"
)
_ASIDE = frozenset(_HOW.split())
_SEVERAL = "m M k K b B T G mm MM mil Mil bil MT mt"
_DOUBTFUL = frozenset(_SEVERAL.split())
# Size words that are not converted, in lower case.
_THOUSANDS = (
    "тысяч тысячи тысяча миллион миллионов миллиард миллиардов mil milhar milhares milhão milhões "
    "bilhão bilhões millones mila milioni miliardi mld mlrd miliard miliarda miliardy milion "
    "miliony milionů tis tisíc tys tysiąc tysiące tausend millionen milliarden miljoen miljard "
    "miljoner miljarder tusen milyon milyar juta ribu lac lacs"
)
_FOREIGN = frozenset(_THOUSANDS.split())
# A size in a run of Chinese characters that is not read.
_NUMERALS = "一二三四五六七八九十百千两几数半壹贰叁肆伍陆柒捌玖拾佰仟零"
_SIZED_RUN = re.compile(f"[万亿萬億兆]|[{_NUMERALS}][十百千拾佰仟]|[拾佰仟]|^[十百千].$")


def _singular(word: str) -> str:
    plural = len(word) > 3 and word.endswith("s") and word[-2] not in "suio" and word.islower()
    return word[:-1] if plural else word


def _lookup() -> tuple[dict[str, float], dict[str, tuple[str, float]]]:
    """Size words, and unit words -> base and how much of it; as written and in lower case."""
    sizes = {word: size for size, words in SIZES.items() for word in words.split()}
    units: dict[str, tuple[str, float]] = {}
    tables: list[tuple[str, float, str]] = [
        *((base, 1.0, words) for table in (CURRENCIES, COUNTS) for base, words in table.items()),
        *((base, size, words) for base, table in MEASURES.items() for size, words in table.items()),
        *(("", size, words) for size, words in NUMBERS.items()),
    ]
    for base, size, words in tables:
        own = [base] if base and size == 1 else []
        for word in [*own, *filter(None, words.split(", "))]:
            units[word] = (base, size)
            if not (len(word) <= 2 and word != word.casefold()):  # Mt is not mt
                units.setdefault(word.casefold(), (base, size))
                units.setdefault(_singular(word), (base, size))
    return sizes, units


_SIZE_OF, _UNIT_OF = _lookup()
_HAN = "\u3400-\u9fff"
_LISTED = (w for w in (*_SIZE_OF, *_UNIT_OF, *_ASIDE) if re.fullmatch(f"[{_HAN}]+", w))
_HAN_WORDS = re.compile("|".join(sorted(_LISTED, key=len, reverse=True)))
_TOKEN = re.compile(
    rf"(?P<power>10 ?(?:\^|\*\*) ?-?\d+)"
    rf"|(?P<number>'?000(?:[ ,]000)*s?\b|\d{{1,3}}(?:[ ,']\d{{3}})+(?!\d)"
    rf"|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    rf"|(?P<han>[{_HAN}]+)"
    rf"|(?P<word>[^\W\d_{_HAN}]+(?:\^?-?\d+(?:\.\d+)?)?)"
    rf"|(?P<sign>\S)"
)
_BRACKETS = re.compile(r"\(([^()]*)\)|\[([^\[\]]*)\]|【([^】]*)】")
_PER = re.compile(r"/|\bper\b|每|\beach\b|(?<=\w) an? (?=\w)")
_YEAR = re.compile(r"(?:19|20)\d\d")
_ALONE = re.compile(r"[-+]?['.,]?\d[\d .,'^*-]*(?:[eE][-+]?\d+)? ?%?")
_INDEX = re.compile(r"\b(\d+) ?= ?(?:19|20)\d\d\b|(?:=|为) ?(\d+(?:\.\d+)?)\b")

# --- reading ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unit:
    """What a text of units means.

    multiplier: its size words: 1e8 for 亿元. scale: what a unit without them is worth in the
    dimension's own: 0.01 for percent, 1e3 for MWh, 0.001 for what is per 1000 persons. dimension:
    None where the text does not say what is counted. kind: share or rate where the unit says so.
    doubt: a word that could mean several things, for which the text is a unit of its own.
    """

    text: str
    multiplier: float = 1.0
    scale: float = 1.0
    dimension: Dimension | None = None
    is_percent: bool = False
    kind: Literal["share", "rate"] | None = None
    doubt: str = ""

    @property
    def factor(self) -> float:
        """What one stored unit is worth: 0.01 for percent, 1e8 for 亿元."""
        return self.multiplier * self.scale

    def given(self, multiplier: float) -> float:
        """The multiplier, where one is stated beside the text.

        Raises UsageError where it contradicts the size words of the text.
        """
        if not _positive(multiplier):
            raise UsageError(
                f"multiplier {multiplier!r} found, a positive number expected (1, 1e4 for 万, "
                "1e8 for 亿)."
            )
        size = float(multiplier)
        if isclose(size, self.multiplier, rel_tol=1e-9):
            return self.multiplier
        sized = self.multiplier != 1
        if self.dimension == () and isclose(size, self.factor, rel_tol=1e-9):
            return self.multiplier
        if sized or self.dimension == ():
            raise UsageError(
                f"multiplier {size:g} found, but the unit {self.text!r} says "
                f"{self.multiplier if sized else self.scale:g}. Leave the multiplier out, or state "
                "the unit without its size."
            )
        return size


@lru_cache(maxsize=4096)
def read_unit(text: str) -> Unit:
    """What a text of units means; any text is one, but a number that is no size.

    Raises UsageError for two sizes in one text, and for a number alone (5, 3.5, 2010).

    >>> read_unit("100 mn CNY").multiplier, read_unit("万元/人").dimension
    (100000000.0, (('CNY', 1), ('persons', -1)))
    """
    plain = _plain(text)
    if plain in {"1", "1.0"}:
        return Unit(text, dimension=())
    if index := _INDEX.search(plain):
        worth = float(index[1] or index[2])
        return Unit(text, scale=1 / worth, dimension=()) if 0 < worth < inf else Unit(text)
    if re.search(r"\bind(?:ex|ices)\b|指数", plain, re.IGNORECASE):
        return Unit(text)  # of an unknown base
    if _ALONE.fullmatch(plain) and not _is_ten(_part(plain.rstrip("% ")).size):
        raise UsageError(
            f"a number, {text!r}, found where a unit is expected; a decimal comma makes two "
            "columns of one."
        )
    said, doubt = _unwrapped(text, plain)
    above, *below = (_part(part) for part in _PER.split(said))
    doubt = doubt or next((part.doubt for part in (above, *below) if part.doubt), "")
    if doubt:
        return Unit(text, dimension=((plain, 1),), doubt=doubt)
    scale = above.scale / prod(part.scale * part.size for part in below)
    # A flow of a year is stated with and without its year.
    named = [_yearless(part.dimension) for part in below if part.dimension is not None]
    dimension = above.dimension
    if dimension is None and below and not named:
        dimension = ()  # per 1000
    if dimension is not None:
        dimension = times(dimension, *(power(one, -1) for one in named))
    percent = above.percent and dimension == ()
    kind: Literal["share", "rate"] | None = None
    if not _POINTS.search(plain):
        low = plain.casefold()
        if percent and _CHANGES.search(low) and not _OF.search(low):
            kind = "rate"
        elif percent or (not below and above.dimension == () and _SHARES.search(plain)):
            kind = "share"
    return Unit(text, above.size, scale, dimension, percent, kind)


def times(*dimensions: Dimension) -> Dimension:
    """The dimension of a product."""
    powers: dict[str, int] = {}
    for base, exponent in (pair for dimension in dimensions for pair in dimension):
        powers[base] = powers.get(base, 0) + exponent
    return tuple(sorted((base, n) for base, n in powers.items() if n))


def power(dimension: Dimension, exponent: int) -> Dimension:
    """The dimension of a power; of 1 / x for -1."""
    return tuple((base, n * exponent) for base, n in dimension)


def words_of(dimension: Dimension) -> str:
    """CNY per unit; no unit for a pure number."""
    above = [_raised(base, n) for base, n in dimension if n > 0]
    below = [_raised(_singular(base), -n) for base, n in dimension if n < 0]
    return " per ".join([" x ".join(above) or "1", *below]) if dimension else "no unit"


# --- helpers ------------------------------------------------------------------------------------


def _positive(value: object) -> bool:
    return isinstance(value, Real) and 0 < float(value) < inf


def _yearless(dimension: Dimension) -> Dimension:
    return tuple(pair for pair in dimension if pair != ("years", 1))


def _raised(base: str, exponent: int) -> str:
    return base if exponent == 1 else f"{base}^{exponent}"


_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _plain(text: str) -> str:
    """Half-width, one blank at a time, dots of abbreviations and spellings of percent gone."""
    text = re.sub("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: "^" + m[0].translate(_RAISED), text)
    text = unicodedata.normalize("NFKC", text).replace("’", "'")
    text = re.sub(r"\b(US|HK|NT|A|C|R) ?\$", lambda m: _DOLLARS[m[1]] + " ", text)
    text = re.sub(r"\b[Pp]er ?(?:cent|CENT)s?\b|百分之", "%", text)
    text = re.sub(r"\b[Pp]er ?mill?e?\b|千分之", "‰", text)
    text = re.sub(r"(?<=[^\W\d])\.(?=[^\W\d]\b)|(?<=[^\W\d])\.(?!\w)", "", text)  # U.S., mio.
    text = re.sub(r"(?<=[^\W\d_])[-_](?=[^\W\d_])", " ", text)  # kilowatt-hours
    text = re.sub(r"\b(per|an?) head\b", "per person", text)
    text = re.sub(r"/ ?a\b", "/year", text)
    text = re.sub(r"^(?:人均|[Pp]er capita ) ?(.+)", r"\1 per person", text)
    text = re.sub(r"\b([yqm])/\1\b", r"\1o\1", text, flags=re.IGNORECASE)  # y/y
    text = re.sub(r"([台套个件只部架])/[台套个件只部架](?!\w)", r"\1", text)  # or, not per
    text = re.sub(r"\b(10+|\d{1,3}(?:[ ,]000)+)'?s\b", r"\1", text)  # 1000s
    text = re.sub(r"标准?煤([万亿]?)吨", r"\1吨标准煤", text)
    text = re.sub(r"((?:19|20)\d\d)年价?|\b(?:reference|base) year\b", r"\1 ", text)
    number = r"\d+(?:\.\d+)?"
    text = re.sub(rf"(?<![\w.^]){number} ?[-–—~] ?{number}(?![\w.])", " ", text)  # 0-100
    return " ".join(text.split())


_DOLLARS = {"US": "USD", "HK": "HKD", "NT": "TWD", "A": "AUD", "C": "CAD", "R": "BRL"}


def _name(plain: str) -> str:
    return " ".join(map(_singular, plain.casefold().split()))


def _is_ten(size: float) -> bool:
    """Whether a number is a size: 10, 100, 1000, ..."""
    return 10 <= size < 1e30 and isclose(log10(size), round(log10(size)), abs_tol=1e-9)


def _unwrapped(text: str, plain: str) -> tuple[str, str]:
    """The text without brackets, and the bracket whose size could not be placed.

    What a bracket holds counts where it is the unit, or its size: 人口（万人）, USD (millions).
    """
    plain = re.sub(r"(/|\bper\b) ?\(([^()]*)\)", r"\1 \2", plain)
    outside = " ".join(_BRACKETS.sub(" ", plain).split())
    found = ("".join(filter(None, groups)) for groups in _BRACKETS.findall(plain))
    inside = [held for held in map(str.strip, found) if held]
    if not inside:
        return (outside or plain), ""
    parts = {held: _part(_PER.split(held)[0]) for held in inside}
    units = [held for held, part in parts.items() if part.known and not part.doubt]
    units = [held for held in units if parts[held].dimension != (("years", 1),)] or units
    sized = [held for held, part in parts.items() if part.sized]
    doubtful = [
        held for held, part in parts.items()
        if part.doubt
        and (part.known or held in _DOUBTFUL or _is_foreign(part.doubt) or _SIZED_RUN.search(held))
    ]  # fmt: skip
    if len({parts[held].size for held in sized}) > 1:
        raise _two_sizes(text, *(parts[held].size for held in sized[:2]))
    own = _part(_PER.split(outside)[0])
    if doubtful:
        held = doubtful[0]
        joined = f"{held} {outside}"
        letter = held in _DOUBTFUL and own.known and not _part(_PER.split(joined)[0]).doubt
        return (joined, "") if letter else (outside, held)
    if not sized:
        return _with_unit(outside, own, units, parts), ""
    held = next((held for held in sized if held in units), sized[0])
    bare = next((one for one in sized if parts[one].bare), "")
    if bare and bare is held and not own.known and units:
        return f"{held} {units[0]}", ""  # Population (thousands) (persons)
    return _with_size(text, outside, own, held, parts[held])


def _with_unit(outside: str, own: "_Part", units: list[str], parts: Mapping[str, "_Part"]) -> str:
    """The text where no bracket states a size."""
    if not units:
        return outside or " ".join(parts)
    unit = parts[units[0]]
    if own.doubt or (own.bare and own.size != 1):
        return f"{outside} {units[0]}"  # thousands (persons), k (USD)
    if _PER.match(outside):
        bare = _part(_PER.split(outside)[1]).bare
        return f"{outside} {units[0]}" if bare else f"{units[0]} {outside}"  # per 1000 (persons)
    if not own.known and not own.sized and len(units) == 1:
        return units[0]
    if own.dimension == () and any(parts[held].percent for held in units):
        return f"{outside} {' '.join(units)}"  # share (%)
    if own.dimension == unit.dimension and own.size == own.scale == 1 and not _PER.search(outside):
        return units[0]  # tonnes (kg)
    return outside


def _with_size(text: str, outside: str, own: "_Part", held: str, part: "_Part") -> tuple[str, str]:
    """The text and its doubt where the bracket `held` states a size."""
    if own.sized and own.size != part.size and (own.known or part.bare or own.bare):
        raise _two_sizes(text, own.size, part.size)
    if part.bare:
        return (outside if own.sized else f"{held} {outside}"), ""
    if own.known and own.dimension == part.dimension:
        if isclose(own.size * own.scale, part.size * part.scale):
            return outside, ""
        if (
            own.size == 1
            and own.scale in (1, part.scale)
            and (_PER.search(held) or not _PER.search(outside))
        ):
            return held, ""
        return outside, held
    if not own.doubt and _is_count(own) and _is_count(part):  # 从业人员（万人）
        return (outside if own.sized else f"{part.size:.0f} {outside}"), ""
    if own.sized and not own.bare:
        return outside, held
    if _PER.match(outside):
        return f"{held} {outside}", ""  # per person (万元)
    if own.known or not (part.known or part.worded):
        return outside, held
    return held, ""


def _is_count(part: "_Part") -> bool:
    return bool(part.dimension) and all(base in COUNTS for base, _ in part.dimension or ())


def _two_sizes(text: str, one: float, other: float) -> UsageError:
    return UsageError(f"unit {text!r} states two sizes, {one:g} and {other:g}.")


@dataclass(slots=True)
class _Part:
    """What stands before or behind a per.

    bare: nothing but a size. known: a listed unit. worded: has a size in words.
    """

    size: float = 1.0
    scale: float = 1.0
    dimension: Dimension | None = None
    known: bool = False
    bare: bool = False
    percent: bool = False
    worded: bool = False
    doubt: str = ""

    @property
    def sized(self) -> bool:
        """Whether it states a size; the 15 of (aged 15 and over) is none."""
        return self.size != 1 and (self.known or self.bare or self.worded or _is_ten(self.size))


def _part(text: str) -> _Part:
    text = text.strip()
    found, said = _Part(), ""
    unknown: list[str] = []
    letters: list[tuple[str, bool]] = []
    years: list[str] = []
    bases: dict[str, int] = {}
    seen: set[tuple[str, float]] = set()
    tokens = list(_tokens(text))
    if "\u2044" in text:
        found.doubt = text  # ½
    at = 0
    while at < len(tokens):
        kind, word, glued = tokens[at]
        length = 1
        if kind == "number" and _YEAR.fullmatch(word):
            years.append(word)
        elif kind == "number":
            found.size *= _number(word)
            if found.size == 0 or re.fullmatch(r"[1-9]\d*\.\d{3}", word):
                return _Part(doubt=word)  # 10.000: ten, or ten thousand
        elif word.casefold() == "of" and (found.known or unknown):
            length = next((k for k, t in enumerate(tokens[at:]) if t[1] in ",;"), len(tokens))
        elif word.casefold() == "of":
            pass
        elif unit := _listed(tokens, at):
            base, scale, exponent, length = unit
            found.percent |= not base and scale == 0.01
            if (base, scale) not in seen:
                found.scale *= scale**exponent
                bases[base] = exponent
            seen.add((base, scale))
            found.known = True
        elif size := _SIZE_OF.get(word) or _SIZE_OF.get(word.casefold()):
            found.size *= size
            found.worded = True
        elif word in _DOUBTFUL or _is_foreign(word):
            letters.append((word, glued))
        elif stuck := _stuck(word):
            found.size *= stuck[0]
            bases.setdefault(stuck[1], 1)
            found.known = True
        elif word.casefold() in _ASIDE or (found.known and kind != "sign"):
            said += " " + word.casefold()
        else:
            unknown.append(word)
        at += length
    money = [base for base in bases if base in CURRENCIES]
    if money and sum(exponent > 0 for exponent in bases.values()) > 1:
        found.doubt = " and ".join(bases)
    if years and bases and not money:
        found.doubt = years[0]  # of prices, or so many
    for letter, glued in letters:
        if money or (glued and letter in "kKmM" and set(bases) & set(COUNTS)):
            size = next((s for s, signs in SYMBOLS.items() if letter in signs.split()), None)
            if size is None or found.size not in (1.0, 10.0, 100.0, 1000.0):
                found.doubt = letter
            found.size *= size or 1.0
        elif letter == "m" and tokens == [("word", "m", False)]:
            bases["m"] = 1
        else:
            found.doubt = letter
    unread = [word for word in unknown if len(word) > 1 and _SIZED_RUN.search(word)]
    if unread:
        found.doubt = unread[0]
    if unknown:
        if any(bases):
            found.doubt = " ".join(unknown)  # a size that nobody listed, perhaps
        if found.known:
            return _dimensioned(found, bases)
        bases[_name(" ".join(unknown))] = 1
    if "" in bases:  # % change on previous year
        bases = {base: n for base, n in bases.items() if base not in {"years", "points", "days"}}
    if "tonnes" in bases and any(base.startswith("tonnes of") for base in bases):
        del bases["tonnes"]  # 万吨SCE
    if len(bases) > 1 and "units" in bases and set(bases) & set(COUNTS) - {"units"}:
        del bases["units"]
    if money and re.search(r"\bppp\b|international", said):
        bases = {f"{base} PPP" if base in money else base: n for base, n in bases.items()}
    return _dimensioned(found, bases)


def _dimensioned(found: _Part, bases: Mapping[str, int]) -> _Part:
    if not 1e-30 < found.size < 1e30:
        found.doubt = f"{found.size:g}"
    found.bare = not bases and not found.doubt
    if bases:
        found.dimension = tuple(sorted((base, n) for base, n in bases.items() if base and n))
    return found


def _tokens(text: str) -> Iterable[tuple[str, str, bool]]:
    """(kind, word, whether it follows a digit at once)."""
    for match in _TOKEN.finditer(text):
        kind, word = str(match.lastgroup), match[0]
        glued = match.start() > 0 and text[match.start() - 1].isdigit()
        if kind == "han":
            yield from (("word", piece, glued) for piece in _han(word))
        elif kind == "power":
            yield "number", word, glued
        elif kind == "word" and (split := re.fullmatch(r"(\D+)(\d{2,})", word)):
            # RMB100mn; PM10 is a word
            pieces = [split[1], split[2]] if split[1] in CURRENCIES or split[1] == "RMB" else [word]
            yield from (("number" if p.isdigit() else "word", p, False) for p in pieces)
        else:
            yield (
                ("number" if kind == "number" else "sign" if kind == "sign" else "word"),
                word,
                glued,
            )


def _han(run: str) -> list[str]:
    """A run of Chinese characters as listed words, the longest first; itself where it has others.

    万 and 亿 before one character more: a measure word that is not listed (万颗).
    """
    pieces, at = [], 0
    while at < len(run):
        match = _HAN_WORDS.match(run, at)
        if match is None:
            break
        pieces.append(match[0])
        at = match.end()
    rest = run[at:]
    if not rest:
        return pieces
    behind = any(piece in _UNIT_OF for piece in pieces) and not _HAN_WORDS.search(rest)
    if not pieces or not behind:
        for start in range(2, len(run) - 1):  # 产量万台
            size = _HAN_WORDS.match(run, start)
            if size and size[0] in _SIZE_OF and run[start - 1] not in _NUMERALS + "万亿萬億兆":
                tail = _HAN_WORDS.findall(run[start:])
                if "".join(tail) == run[start:] and any(word in _UNIT_OF for word in tail):
                    return tail
    if behind or (len(rest) == 1 and pieces and pieces[-1][-1] in "万亿萬億"):
        return [*pieces, rest]
    return [run]


def _number(word: str) -> float:
    if power_of := re.fullmatch(r"10 ?(?:\^|\*\*) ?(-?\d+)", word):
        return float(f"1e{power_of[1]}")
    if re.fullmatch(r"'?000.*", word):  # '000 tonnes
        return 10.0 ** word.count("0")
    return float(re.sub(r"[ ,']", "", word))


def _listed(tokens: list[tuple[str, str, bool]], at: int) -> tuple[str, float, int, int] | None:
    """Base, how much of it, its power and how many words say so, the longest phrase first."""
    for length in (4, 3, 2, 1):
        phrase = " ".join(word for _, word, _ in tokens[at : at + length])
        unit = _UNIT_OF.get(phrase)
        if unit is None and not (len(phrase) <= 2 and phrase != phrase.casefold()):
            unit = _UNIT_OF.get(phrase.casefold())
        if unit and at + length <= len(tokens) and phrase not in _DOUBTFUL:
            return *unit, 1, length
    stem = re.fullmatch(r"(\D+?)\^?(-?\d)", tokens[at][1])
    if stem and (stem[1] + stem[2].lstrip("-")) in _UNIT_OF:  # m^2, m-2
        return *_UNIT_OF[stem[1] + stem[2].lstrip("-")], -1 if "-" in stem[2] else 1, 1
    if stem and stem[1] in _UNIT_OF:
        return *_UNIT_OF[stem[1]], int(stem[2]), 1
    return None


def _is_foreign(word: str) -> bool:
    """Whether it holds a size that is not converted: тысяч; TEUR, of thousands or of trillions."""
    return word.casefold() in _FOREIGN or (
        word[:1] == "T" and len(word) == 4 and word[1:] in CURRENCIES
    )


def _stuck(word: str) -> tuple[float, str] | None:
    """A size and a currency in one word: kEUR, MUSD, CNYmn."""
    for size, signs in {**SIZES, **SYMBOLS}.items():
        for sign in signs.split():
            for rest in (word.removeprefix(sign), word.removesuffix(sign)):
                if rest != word and rest.isupper() and len(rest) == 3 and rest in CURRENCIES:
                    return size, rest
    return None
