"""Files are written whole or not at all. (What a Result writes: backtest/test_result.py.)"""

import pytest

from westforecast import UsageError
from westforecast.files import write_whole


def test_several_files_in_a_new_folder(tmp_path):
    folder = tmp_path / "a" / "b"
    written = write_whole(folder, {"one.txt": b"1", "two.txt": b"2"})
    assert written == [folder / "one.txt", folder / "two.txt"]
    assert [path.read_bytes() for path in written] == [b"1", b"2"]
    assert len(list(folder.iterdir())) == 2


def test_files_that_are_there_are_replaced(tmp_path):
    write_whole(tmp_path, {"one.txt": b"old and longer"})
    write_whole(str(tmp_path), {"one.txt": b"new"})
    assert (tmp_path / "one.txt").read_bytes() == b"new"


def test_one_that_cannot_be_written_leaves_all_as_they_were(tmp_path):
    write_whole(tmp_path, {"one.txt": b"old"})
    with pytest.raises(UsageError, match=r"cannot write to .* Choose a folder that can be written"):
        write_whole(tmp_path, {"one.txt": b"new", "no/folder.txt": b""})
    assert (tmp_path / "one.txt").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["one.txt"]
