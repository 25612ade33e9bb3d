#!/usr/bin/env python3
"""Writes an animated SVG of a tuning in the terminal, from a real run: scripts/recording.py GAINSWARM [OUT.svg].

The program runs in a pseudo-terminal, whose screen `pyte` (pip install pyte) keeps. Each line is drawn for as long as it stood on the
screen: a line that stays is in the file once. Where a reader has asked for less motion, the last screen stands still.
"""

import html
import os
import pty
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyte

COLUMNS, ROWS = 79, 33
CHARACTER, LINE, MARGIN, TITLE = 8.43, 19, 14, 30  # px
FRAME = 0.1  # s between two looks at the screen
HOLD = 6.0  # s that the last screen stays
STUDY = """\
plant = { type = "dc_motor", K = 0.05, Kb = 0.05, L = 0.005 }
controller = { type = "pid", u_max = 24.0 }
connect = { measurement = "omega", voltage = "u" }
scenarios = [{ signals = { reference = 100.0 }, noise = { omega = 0.1 } }]
response = [{ output = "omega" }]
cost = { itae = { signals = ["error"] }, control_rate = { weight = 0.01 } }
limits = { max_overshoot = 5.0 }
tune = [
    { parameter = "Kp", lower = 0.01, upper = 10.0, scale = "log10" },
    { parameter = "Ki", lower = 0.1, upper = 100.0, scale = "log10" },
    { parameter = "Kd", lower = 1e-5, upper = 0.1, scale = "log10" },
]
simulation.duration = 3.0
swarm.stopping.evaluations = 2000
"""


def record(gainswarm: str) -> list[tuple[float, list[str]]]:
    """The screens of a tuning, each with the time at which it came."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    frames: list[tuple[float, list[str]]] = []
    clock = 0.0

    def look() -> None:
        lines = [line.rstrip() for line in screen.display]
        if not frames or frames[-1][1] != lines:
            frames.append((clock, lines))

    stream.feed(b"$ ")
    look()
    for letter in "gainswarm tune motor.toml":  # as a hand types it
        clock += 0.05
        stream.feed(letter.encode())
        look()
    clock += 0.5
    stream.feed(b"\r\n")
    with tempfile.TemporaryDirectory() as directory:
        Path(directory, "motor.toml").write_text(STUDY)
        near, far = pty.openpty()
        size = {"COLUMNS": str(COLUMNS), "LINES": str(ROWS), "TERM": "xterm-256color"}
        subprocess.run(["stty", "cols", str(COLUMNS), "rows", str(ROWS)], stdin=far, check=True)
        program = subprocess.Popen(
            [os.path.abspath(gainswarm), "tune", "motor.toml"], cwd=directory, stdin=far, stdout=far, stderr=far, env={**os.environ, **size}
        )
        os.close(far)
        began, typed = time.monotonic(), clock
        while True:
            clock = typed + time.monotonic() - began
            if select.select([near], [], [], FRAME)[0]:
                try:
                    stream.feed(os.read(near, 65536))
                except OSError:  # the terminal's other end is closed
                    break
            elif program.poll() is not None:
                break
            if not frames or clock - frames[-1][0] >= FRAME:
                look()
        clock = typed + time.monotonic() - began
        if program.wait() != 0:
            raise SystemExit("the tuning failed")
    look()
    return frames


def draw(frames: list[tuple[float, list[str]]]) -> str:
    """The screens as an SVG that repeats itself."""
    end = frames[-1][0] + HOLD
    runs: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for (begin, lines), (after, _) in zip(frames, [*frames[1:], (end, [])]):
        for row, line in enumerate(lines):
            if line:
                times = runs.setdefault((row, line), [])
                if times and times[-1][1] == begin:
                    times[-1] = (times[-1][0], after)
                else:
                    times.append((begin, after))
    height = TITLE + ROWS * LINE + MARGIN
    width = round(COLUMNS * CHARACTER + 2 * MARGIN)
    styles, texts = [], []
    for number, ((row, line), times) in enumerate(runs.items()):
        steps = [(0.0, times[0][0] == 0.0)]
        for begin, after in times:
            steps += [(begin, True)] + ([(after, False)] if after < end else [])
        keys = "".join(f"{100 * at / end:.3f}%{{visibility:{'visible' if shown else 'hidden'}}}" for at, shown in dict(steps).items())
        last = "" if times[-1][1] < end else ' class="last"'
        styles.append(f"@keyframes k{number}{{{keys}}}#t{number}{{animation-name:k{number}}}")
        y = TITLE + MARGIN + row * LINE
        texts.append(f'<text id="t{number}"{last} x="{MARGIN}" y="{y}">{html.escape(line)}</text>')
    return f"""<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
<title>gainswarm tunes three gains of a motor in the terminal</title>
<style>
text{{font:14px 'DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace;fill:#d8dee9;white-space:pre;visibility:hidden;animation:{end:.2f}s step-end infinite}}
.last{{visibility:visible}}
{"".join(styles)}
@media (prefers-reduced-motion:reduce){{text{{animation:none!important}}}}
</style>
<rect width="{width}" height="{height}" rx="8" fill="#1d2330" stroke="#5b6578"/>
<g fill="#5b6578"><circle cx="18" cy="16" r="5"/><circle cx="35" cy="16" r="5"/><circle cx="52" cy="16" r="5"/></g>
{chr(10).join(texts)}
</svg>
"""


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    out = Path(sys.argv[2] if len(sys.argv) == 3 else "docs/tuning.svg")
    svg = draw(record(sys.argv[1]))
    out.write_text(svg)
    print(f"{out}: {len(svg) / 1000:.0f} kB")
