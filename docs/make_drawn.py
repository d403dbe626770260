"""Draw the pictures of docs/photos/ that no free photo shows: python docs/make_drawn.py NAME.

Needs Blender as a module (`pip install bpy`), which is not among kbvr's dependencies. Every run draws one picture; lengths
are in metres, z is up, and the camera looks along +y.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import bpy

PHOTOS = Path(__file__).parent / "photos"
WIDTH_PX, HEIGHT_PX = 640, 426
SAMPLES = 16
Point = Sequence[float]
GREY, DARK, WHITE = (0.35, 0.35, 0.36), (0.02, 0.02, 0.025), (0.85, 0.85, 0.83)


def material(
    colour: Point, *, spots: float = 0.0, scale: float = 8.0, rough: float = 0.6, metal: float = 0.0, glass: float = 0.0
) -> bpy.types.Material:
    """Return a material; `spots` is how much its brightness varies, in spots of 1/scale metres."""
    made = bpy.data.materials.new("m")
    made.use_nodes = True
    nodes, links = made.node_tree.nodes, made.node_tree.links
    surface = nodes["Principled BSDF"]
    surface.inputs["Roughness"].default_value = rough
    surface.inputs["Metallic"].default_value = metal
    surface.inputs["Transmission Weight"].default_value = glass
    surface.inputs["Base Color"].default_value = (*colour, 1)
    if spots:
        place, noise = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexNoise")
        ramp = nodes.new("ShaderNodeValToRGB")
        noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = scale, 12
        ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = 0.3, 0.7
        for element, factor in zip(ramp.color_ramp.elements, (1 - spots, 1 + spots), strict=True):
            element.color = (*(min(1, c * factor) for c in colour), 1)
        links.new(place.outputs["Object"], noise.inputs["Vector"])
        links.new(noise.outputs["Fac"], ramp.inputs["Fac"])
        links.new(ramp.outputs["Color"], surface.inputs["Base Color"])
    return made


def bricks(one: Point, two: Point, scale: float) -> bpy.types.Material:
    """Return a brick wall."""
    made = material(one, rough=0.9)
    nodes, links = made.node_tree.nodes, made.node_tree.links
    place, brick = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexBrick")
    turn = nodes.new("ShaderNodeMapping")
    turn.inputs["Rotation"].default_value = (math.pi / 2, 0, math.pi / 2)
    for name, colour in (("Color1", one), ("Color2", two), ("Mortar", (0.5, 0.48, 0.45))):
        brick.inputs[name].default_value = (*colour, 1)
    brick.inputs["Scale"].default_value = scale
    links.new(place.outputs["Object"], turn.inputs["Vector"])
    links.new(turn.outputs["Vector"], brick.inputs["Vector"])
    links.new(brick.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return made


def wood(colour: Point, scale: float = 3.0) -> bpy.types.Material:
    """Return wood with its grain along y."""
    made = material(colour, rough=0.45)
    nodes, links = made.node_tree.nodes, made.node_tree.links
    place, wave, ramp = (nodes.new(f"ShaderNode{n}") for n in ("TexCoord", "TexWave", "ValToRGB"))
    wave.inputs["Scale"].default_value, wave.inputs["Distortion"].default_value = scale, 6
    wave.inputs["Detail"].default_value = 4
    for element, factor in zip(ramp.color_ramp.elements, (0.55, 1.15), strict=True):
        element.color = (*(min(1, c * factor) for c in colour), 1)
    links.new(place.outputs["Object"], wave.inputs["Vector"])
    links.new(wave.outputs["Fac"], ramp.inputs["Fac"])
    links.new(ramp.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return made


def glowing(colour: Point, strength: float) -> bpy.types.Material:
    """Return a material that gives light."""
    made = material(colour)
    surface = made.node_tree.nodes["Principled BSDF"]
    surface.inputs["Emission Color"].default_value = (*colour, 1)
    surface.inputs["Emission Strength"].default_value = strength
    return made


def finished(surface: bpy.types.Material, bevel: float = 0.0, *, smooth: bool = False) -> bpy.types.Object:
    """Return the object that was added last, with a material and rounded edges."""
    thing = bpy.context.object
    thing.data.materials.append(surface)
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    if bevel:
        rounding = thing.modifiers.new("b", "BEVEL")
        rounding.width, rounding.segments = bevel, 3
    if smooth:
        bpy.ops.object.shade_smooth()
    return thing


def box(
    at: Point, size: Point, surface: bpy.types.Material, *, bevel: float = 0.0, turn: float = 0.0
) -> bpy.types.Object:
    """Stand a box on a point: (width, depth, height)."""
    bpy.ops.mesh.primitive_cube_add(size=1, location=(at[0], at[1], at[2] + size[2] / 2), rotation=(0, 0, turn))
    bpy.context.object.scale = size
    return finished(surface, bevel)


def rod(
    start: Point, end: Point, radius: float, surface: bpy.types.Material, *, tip: float | None = None
) -> bpy.types.Object:
    """Draw a round rod between two points, or a cone if its `tip` has another radius."""
    step = [e - s for s, e in zip(start, end, strict=True)]
    long = math.hypot(*step)
    middle = [(s + e) / 2 for s, e in zip(start, end, strict=True)]
    turn = (0, math.acos(step[2] / long), math.atan2(step[1], step[0]))
    last = radius if tip is None else tip
    bpy.ops.mesh.primitive_cone_add(
        vertices=48, radius1=radius, radius2=last, depth=long, location=middle, rotation=turn
    )
    return finished(surface, smooth=False)


def ball(at: Point, radius: float, surface: bpy.types.Material, squash: float = 1.0) -> bpy.types.Object:
    """Draw a ball, squashed in height."""
    bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24, radius=radius, location=at)
    bpy.context.object.scale = (1, 1, squash)
    return finished(surface, smooth=True)


def turned(at: Point, outline: Sequence[tuple[float, float]], surface: bpy.types.Material) -> bpy.types.Object:
    """Draw what a lathe makes of an outline: (radius, height) from bottom to top."""
    mesh = bpy.data.meshes.new("turned")
    points = [(r * math.cos(a), r * math.sin(a), z) for r, z in outline for a in (math.tau * i / 64 for i in range(64))]
    faces = [
        (64 * row + i, 64 * row + (i + 1) % 64, 64 * (row + 1) + (i + 1) % 64, 64 * (row + 1) + i)
        for row in range(len(outline) - 1)
        for i in range(64)
    ]
    mesh.from_pydata(points, [], [*faces, tuple(range(63, -1, -1))])
    thing = bpy.data.objects.new("turned", mesh)
    bpy.context.collection.objects.link(thing)
    thing.location = at
    mesh.materials.append(surface)
    for face in mesh.polygons:
        face.use_smooth = True
    return thing


def ring(at: Point, radius: float, thick: float, surface: bpy.types.Material, turn: Point = (0, 0, 0)) -> None:
    """Draw a ring."""
    bpy.ops.mesh.primitive_torus_add(
        major_radius=radius, minor_radius=thick, location=at, rotation=turn, major_segments=64, minor_segments=16
    )
    finished(surface, smooth=True)


def daylight(elevation_deg: float, turn_deg: float, strength: float = 0.11) -> None:
    """Light the scene with a sunny sky."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    world.use_nodes = True
    sky = world.node_tree.nodes.new("ShaderNodeTexSky")
    sky.sky_type = "NISHITA"
    sky.sun_elevation, sky.sun_rotation = math.radians(elevation_deg), math.radians(turn_deg)
    sky.sun_size, sky.dust_density = math.radians(2), 2.0
    background = world.node_tree.nodes["Background"]
    background.inputs["Strength"].default_value = strength
    world.node_tree.links.new(sky.outputs["Color"], background.inputs["Color"])


def dim(colour: Point, strength: float) -> None:
    """Light the scene evenly."""
    world = bpy.data.worlds.new("room")
    bpy.context.scene.world = world
    world.use_nodes = True
    background = world.node_tree.nodes["Background"]
    background.inputs["Color"].default_value, background.inputs["Strength"].default_value = (*colour, 1), strength


def lamp(at: Point, watts: float, size: float, aim: Point = (0, 0, 0), colour: Point = (1, 0.93, 0.82)) -> None:
    """Hang a square lamp that shines towards a point."""
    light = bpy.data.lights.new("lamp", "AREA")
    light.energy, light.size, light.color = watts, size, colour
    thing = bpy.data.objects.new("lamp", light)
    bpy.context.collection.objects.link(thing)
    thing.location = at
    thing.rotation_euler = _towards(at, aim)


def _towards(at: Point, aim: Point) -> tuple[float, float, float]:
    x, y, z = (a - b for a, b in zip(aim, at, strict=True))
    return math.pi / 2 + math.atan2(z, math.hypot(x, y)), 0.0, math.atan2(y, x) - math.pi / 2


def look(at: Point, aim: Point, lens_mm: float) -> None:
    """Place the camera: its lens for a picture 36 mm wide."""
    camera = bpy.data.cameras.new("camera")
    camera.lens = lens_mm
    thing = bpy.data.objects.new("camera", camera)
    bpy.context.collection.objects.link(thing)
    thing.location, thing.rotation_euler = at, _towards(at, aim)
    bpy.context.scene.camera = thing


def house(at: Point, size: Point, wall: bpy.types.Material, side: int) -> None:
    """Stand a house beside the road: its windows look along x to `side`."""
    box(at, size, wall)
    frame, pane = material(WHITE), material((0.04, 0.06, 0.08), rough=0.08)
    face = at[0] + side * size[0] / 2
    box((face, at[1], at[2] + size[2]), (0.6, size[1], 0.35), frame)
    for floor in range(int(size[2] / 3)):
        for place in range(int(size[1] / 2.4)):
            y, z = at[1] - size[1] / 2 + 1.2 + 2.4 * place, at[2] + 0.9 + 3 * floor
            box((face, y, z), (0.16, 1.25, 1.75), frame)
            box((face, y, z + 0.1), (0.2, 1.05, 1.55), pane)
            box((face, y, z + 0.82), (0.24, 1.05, 0.07), frame)


def lamp_post(x: float, y: float, side: int) -> None:
    """Stand a lamp post whose arm points to `side`."""
    iron = material((0.06, 0.08, 0.07), rough=0.4, metal=0.6)
    rod((x, y, 0), (x, y, 0.9), 0.11, iron, tip=0.08)
    rod((x, y, 0.9), (x, y, 5.6), 0.055, iron)
    rod((x, y, 5.55), (x + side * 1.3, y, 5.9), 0.035, iron)
    ball((x + side * 1.3, y, 5.82), 0.22, material((0.9, 0.88, 0.8), rough=0.2), 0.6)


def wheel(at: Point, radius: float, wide: float) -> None:
    """Draw a wheel that rolls along y."""
    rod((at[0] - wide / 2, at[1], at[2]), (at[0] + wide / 2, at[1], at[2]), radius, material(DARK, rough=0.8))
    rod((at[0] - wide / 2 - 0.01, at[1], at[2]), (at[0] + wide / 2 + 0.01, at[1], at[2]), radius * 0.6, material((0.5, 0.5, 0.5), metal=0.8, rough=0.3))


def bus(x: float, y: float, paint: Point) -> None:
    """Stand a double-decker on the road, its front towards the camera."""
    body, pane = material(paint, rough=0.25), material((0.03, 0.04, 0.05), rough=0.05)
    box((x, y, 0.35), (2.5, 10, 4.0), body, bevel=0.18)
    for z in (1.35, 3.05):
        box((x, y - 4.97, z), (2.15, 0.12, 0.95 if z > 2 else 1.15), pane, bevel=0.04)
        for place in range(6):
            box((x, y - 3.9 + 1.5 * place, z), (2.54, 1.3, 0.9), pane, bevel=0.04)
    box((x, y - 5.0, 2.62), (1.5, 0.1, 0.32), material((0.9, 0.65, 0.05)))
    box((x, y - 5.0, 0.5), (2.3, 0.14, 0.3), material((0.1, 0.1, 0.1)))
    for side in (-1, 1):
        ball((x + side * 0.95, y - 5.02, 0.98), 0.13, material(WHITE, rough=0.1))
        rod((x + side * 1.3, y - 5.1, 2.1), (x + side * 1.55, y - 5.25, 2.1), 0.03, material(DARK))
        box((x + side * 1.6, y - 5.25, 1.75), (0.22, 0.08, 0.5), material(DARK))
        for place in (-3.2, 3.2):
            wheel((x + side * 1.12, y + place, 0.5), 0.5, 0.3)


def car(x: float, y: float, paint: Point, *, tall: float = 1.45, away: bool = True) -> None:
    """Stand a car on the road; `away` from the camera, its tail lamps show."""
    body, pane = material(paint, rough=0.22, metal=0.2), material((0.02, 0.025, 0.03), rough=0.05)
    box((x, y, 0.28), (1.75, 4.2, tall * 0.42), body, bevel=0.14)
    bpy.ops.mesh.primitive_cone_add(vertices=4, radius1=1.0, radius2=0.74, depth=1, location=(x, y + 0.1, 0.28 + tall * 0.62), rotation=(0, 0, math.pi / 4))
    cabin = bpy.context.object
    bpy.ops.object.transform_apply(location=False, rotation=True, scale=False)
    cabin.scale = (1.13, 1.75 if tall < 1.7 else 2.6, tall * 0.44)
    finished(pane, 0.05)
    box((x, y + 0.1, 0.28 + tall * 0.83), (1.15, 1.75 if tall < 1.7 else 2.9, 0.05), body, bevel=0.02)
    back = y - 2.1
    lamps = material((0.75, 0.02, 0.02) if away else WHITE, rough=0.1)
    for side in (-1, 1):
        box((x + side * 0.68, back, 0.62), (0.3, 0.08, 0.18), lamps, bevel=0.03)
        for place in (-1.3, 1.35):
            wheel((x + side * 0.8, y + place, 0.32), 0.32, 0.2)
    box((x, back, 0.5), (0.52, 0.06, 0.12), material((0.9, 0.9, 0.85)))
    box((x, back, 0.3), (1.7, 0.1, 0.14), material(DARK))


def van(x: float, y: float, paint: Point) -> None:
    """Stand a box van on the road, seen from behind."""
    body = material(paint, rough=0.35)
    box((x, y, 0.4), (2.0, 5.2, 2.2), body, bevel=0.1)
    for side in (-1, 1):
        box((x + side * 0.48, y - 2.6, 1.5), (0.7, 0.06, 0.75), material((0.03, 0.03, 0.04), rough=0.05), bevel=0.02)
        box((x + side * 0.9, y - 2.6, 0.9), (0.14, 0.08, 0.5), material((0.7, 0.02, 0.02), rough=0.1))
        for place in (-1.6, 1.7):
            wheel((x + side * 0.9, y + place, 0.36), 0.36, 0.24)
    box((x, y - 2.62, 0.55), (0.02, 0.05, 1.95), material(DARK))
    box((x, y - 2.64, 0.42), (2.0, 0.12, 0.18), material(DARK))
    box((x + 0.35, y - 2.62, 0.72), (0.52, 0.05, 0.12), material((0.9, 0.8, 0.2)))


def road(half: float, lines: Sequence[float]) -> None:
    """Draw a road along y with dashed lines, kerbs and pavements."""
    box((0, 60, -1), (2 * half, 160, 1), material((0.09, 0.09, 0.095), spots=0.35, scale=25, rough=0.9))
    paint = material((0.75, 0.75, 0.7), spots=0.2, scale=20)
    for x in lines:
        for place in range(28):
            box((x, 2 + 4 * place, 0), (0.14, 2, 0.006), paint)
    for side in (-1, 1):
        box((side * (half - 0.35), 60, 0), (0.12, 160, 0.006), paint)
        box((side * (half + 0.1), 60, -1), (0.2, 160, 1.14), material((0.4, 0.4, 0.4)))
        box((side * (half + 8), 60, -1), (15.6, 160, 1.12), material((0.3, 0.29, 0.28), spots=0.25, scale=6, rough=0.9))


def tree(x: float, y: float, tall: float, rng: random.Random) -> None:
    """Plant a tree."""
    rod((x, y, 0), (x, y, tall * 0.6), 0.16, material((0.12, 0.08, 0.05), spots=0.3), tip=0.1)
    leaves = material((0.06, 0.13, 0.03), spots=0.7, scale=9, rough=0.8)
    for _ in range(14):
        at = [rng.gauss(0, tall * 0.16) for _ in range(3)]
        ball((x + at[0], y + at[1], tall * 0.72 + at[2]), tall * rng.uniform(0.1, 0.2), leaves)


def bus_street() -> None:
    """Draw a street with a bus, lamp posts and houses."""
    rng = random.Random(1)
    road(4.2, (0,))
    colours = [(0.35, 0.12, 0.08), (0.5, 0.38, 0.25), (0.42, 0.2, 0.14), (0.55, 0.5, 0.42), (0.3, 0.14, 0.1)]
    for side in (-1, 1):
        y = 4.0
        while y < 75:
            wide = rng.uniform(7, 11)
            one = rng.choice(colours)
            wall = bricks(one, [c * 0.75 for c in one], 2.2) if rng.random() < 0.6 else material(one, spots=0.15)
            house((side * 11.5, y + wide / 2, 0.1), (8, wide, rng.uniform(8, 13)), wall, -side)
            y += wide
        for place in range(5):
            lamp_post(side * 5.0, 8.5 + 11 * place, -side)
    bus(1.9, 17, (0.55, 0.02, 0.02))
    car(-2.2, 13, (0.1, 0.16, 0.35))
    car(-2.1, 27, (0.6, 0.6, 0.62))
    for x, y in ((5.9, 11.0), (-5.8, 15.0), (6.3, 22.0)):
        walker(x, y, rng)
    daylight(38, 215)
    look((-0.6, 0, 1.7), (0.5, 20, 2.4), 28)


def walker(x: float, y: float, rng: random.Random) -> None:
    """Stand a person on the pavement."""
    coat, legs = material([rng.uniform(0.05, 0.5) for _ in range(3)]), material([rng.uniform(0.02, 0.12)] * 3)
    for side in (-1, 1):
        rod((x + side * 0.1, y + side * 0.12, 0.12), (x + side * 0.08, y, 0.95), 0.075, legs, tip=0.1)
        rod((x + side * 0.26, y + side * 0.1, 0.85), (x + side * 0.2, y, 1.45), 0.05, coat, tip=0.07)
    rod((x, y, 0.9), (x, y, 1.52), 0.19, coat, tip=0.15)
    ball((x, y, 1.72), 0.125, material((0.55, 0.36, 0.27)), 1.2)


def traffic(*, seed: int, eye: Point, aim: Point, lens_mm: float) -> None:
    """Draw three lanes of cars, a van among them, below trees and gantries."""
    rng = random.Random(seed)
    road(6.2, (-2, 2))
    paints = [(0.5, 0.02, 0.02), (0.02, 0.08, 0.3), (0.6, 0.6, 0.6), (0.03, 0.03, 0.03), (0.7, 0.7, 0.68), (0.05, 0.2, 0.1), (0.4, 0.3, 0.1)]
    van(0.1, 11.5, (0.75, 0.75, 0.72))
    for lane in (-4, 0, 4):
        y = {0: 19.0, -4: 8.5, 4: 13.0}[lane] + rng.uniform(0, 1.5)
        while y < 90:
            car(lane + rng.uniform(-0.3, 0.3), y, rng.choice(paints), tall=rng.choice((1.4, 1.45, 1.9)))
            y += rng.uniform(6.5, 11)
    steel = material((0.45, 0.47, 0.48), metal=0.8, rough=0.4)
    for side in (-1, 1):
        for place in range(40):
            box((side * 7.0, 3 + 3 * place, 0), (0.1, 0.1, 0.75), steel)
        box((side * 6.95, 60, 0.5), (0.06, 120, 0.28), steel)
        for place in range(8):
            tree(side * rng.uniform(11, 17), 12 + 9 * place + rng.uniform(-3, 3), rng.uniform(6, 10), rng)
        rod((side * 7.6, 34, 0), (side * 7.6, 34, 7), 0.16, steel)
    rod((-7.6, 34, 6.6), (7.6, 34, 6.6), 0.12, steel)
    rod((-7.6, 34, 5.9), (7.6, 34, 5.9), 0.12, steel)
    for x in (-4, 0.2, 4.2):
        box((x, 33.8, 5.3), (3.2, 0.08, 1.9), material((0.02, 0.12, 0.35)))
        box((x, 33.74, 5.8), (2.2, 0.02, 0.16), material(WHITE))
        box((x, 33.74, 6.3), (1.6, 0.02, 0.16), material(WHITE))
    daylight(32, 140)
    look(eye, aim, lens_mm)


def study() -> None:
    """Draw a room with a globe, a desk lamp, a chair, a mantelpiece and books."""
    rng = random.Random(5)
    box((0, 3, -0.1), (7, 9, 0.1), wood((0.32, 0.17, 0.08), 2))
    paper = material((0.25, 0.33, 0.28), spots=0.25, scale=14)
    box((0, 5.05, 0), (7, 0.1, 3), paper)
    box((-2.85, 2, 0), (0.1, 7, 3), paper)
    box((2.85, 2, 0), (0.1, 7, 3), paper)
    box((0, 3, 3), (7, 9, 0.1), material(WHITE))
    oak, dark = wood((0.28, 0.14, 0.06), 4), wood((0.16, 0.08, 0.04), 5)
    marble = material((0.6, 0.57, 0.52), spots=0.3, scale=4, rough=0.2)
    for x in (0.35, 1.75):  # the mantelpiece
        box((x, 4.85, 0), (0.22, 0.3, 1.15), marble, bevel=0.02)
    box((1.05, 4.82, 1.15), (1.8, 0.4, 0.1), marble, bevel=0.02)
    box((1.05, 4.98, 0), (1.2, 0.08, 1.15), material(DARK))
    for x in (0.5, 1.6):
        turned((x, 4.8, 1.25), [(0.05, 0), (0.02, 0.03), (0.02, 0.22), (0.045, 0.25)], material((0.6, 0.42, 0.12), metal=1, rough=0.25))
        rod((x, 4.8, 1.5), (x, 4.8, 1.68), 0.015, material(WHITE))
    box((1.05, 4.98, 1.6), (0.9, 0.05, 0.7), material((0.5, 0.36, 0.12), metal=0.6, rough=0.4), bevel=0.02)
    box((1.05, 4.95, 1.66), (0.78, 0.05, 0.58), material((0.2, 0.3, 0.4), spots=0.8, scale=5))
    for shelf in range(6):  # the bookcase
        z = 0.1 + 0.42 * shelf
        box((-1.6, 4.75, z), (1.7, 0.4, 0.03), oak)
        x = -2.38
        while shelf < 5 and x < -0.85:
            thick = rng.uniform(0.025, 0.06)
            cover = material([rng.uniform(0.03, 0.4) for _ in range(3)], rough=0.5)
            box((x + thick / 2, 4.7, z + 0.03), (thick * 0.95, 0.24, rng.uniform(0.24, 0.36)), cover)
            x += thick + (0.12 if rng.random() < 0.05 else 0.0)
    for x in (-2.45, -0.75):
        box((x, 4.75, 0), (0.04, 0.42, 2.3), oak)
    box((0.1, 2.7, 0.72), (1.9, 0.9, 0.05), dark, bevel=0.01)  # the desk
    for x in (-0.78, 0.98):
        for y in (2.32, 3.08):
            rod((x, y, 0), (x, y, 0.72), 0.03, dark, tip=0.045)
    brass = material((0.7, 0.5, 0.18), metal=1, rough=0.25)
    ball((-0.42, 2.65, 1.1), 0.2, material((0.1, 0.28, 0.42), spots=0.95, scale=7, rough=0.3))
    ring((-0.42, 2.65, 1.1), 0.225, 0.008, brass, (math.pi / 2, 0.35, 0.3))
    turned((-0.42, 2.65, 0.77), [(0.12, 0), (0.11, 0.02), (0.03, 0.04), (0.02, 0.12)], dark)
    rod((0.62, 2.85, 0.77), (0.62, 2.85, 0.79), 0.1, brass)  # the lamp
    rod((0.62, 2.85, 0.79), (0.72, 2.85, 1.12), 0.01, brass)
    rod((0.72, 2.85, 1.12), (0.5, 2.75, 1.34), 0.01, brass)
    rod((0.44, 2.72, 1.26), (0.5, 2.75, 1.4), 0.11, material((0.05, 0.25, 0.12), rough=0.2), tip=0.04)
    ball((0.45, 2.72, 1.28), 0.035, glowing((1, 0.8, 0.5), 30))
    for place in range(4):
        box((0.15 + 0.01 * place, 2.6, 0.77 + 0.035 * place), (0.3, 0.22, 0.035), material([rng.uniform(0.05, 0.4) for _ in range(3)]), turn=0.2 * place)
    seat = material((0.3, 0.06, 0.05), spots=0.2, scale=30)
    box((0.75, 1.85, 0.42), (0.48, 0.46, 0.08), seat, bevel=0.03)  # the chair
    for x in (0.54, 0.96):
        rod((x, 1.66, 0), (x, 1.66, 0.42), 0.018, dark)
        rod((x, 2.05, 0), (x, 2.05, 0.42), 0.018, dark)
        rod((x, 1.66, 0.42), (x, 1.58, 1.0), 0.018, dark)
    for z in (0.65, 0.8, 0.95):
        rod((0.54, 1.66 - 0.14 * (z - 0.42), z), (0.96, 1.66 - 0.14 * (z - 0.42), z), 0.014, dark)
    rod((2.2, 4.2, 0), (2.2, 4.2, 1.5), 0.015, brass)  # the standard lamp
    rod((2.2, 4.2, 0), (2.2, 4.2, 0.03), 0.16, brass)
    rod((2.2, 4.2, 1.42), (2.2, 4.2, 1.78), 0.25, glowing((0.95, 0.8, 0.55), 0.9), tip=0.15)
    dim((0.7, 0.8, 1), 0.25)
    lamp((-2.6, 1.2, 2.0), 130, 1.6, (0.5, 3.5, 0.8), (0.85, 0.92, 1))
    lamp((0.5, 1.0, 2.9), 60, 1.2, (0.2, 3, 0.5))
    look((-0.15, 0.35, 1.5), (0.15, 3.6, 1.1), 27)


def cake() -> None:
    """Draw a cake with roses, candles and figures on a table."""
    rng = random.Random(7)
    box((0, 0.6, -0.05), (3, 3, 0.05), wood((0.4, 0.22, 0.1), 6))
    box((0, 2.2, -0.5), (6, 0.1, 3), material((0.35, 0.4, 0.5), spots=0.2, scale=3))
    china, cream = material((0.85, 0.85, 0.86), rough=0.12), material((0.88, 0.8, 0.66), spots=0.06, scale=40)
    turned((0, 0.62, 0), [(0.1, 0), (0.1, 0.012), (0.2, 0.02), (0.24, 0.034), (0.24, 0.038), (0.2, 0.026), (0.001, 0.026)], china)
    rod((0, 0.62, 0.027), (0, 0.62, 0.13), 0.17, cream)
    rod((0, 0.62, 0.13), (0, 0.62, 0.2), 0.115, cream)
    for count, radius, z in ((22, 0.17, 0.128), (15, 0.115, 0.2), (26, 0.176, 0.034)):
        for i in range(count):
            a = math.tau * i / count
            ball((radius * math.cos(a), 0.62 + radius * math.sin(a), z), 0.0145, cream)
    pink, red = material((0.75, 0.25, 0.3), rough=0.5), material((0.6, 0.04, 0.06), rough=0.5)
    for i in range(9):
        a = math.tau * i / 9 + 0.2
        rose(0.142 * math.cos(a), 0.62 + 0.142 * math.sin(a), 0.137, pink if i % 2 else red)
    for x, y in ((0.0, 0.56), (-0.05, 0.6), (0.055, 0.62)):
        rose(x, y, 0.205, red)
    for i in range(5):
        a = math.tau * i / 5 + 0.5
        x, y = 0.07 * math.cos(a), 0.62 + 0.07 * math.sin(a)
        rod((x, y, 0.2), (x, y, 0.285), 0.0035, material((0.2, 0.4, 0.75) if i % 2 else (0.85, 0.75, 0.2)))
        ball((x, y, 0.294), 0.0045, glowing((1, 0.65, 0.2), 12), 1.9)
    for x, dress in ((-0.016, WHITE), (0.02, (0.03, 0.03, 0.05))):
        rod((x, 0.64, 0.2), (x, 0.64, 0.245), 0.014, material(dress), tip=0.006)
        ball((x, 0.64, 0.252), 0.009, material((0.7, 0.5, 0.4)))
    for x, y in ((-0.4, 0.35), (0.42, 0.4)):
        turned((x, y, 0), [(0.05, 0), (0.09, 0.012), (0.095, 0.016), (0.05, 0.008), (0.001, 0.008)], china)
        turned((x, y, 0.01), [(0.025, 0), (0.04, 0.02), (0.045, 0.06), (0.042, 0.06), (0.036, 0.02), (0.001, 0.012)], china)
        rod((x, y, 0.05), (x, y, 0.055), 0.041, material((0.1, 0.04, 0.02), rough=0.1))
        ring((x + 0.055, y, 0.045), 0.018, 0.004, china, (math.pi / 2, 0, 0))
    steel = material((0.7, 0.7, 0.7), metal=1, rough=0.15)
    box((0.25, 0.28, 0.0), (0.02, 0.2, 0.003), steel, turn=-0.5)
    box((-0.2, 0.26, 0.0), (0.012, 0.18, 0.003), steel, turn=0.3)
    glass = material((0.95, 0.97, 0.95), rough=0.02, glass=1)
    for x, y in ((-0.32, 0.95), (0.34, 0.98)):
        turned((x, y, 0), [(0.03, 0), (0.032, 0.004), (0.005, 0.01), (0.005, 0.09), (0.03, 0.12), (0.034, 0.17), (0.032, 0.17), (0.028, 0.12), (0.001, 0.1)], glass)
    for _ in range(30):
        ball((rng.uniform(-0.5, 0.5), rng.uniform(0.2, 0.45), 0.004), 0.004, rng.choice((pink, red, cream)))
    dim((0.8, 0.88, 1), 0.45)
    lamp((-1.2, -0.3, 1.4), 28, 0.7, (0, 0.6, 0.1))
    lamp((1.3, 1.4, 1.3), 12, 0.6, (0, 0.6, 0.1), (0.9, 0.95, 1))
    look((0.02, -0.22, 0.42), (0, 0.62, 0.11), 40)


def rose(x: float, y: float, z: float, surface: bpy.types.Material) -> None:
    """Put a sugar rose down: petals around a bud."""
    ball((x, y, z + 0.012), 0.008, surface)
    for row, count in ((0.009, 5), (0.016, 7)):
        for i in range(count):
            a = math.tau * i / count + 40 * row
            petal = ball((x + row * math.cos(a), y + row * math.sin(a), z + 0.012 - 0.3 * row), 0.0085, surface, 1.2)
            petal.scale = (0.45, 1, 1)
            petal.rotation_euler = (0, -0.5, a)


def bottles() -> None:
    """Draw shelves with glass bottles, jars and labels."""
    rng = random.Random(9)
    box((0, 1.5, -0.5), (4, 0.1, 3), material((0.55, 0.5, 0.4), spots=0.15, scale=5))
    plank = wood((0.35, 0.2, 0.1), 5)
    for x in (-0.95, 0.0, 0.95):
        box((x, 1.3, -0.2), (0.035, 0.34, 1.5), plank)
    tones = [(0.25, 0.55, 0.3), (0.75, 0.45, 0.12), (0.9, 0.95, 0.95), (0.3, 0.45, 0.7), (0.45, 0.7, 0.6)]
    for shelf, z in enumerate((0.0, 0.42, 0.84)):
        box((0, 1.28, z - 0.03), (1.95, 0.38, 0.03), plank)
        rod((-0.95, 1.1, z + 0.05), (0.95, 1.1, z + 0.05), 0.006, material((0.6, 0.45, 0.2), metal=1, rough=0.3))
        x = -0.86
        while x < 0.88:
            radius = rng.uniform(0.036, 0.058)
            x += radius + 0.012
            if abs(x) > 0.05 and abs(x) < 0.9:
                bottle(x, rng.uniform(1.2, 1.34), z, radius, rng.choice(tones), rng, jar=shelf == 1)
            x += radius + 0.012
    box((0, 0.45, -0.35), (2.6, 0.7, 0.12), wood((0.25, 0.13, 0.06), 4), bevel=0.01)
    for x in (-0.38, 0.05, 0.3):
        bottle(x, 0.5 + 0.1 * x, -0.23, 0.045, rng.choice(tones), rng, jar=x > 0.2)
    dim((0.85, 0.9, 1), 0.6)
    lamp((-1.2, -0.6, 1.8), 45, 0.9, (0, 1.3, 0.3))
    lamp((1.2, -0.4, 1.2), 22, 0.6, (0, 1.3, 0.2))
    look((0.1, -0.75, 0.36), (0, 1.3, 0.36), 36)


def bottle(x: float, y: float, z: float, radius: float, tone: Point, rng: random.Random, *, jar: bool) -> None:
    """Stand a bottle or a jar with its label on a shelf."""
    tall = radius * rng.uniform(3.2, 4.4) * (0.75 if jar else 1)
    glass = material(tone, rough=0.03, glass=1)
    neck = radius * (0.82 if jar else 0.28)
    top = tall * (1.06 if jar else 1.5)
    outline = [(radius * 0.85, 0), (radius, radius * 0.2), (radius, tall), (neck, tall * (1.03 if jar else 1.22)), (neck, top)]
    turned((x, y, z), outline, glass)
    rod((x, y, z + 0.004), (x, y, z + tall * rng.uniform(0.5, 0.9)), radius * 0.9, material([c * 0.35 for c in tone], rough=0.3))
    rod((x, y, z + top - 0.004), (x, y, z + top + 0.025), neck * 1.12, material(rng.choice(((0.4, 0.25, 0.12), (0.5, 0.1, 0.08), GREY))))
    low, high = tall * 0.2, tall * 0.72
    rod((x, y, z + low), (x, y, z + high), radius * 1.01, material((0.85, 0.8, 0.68), spots=0.08, scale=60))
    band = rng.choice(((0.5, 0.05, 0.05), (0.05, 0.15, 0.35), (0.05, 0.25, 0.1), (0.02, 0.02, 0.02)))
    for share in (0.12, 0.5, 0.85):
        height = z + low + share * (high - low)
        rod((x, y, height), (x, y, height + tall * 0.035), radius * 1.016, material(band))


PICTURES: dict[str, Callable[[], None]] = {
    "bus": bus_street,
    "traffic": lambda: traffic(seed=2, eye=(1.0, 0, 2.1), aim=(0.2, 20, 1.5), lens_mm=30),
    "queue": lambda: traffic(seed=4, eye=(-1.9, 3.5, 1.5), aim=(-0.6, 16, 1.2), lens_mm=28),
    "motorway": lambda: traffic(seed=6, eye=(-1.0, -6, 6.4), aim=(0.5, 24, 0.5), lens_mm=36),
    "study": study,
    "cake": cake,
    "bottles": bottles,
}


def main() -> None:
    """Draw one picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=PICTURES)
    name = parser.parse_args().name
    bpy.ops.wm.read_factory_settings(use_empty=True)
    PICTURES[name]()
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.seed = SAMPLES, True, 1
    scene.render.threads_mode, scene.render.threads = "FIXED", 1
    scene.view_settings.view_transform = "AgX"
    scene.render.resolution_x, scene.render.resolution_y = WIDTH_PX, HEIGHT_PX
    scene.render.image_settings.file_format, scene.render.image_settings.quality = "JPEG", 90
    scene.render.filepath = str(PHOTOS / f"{name}.jpg")
    bpy.ops.render.render(write_still=True)


if __name__ == "__main__":
    main()
