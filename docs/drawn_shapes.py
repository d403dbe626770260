"""Materials, shapes, lights and the camera of drawn pictures, in Blender.

Lengths are in metres, z is up, colours are linear red, green and blue in 0-1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import bpy  # isort: split

import bmesh  # Blender's, there once bpy is imported

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


def placed(
    shape: bmesh.types.BMesh, surface: bpy.types.Material, at: Point, turn: Point = (0, 0, 0), *, bevel: float = 0.0
) -> bpy.types.Object:
    """Return an object of a shape, smooth except at sharp edges, with rounded edges if there is a bevel."""
    mesh = bpy.data.meshes.new("thing")
    shape.to_mesh(mesh)
    shape.free()
    thing = bpy.data.objects.new("thing", mesh)
    bpy.context.collection.objects.link(thing)
    thing.location, thing.rotation_euler = at, turn
    mesh.materials.append(surface)
    if bevel:
        rounding = thing.modifiers.new("bevel", "BEVEL")
        rounding.width, rounding.segments = bevel, 3
    return thing


def box(
    at: Point, size: Point, surface: bpy.types.Material, *, bevel: float = 0.0, turn: float = 0.0, top: Point = (1, 1)
) -> bpy.types.Object:
    """Stand a box on a point: (width, depth, height); `top` is the size of its top as a share of (width, depth)."""
    shape = bmesh.new()
    bmesh.ops.create_cube(shape, size=1)
    for corner in shape.verts:
        share = top if corner.co.z > 0 else (1, 1)
        corner.co = (corner.co.x * size[0] * share[0], corner.co.y * size[1] * share[1], corner.co.z * size[2])
    return placed(shape, surface, (at[0], at[1], at[2] + size[2] / 2), (0, 0, turn), bevel=bevel)


def rod(
    start: Point, end: Point, radius: float, surface: bpy.types.Material, *, tip: float | None = None
) -> bpy.types.Object:
    """Draw a round rod between two points, or a cone if its `tip` has another radius."""
    step = [e - s for s, e in zip(start, end, strict=True)]
    long = math.hypot(*step)
    middle = [(s + e) / 2 for s, e in zip(start, end, strict=True)]
    turn = (0, math.acos(step[2] / long), math.atan2(step[1], step[0]))
    last = radius if tip is None else tip
    shape = bmesh.new()
    bmesh.ops.create_cone(shape, cap_ends=True, segments=40, radius1=radius, radius2=last, depth=long)
    for face in shape.faces:
        face.smooth = len(face.verts) == 4
    for edge in shape.edges:
        edge.smooth = all(face.smooth for face in edge.link_faces)
    return placed(shape, surface, middle, turn)


def ball(at: Point, radius: float, surface: bpy.types.Material, squash: float = 1.0) -> bpy.types.Object:
    """Draw a ball, squashed in height."""
    shape = bmesh.new()
    bmesh.ops.create_uvsphere(shape, u_segments=32, v_segments=16, radius=radius)
    for corner in shape.verts:
        corner.co.z *= squash
    for face in shape.faces:
        face.smooth = True
    return placed(shape, surface, at)


def turned(
    at: Point, outline: Sequence[tuple[float, float]], surface: bpy.types.Material, *, closed: bool = True
) -> bpy.types.Object:
    """Draw what a lathe makes of an outline: (radius, height) from bottom to top; `closed` at the bottom."""
    mesh = bpy.data.meshes.new("turned")
    points = [(r * math.cos(a), r * math.sin(a), z) for r, z in outline for a in (math.tau * i / 64 for i in range(64))]
    faces = [
        (64 * row + i, 64 * row + (i + 1) % 64, 64 * (row + 1) + (i + 1) % 64, 64 * (row + 1) + i)
        for row in range(len(outline) - 1)
        for i in range(64)
    ]
    mesh.from_pydata(points, [], [*faces, *([tuple(range(63, -1, -1))] if closed else [])])
    thing = bpy.data.objects.new("turned", mesh)
    bpy.context.collection.objects.link(thing)
    thing.location = at
    mesh.materials.append(surface)
    for face in mesh.polygons:
        face.use_smooth = True
    return thing


def ring(at: Point, radius: float, thick: float, surface: bpy.types.Material, turn: Point = (0, 0, 0)) -> None:
    """Draw a ring."""
    outline = [(radius + thick * math.cos(a), thick * math.sin(a)) for a in (math.tau * i / 12 for i in range(13))]
    turned(at, outline, surface, closed=False).rotation_euler = turn


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
