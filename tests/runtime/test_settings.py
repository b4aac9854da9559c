from __future__ import annotations

import pytest

import kitaru
import kitaru.errors
from kitaru.errors import KitaruUsageError
from kitaru.runtime.settings import KitaruConfig, default_model, from_environment, from_project, resolve


def test_each_layer_wins_over_the_ones_below(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve(KitaruConfig(), KitaruConfig()).retries == 0
    (tmp_path / "pyproject.toml").write_text("[tool.kitaru]\nretries = 1\ncache = false\n")
    assert resolve(KitaruConfig(), KitaruConfig()).retries == 1
    assert resolve(KitaruConfig(), KitaruConfig()).cache is False
    monkeypatch.setenv("KITARU_RETRIES", "2")
    assert resolve(KitaruConfig(), KitaruConfig()).retries == 2
    kitaru.configure(retries=3)
    assert resolve(KitaruConfig(), KitaruConfig()).retries == 3
    assert resolve(KitaruConfig(), KitaruConfig(retries=4)).retries == 4
    assert resolve(KitaruConfig(retries=0), KitaruConfig(retries=4)).retries == 0


def test_configure_changes_what_is_named_and_clears_with_none():
    kitaru.configure(retries=2, model="a/b")
    assert kitaru.configure(cache=False) == KitaruConfig(cache=False, retries=2, model="a/b")
    assert kitaru.configure(retries=None).retries is None


def test_the_model_comes_from_the_highest_layer(monkeypatch):
    assert default_model() is None
    monkeypatch.setenv("KITARU_DEFAULT_MODEL", "openai/env")
    assert default_model() == "openai/env"
    kitaru.configure(model="openai/code")
    assert default_model() == "openai/code"


@pytest.mark.parametrize(
    ("name", "text"), [("KITARU_CACHE", "maybe"), ("KITARU_RETRIES", "-1"), ("KITARU_RETRIES", "x")]
)
def test_a_wrong_environment_names_the_variable(name, text):
    with pytest.raises(KitaruUsageError, match=name):
        from_environment({name: text})


@pytest.mark.parametrize("table", ["retries = -1", "cache = 1", "stack = ''", "unknown = 1", "retries = true"])
def test_a_wrong_project_file_is_named(table, tmp_path):
    (tmp_path / "pyproject.toml").write_text(f"[tool.kitaru]\n{table}\n")
    with pytest.raises(KitaruUsageError, match=r"pyproject\.toml"):
        from_project(tmp_path)


@pytest.mark.parametrize("options", [{"retries": -1}, {"retries": kitaru.Retry()}, {"cache": "yes"}, {"stack": " "}])
def test_wrong_options_are_refused_everywhere(options):
    @kitaru.flow
    def body() -> None: ...

    with pytest.raises(KitaruUsageError):
        kitaru.configure(**options)
    with pytest.raises(KitaruUsageError):
        body.run(**options)


def test_a_stack_that_does_not_exist_is_named():
    @kitaru.flow(stack="nowhere")
    def body() -> None: ...

    with pytest.raises(kitaru.errors.KitaruError, match="nowhere"):
        body.run()


def test_what_an_execution_ran_with_is_recorded(recorded):
    @kitaru.flow(retries=2, cache=False)
    def body() -> None: ...

    handle = body.run(tags=["a", "b"])
    handle.wait(60)
    head = recorded(handle.exec_id)["execution"]
    assert (head["spec"]["retries"], head["spec"]["cache"]) == (2, False)
    assert (head["stack"], head["tags"]) == ("local", ["a", "b"])
