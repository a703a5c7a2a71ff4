"""All sinks of a daemon: their forwarders, and how they are."""

from collections.abc import Callable, Mapping, Sequence

from gateway.contracts import News
from gateway.sinks.contract import STREAMS, Sink
from gateway.sinks.forwarder import Forwarder
from gateway.sinks.origin import Origin
from gateway.sinks.redress import Decision, Settled
from gateway.sinks.refusing import REFUSALS


class Dispatch:
    """One forwarder for each configured sink.

    heads  the newest numbers of the journal, by stream
    """

    def __init__(self, sinks: Sequence[Sink], origin: Origin, heads: Callable[[], Mapping[str, int]]) -> None:
        self.forwarders = {sink.name: Forwarder(sink, origin) for sink in sinks}
        self._heads = heads
        self._forget_others(origin)
        self._register(origin)

    def _forget_others(self, origin: Origin) -> None:
        """What is not configured any more holds up no deletion."""
        wanted = {(name, one) for name, each in self.forwarders.items() for one in each.sink.streams}
        for name, stream in origin.notebook.cursors:
            kind = stream.partition("/")[0]
            if (name, STREAMS.get(kind)) not in wanted and (name not in self.forwarders or kind != REFUSALS):
                origin.notebook.forget(name, stream)

    def _register(self, origin: Origin) -> None:
        """What is decided from now on waits for every sink, also for one whose destination was never there yet."""
        heads = self._heads()
        for name, forwarder in self.forwarders.items():
            for stream in forwarder.sink.streams:
                origin.notebook.begin(name, stream, 0 if forwarder.sink.begins == "first" else heads[stream])

    def wake(self, _: News) -> None:
        """Something was committed."""
        for forwarder in self.forwarders.values():
            forwarder.wake()

    def json(self) -> dict[str, dict[str, object]]:
        """Each sink, for `waypost status`."""
        heads = self._heads()
        return {name: forwarder.json(heads) for name, forwarder in self.forwarders.items()}

    def wrong(self) -> list[str]:
        """What is not as it should be, a phrase each."""
        found = []
        for name, forwarder in self.forwarders.items():
            health = forwarder.health
            if health.state not in ("up", "connecting"):
                found.append(f"{name} is {health.state}")
            if health.quarantined:
                found.append(
                    f"{name} has refused {health.quarantined.total()} rows: `waypost db quarantine --sink {name}`"
                )
            if health.missing:
                found.append(f"{health.missing.total()} rows could not be sent to {name} any more")
        return found

    async def settle(self, sink: str, decision: Decision) -> Settled:
        """What an operator decides about the rows in a sink's quarantine. Raises ValueError, Lost, Refused."""
        if sink not in self.forwarders:
            known = ", ".join(self.forwarders) or "none is configured"
            raise ValueError(f"there is no sink {sink}; known: {known}")
        return await self.forwarders[sink].settle(decision)
