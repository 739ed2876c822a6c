"""A serial adapter whose line ends at a socket; when the far end hangs up it is pulled out, and plugged in again."""

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

UNPLUGGED_S = 0.02


@asynccontextmanager
async def adapter(port: int) -> AsyncIterator[str]:
    """The path of its tty, which socat makes."""
    with TemporaryDirectory(prefix="haechi-tty-") as folder:
        tty = Path(folder, "tty")
        plugging = asyncio.create_task(_plug(tty, port))
        try:
            while not _is_there(tty):
                await asyncio.sleep(0.01)
            yield str(tty)
        finally:
            plugging.cancel()
            await asyncio.gather(plugging, return_exceptions=True)


def _is_there(tty: Path) -> bool:
    return tty.exists()


async def _plug(tty: Path, port: int) -> None:
    ends = (f"pty,link={tty},raw,echo=0", f"tcp:127.0.0.1:{port},nodelay")
    while True:
        process = await asyncio.create_subprocess_exec("socat", *ends, stderr=DEVNULL)
        try:
            await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
        await asyncio.sleep(UNPLUGGED_S)
