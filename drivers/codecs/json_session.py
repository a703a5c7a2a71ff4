"""A device that tells its tags as records in JSON: many records, of many messages, become columns in one step.

Where one of them makes no sense, the step has had no effect; the messages are taken one by one then, and the one
that holds it is halved until it is found. That gives what the records give one after the other, without the wrong ones.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

import numpy as np

from core.records import Times
from drivers.codecs.json_rows import Field, JsonRows, Rows, Units, Values
from drivers.codecs.json_values import Malformed
from drivers.codecs.message_reads import MAX_TAGS
from drivers.codecs.message_session import Message, MessageSession, Presence, Said

AT_ONCE = 8192
"""Records that are gathered at most, and those of one message: what was parsed takes more room than its bytes."""

MOST_WRONG = 64
"""Records of one message that make no sense: behind so many the rest of it is left out too, since looking takes time."""


class _Batch:
    """Records that were gathered, one row each: values by field, arrivals, and where each message's rows begin."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self.told: dict[Field, list[object]] = {field: [] for field in fields}
        self.arrivals: list[int] = []
        self.messages: list[tuple[Message, int]] = []

    def __len__(self) -> int:
        return len(self.arrivals)

    def add(self, message: Message, told: Values) -> None:
        self.messages.append((message, len(self)))
        self.arrivals += [message.arrival] * len(told["tag"])
        for field, column in self.told.items():
            column += told[field]

    def values(self, start: int, stop: int) -> Values:
        if (start, stop) == (0, len(self)):
            return self.told
        return {field: column[start:stop] for field, column in self.told.items()}

    def each(self) -> Iterator[tuple[Message, int, int]]:
        """Every message with its rows."""
        bounds = pairwise([*(start for _, start in self.messages), len(self)])
        for (message, _), (start, stop) in zip(self.messages, bounds, strict=True):
            yield message, start, stop


class JsonSession(MessageSession):
    """One device. `understand` calls `tell` with the records of a message; the parameters are those of JsonRows."""

    def __init__(
        self,
        names: Mapping[Field, str],
        units: Units,
        presence: Presence | None = None,
        max_tags: int = MAX_TAGS,
    ) -> None:
        super().__init__(presence)
        self._rows = JsonRows(names, units, self.counts, max_tags)
        self._batch = _Batch(self._rows.fields)

    def tell(self, message: Message, told: Values) -> Iterator[Said]:
        """Gather the tags that `message` tells of, one row for each; yields what has become too much to be held."""
        if told["tag"]:
            self._batch.add(message, told)
        if len(self._batch) >= AT_ONCE:
            yield from self.gathered()

    def gathered(self) -> Iterator[Said]:
        """See MessageSession."""
        batch = self._batch
        if not len(batch):
            return
        self._batch = _Batch(self._rows.fields)
        try:
            rows = self._understood(batch, 0, len(batch))
        except Malformed:
            for message, start, stop in batch.each():
                yield from self._sifted(batch, message, start, stop)
        else:
            yield from self._stamped(rows, batch.arrivals)
        self._rows.renew()

    def told(self, rows: Rows, time: Times) -> Iterator[Said]:
        """What follows from rows that are understood; `time` int64[n] is theirs by the gateway's clock."""
        reads = self._rows.reads(rows, time)
        if reads is not None:
            yield reads

    def _understood(self, batch: _Batch, start: int, stop: int) -> Rows:
        return self._rows.rows(batch.values(start, stop))

    def _stamped(self, rows: Rows, arrivals: list[int]) -> Iterator[Said]:
        arrival = np.array(arrivals, np.int64)
        return self.told(rows, arrival if rows.time is None else self.stamps(rows.time, arrival))

    def _sifted(self, batch: _Batch, message: Message, start: int, stop: int) -> Iterator[Said]:
        """One message, in which records may make no sense: the others count, in their order."""
        errors: list[Malformed] = []
        left_out, parts = 0, [(start, stop)]
        while parts:
            begin, end = parts.pop()
            if len(errors) == MOST_WRONG:
                left_out += end - begin
                continue
            try:
                rows = self._understood(batch, begin, end)
            except Malformed as error:
                if end - begin > 1:
                    middle = (begin + end) // 2
                    parts += [(middle, end), (begin, middle)]
                else:
                    errors.append(error)
                    left_out += 1
            else:
                yield from self._stamped(rows, batch.arrivals[begin:end])
        if errors:
            yield self.without(message, errors[0], left_out, stop - start)
