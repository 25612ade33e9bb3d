"""What tests share: the studies of the repository, and one that tunes in milliseconds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import gainswarm as gs
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def configs() -> Path:
    """The folder of the studies that ship."""
    return ROOT / "configs"


@pytest.fixture(scope="session")
def program() -> str:
    """The command line, of the same build."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return os.environ.get("GAINSWARM", str(target / "release" / "gainswarm"))


@pytest.fixture(scope="session")
def motor() -> gs.Study:
    """A motor under a PI, whose tuning takes milliseconds."""
    return gs.Study.build(
        "dc_motor", gs.PI(u_max=24.0), bounds={"Kp": (0, 20), "Ki": (0, 20)}, cost="itae", reference=gs.step(1), dt=0.01, duration=2.0
    )


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """What mypy --strict says; nothing where all is well."""
    pytest.importorskip("mypy")
    cache = str(tmp_path_factory.mktemp("mypy"))
    config = ["--strict", "--config-file", str(ROOT / "python/pyproject.toml"), "--cache-dir", cache]

    def check(*what: str) -> str:
        ran = subprocess.run([sys.executable, "-m", "mypy", *config, *what], capture_output=True, text=True, check=False)
        return "" if ran.returncode == 0 else ran.stdout + ran.stderr

    return check


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path) -> Iterator[None]:
    """Each test in a directory of its own."""
    before = os.getcwd()
    os.chdir(tmp_path)
    yield
    os.chdir(before)
