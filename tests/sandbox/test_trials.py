"""`doctor` tries what a wall declares; grading stops where it does not hold, and asks only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.errors import WallError
from autograder.sandbox.bare import Bare
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.container import Container
from autograder.sandbox.promises import BY_ID
from autograder.sandbox.server import WarmServer
from autograder.sandbox.trials import TRIALS, require_promises, try_promises
from autograder.sandbox.wall import Furniture


class Boastful(Bare):
    """No wall at all, which claims to be one."""

    name = "boastful"
    promises = Bubblewrap.promises


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "autograder"


def test_every_declared_promise_has_words_and_a_trial() -> None:
    for wall in (Bubblewrap, Container):
        assert wall.promises <= set(BY_ID)
    assert set(TRIALS) == set(BY_ID)
    assert len(Bubblewrap.promises) == 11
    assert Bare.promises == frozenset()


@pytest.mark.slow
def test_the_wall_of_this_machine_keeps_all_that_it_declares() -> None:
    holdings = try_promises(Bubblewrap())
    assert [it.said for it in holdings if not it.holds] == []
    assert {it.promise.id for it in holdings} == Bubblewrap.promises


@pytest.mark.slow
def test_grading_stops_where_a_promise_does_not_hold(cache: Path, tmp_path: Path) -> None:
    refused = pytest.raises(WallError, match="does not keep a promise here")
    with WarmServer(Boastful(), Furniture(tmp_path, ())) as server, refused as caught:
        require_promises(server)
    assert "bubblewrap" in caught.value.remedy
    assert not list(cache.glob("wall-*"))


@pytest.mark.slow
def test_what_held_is_not_tried_again_until_the_machine_changes(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WarmServer(Bubblewrap(), Furniture(tmp_path, ())) as server:
        require_promises(server)
        assert len(list(cache.glob("wall-*"))) == 1
        monkeypatch.setattr(
            "autograder.sandbox.trials.try_server", lambda server: pytest.fail("again")
        )
        require_promises(server)


@pytest.mark.slow
def test_no_wall_promises_nothing_and_stops_nobody(cache: Path, tmp_path: Path) -> None:
    with WarmServer(Bare(), Furniture(tmp_path, ())) as server:
        require_promises(server)
