from pathlib import Path

import pytest

from rtadapt.config import Settings, load_settings
from rtadapt.errors import InvalidSettings
from rtadapt.shown import to_environment


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "other.toml"
    file.write_text("[batch]\nmax_events = 3\nmax_age_seconds = 7.0\n[train]\nleast_steps = 11\n")
    monkeypatch.setenv("RTADAPT_BATCH__MAX_EVENTS", "4")
    settings = load_settings(file, train={"least_steps": 12})
    assert (settings.batch.max_events, settings.batch.max_age_seconds, settings.train.least_steps) == (4, 7.0, 12)


def test_a_file_in_the_working_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "rtadapt.toml").write_text('model = "some/model"\n')
    assert load_settings().model == "some/model"


@pytest.mark.parametrize(
    ("flags", "field"),
    [
        ({"batch": {"max_evens": 3}}, "batch.max_evens"),
        ({"batch": {"max_events": 0}}, "batch.max_events"),
        ({"serve": {"port": 70000}}, "serve.port"),
        ({"train": {"rank": 7}}, "train.rank"),
        ({"nothing": 1}, "nothing"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(flags: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidSettings) as caught:
        load_settings(**flags)
    assert caught.value.field == field
    assert field in str(caught.value)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"nowhere\.toml"):
        load_settings(tmp_path / "nowhere.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("model = [")
    with pytest.raises(InvalidSettings, match="could not be read"):
        load_settings(broken)


def test_a_child_process_sees_the_very_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(
        model="a/b", serve={"port": 8123, "vllm_args": ["--seed", "3"]}, keys_file="keys", train={"learning_rate": 1e-3}
    )
    for name, value in to_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_a_child_process_sees_them_also_where_another_file_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rtadapt.toml").write_text('keys_file = "other"\nlog_level = "debug"\n[train]\nlearning_rate = 0.5\n')
    named = tmp_path / "named.toml"
    named.write_text("[batch]\nmax_events = 3\n")
    settings = load_settings(named)
    for name, value in to_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings().model_dump() == settings.model_dump()


def test_settings_cannot_be_changed_once_made() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().model = "other"  # type: ignore[misc]
