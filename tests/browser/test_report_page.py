"""The report in a real browser: it opens offline, fits its window, and draws its charts."""

import re
import shutil
import subprocess

import pytest

from westforecast.study import files_of, read_study, run_study

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
# Without these flags Chromium looks for hosts of its own at every start.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars"]  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

MEASURE = """<script>
const wide = [...document.querySelectorAll("body *")].filter(
  e => !e.closest(".scroll, figure, svg") && e.getBoundingClientRect().right > innerWidth + 1);
const drawn = [...document.querySelectorAll("svg")].filter(
  s => s.getBoundingClientRect().height > 80);
document.title = JSON.stringify({overflow: wide.length, page: document.documentElement.scrollWidth,
  charts: drawn.length, loaded: performance.getEntriesByType("resource").length});
</script>"""


def chromium(*args):
    return subprocess.run([CHROMIUM, *FLAGS, *args], capture_output=True, timeout=90, check=True)


@pytest.fixture
def page(study_file, tmp_path):
    path = tmp_path / "report.html"
    path.write_bytes(files_of(run_study(read_study(study_file)))["report.html"])
    return path


@pytest.mark.parametrize("width", [1280, 500])
def test_the_page_fits_and_loads_nothing(page, tmp_path, width):
    probe = tmp_path / "probe.html"
    probe.write_text(page.read_text(encoding="utf-8").replace("</body>", MEASURE + "</body>"),
                     encoding="utf-8")  # fmt: skip
    dom = chromium(f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},1600",
                   "--dump-dom", probe.as_uri()).stdout.decode()  # fmt: skip
    told = re.search(r"<title>(.*?)</title>", dom)[1].replace("&quot;", '"')
    assert '"overflow":0' in told, told
    assert '"charts":3' in told, told
    assert '"loaded":0' in told, told


def test_the_picture_is_not_blank(page, tmp_path):
    shot = tmp_path / "page.png"
    chromium(f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1080,1600",
             f"--screenshot={shot}", page.as_uri())  # fmt: skip
    data = shot.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(data) > 40_000, "a blank page of this size compresses to a few kilobytes"
