"""Tunes controller gains with a particle swarm."""

from gainswarm._gainswarm import Study, Tuning, __version__


def tune(path):
    return Study.load(path).tune()
