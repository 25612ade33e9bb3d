"""Loops over frequency: what `Certificate.loops` has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gainswarm._checks import Floats, known
from gainswarm._look import COLOURS, GREY, WRONG, style

Complex = npt.NDArray[np.complex128]


class Margins(NamedTuple):
    """How far a loop is from the limit of stability; infinite where there is none.

    ``gain`` and ``gain_down`` are factors, ``phase`` is in degrees, ``delay`` in s, ``sensitivity`` is Ms and ``complementary_sensitivity`` Mt.
    """

    gain: float
    gain_down: float
    phase: float
    delay: float
    sensitivity: float
    complementary_sensitivity: float


class Loop:
    """A loop as it is sampled, broken at a driven input with the others closed, over frequency.

    With P from the law's output to what is measured, and C from there back, L = P C; the gang of four are S = 1/(1 + L), T = L/(1 + L),
    PS = P/(1 + L) and CS = C/(1 + L) (Åström & Murray 2008, *Feedback Systems*, section 11.1).

    Attributes:
        input: the driven input.
        omega: frequencies in rad/s, rising to π over the control period, of shape (n,); closer where L changes most.
        L, S, T: at each of them, complex128 of shape (n,), without unit.
        PS: from a disturbance at the law's output to each observed output by name, in its unit over that of the input: an array (n,) each.
        CS: from the noise of each output's sensor to the law's output, likewise; with its sign, which is that of −C/(1 + L).
        margins: of this loop alone, `Margins`.

    >>> import gainswarm as gs
    >>> loop = gs.certify(plant=([1.0], [1.0, 0.0]), controller=gs.P(Kp=1.0), dt=1e-4).loops[0]   # L = 1/s, sampled fast
    >>> bool(abs(loop.L * 1j * loop.omega - 1.0)[loop.omega < 10].max() < 1e-2), bool(abs(loop.S + loop.T - 1.0).max() < 1e-12)
    (True, True)
    """

    def __init__(self, told: Mapping[str, Any]) -> None:
        self.input: str = told["input"]
        self.omega: Floats = told["omega"]
        self.L: Complex = told["L"]
        self.S: Complex = told["S"]
        self.T: Complex = told["T"]
        self.PS: dict[str, Complex] = told["PS"]
        self.CS: dict[str, Complex] = told["CS"]
        self.margins = Margins(*told["margins"])

    def __repr__(self) -> str:
        return f"<Loop at {self.input}, {len(self.omega)} frequencies, Ms {self.margins.sensitivity:.4g}>"

    def __len__(self) -> int:
        return len(self.omega)

    def plot(self, axes: Any = None) -> Any:
        """Draws by Matplotlib magnitude and phase of L, its Nyquist plot, and the gang of four; an array of the four axes, (2, 2).

        ``axes`` are four others to draw on, such as those of another loop.
        """
        with style() as plt:
            if axes is None:
                _, axes = plt.subplots(2, 2, layout="constrained", figsize=(9.0, 6.0))
            axes = np.asarray(axes)
            magnitude, nyquist, phase, gang = (known_axes(axes)[place] for place in (0, 1, 2, 3))
            self._bode(magnitude, phase)
            self._nyquist(nyquist)
            self._gang(gang)
        return axes

    def _bode(self, magnitude: Any, phase: Any) -> None:
        from matplotlib.ticker import MultipleLocator

        size, angle = np.abs(self.L), np.degrees(np.unwrap(np.angle(self.L)))
        # The branch that goes on to −180° where L crosses the unit circle.
        crosses = np.flatnonzero((size[:-1] >= 1.0) & (size[1:] < 1.0))
        at = crosses[-1] if len(crosses) else len(size) // 2
        angle -= 360.0 * np.round((angle[at] + 180.0) / 360.0)
        # At π/T the response is real, so that its phase jumps.
        for axes, values in ((magnitude, size[:-1]), (phase, angle[:-1])):
            axes.semilogx(self.omega[:-1], values)
            axes.set_xlabel("ω in rad/s")
        magnitude.set_yscale("log")
        phase.yaxis.set_major_locator(MultipleLocator(45 if np.ptp(angle[:-1]) < 400 else 180))
        magnitude.axhline(1.0, color=GREY, linewidth=0.9, linestyle="--")
        magnitude.set_title(f"|L|, broken at {self.input}")
        phase.axhline(-180.0, color=GREY, linewidth=0.9, linestyle="--")
        phase.set_title("phase of L in degrees")
        if len(crosses):
            crossing = float(np.exp(np.interp(0.0, -np.log(size[at : at + 2]), np.log(self.omega[at : at + 2]))))
            there = float(np.interp(crossing, self.omega, angle))
            magnitude.plot(crossing, 1.0, "o", color=COLOURS[1], markersize=5)
            phase.plot([crossing] * 2, [there, -180.0], color=COLOURS[1], linewidth=1.4)
            phase.annotate(f" {there + 180.0:.3g}°", (crossing, (there - 180.0) / 2), color=COLOURS[1])

    def _nyquist(self, axes: Any) -> None:
        circle = np.exp(1j * np.linspace(0.0, 2.0 * np.pi, 181))
        axes.plot(circle.real, circle.imag, color=GREY, linewidth=0.8, linestyle="--")
        most = self.margins.sensitivity
        if np.isfinite(most) and most > 0.0:
            near = -1.0 + circle / most
            axes.fill(near.real, near.imag, color=WRONG, alpha=0.12, linewidth=0)
            axes.annotate(f"Ms {most:.3g} ", (-1.0 - 0.7 / most, 0.72 / most), color=WRONG, ha="right", va="bottom", fontsize=8.5)
        axes.plot(self.L.real, self.L.imag)
        axes.plot(-1.0, 0.0, "+", color=WRONG, markersize=9, markeredgewidth=1.8)
        axes.set(xlim=(-3.2, 1.7), ylim=(-2.2, 1.5), aspect="equal", title="L in the plane", xlabel="real", ylabel="imaginary")

    def _gang(self, axes: Any) -> None:
        own = [("S", self.S), ("T", self.T)]
        only = len(self.PS) == 1 and len(self.CS) == 1
        others = [
            (symbol if only else f"{symbol} {name}", values)
            for symbol, of in (("PS", self.PS), ("CS", self.CS))
            for name, values in of.items()
        ]
        for place, (label, values) in enumerate([*own, *others[:4]]):
            axes.loglog(self.omega, np.maximum(np.abs(values), 1e-12), label=label, linewidth=1.6 if place < 2 else 1.1)
        peak = int(np.argmax(np.abs(self.S)))
        axes.plot(self.omega[peak], abs(self.S[peak]), "o", color=COLOURS[0], markersize=4)
        largest = max(float(np.abs(values).max()) for _, values in [*own, *others])
        axes.set_ylim(bottom=max(1e-4, 1e-7 * largest))
        axes.set_title("gang of four")
        axes.set_xlabel("ω in rad/s")
        axes.legend(ncols=2)


def known_axes(axes: npt.NDArray[Any]) -> list[Any]:
    """Four axes, row by row."""
    flat = list(axes.ravel())
    known("number of axes", str(len(flat)), ["4"])
    return flat
