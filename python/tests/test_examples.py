"""The notebooks run from the first cell to the last, and their types are strict."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((HERE / "examples").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    for needed in {"over_dask": ["distributed"], "cart_pole": ["control"]}.get(path.stem, []):
        pytest.importorskip(needed)
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "notebooks are kept without outputs"
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()


def test_the_types_of_notebooks_are_strict(strict: Callable[..., str], tmp_path: Path) -> None:
    assert len(NOTEBOOKS) == 4
    for path in NOTEBOOKS:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        (tmp_path / f"{path.stem}.py").write_text(code, encoding="utf-8")
    assert strict(str(tmp_path)) == ""


def test_a_cell_that_is_interrupted_leaves_what_there_is_and_a_kernel_that_goes_on() -> None:
    client = pytest.importorskip("jupyter_client")
    manager, kernel = client.manager.start_new_kernel(kernel_name="python3")
    try:
        kernel.execute(
            "import gainswarm as gs\n"
            "study = gs.Study.build('dc_motor', 'pi', dt=0.01, duration=1.0)\n"
            "print('begun')\n"
            "try:\n    study.tune(generations=1_000_000, evaluations=10**9)\n"
            "except KeyboardInterrupt as interrupted:\n    print(type(interrupted).__name__, interrupted.tuning.feasible)\n"
        )

        def printed() -> str:
            while True:
                message = kernel.get_iopub_msg(timeout=60)
                if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                    return str(message["content"]["text"])

        text = printed()
        assert "begun" in text
        time.sleep(0.5)
        manager.interrupt_kernel()
        assert "Interrupted True" in printed()
        kernel.execute("print(study.tune(evaluations=50).feasible)")
        assert printed().strip() == "True"
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)
