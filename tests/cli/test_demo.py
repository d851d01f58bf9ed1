from pathlib import Path

from tests.cli.calling import chipwatch


def test_a_folder_of_something_else_is_a_wrong_call(tmp_path: Path) -> None:
    """What the demo shows is tested with the demo; here, how the command ends."""
    (tmp_path / "letters").write_text("mine")
    called = chipwatch("demo", "--output", tmp_path)
    assert called.status == 2
    assert "name another --output" in called.err
    assert not called.out
    assert (tmp_path / "letters").read_text() == "mine"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    called = chipwatch("demo", "--output", tmp_path / "file")
    assert called.status == 2
    assert "file" in called.err
    assert (tmp_path / "file").read_text() == "mine"
