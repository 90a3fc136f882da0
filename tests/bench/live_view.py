"""``python -m tests.bench.live_view``: the picture of the live view in the README, from a real run.

A real Kafka, worker and board count the endless sample; after ``--seconds`` what a terminal of 122 columns would show
is written as SVG.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console

from listener.campaigns.files import load_campaigns
from listener.demo.live import LOOK_S, Watched, view
from listener.demo.run import DemoRun
from listener.demo.sample import LiveSample
from listener.inputs.fieldmap import FieldMap
from listener.inputs.options import Replay
from listener.kafka.embedded import EmbeddedKafka
from listener.sample import campaigns_directory
from models.topics import Namespace

OUT: Final = Path("docs/images/live-view.svg")
WIDTH: Final = 122


def say(text: str) -> None:
    """Progress, apart from the result."""
    print(text, file=sys.stderr, flush=True)


async def follow(run: DemoRun, watched: Watched, seconds: float) -> None:
    """Look as the live view does, for so long."""
    ids = [one.id for one in load_campaigns(run.replay.campaigns).campaigns]
    speed = run.replay.speed or 1.0
    sample = await asyncio.to_thread(LiveSample.start, datetime.now(UTC), time.monotonic(), speed)
    run.pace = sample
    counting = asyncio.create_task(run.count(ids, sample))
    end = time.monotonic() + seconds
    while time.monotonic() < end and not counting.done():
        campaigns = await run.now(20)
        watched.look(run.counted, campaigns, run.sent.records)
        await asyncio.sleep(LOOK_S)
    counting.cancel()
    with suppress(asyncio.CancelledError):
        await counting


async def picture(broker: EmbeddedKafka, directory: Path, speed: float, seconds: float) -> str:
    """The SVG."""
    replay = Replay((), FieldMap(), campaigns_directory(), speed=speed)
    run = DemoRun(replay, broker.settings, Namespace("demo"), directory, say, board_port=8080)
    async with run:
        watched = Watched(f"Listener  invented posts and press, told {speed:.0f} times as fast", run.board_url)
        await follow(run, watched, seconds)
    console = Console(file=StringIO(), record=True, width=WIDTH, force_terminal=True, color_system="truecolor")
    console.print(view(watched, WIDTH))
    return console.export_svg(title="make demo")


def main() -> None:
    """Run it and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=120.0)
    parser.add_argument("--seconds", type=float, default=400.0)
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    with EmbeddedKafka(progress=say) as broker, tempfile.TemporaryDirectory() as directory:
        svg = asyncio.run(picture(broker, Path(directory), chosen.speed, chosen.seconds))
    chosen.out.parent.mkdir(parents=True, exist_ok=True)
    chosen.out.write_text(svg, encoding="utf-8")
    say(f"wrote {chosen.out}")


if __name__ == "__main__":
    main()
