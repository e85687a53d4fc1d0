"""The tutorial for authors, followed word for word in an environment of its own."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial-your-own-model.md"
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```$", re.S | re.M)


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """An environment that sees what this one has and keeps to itself what is installed into it."""
    pytest.importorskip("hatchling", reason="hatchling builds the package of the tutorial")
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, capture_output=True)
    (site,) = folder.glob("lib/python*/site-packages")
    outer = [path for path in sys.path if path.endswith("site-packages")]
    (site / "outer.pth").write_text(
        "".join(f"import site; site.addsitedir({path!r})\n" for path in outer)
    )
    return folder / "bin" / "python"


def test_every_step_works_as_written(python, tmp_path):
    env = {k: v for k, v in os.environ.items() if not k.startswith("WESTFORECAST")}
    env |= {"WESTFORECAST_CACHE": str(tmp_path / "cache"), "COLUMNS": "110",
            # The build takes what is here already, and asks nobody for it.
            "PIP_NO_BUILD_ISOLATION": "false", "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # fmt: skip
    desk = tmp_path / "desk"
    desk.mkdir()
    told = ""
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "python":
            head, _, body = text.partition("\n")
            action, _, name = head.removeprefix("# ").partition(": ")
            assert action in ("file", "append"), head
            path = desk / name
            with path.open("w" if action == "file" else "a", encoding="utf-8") as file:
                file.write(body)
            continue
        for line in (line[2:] for line in text.splitlines() if line.startswith("$ ")):
            words = shlex.split(line)
            begin = {"python": [python], "westforecast": [python, "-m", "westforecast"]}
            command = [*begin.get(words[0], [words[0]]), *words[1:]]
            done = subprocess.run(command, cwd=desk, env=env, capture_output=True, text=True)
            told += f"$ {line}\n{done.stdout}{done.stderr}\n"
            assert done.returncode == 0, told
    assert told.count("keeps the model contract") == 4, told
    assert "nothing is broken" in told
    assert "acme-fading" in told
    assert "No evidence of a difference from Naive: Fading (mase 73 % lower" in told
    assert "Better than Naive: Fading" in told
    assert (desk / "board" / "report.html").is_file()
    Path(os.environ.get("WESTFORECAST_TOLD", os.devnull)).write_text(told, encoding="utf-8")
