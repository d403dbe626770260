"""Plan a large batch: machines, hours, money and bytes, from what one photo takes.

The defaults were measured, and the plan says where. Every figure can be replaced by one of your own; prices must be,
because those here are examples.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

SOURCE = "python -m bench.photo_cost: AMD EPYC, one core, one thread"


@dataclass(frozen=True)
class PhotoCost:
    """What one photo takes."""

    core_s: float
    """Seconds of one core."""

    memory_gb: float
    """Peak of the process that makes it."""

    mb_in: float
    mb_out: float


MEASURED: Mapping[tuple[str, str], PhotoCost] = {
    ("2MP", "small"): PhotoCost(1.45, 0.73, 0.42, 0.56),
    ("2MP", "still"): PhotoCost(2.02, 0.74, 0.42, 2.45),
    ("2MP", "wiggle"): PhotoCost(9.19, 1.05, 0.42, 5.30),
    ("2MP", "gltf"): PhotoCost(3.36, 0.72, 0.42, 2.80),
    ("2MP", "stereo"): PhotoCost(7.75, 1.40, 0.42, 4.07),
    ("12MP", "small"): PhotoCost(5.58, 1.42, 1.70, 0.58),
    ("12MP", "still"): PhotoCost(8.52, 2.04, 1.70, 9.73),
    ("12MP", "wiggle"): PhotoCost(12.47, 1.49, 1.70, 5.88),
    ("12MP", "gltf"): PhotoCost(12.27, 2.00, 1.70, 4.98),
    ("12MP", "stereo"): PhotoCost(11.90, 1.81, 1.70, 3.65),
}
"""Size of the photo, and outputs -> what was measured."""

OUTPUTS: Mapping[str, str] = {
    "small": "--still sbs --depth-map png --max-size 640",
    "still": "--still sbs --depth-map png",
    "wiggle": "--wiggle",
    "gltf": "--gltf",
    "stereo": "--stereo",
}

EXAMPLE_PRICE = 0.04
"""Of a core for an hour, in any currency. Ask for the price of yours."""

SCHEDULER_CPU_S = 0.0024
"""Processor time of the Dask scheduler for one photo (python -m bench.cluster_overhead); the client takes less."""


@dataclass(frozen=True)
class Machines:
    """What the photos are made on."""

    machines: int
    cores: int
    memory_gb: float
    efficiency: float
    """Photos per second of all cores, as a share of the rate of one core times their number."""

    price_per_core_hour: float


@dataclass(frozen=True)
class Plan:
    """What a batch takes."""

    at_once: int
    """Photos that a machine makes at the same time."""

    hours: float
    photos_per_s: float
    cost: float
    cost_per_1000: float
    tb_in: float
    tb_out: float
    mb_per_s: float
    """Through the file system, in and out together."""


def planned(photos: int, photo: PhotoCost, machines: Machines, *, again: float = 0.0) -> Plan:
    """Return the plan for a number of photos, a share `again` of which is made twice because workers are lost.

    Raises:
        ValueError: if a photo does not fit into the memory of a machine.
    """
    at_once = min(machines.cores, math.floor(machines.memory_gb / photo.memory_gb))
    if at_once < 1:
        raise ValueError(f"a photo takes {photo.memory_gb:g} GB of memory, and a machine has {machines.memory_gb:g} GB")
    photos_per_s = machines.machines * at_once * machines.efficiency / photo.core_s
    hours = photos * (1 + again) / photos_per_s / 3600
    cost = hours * machines.machines * machines.cores * machines.price_per_core_hour
    return Plan(
        at_once=at_once,
        hours=hours,
        photos_per_s=photos_per_s,
        cost=cost,
        cost_per_1000=1000 * cost / photos,
        tb_in=photos * photo.mb_in / 1e6,
        tb_out=photos * photo.mb_out / 1e6,
        mb_per_s=photos_per_s * (photo.mb_in + photo.mb_out),
    )


def machines_for(hours: float, photos: int, photo: PhotoCost, machines: Machines, *, again: float = 0.0) -> int:
    """Return how many machines make the photos within some hours; the errors are those of `planned`."""
    return math.ceil(planned(photos, photo, replace(machines, machines=1), again=again).hours / hours)


def number(minimum: float, maximum: float, kind: Callable[[str], float] = float) -> Callable[[str], float]:
    """Return what reads a number above the minimum and at most the maximum."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not minimum < value <= maximum:
            whole = "a whole number" if kind is int else "a number"
            raise argparse.ArgumentTypeError(f"expected {whole} above {minimum:g}, at most {maximum:,.15g}, got {text}")
        return value

    return read


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(prog="python docs/scale.py", description=__doc__)
    whole = number(0, 10**12, int)
    made.add_argument("--photos", type=whole, default=1_000_000)
    made.add_argument("--size", choices=sorted({size for size, _ in MEASURED}), default="12MP")
    texts = "; ".join(f"{name}: {options}" for name, options in OUTPUTS.items())
    made.add_argument("--outputs", choices=OUTPUTS, default="wiggle", help=texts)
    made.add_argument("--seconds-per-photo", type=number(0, 1e6), help="of one core, instead of the measured figure")
    made.add_argument("--memory-per-photo", type=number(0, 1e4), help="GB, instead of the measured figure")
    made.add_argument("--mb-in", type=number(0, 1e6), help="MB a photo, instead of the measured figure")
    made.add_argument("--mb-out", type=number(0, 1e6), help="MB a photo, instead of the measured figure")
    made.add_argument("--machines", type=whole, help="how many there are; without it, as many as --hours requires")
    made.add_argument("--hours", type=number(0, 1e6), default=24.0, help="when it is to be done [default: 24]")
    made.add_argument("--cores", type=number(0, 1024, int), default=16, help="of a machine [default: 16]")
    made.add_argument("--memory", type=number(0, 1e5), default=64.0, help="GB of a machine [default: 64]")
    efficiency = (
        "share of the cores' rate that is left when all work [default: 0.85]; python -m bench.batch measures it"
    )
    made.add_argument("--efficiency", type=number(0, 1), default=0.85, help=efficiency)
    made.add_argument("--made-twice", type=number(-1e-9, 100), default=1.0, help="percent of the photos [default: 1]")
    example = (
        f"the price of a core for an hour, in any currency [default: {EXAMPLE_PRICE:g}, an example and not a quote]"
    )
    made.add_argument("--price-per-core-hour", type=number(-1e-9, 1e6), help=example)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the plan."""
    command = parser()
    given = command.parse_args(arguments)
    own = {
        "core_s": given.seconds_per_photo,
        "memory_gb": given.memory_per_photo,
        "mb_in": given.mb_in,
        "mb_out": given.mb_out,
    }
    own = {name: value for name, value in own.items() if value is not None}
    photo, again = replace(MEASURED[given.size, given.outputs], **own), max(0.0, given.made_twice / 100)
    price = EXAMPLE_PRICE if given.price_per_core_hour is None else max(0.0, given.price_per_core_hour)
    machines = Machines(given.machines or 1, given.cores, given.memory, given.efficiency, price)
    try:
        if given.machines is None:
            count = machines_for(given.hours, given.photos, photo, machines, again=again)
            machines = replace(machines, machines=count)
        plan = planned(given.photos, photo, machines, again=again)
    except ValueError as error:
        command.error(str(error))
    source = SOURCE if not own else f"your figures: {', '.join(own)}" + ("" if len(own) == 4 else f"; else {SOURCE}")
    priced = "an example, not a quote" if given.price_per_core_hour is None else "your price"
    title = f"{given.photos:,} photos of {given.size}: kbvr batch {OUTPUTS[given.outputs]}"
    sys.stdout.write("\n".join([title, *described(photo, machines, plan, again, source, priced), ""]))


def described(
    photo: PhotoCost, machines: Machines, plan: Plan, again: float, source: str, priced: str
) -> Sequence[str]:
    """Return the lines of a plan."""
    busy = plan.photos_per_s * SCHEDULER_CPU_S
    return (
        f"  a photo    {photo.core_s:g} s of a core, {photo.memory_gb:g} GB of memory,",
        f"             {photo.mb_in:g} MB in, {photo.mb_out:g} MB out ({source})",
        f"  machines   {machines.machines:,} of {machines.cores} cores and {machines.memory_gb:g} GB,",
        f"             each making {plan.at_once} photos at a time, at {machines.efficiency:.0%} of its cores' rate",
        f"  time       {plan.hours:,.1f} hours, with {again:.3g} of the photos made twice",
        f"  cost       {plan.cost:,.2f}, which is {plan.cost_per_1000:,.3f} per 1,000 photos",
        f"             (at {machines.price_per_core_hour:g} per core and hour: {priced})",
        f"  bytes      {plan.tb_in:,.2f} TB in, {plan.tb_out:,.2f} TB out; {plan.mb_per_s:,.0f} MB/s together",
        f"  scheduler  {plan.photos_per_s:,.1f} photos/s keep one of its cores {busy:.1%} busy",
    )


if __name__ == "__main__":
    main()
