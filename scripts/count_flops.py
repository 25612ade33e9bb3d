#!/usr/bin/env python3
"""Counts the floating-point operations in the loops of the AVX-512 kernels of a release binary.

    objdump -d --no-show-raw-insn target/release/gainswarm > gainswarm.asm
    scripts/count_flops.py gainswarm.asm

A line a loop with more than 250 fused multiply-adds on whole vectors and fewer than 1,000 instructions: fused multiply-adds,
multiplications, additions and subtractions, divisions, square roots. The double inverted pendulum with RK4 has two such loops a
controller (tunings and single runs); square roots and divisions tell the controllers apart.
"""
import re
import sys

FUSED, OTHERS = r"vfn?m(add|sub)\d+pd", ["vmulpd", r"v(add|sub)pd", "vdivpd", "vsqrtpd"]

code = []
for line in open(sys.argv[1]):
    instruction = re.match(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$", line)
    if instruction:
        code.append((int(instruction[1], 16), instruction[2], instruction[3]))
place = {address: index for index, (address, _, _) in enumerate(code)}
for end, (_, name, arguments) in enumerate(code):
    target = re.match(r"([0-9a-f]+)", arguments) if name.startswith("j") else None
    start = place.get(int(target[1], 16)) if target else None
    if start is None or not 300 < end - start < 1000:
        continue
    vectors = [name for _, name, arguments in code[start : end + 1] if "zmm" in arguments]
    count = lambda pattern: sum(1 for name in vectors if re.fullmatch(pattern, name))
    if count(FUSED) > 250:
        print(count(FUSED), *map(count, OTHERS), f"in {end - start + 1} instructions")
