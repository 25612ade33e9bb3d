"""What is documented is there and is true: docstrings, doctests, stubs, types, the README."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from pathlib import Path

import gainswarm as gs
import pytest
from gainswarm import _gainswarm

HERE = Path(__file__).resolve().parents[1]
MODULES = sorted(module.name for module in pkgutil.iter_modules(gs.__path__) if module.name != "_gainswarm")


@pytest.mark.parametrize("name", ["", *MODULES])
def test_what_docstrings_show_is_what_happens(name: str) -> None:
    module = importlib.import_module(f"gainswarm.{name}" if name else "gainswarm")
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(("page", "examples"), [("python/README.md", 10), ("docs/tutorials/python.md", 10), ("docs/migrating.md", 2)])
def test_what_the_documents_show_is_what_happens(page: str, examples: int) -> None:
    path = HERE.parent / page
    if not path.exists():
        pytest.skip("the package is tested without its sources")
    result = doctest.testfile(str(path), module_relative=False)
    assert result.failed == 0 and result.attempted > examples


def test_every_public_name_has_a_docstring() -> None:
    for name in gs.__all__:
        public = getattr(gs, name)
        if name == "__version__":
            continue
        assert inspect.getdoc(public), name
        members = vars(public).items() if inspect.isclass(public) else ()
        for member, what in members:
            if not member.startswith("_") and (inspect.isfunction(what) or isinstance(what, (property, classmethod))):
                # Fields of a NamedTuple are told of in its own.
                assert inspect.getdoc(getattr(public, member) if not isinstance(what, property) else what), f"{name}.{member}"


def test_the_stub_declares_what_the_native_half_has() -> None:
    stub = (Path(gs.__file__).parent / "_gainswarm.pyi").read_text(encoding="utf-8")
    for name, what in vars(_gainswarm).items():
        if name.startswith("__") and name != "__version__":
            continue
        assert f"def {name}(" in stub or f"class {name}:" in stub or f"{name}: " in stub, name
        for member in vars(what) if inspect.isclass(what) else ():
            if not member.startswith("__"):
                assert f"    def {member}(" in stub, f"{name}.{member}"
    assert (Path(gs.__file__).parent / "py.typed").exists()


def test_types_are_strict(strict: Callable[..., str]) -> None:
    assert strict("-p", "gainswarm") == ""
    assert strict(str(HERE / "tests"), str(HERE / "benchmarks")) == ""
