"""Making a reader read what we want, without losing what it held for us (LLRP 1.1, ROSpec operations).

A reader that holds reports until a client asks for them may drop them with the ROSpec that made them. So they are
asked for first, and ROSpecs are only touched when nothing more comes. A ROSpec of ours is known by its id and
left running.
"""

from collections.abc import Callable, Iterator

from drivers.codecs.errors import ProtocolError
from drivers.codecs.llrp import Message, Parameter
from drivers.codecs.llrp_dialogue import Dialogue, Script, Wait
from drivers.codecs.llrp_status import failure

QUIET_SECONDS = 1.0
"""No report for so long: nothing is held any more."""

START_SECONDS = 1.0
"""A ROSpec that starts by itself shows itself within so long."""

REPORT, EVENT = "RO_ACCESS_REPORT", "READER_EVENT_NOTIFICATION"
DISABLED, INACTIVE, ACTIVE = 0, 1, 2  # ROSpecState

_IMMEDIATE = 1  # ROSpecStartTriggerType
_START_OF_ROSPEC = 0  # ROSpecEventType


def take_over(talk: Dialogue, spec: Parameter, caught_up: Callable[[], bool]) -> Script[bool]:
    """Drain the reader and leave it with `spec` alone, enabled; `caught_up`: the last reports are of just now.

    The answer tells whether it runs: one with a trigger may be waiting for it.
    """
    listed = yield from talk.ask("GET_ROSPECS")
    states = _states(listed)
    held = talk.say("ENABLE_EVENTS_AND_REPORTS")
    yield from _drained(held, caught_up)
    id = spec.number("rospec_id")
    state = states.pop(id, None)
    if state is None:
        if states or failure(listed) is not None:  # a reader that does not list them may have some
            yield from _drained(talk.say("GET_REPORT"), caught_up)
        yield from _delete_all(talk, states)
        yield from talk.request("ADD_ROSPEC", {}, (spec,))
    else:
        yield from _delete(talk, states)
    if not state:  # not there, or disabled
        yield from talk.request("ENABLE_ROSPEC", {"rospec_id": id})
    if starts_at_once(spec) and state != ACTIVE and (state == INACTIVE or not (yield from _starts(id))):
        yield from _start(talk, id)
    return starts_at_once(spec) or state == ACTIVE


def starts_at_once(spec: Parameter) -> bool:
    """The ROSpec reads from when it is enabled, not by a trigger."""
    return any(trigger.number("type") == _IMMEDIATE for trigger in _triggers(spec))


def _triggers(spec: Parameter) -> Iterator[Parameter]:
    for boundary in spec.every("ROBoundarySpec"):
        yield from boundary.every("ROSpecStartTrigger")


def _states(listed: Message) -> dict[int, int]:
    """The reader's ROSpecs by GET_ROSPECS_RESPONSE: id -> state."""
    return {spec.number("rospec_id"): spec.number("current_state") for spec in listed.every("ROSpec")}


def _drained(id: int, caught_up: Callable[[], bool]) -> Script[None]:
    """Until no report comes, or those that come are of just now, or the reader refuses: then it holds nothing."""
    while True:
        message = yield Wait((REPORT,), QUIET_SECONDS, id)
        if message is None or message.name != REPORT or caught_up():
            return


def _delete_all(talk: Dialogue, states: dict[int, int]) -> Script[None]:
    answer = yield from talk.ask("DELETE_ROSPEC", {"rospec_id": 0})
    if failure(answer) is not None:  # not all readers know 0 for all
        yield from _delete(talk, states)


def _delete(talk: Dialogue, states: dict[int, int]) -> Script[None]:
    for id in states:
        yield from talk.request("DELETE_ROSPEC", {"rospec_id": id})


def _starts(id: int) -> Script[bool]:
    """The reader tells that our ROSpec has started, or reports."""
    while True:
        sign = yield Wait((REPORT, EVENT), START_SECONDS)
        if sign is None or sign.name == REPORT or _is_start(sign, id):
            return sign is not None


def _is_start(message: Message, id: int) -> bool:
    return any(
        (event.number("type"), event.number("rospec_id")) == (_START_OF_ROSPEC, id)
        for data in message.every("ReaderEventNotificationData")
        for event in data.every("ROSpecEvent")
    )


def _start(talk: Dialogue, id: int) -> Script[None]:
    """Some readers leave that to us. Raises ProtocolError if it does not start at all."""
    why = failure((yield from talk.ask("START_ROSPEC", {"rospec_id": id})))
    if why is not None:
        states = _states((yield from talk.ask("GET_ROSPECS")))
        if states.get(id) != ACTIVE:
            raise ProtocolError(f"the reader refused START_ROSPEC: {why}")
