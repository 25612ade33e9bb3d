#!/usr/bin/env python3
"""Hold a swarm for several objectives, by ask/tell over JSON lines, against known fronts and bbob-biobj; or a peer of pagmo.

    pip install numpy pygmo coco-experiment        # for biobj; numpy and pygmo (the hypervolume, the peers) for known
    scripts/pareto.py known --budget 25000 -- target/release/gainswarm ask-tell {config}
    scripts/pareto.py biobj --dim 5 -- target/release/gainswarm ask-tell {config}
    scripts/pareto.py biobj --dim 5 --peer nsga2|moead

known: the hypervolume of the kept points on ZDT1 to 4, ZDT6 (Zitzler, Deb & Thiele 2000, doi:10.1162/106365600568202), DTLZ1 and, held
out, DTLZ2, DTLZ3 and DTLZ7 (Deb and others 2005, doi:10.1007/1-84628-137-7_6): median, least and most over the seeds.
biobj: the share of COCO's 58 hypervolume targets reached, by all that was evaluated (Tusar and others 2016, arXiv:1604.00359).
"""
import argparse, glob, json, pathlib, re, shutil, subprocess, sys, tempfile
import numpy as np


def zdt(front, distance):
    def judge(x):
        f, g = front[0](x), 1 + distance(x)
        return [f, g * front[1](f, g)]
    return judge


def slope(x):
    return 9 * np.mean(x[1:])


def waves(x):
    return 100 * (len(x) + np.sum((x - 0.5) ** 2 - np.cos(20 * np.pi * (x - 0.5))))


def sphere(distance):
    def judge(x):
        a, b = x[:2] * np.pi / 2
        return [(1 + distance(x[2:])) * v for v in (np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a))]
    return judge


def dtlz1(x):
    g = 0.5 * (1 + waves(x[2:]))
    return [g * x[0] * x[1], g * x[0] * (1 - x[1]), g * (1 - x[0])]


def dtlz7(x):
    g = 1 + 9 * np.mean(x[2:])
    return [x[0], x[1], (1 + g) * (3 - sum(f / (1 + g) * (1 + np.sin(3 * np.pi * f)) for f in x[:2]))]


first = lambda x: x[0]
root = lambda f, g: 1 - np.sqrt(f / g)
square = lambda f, g: 1 - (f / g) ** 2
# name: bounds, reference, objectives
KNOWN = {
    "ZDT1": ([(0, 1)] * 30, [1, 1], zdt((first, root), slope)),
    "ZDT2": ([(0, 1)] * 30, [1, 1], zdt((first, square), slope)),
    "ZDT3": ([(0, 1)] * 30, [1, 1], zdt((first, lambda f, g: root(f, g) - f / g * np.sin(10 * np.pi * f)), slope)),
    "ZDT4": ([(0, 1)] + [(-5, 5)] * 9, [1, 1], zdt((first, root), lambda x: np.sum(10 + x[1:] ** 2 - 10 * np.cos(4 * np.pi * x[1:])))),
    "ZDT6": ([(0, 1)] * 10, [1, 1], zdt((lambda x: 1 - np.exp(-4 * x[0]) * np.sin(6 * np.pi * x[0]) ** 6, square),
                                       lambda x: 9 * np.mean(x[1:]) ** 0.25)),
    "DTLZ1": ([(0, 1)] * 7, [0.55] * 3, dtlz1),
    "DTLZ2": ([(0, 1)] * 12, [1.1] * 3, sphere(lambda x: np.sum((x - 0.5) ** 2))),
    "DTLZ3": ([(0, 1)] * 12, [1.1] * 3, sphere(waves)),
    "DTLZ7": ([(0, 1)] * 22, [1.1, 1.1, 6.6], dtlz7),
}


def ours(judge, bounds, objectives, budget, seed, command):
    """What the kept points cost at the end."""
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "swarm.toml"
        config.write_text(f"seed = {seed}\nobjectives = {objectives}\n[swarm.stopping]\nevaluations = {budget}\n" + "".join(
            f'[[parameters]]\nname = "x{i}"\nlower = {low:.17g}\nupper = {high:.17g}\n' for i, (low, high) in enumerate(bounds)))
        process = subprocess.Popen([part.replace("{config}", str(config)) for part in command], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True, bufsize=1)
        for line in process.stdout:
            message = json.loads(line)
            if "ask" not in message:
                break
            costs = [[float(cost) for cost in judge(np.array(x))] for x in message["ask"]["positions"]]
            process.stdin.write(json.dumps({"tell": {"objectives": costs}}) + "\n")
            process.stdin.flush()
        process.stdin.close()
        if process.wait(timeout=30):
            sys.exit(f"the swarm exited with {process.returncode}")
        return [point["objectives"] for point in message["done"]["front"]]


def peer(name, judge, bounds, objectives, budget, seed):
    import pygmo as pg

    class Objectives:
        def fitness(self, x): return judge(x)
        def get_nobj(self): return objectives
        def get_bounds(self): return tuple(zip(*bounds))
        def __deepcopy__(self, memo): return self
    # moead asks for a number of points that weights can be spread over.
    size = 105 if name == "moead" and objectives == 3 else 100
    population = pg.population(pg.problem(Objectives()), size, seed=seed)
    algorithm = getattr(pg, name)(gen=budget // size - 1, seed=seed)
    return pg.algorithm(algorithm).evolve(population).get_f()


def optimise(args, *problem):
    return peer(args.peer, *problem) if args.peer else ours(*problem, args.command)


def known(args):
    import pygmo as pg
    for name, (bounds, reference, judge) in KNOWN.items():
        volumes = []
        for seed in range(args.seeds):
            front = np.array(optimise(args, judge, bounds, len(reference), args.budget, seed))
            front = front[np.all(front < reference, axis=1)]
            volumes.append(pg.hypervolume(front).compute(reference) if len(front) else 0.0)
        print(f"{name:6} median {np.median(volumes):.5f}   {min(volumes):.5f} to {max(volumes):.5f}", flush=True)


def biobj(args):
    import cocoex
    folder = f"pareto-{args.peer or 'swarm'}-{args.dim}"
    shutil.rmtree(f"exdata/{folder}", ignore_errors=True)
    suite = cocoex.Suite("bbob-biobj", "", f"dimensions:{args.dim} function_indices:{args.functions} instance_indices:{args.instances}")
    observer = cocoex.Observer("bbob-biobj", f"result_folder: {folder} log_nondominated: none log_decision_variables: none")
    for problem in suite:
        problem.observe_with(observer)
        seed = 1000 * problem.id_function + problem.id_instance
        bounds = list(zip(problem.lower_bounds, problem.upper_bounds))
        optimise(args, problem, bounds, 2, args.budget * args.dim, seed)
    del problem
    # Each run writes a line when it reaches a next target: evaluations, what it lacks of the reference hypervolume, target.
    targets = np.concatenate([-(10 ** np.arange(-4, -5.01, -0.2)), [0], 10 ** np.arange(-5, 0.01, 0.1)])
    assert len(targets) == 58
    runs = {}
    for path in sorted(glob.glob(f"exdata/{folder}/**/*_hyp.dat", recursive=True)):
        function = int(re.search(r"_f(\d+)_", path).group(1))
        for block in re.split(r"(?:^%.*\n)+", pathlib.Path(path).read_text(), flags=re.MULTILINE):
            lines = [[float(number) for number in line.split()[:2]] for line in block.splitlines()]
            if lines:
                runs.setdefault(function, []).append(np.array(lines))
    for budget in [100, args.budget]:
        def share(run):
            lacks = run[run[:, 0] <= budget * args.dim, 1]
            return np.mean(lacks.min() <= targets * (1 + 1e-12)) if len(lacks) else 0
        shares = {function: np.mean([share(run) for run in of]) for function, of in runs.items()}
        print(f"{budget} d: {np.mean(list(shares.values())):.3f}   " + " ".join(f"f{f} {share:.2f}" for f, share in sorted(shares.items())))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["known", "biobj"])
    parser.add_argument("--budget", type=int, default=0, help="evaluations; of biobj a dimension")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--dim", type=int, default=5)
    parser.add_argument("--instances", default="1-5")
    parser.add_argument("--functions", default="1-15")
    parser.add_argument("--peer", choices=["nsga2", "moead"])
    # After --: what speaks ask/tell; {config} becomes a file.
    own, _, command = " ".join(sys.argv[1:]).partition(" -- ")
    args = parser.parse_args(own.split())
    args.command = command.split()
    if not args.command and not args.peer:
        parser.error("neither --peer nor a command after --")
    args.budget = args.budget or (25000 if args.what == "known" else 1000)
    (known if args.what == "known" else biobj)(args)


if __name__ == "__main__":
    main()
