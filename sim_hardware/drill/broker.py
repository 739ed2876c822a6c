"""The drill's own MQTT broker, a process of its own: `python -m sim_hardware.drill.broker HOST:PORT`."""

import asyncio
import logging
import signal
import sys

from amqtt.broker import Broker

from sim_hardware.rehost import split_endpoint

READY = "broker ready"


async def run(endpoint: str) -> None:
    """Serve MQTT 3.1.1 without passwords on `endpoint` until SIGTERM or SIGINT; says so on stdout."""
    host, port = split_endpoint(endpoint)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    print(READY, flush=True)  # noqa: T201 - the drill waits for this line
    await stop.wait()
    await broker.shutdown()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(run(sys.argv[1]))
