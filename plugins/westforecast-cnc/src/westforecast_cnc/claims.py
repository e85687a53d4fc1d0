"""Recomputes every quantified claim of the source text from the shipped figures and assumptions.

The source text is the article about western China that this study answers. It gives shares, rates
and forecasts without years or sources (assumptions.csv holds them); data.csv holds what statistics
say. No number of a result is typed in here: each is read or computed, and a claim's `source` lists
the series that were read for it.
"""

from collections.abc import Callable, Iterable
from typing import Final

from westforecast.domain import decompose
from westforecast.study import Claim, Verdict
from westforecast_cnc.arithmetic import Processing, implied_total

FigureReader = Callable[[str, int], float]
AssumptionReader = Callable[[str], float]

# "close to", "about" and "approach" in the text count as true within one and a half points.
CLOSE: Final = 1.5
# "multiply" in the text is read as at least twofold.
TWOFOLD: Final = 2.0


def check_claims(figure: FigureReader, assumption: AssumptionReader) -> list[Claim]:
    """Recompute the claims C01 to C23, in order.

    figure: returns the figure of a series (`unique_id`) in a year, KeyError where there is none.
    assumption: returns the value of a row of assumptions.csv by its id.

    Raises KeyError when a figure that a claim rests on, or an assumption, is missing.
    """
    return [check(_Desk(figure, assumption)) for check in _CHECKS]


class _Desk:
    """What one claim works with: reads figures and assumptions, notes which series it read."""

    def __init__(self, figure: FigureReader, assumption: AssumptionReader) -> None:
        self._figure = figure
        self.assume = assumption
        self._sources: dict[str, None] = {}

    def figure(self, unique_id: str, year: int) -> float:
        """Read a figure and note its series as a source."""
        value = self._figure(unique_id, year)
        self._sources[unique_id] = None
        return value

    def figures(self, unique_id: str, *years: int) -> dict[int, float]:
        """Read the figures of these years, all of which must be there."""
        return {year: self.figure(unique_id, year) for year in years}

    def known(self, unique_id: str, years: Iterable[int]) -> dict[int, float]:
        """Read the figures of those years that have one; KeyError when none has."""
        values = {}
        for year in years:
            try:
                values[year] = self.figure(unique_id, year)
            except KeyError:
                continue
        if not values:
            raise KeyError(f"{unique_id}: no figure in any of the years asked for")
        return values

    def claim(
        self, claim_id: str, *, phrase: str, stated: str, check: str, found: str, verdict: Verdict
    ) -> Claim:
        """Put the claim together; its source is whatever was read on the way."""
        source = ", ".join(self._sources) or "source text only"
        return Claim(
            id=claim_id,
            phrase=phrase,
            stated=stated,
            check=check,
            found=found,
            verdict=verdict,
            source=source,
        )


def _dated(values: dict[int, float], form: str = "g") -> str:
    """Write figures with their years: 71.4 (1999), 71.5 (2005)."""
    return ", ".join(f"{value:{form}} ({year})" for year, value in values.items())


def _span(low: float, high: float, form: str = ".1f") -> str:
    """Write a range: 1.8 to 3.0."""
    return f"{low:{form}} to {high:{form}}"


def _c01_manufacturing_share(desk: _Desk) -> Claim:
    stated = desk.assume("west_manufacturing_share")
    industry = desk.figures("west_industry_va_share.CN-WEST", 2005, 2020)
    return desk.claim(
        "C01",
        phrase="the western manufacturing industry accounts for 9.8% of the country",
        stated=f"{stated:g} percent of national manufacturing",
        check="The West's share of national industrial value added, which also holds mining and "
        "utilities, where the West is strong.",
        found=f"Industry: {_dated(industry)} percent. Manufacturing alone was not found; a share "
        f"of {stated:g} percent would lie {industry[2005] - stated:.1f} points below industry "
        "in 2005.",
        verdict="plausible" if stated < industry[2005] else "contradicted",
    )


def _c02_machine_tool_share(desk: _Desk) -> Claim:
    stated, year = desk.assume("west_share"), 2024
    west = desk.figure("mt_cut_units_region.CN-WEST", year)
    nation = desk.figure("mt_cut_units_region.CN", year)
    share = 100 * west / nation
    return desk.claim(
        "C02",
        phrase="the CNC cutting machine tool industry accounts for 8.95% of the country",
        stated=f"{stated:g} percent of the nation, value or units not said",
        check="The West's share of metal-cutting machine tools, CNC or not, by units: the only "
        "western figure there is.",
        found=f"{share:.1f} percent in {year} ({west:,.0f} of {nation:,.0f} units): the same "
        "order, on another basis and years later.",
        verdict="plausible" if abs(share - stated) <= CLOSE else "mixed",
    )


def _c03_metal_products_share(desk: _Desk) -> Claim:
    return desk.claim(
        "C03",
        phrase="the metal products industry (small CNC cutting machine tools) accounts for 4.28% "
        "of the country",
        stated=f"{desk.assume('west_metal_products_share'):g} percent of national metal products",
        check="None: no western share of metal products was found.",
        found="The phrase gives one share to two industries; metal products and machine tools are "
        "separate branches of the statistics.",
        verdict="untestable",
    )


def _c04_share_of_western_industry(desk: _Desk) -> Claim:
    stated = desk.assume("cnc_share_of_western_industry")
    outputs = [desk.assume("west_share") / 100 * total for total in _implied_outputs(desk)]
    industry_year, tools_year = 2005, 2006
    industry = desk.figure("va_industry_cur_csy2006.CN-WEST", industry_year) / 10
    tools = desk.figure("mt_prod_cny.CN", tools_year)
    shares = [100 * output / industry for output in outputs]
    claimed = stated / 100 * industry
    return desk.claim(
        "C04",
        phrase="the sales revenue of the western CNC cutting machine tool industry accounts for "
        "about 35% of the western industry",
        stated=f"{stated:g} percent of western industry",
        check="The West's share of the national output that claim C13 implies, against western "
        "industrial value added.",
        found=f"{_span(min(outputs), max(outputs))} CNY bn against {industry:,.0f} CNY bn "
        f"({industry_year}), or {_span(min(shares), max(shares), '.2f')} percent. {stated:g} "
        f"percent would be {claimed:,.0f} CNY bn, {claimed / tools:.1f} times all machine tools "
        f"made in China in {tools_year}; {stated / 100:g} percent is the right order.",
        verdict="impossible" if claimed > tools else "plausible",
    )


def _c05_metal_products_in_western_industry(desk: _Desk) -> Claim:
    stated = desk.assume("metal_products_share_of_western_industry")
    tools = desk.assume("cnc_share_of_western_industry")
    return desk.claim(
        "C05",
        phrase="the western metal products account for more than 1.5% of the western industry",
        stated=f"more than {stated:g} percent of western industry",
        check="Against claim C04 as printed and with its decimal point moved by two places; no "
        "western figure was found.",
        found=f"As printed, CNC machine tools would be {tools / stated:.0f} times all metal "
        f"products. Read as {tools / 100:g} percent, metal products are "
        f"{stated / (tools / 100):.1f} times the machine tools or more.",
        verdict="plausible" if stated > tools / 100 else "contradicted",
    )


def _c06_gdp_per_head(desk: _Desk) -> Claim:
    stated = desk.assume("stated_gdp_pc_usd")
    values = desk.known("west_gdp_pc_usd.CN-WEST", range(1998, 2019))
    reached = [year for year, value in values.items() if value > stated]
    around = {year: values[year] for year in _around(reached, values)}
    return desk.claim(
        "C06",
        phrase="The per capita GDP of the western region is likely to exceed 1,000 US dollars",
        stated=f"above {stated:,.0f} USD, in the future tense",
        check="Western GDP per head at the official exchange rate: the first year above the mark.",
        found=f"{_dated(around)} USD. "
        + (
            f"The mark was passed in {reached[0]}, so the sentence is older than that."
            if reached
            else "The mark was not passed."
        ),
        verdict="confirmed" if reached else "contradicted",
    )


def _c07_industrialization_rate(desk: _Desk) -> Claim:
    stated = desk.assume("stated_industrialization_rate")
    rates = desk.figures("west_industry_va_to_gdp.CN-WEST", 1999, 2005, 2007, 2008, 2020)
    near = [str(year) for year, rate in rates.items() if abs(rate - stated) <= CLOSE]
    return desk.claim(
        "C07",
        phrase="the industrialization rate is close to 40%",
        stated=f"close to {stated:g} percent of western GDP",
        check="Industrial value added as a share of western GDP (2007 without Guangxi).",
        found=f"{_dated(rates)} percent. "
        + (f"Close to it: {', '.join(near)}." if near else "Close to it: no year."),
        verdict="confirmed" if near else "contradicted",
    )


def _c08_urbanization(desk: _Desk) -> Claim:
    stated, target = desk.assume("stated_urbanization_2020"), 2020
    start = desk.figures("west_urban_share.CN-WEST", 2005)
    rates = desk.known("urban_share.CN-WEST", range(2015, 2025))
    miss = rates[target] - stated
    reached = [year for year, rate in rates.items() if rate >= stated]
    passed = f"passed in {reached[0]}" if reached else f"not passed by {max(rates)}"
    return desk.claim(
        "C08",
        phrase="the level of urbanization in the west will probably approach 50% in 2020",
        stated=f"close to {stated:g} percent in {target}",
        check="Urban share of the West's population, mean of the 12 provinces weighted by people.",
        found=f"{_dated(start)} and {rates[target]:.1f} ({target}) percent: the forecast was "
        f"{abs(miss):.1f} points too {'low' if miss > 0 else 'high'}. "
        f"{stated:g} percent was {passed}.",
        verdict="confirmed" if abs(miss) <= CLOSE else "contradicted",
    )


def _c09_horizon(desk: _Desk) -> Claim:
    return desk.claim(
        "C09",
        phrase="In the next five years",
        stated=f"{desk.assume('share_gain_years'):g} years",
        check="None: a horizon, not a quantity.",
        found="The text does not say from which year; its figures belong to different years.",
        verdict="untestable",
    )


def _c10_transfer_peak(desk: _Desk) -> Claim:
    start, end = int(desk.assume("transfer_peak_start")), int(desk.assume("transfer_peak_end"))
    # From 1999: the as-published series has a break in 1993 and another in 1997 (Chongqing).
    gdp = desk.known("gdp_cur_pub.CN-WEST", range(1998, 2019))
    growth = {y: 100 * (gdp[y] / gdp[y - 1] - 1) for y in gdp if y - 1 in gdp}
    peak = max(growth, key=lambda year: growth[year])
    inside = start <= peak <= end
    last = min(end, max(growth))
    return desk.claim(
        "C10",
        phrase="estimated to have reached a climax during the 12th Five-Year Plan period",
        stated=f"peak of industry transfer {start} to {end}",
        check=f"Nominal growth of western GDP, {min(growth)} to {max(growth)}, as a stand-in: "
        "transfer itself is not measured.",
        found=f"Fastest in {peak} ({growth[peak]:.1f} percent), "
        f"{'inside' if inside else 'outside'} the stated period; "
        f"{growth[last]:.1f} percent in {last}.",
        verdict="mixed" if inside else "contradicted",
    )


def _c11_private_capital(desk: _Desk) -> Claim:
    return desk.claim(
        "C11",
        phrase="hundreds of billions of private capital is finding out",
        stated="hundreds of billions, currency not said",
        check="None: no figure for capital leaving Zhejiang was found.",
        found="No number precise enough to test.",
        verdict="untestable",
    )


def _c12_share_gain(desk: _Desk) -> Claim:
    share, years = desk.assume("west_share"), desk.assume("share_gain_years")
    low, high = desk.assume("share_gain_low"), desk.assume("share_gain_high")
    later = 2024
    units = desk.figure("mt_cut_share_region.CN-WEST", later)
    reached = units >= share + low
    return desk.claim(
        "C12",
        phrase="increased by 3-5 percentage points",
        stated=f"{low:g} to {high:g} points more of the national total in {years:g} years",
        check="The share this leads to, and the West's share of metal-cutting machine tool units "
        "long after.",
        found=f"{share:g} percent becomes {_span(share + low, share + high, '.2f')} percent, "
        f"{_span(100 * low / share, 100 * high / share)} percent above the start. In {later} it "
        f"was {units:g} percent of units: {'the gain came' if reached else 'no such gain'}, "
        "though units are not value.",
        verdict="plausible" if reached else "contradicted",
    )


def _c13_output_gain(desk: _Desk) -> Claim:
    low, high = desk.assume("output_gain_low"), desk.assume("output_gain_high")
    totals, extremes = _implied_outputs(desk), _extreme_outputs(desk)
    years, growth = desk.assume("share_gain_years"), desk.assume("market_growth")
    share = desk.assume("west_share") / 100
    total, grown = totals[1], (1 + growth / 100) ** years
    small, large = (
        decompose(total, total * grown, share, share + desk.assume(gain) / 100)
        for gain in ("share_gain_low", "share_gain_high")
    )
    made = desk.figures("mt_prod_cny.CN", 2006, 2011)
    return desk.claim(
        "C13",
        phrase="likely increase the output value of 2-3 billion yuan",
        stated=f"{low:g} to {high:g} CNY bn more western output",
        check="The national output this implies if it stands still, against machine tools made in "
        f"China; and the gain if it grew by {growth:g} percent a year for {years:g} years.",
        found=f"Implied {totals[0]:.1f} and {totals[1]:.1f} CNY bn (extremes "
        f"{_span(*extremes, '.0f')}) against {_dated(made, '.1f')}: the size fits the first year, "
        "but the market did not stand still. With growth the West's "
        f"{total * share:.2f} CNY bn gains "
        f"{_span(small.total, large.total)}: market {small.market:.1f}, share "
        f"{_span(small.share, large.share)}, both together "
        f"{_span(small.interaction, large.interaction)}.",
        verdict="mixed",
    )


def _c14_land(desk: _Desk) -> Claim:
    stated = desk.assume("stated_land_share")
    shares = desk.figures("west_land_share.CN-WEST", 1999, 2005)
    return desk.claim(
        "C14",
        phrase="more than 70% of the country land area",
        stated=f"more than {stated:g} percent of land",
        check="The West's share of the nation's land area.",
        found=f"{_dated(shares)} percent.",
        verdict="confirmed" if min(shares.values()) > stated else "contradicted",
    )


def _c15_population(desk: _Desk) -> Claim:
    stated, later = desk.assume("stated_population_share"), 2020
    shares = desk.figures("west_population_share.CN-WEST", 1999, 2005, 2006)
    people = desk.figure("population.CN-WEST", later) * 1e4
    share_later = 100 * people / desk.figure("wdi_population.CN", later)
    close = all(abs(share - stated) <= CLOSE for share in shares.values())
    return desk.claim(
        "C15",
        phrase="about 28% of the country total population",
        stated=f"about {stated:g} percent of population",
        check="The West's share of the nation's population.",
        found=f"{_dated(shares)}, {share_later:.1f} ({later}) percent.",
        verdict="confirmed" if close else "contradicted",
    )


def _c16_west_mining(desk: _Desk) -> Claim:
    regions = _processing(desk)
    return desk.claim(
        "C16",
        phrase="the western non-ferrous metal mining industry accounted for 33.54% of the country",
        stated=f"{100 * regions.west_mining:.2f} percent of national mining",
        check="None: no regional figure was found. Used as an input for C20.",
        found=f"With C18 it leaves {100 * regions.rest_mining:.2f} percent of mining to all other "
        "regions.",
        verdict="untestable",
    )


def _c17_west_smelting(desk: _Desk) -> Claim:
    regions = _processing(desk)
    return desk.claim(
        "C17",
        phrase="non-ferrous metal smelting and rolling processing industry accounted for only "
        "27.12%",
        stated=f"{100 * regions.west_smelting:.2f} percent of national smelting and rolling",
        check="None: no regional figure was found. Share of smelting over share of mining: the "
        "West's deep-processing coefficient.",
        found=f"{regions.west:.4f}, against 1 for the nation by construction.",
        verdict="untestable",
    )


def _c18_east_mining(desk: _Desk) -> Claim:
    regions = _processing(desk)
    return desk.claim(
        "C18",
        phrase="the eastern part was 34.56%",
        stated=f"{100 * regions.east_mining:.2f} percent of national mining",
        check="None: no regional figure was found. Used as an input for C20.",
        found=f"{100 * (regions.east_mining - regions.west_mining):.2f} points more than the West: "
        "the two mine about as much.",
        verdict="untestable",
    )


def _c19_east_smelting(desk: _Desk) -> Claim:
    regions = _processing(desk)
    return desk.claim(
        "C19",
        phrase="and 45.70% respectively",
        stated=f"{100 * regions.east_smelting:.2f} percent of national smelting and rolling",
        check="None: no regional figure was found. Share of smelting over share of mining in the "
        "East and in all other regions.",
        found=f"East {regions.east:.4f}; other regions {100 * regions.rest_smelting:.2f} / "
        f"{100 * regions.rest_mining:.2f} = {regions.rest:.4f}.",
        verdict="untestable",
    )


def _c20_deep_processing(desk: _Desk) -> Claim:
    regions = _processing(desk)
    best = max(regions.multiple_at_nation, regions.multiple_at_east)
    return desk.claim(
        "C20",
        phrase="If the western deep processing coefficient can reach the national level or even "
        "the eastern developed areas, the manufacturing output value of the western region will "
        "multiply",
        stated=f"a multiple, read as at least {TWOFOLD:g}",
        check="Western smelting at the national and at the eastern coefficient, mining unchanged.",
        found=f"Smelting would grow {regions.multiple_at_nation:.4f}-fold at the national and "
        f"{regions.multiple_at_east:.4f}-fold at the eastern coefficient. Smelting is one branch, "
        "so manufacturing as a whole would grow by far less.",
        verdict="plausible" if best >= TWOFOLD else "contradicted",
    )


def _c21_primary_employment(desk: _Desk) -> Claim:
    stated = desk.assume("stated_primary_employment")
    gap = desk.assume("stated_primary_employment_gap")
    nation = desk.known("wdi_agri_emp_share.CN", range(1991, 2020))
    yearbook = {
        **desk.figures("emp_share_primary_csy2011.CN", 2005),
        **desk.figures("emp_share_primary_csy.CN", 2007),
    }
    true_in = [year for year, share in nation.items() if share >= stated - gap]
    last = f"last so in {true_in[-1]}" if true_in else "never so"
    return desk.claim(
        "C21",
        phrase="The proportion of employment in the western primary industry is still above 60%",
        stated=f"above {stated:g} percent",
        check=f"With the gap of {gap:g} points in C22 the nation must be at {stated - gap:g} "
        "percent or more: when was it? No complete western series was found.",
        found=f"National share at or above that: {last} (modelled series); yearbooks: "
        f"{_dated(yearbook)} percent. The claim can be true of data up to then, not of later data.",
        verdict="mixed" if true_in else "contradicted",
    )


def _c22_employment_gap(desk: _Desk) -> Claim:
    stated = desk.assume("stated_primary_employment")
    gap = desk.assume("stated_primary_employment_gap")
    nation = desk.known("wdi_agri_emp_share.CN", range(1991, 2020))
    lowest = min(nation, key=lambda year: nation[year])
    return desk.claim(
        "C22",
        phrase="which is higher than the national 10%",
        stated=f"{gap:g} percent, read as percentage points",
        check="Read as a level: the lowest national primary employment share. Read as a gap: the "
        "national share it implies.",
        found=f"As a level it is wrong: the lowest is {nation[lowest]:.1f} percent ({lowest}). "
        f"As a gap it implies {stated - gap:g} percent for the nation (see C21).",
        verdict="mixed" if nation[lowest] > gap else "plausible",
    )


def _c23_stage(desk: _Desk) -> Claim:
    low, high = desk.assume("middle_stage_lower"), desk.assume("middle_stage_upper")
    scores = desk.figures("industrialization_index.CN", 1995, 2000, 2005, 2010, 2014, 2015)
    middle = [str(year) for year, score in scores.items() if low <= score < high]
    late = [year for year, score in scores.items() if score >= high]
    return desk.claim(
        "C23",
        phrase="At present, China is in the middle stage of industrialization",
        stated=f"middle stage: composite index from {low:g} to {high:g}",
        check="The published composite index of industrialization.",
        found=f"{_dated(scores)}. Middle stage: {', '.join(middle) or 'none of these years'}"
        + (f"; late stage from {late[0]}." if late else "."),
        verdict="confirmed" if middle else "contradicted",
    )


def _implied_outputs(desk: _Desk) -> tuple[float, float]:
    """National outputs, CNY bn, at which gains and points agree: low with low, high with high."""
    low, high = (
        implied_total(desk.assume(f"output_gain_{end}"), desk.assume(f"share_gain_{end}") / 100)
        for end in ("low", "high")
    )
    return low, high


def _extreme_outputs(desk: _Desk) -> tuple[float, float]:
    """The same with gains and points paired crosswise: the least and the most, CNY bn."""
    least = implied_total(desk.assume("output_gain_low"), desk.assume("share_gain_high") / 100)
    most = implied_total(desk.assume("output_gain_high"), desk.assume("share_gain_low") / 100)
    return least, most


def _processing(desk: _Desk) -> Processing:
    """Read the four non-ferrous shares as fractions."""
    return Processing(
        west_mining=desk.assume("west_mining_share") / 100,
        west_smelting=desk.assume("west_smelting_share") / 100,
        east_mining=desk.assume("east_mining_share") / 100,
        east_smelting=desk.assume("east_smelting_share") / 100,
    )


def _around(reached: list[int], values: dict[int, float]) -> list[int]:
    """Return the first year that reached a mark and the one before, or the last known year."""
    if not reached:
        return [max(values)]
    return [year for year in (reached[0] - 1, reached[0]) if year in values]


_CHECKS: Final[tuple[Callable[[_Desk], Claim], ...]] = (
    _c01_manufacturing_share,
    _c02_machine_tool_share,
    _c03_metal_products_share,
    _c04_share_of_western_industry,
    _c05_metal_products_in_western_industry,
    _c06_gdp_per_head,
    _c07_industrialization_rate,
    _c08_urbanization,
    _c09_horizon,
    _c10_transfer_peak,
    _c11_private_capital,
    _c12_share_gain,
    _c13_output_gain,
    _c14_land,
    _c15_population,
    _c16_west_mining,
    _c17_west_smelting,
    _c18_east_mining,
    _c19_east_smelting,
    _c20_deep_processing,
    _c21_primary_employment,
    _c22_employment_gap,
    _c23_stage,
)
