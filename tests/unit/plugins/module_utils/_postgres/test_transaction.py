# SPDX-License-Identifier: GPL-3.0-or-later
"""A transaction that writes: after which errors it is retried, how often, and how it reports a failure."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Any, Iterator, Sequence, cast

import pytest
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.problem import Failure, Problem
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.secret import Secret
from ansible_collections.metamapper.postgresql.plugins.module_utils._core.sql_statement import Statement, simple
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.lock_holders import (
    ADVISORY_LOCK_HOLDERS,
    TRANSACTIONS_THAT_WRITE,
    LockHolder,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.server_error import (
    RETRYABLE_SQLSTATES,
    OutcomeUnknown,
    ServerError,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.session import Session
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.settings import (
    Setting,
    statement_logging_off,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction import (
    SAME_ANSWERS,
    TAKE_ADVISORY_LOCK,
    Done,
    LockTimeouts,
    Work,
    read,
    write,
)
from ansible_collections.metamapper.postgresql.plugins.module_utils._postgres.transaction_problems import ATTEMPTS

from tests.support.values.names import HOSTILE, PASSWORD

FIRST = simple("GRANT USAGE ON SCHEMA {} TO {}", HOSTILE, "readers")
SECOND = simple("GRANT USAGE ON SCHEMA {} TO {}", "sales", "readers")
TIMEOUTS = LockTimeouts(wait_seconds=300, lock_timeout_ms=5000)


def refusal(code: str, text: str = "refused") -> ServerError:
    """Return a server error with a SQLSTATE; an empty SQLSTATE means that the connection was lost."""
    return ServerError(code, text, is_connection_lost=not code)


def clashes(code: str, count: int = 99) -> list[ServerError]:
    """Return errors with different messages, as when other sessions change a different object each time."""
    return [refusal(code, f"refused {number}") for number in range(count)]


class Server:
    """A stand-in for a session: records what it was sent, and raises the next of the errors given for a step."""

    def __init__(
        self,
        *,
        looks: Sequence[ServerError | None] = (),
        runs: Sequence[ServerError | None] = (),
        commits: Sequence[ServerError | None] = (),
        logins: Sequence[ServerError | None] = (),
    ) -> None:
        self.sent: list[str] = []
        self._refusals: dict[str, Iterator[ServerError | None]] = {
            "look": iter(looks),
            "run": iter(runs),
            "commit": iter(commits),
            "login": iter(logins),
        }

    def _meet(self, step: str) -> None:
        error = next(self._refusals[step], None)
        if error is not None:
            raise error

    def begin(self, mode: str, *settings: Setting, lock_timeout_ms: int | None = None) -> None:
        self.sent.append("begin " + mode.rsplit(" ", 2)[1])

    def add(self, statement: Any) -> None:
        self.sent.append("lock" if statement == TAKE_ADVISORY_LOCK else "lock_timeout")

    def look(self) -> int:
        self.sent.append("look")
        self._meet("look")
        return self.sent.count("look")

    def run(self, statements: Sequence[Any]) -> None:
        self.sent.append(f"run {len(statements)}")
        self._meet("run")

    def records(self, query: str, _parameters: Any, record: type[LockHolder]) -> list[LockHolder]:
        assert query in (ADVISORY_LOCK_HOLDERS, TRANSACTIONS_THAT_WRITE)
        return [record(7, HOSTILE, "", "")]

    def end_read(self) -> None:
        self.sent.append("end of reading")

    def commit(self) -> None:
        self.sent.append("commit")
        self._meet("commit")

    def reopen(self) -> None:
        self.sent.append("login")
        self._meet("login")

    @contextmanager
    def holding(self, settings: Sequence[Setting]) -> Iterator[None]:
        self.sent.append("set " + ", ".join(setting.name for setting in settings))
        yield
        self.sent.append("reset")

    def rollback(self) -> None:
        self.sent.append("rollback")


def written(
    server: Server, *statements: Statement, missing: Sequence[Problem] = (), is_kept: bool = False
) -> Done[int, tuple[Statement, ...]]:
    """Run statements in one transaction; with ``is_kept`` nothing is left to do once a commit was sent."""
    work: Work[int, tuple[Statement, ...]] = Work(
        database="warehouse",
        inspect=lambda session: cast(Server, session).look(),
        plan=lambda _found: () if is_kept and "commit" in server.sent else statements,
        statements=lambda plan: plan,
        missing=lambda _plan, _after: missing,
    )
    return write(cast(Session, server), work, TIMEOUTS)


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the lengths of the pauses in seconds, instead of sleeping."""
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(slept))
    return slept


LOOK = ["begin READ", "lock", "look"]
WRITE = [*LOOK, "lock_timeout", "run 2"]


@pytest.mark.parametrize(
    ("server", "statements", "expected"),
    [
        pytest.param(Server(), [], [*LOOK, "commit"], id="nothing is missing any more"),
        pytest.param(Server(), [FIRST, SECOND], [*WRITE, "look", "commit"], id="written, state at, committed"),
        pytest.param(
            Server(runs=[refusal("XX000")]),
            [FIRST, SECOND],
            [*WRITE, "rollback", *WRITE, "look", "commit"],
            id="a clash: all of it again",
        ),
        pytest.param(
            Server(looks=[refusal("XX000")]), [], [*LOOK, "rollback", *LOOK, "commit"], id="a clash at the first look"
        ),
        pytest.param(
            Server(looks=[None, refusal("XX000")]),
            [FIRST, SECOND],
            [*WRITE, "look", "rollback", *WRITE, "look", "commit"],
            id="a clash at the second look",
        ),
        pytest.param(
            Server(runs=[refusal("42501")]),
            [FIRST, SECOND],
            [*WRITE, "rollback", *LOOK, "lock_timeout", "run 1", "run 1", "look", "commit"],
            id="a refusal: one by one, to name the culprit",
        ),
    ],
)
def test_what_is_sent(server: Server, statements: list[Statement], expected: list[str]) -> None:
    written(server, *statements)
    assert server.sent == expected


def test_what_was_done_is_what_the_last_attempt_found() -> None:
    assert written(Server(runs=[refusal("40P01")]), FIRST) == Done(2, 3, (FIRST,), (FIRST,))


@pytest.mark.parametrize("code", sorted(RETRYABLE_SQLSTATES))
def test_each_clash_is_survived(code: str) -> None:
    assert written(Server(runs=clashes(code, ATTEMPTS - 1)), FIRST).statements == (FIRST,)


@pytest.mark.parametrize("code", sorted(RETRYABLE_SQLSTATES))
def test_a_clash_that_does_not_end_is_a_failure_with_its_sqlstate(code: str) -> None:
    with pytest.raises(Failure) as caught:
        written(Server(runs=clashes(code)), FIRST)
    assert [problem.sqlstate for problem in caught.value.problems] == [code]


@pytest.mark.parametrize(
    ("code", "attempts", "words"),
    [
        pytest.param("42704", SAME_ANSWERS, "metamapper_login_db", id="a role that is there"),
        pytest.param("3F000", SAME_ANSWERS, "metamapper_login_db", id="a schema that is there"),
        pytest.param("XX000", ATTEMPTS, "Other sessions", id="a row that others change"),
    ],
)
def test_an_answer_that_stays_the_same_is_no_clash(code: str, attempts: int, words: str) -> None:
    server = Server(runs=[refusal(code)] * 99)
    with pytest.raises(Failure) as caught:
        written(server, FIRST)
    assert (server.sent.count("run 1"), words in str(caught.value)) == (attempts, True)


def test_a_clash_is_tried_again_so_many_times() -> None:
    server = Server(runs=[refusal("XX000")] * 99)
    with pytest.raises(Failure):
        written(server, FIRST)
    assert server.sent.count("run 1") == ATTEMPTS


def test_the_pauses_grow(pauses: list[float]) -> None:
    with pytest.raises(Failure):
        written(Server(runs=[refusal("XX000")] * 99), FIRST)
    assert (len(pauses), pauses[-1] > 5 * pauses[0]) == (ATTEMPTS - 1, True)


@pytest.mark.parametrize(
    ("server", "message"),
    [
        pytest.param(Server(runs=[refusal("42501")] * 9), f"with: {FIRST};", id="a statement that is refused"),
        pytest.param(
            Server(runs=[*[refusal("XX000")] * (ATTEMPTS - 1), refusal("42501")]),
            "SQLSTATE 42501",
            id="refused when there is no attempt left to name it",
        ),
        pytest.param(Server(runs=[refusal("")]), "SQLSTATE none", id="the connection broke"),
        pytest.param(
            Server(looks=[refusal("42501")]), "Cannot read the catalog of database", id="a look that is refused"
        ),
        pytest.param(Server(looks=[refusal("55P03")] * 9), "held by process 7 (role", id="another run"),
        pytest.param(Server(runs=[refusal("55P03")] * 9), "The lock may be held by process 7 (role", id="a lock"),
        pytest.param(Server(commits=[refusal("23505")] * 99), "Cannot commit in database", id="COMMIT is refused"),
    ],
)
def test_what_is_said_of_a_failure(server: Server, message: str) -> None:
    with pytest.raises(Failure) as caught:
        written(server, FIRST, SECOND)
    assert message in str(caught.value)


def test_the_wait_for_another_run_is_not_repeated() -> None:
    server = Server(looks=[refusal("55P03")] * 9)
    with pytest.raises(Failure):
        written(server, FIRST)
    assert server.sent == [*LOOK, "rollback", "begin READ", "end of reading", "rollback"]


def test_what_is_still_missing_is_rolled_back() -> None:
    server = Server()
    with pytest.raises(Failure, match="not granted"):
        written(server, FIRST, missing=[Problem("not granted")])
    assert server.sent[-2:] == ["look", "rollback"]


def test_reading_is_one_transaction_that_cannot_write() -> None:
    server = Server()
    found = read(cast(Session, server), lambda session: cast(Server, session).look())
    assert (found, server.sent) == (1, ["begin READ", "look", "end of reading"])


UNANSWERED = OutcomeUnknown("", "gone", is_connection_lost=True)
ONCE = [*LOOK, "lock_timeout", "run 1", "look", "commit"]


@pytest.mark.parametrize(
    ("server", "is_kept", "expected"),
    [
        pytest.param(Server(commits=[UNANSWERED]), True, [*ONCE, "login", *LOOK, "commit"], id="kept"),
        pytest.param(Server(commits=[UNANSWERED]), False, [*ONCE, "login", *ONCE], id="not kept, and done again"),
        pytest.param(
            Server(commits=[UNANSWERED], logins=[refusal(""), refusal("57P03")]),
            True,
            [*ONCE, *["login"] * 3, *LOOK, "commit"],
            id="the server starts again",
        ),
    ],
)
def test_a_commit_without_an_answer_is_settled_by_a_look(server: Server, is_kept: bool, expected: list[str]) -> None:
    assert written(server, FIRST, is_kept=is_kept).statements == (FIRST,)
    assert server.sent == expected


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(Server(commits=[UNANSWERED], logins=[refusal("")] * 99), id="nobody can look"),
        pytest.param(Server(commits=[UNANSWERED] * 2), id="nor is the second COMMIT answered"),
    ],
)
def test_where_nobody_can_look_the_outcome_is_unknown(server: Server) -> None:
    with pytest.raises(OutcomeUnknown):
        written(server, FIRST)


@pytest.mark.parametrize(
    ("login_seconds", "at_most_seconds"), [(0.0, 20.0), (10.0, 30.0)], ids=["refused at once", "swallowed"]
)
def test_a_server_that_is_gone_is_not_looked_for_longer_than_so(
    pauses: list[float], login_seconds: float, at_most_seconds: float
) -> None:
    class Gone(Server):
        def reopen(self) -> None:
            time.sleep(login_seconds)
            super().reopen()

    server = Gone(commits=[UNANSWERED], logins=[refusal("")] * 99)
    with pytest.raises(OutcomeUnknown):
        written(server, FIRST)
    assert (server.sent.count("login") > 1, 10.0 < sum(pauses) <= at_most_seconds) == (True, True)


def test_a_commit_that_meets_another_is_done_again() -> None:
    assert written(Server(commits=[refusal("40001")]), FIRST).statements == (FIRST,)


SECRET = Statement("ALTER ROLE {} PASSWORD {}", ((HOSTILE,),), Secret(PASSWORD))


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        pytest.param([SECRET], ["run 1", "run 1"], id="alone"),
        pytest.param([FIRST, SECOND, SECRET], ["lock_timeout", "run 2", "run 1"], id="after others"),
        pytest.param([SECRET, FIRST, SECOND], ["run 1", "run 1", "run 2"], id="before others"),
        pytest.param([SECRET, SECRET], ["run 1", "run 1", "run 1"], id="two"),
    ],
)
def test_a_statement_with_a_secret_travels_alone(statements: list[Statement], expected: list[str]) -> None:
    server = Server()
    written(server, *statements)
    assert server.sent == [*LOOK, *expected, "look", "commit"]


@pytest.mark.parametrize("is_superuser", [True, False])
def test_what_is_decided_at_begin_is_set_before_by_a_superuser(is_superuser: bool) -> None:
    server = Server()
    work: Work[int, tuple[Statement, ...]] = Work(
        database="warehouse",
        inspect=lambda session: cast(Server, session).look(),
        plan=lambda _found: (SECRET,),
        statements=lambda plan: plan,
        missing=lambda _plan, _after: [],
        settings=statement_logging_off(is_superuser=is_superuser),
    )
    write(cast(Session, server), work, TIMEOUTS)
    assert (server.sent[0], server.sent[-1]) == (
        ("set log_transaction_sample_rate", "reset") if is_superuser else ("begin READ", "commit")
    )
