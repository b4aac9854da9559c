"""What people do most, in the oldest JupyterLab and Notebook 7: the same tests as in the newest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.browser.jupyter import ROOT
from tests.browser.test_document import (  # noqa: F401
    ids,
    test_a_call_shows_inputs_attempts_why_it_ran_and_what_it_printed,
    test_replay_changes_an_argument_and_says_what_runs,
    test_stored_values_are_drawn_by_jupyterlab_and_never_run,
)
from tests.browser.test_inbox import test_a_new_question_is_told_and_answered_without_a_notebook  # noqa: F401
from tests.browser.test_inline import (  # noqa: F401
    test_a_flow_is_seen_live_and_answered_in_place_while_the_kernel_is_busy,
    test_an_answer_that_does_not_fit_is_told_at_its_field_and_an_abort_is_confirmed,
)
from tests.browser.test_sidebar import (  # noqa: F401
    many,
    test_executions_are_listed_the_newest_first_with_what_matters_of_each,
    test_the_context_menu_acts_on_the_execution_that_is_clicked,
)

if TYPE_CHECKING:
    from tests.browser.jupyter import Jupyter


def test_these_are_the_oldest_and_have_all_that_the_extension_asks_for(either: Jupyter) -> None:
    told: list[str] = []
    either.page.on("console", lambda message: told.append(message.text))
    either.open(either.server.write_notebook("oldest.ipynb", "1"))
    version = "7.4" if either.classic else "4.4"
    assert either.page.evaluate("() => jupyterapp.version").startswith(version)
    # Others in the environment may be newer, and complain.
    assert [text for text in told if any(f"module {name} (required {asked})" in text for name, asked in shared())] == []


def shared() -> set[tuple[str, str]]:
    """The packages that the bundle takes from JupyterLab, each with the version that it asks for."""
    (entry,) = (ROOT / "kitaru" / "labextension" / "static").glob("remoteEntry.*.js")
    found = set(re.findall(r'shareKey:"([^"]+)",import:[^,]*,requiredVersion:"([^"]+)"', entry.read_text()))
    assert ("@jupyterlab/application", "^4.4.0") in found
    return found
