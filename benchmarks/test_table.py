"""The table says what was measured, what was not, and which targets were missed."""

import json

import pytest

from .claims import Claim
from .table import claims, figure, main, page, replaced, summary


def bench(name, group="group", **extra):
    """One entry of pytest-benchmark's JSON."""
    stats = {"min": 0.001, "median": 0.002, "max": 0.004, "rounds": 3}
    return {"name": f"bench_{name}", "group": group, "stats": stats, "extra_info": extra}


def made(what="A to B", value=3.0, target=2.0, **more):
    """A claim as JSON holds it."""
    return {"what": what, "value": value, "target": target, **more}


@pytest.fixture
def raw():
    def side(name, series, *seconds):
        return {"name": name, "series": series, "seconds": list(seconds)}

    duel = {
        "ours": side("AveragedETS", 645, 0.02, 0.03, 0.025),
        "theirs": side("AutoETS", 33, 0.5, 0.4, 0.6),
        "ratio": 390.9, "best_to_worst": 260.6, "origins": 5, "horizon": 6,
        "same_series": {"ratio": 99.9},
        "accuracy": {"AveragedETS": {"smape": 16.1, "mase": 2.6},
                     "statsforecast AutoETS": {"smape": 16.2, "mase": 2.7}},
    }  # fmt: skip
    roofline = {"name": "windows.columns", "windows": 100, "flops": None, "bytes": 1e4,
                "seconds": 1e-5, "of_arithmetic": 0, "of_memory": 0.25,
                "ceilings": {"flops": 5e10, "bytes": 4e9}}  # fmt: skip
    return {
        "datetime": "2026-11-23T05:00:00",
        "machine_info": {"westforecast": {
            "cpu": "A processor", "cores": 2, "system": "Linux x86_64", "python": "3.11.7",
            "packages": {"numpy": "2.4.6"}, "blas": "openblas 0.3", "one_thread": True,
            "environment": {"OMP_NUM_THREADS": "1", "OPENBLAS_CORETYPE": "Haswell"},
        }},
        "commit_info": {"id": "0123456789abcdef", "dirty": True},
        "benchmarks": [
            bench("import", "start", claims=[made("import", 1.2, 2.0, sense="at most")]),
            bench("kernel", "kernels", roofline=roofline),
            bench("match", "side by side with statsforecast", duel=duel,
                  claims=[made(note="33 of 645 series")]),
        ],
        "skipped": [{"name": "bench_x", "reason": "model X is not installed"},
                    {"name": "bench_y", "reason": "model X is not installed"}],
    }  # fmt: skip


@pytest.mark.parametrize(("value", "target", "sense", "verdict"), [
    (2.0, 2.0, "at least", "met"), (1.9, 2.0, "at least", "missed"),
    (2.0, 2.0, "at most", "met"), (2.1, 2.0, "at most", "missed"),
    (None, 2.0, "at least", "-"), (2.0, None, "at least", "-"),
])  # fmt: skip
def test_verdicts(value, target, sense, verdict):
    assert Claim("it", value, target, sense).verdict == verdict


@pytest.mark.parametrize(("value", "text"), [
    (0, "0"), (0.00123456, "0.00123"), (1.0, "1.00"), (12.345, "12.3"), (99.94, "99.9"),
    (123.4, "123"), (1234.5, "1,234"), (1.23e6, "1,230,000"),
])  # fmt: skip
def test_figures_have_three_digits(value, text):
    assert figure(value) == text


def test_a_page_holds_machine_targets_duels_and_what_is_missing(raw):
    text = page(raw)
    for part in (
        "Measured 2026-11-23 at commit 0123456789, with changes not committed.",
        "- A processor, 2 cores, Linux x86_64",
        "- openblas 0.3, one thread, OPENBLAS_CORETYPE=Haswell",
        "| A to B | 3.00 x | at least 2 x | met | 33 of 645 series |",
        "| AveragedETS | AutoETS | 5 | 6 | 645 | 25.0 (20.0 to 30.0) | 33 | 500 (400 to 600) | 391 "
        "| 261 | 99.9 |",
        "| statsforecast AutoETS | 5 | 33 | 16.200 | 2.700 |",
        "| windows.columns | 100 | 10.0 | - | - | 1.00 | 25 % |",
        "| start | import | 3 | 2.00 | 1.00 | 4.00 |",
        "- model X is not installed: x, y",
    ):
        assert part in text


def test_what_a_reader_wants_comes_first(raw):
    assert [c.what for c in claims(raw)] == ["A to B", "import"]


def test_a_page_without_measurements_is_still_one(raw):
    text = page({**raw, "benchmarks": [], "skipped": []})
    assert "##" not in text
    assert "A processor" in text


def test_every_table_has_as_many_cells_as_heads(raw):
    blocks = [b for b in page(raw).split("\n\n") if b.startswith("|")]
    assert len(blocks) == 5
    for block in blocks:
        assert len({line.count("|") for line in block.splitlines()}) == 1


def test_the_summary_is_json_with_verdicts(raw):
    told = json.loads(json.dumps(summary(raw)))
    assert [c["verdict"] for c in told["claims"]] == ["met", "met"]
    assert told["benchmarks"][2]["duel"]["ratio"] == 390.9
    assert told["skipped"] == raw["skipped"]


@pytest.mark.parametrize(("claim", "code"), [
    (made(), 0), (made(value=1.0), 1), (made(value=1.0, gate=False), 0), (made(value=None), 0),
])  # fmt: skip
def test_a_missed_ratio_is_exit_code_1(raw, tmp_path, capsys, claim, code):
    raw["benchmarks"] = [bench("one", claims=[claim])]
    file = tmp_path / "raw.json"
    file.write_text(json.dumps(raw))
    assert main([str(file)]) == code
    told = capsys.readouterr()
    assert told.err == ("missed: A to B\n" if code else "")
    assert (tmp_path / "bench.md").read_text() == f"# Benchmarks\n\n{page(raw)}"
    assert json.loads((tmp_path / "bench.json").read_text()) == summary(raw)
    assert page(raw) in told.out


def test_a_page_is_shown_between_its_marks(raw, tmp_path):
    file, shown = tmp_path / "raw.json", tmp_path / "page.md"
    file.write_text(json.dumps(raw))
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    shown.write_text(f"# Title\n\n{begin}\nold\n{end}\n\nThe rest.\n")
    main([str(file), "--into", str(shown)])
    text = shown.read_text()
    assert text == f"# Title\n\n{begin}\n\n{page(raw)}\n{end}\n\nThe rest.\n"
    assert replaced(text, page(raw)) == text
    with pytest.raises(ValueError, match="the page has no"):
        replaced("nothing", "x")
