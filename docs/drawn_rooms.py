"""Drawn things indoors: a study, a cake on a table, and shelves with bottles."""

from __future__ import annotations

import math
import random

import bpy
from drawn_shapes import (
    DARK,
    GREY,
    WHITE,
    Point,
    ball,
    box,
    dim,
    glowing,
    lamp,
    look,
    material,
    ring,
    rod,
    turned,
    wood,
)


def study() -> None:
    """Draw a room with a globe, a desk lamp, a chair, a mantelpiece and books."""
    rng = random.Random(5)
    box((0, 3, -0.1), (7, 9, 0.1), wood((0.32, 0.17, 0.08), 2))
    paper = material((0.25, 0.33, 0.28), spots=0.25, scale=14)
    box((0, 5.05, 0), (7, 0.1, 3), paper)
    box((-2.85, 2, 0), (0.1, 7, 3), paper)
    box((2.85, 2, 0), (0.1, 7, 3), paper)
    box((0, 3, 3), (7, 9, 0.1), material(WHITE))
    dark, brass = wood((0.16, 0.08, 0.04), 5), material((0.7, 0.5, 0.18), metal=1, rough=0.25)
    mantelpiece(brass)
    bookcase(wood((0.28, 0.14, 0.06), 4), rng)
    desk(dark, brass, rng)
    chair(dark)
    rod((2.2, 4.2, 0), (2.2, 4.2, 1.5), 0.015, brass)
    rod((2.2, 4.2, 0), (2.2, 4.2, 0.03), 0.16, brass)
    rod((2.2, 4.2, 1.42), (2.2, 4.2, 1.78), 0.25, glowing((0.95, 0.8, 0.55), 0.9), tip=0.15)
    dim((0.7, 0.8, 1), 0.25)
    lamp((-2.6, 1.2, 2.0), 130, 1.6, (0.5, 3.5, 0.8), (0.85, 0.92, 1))
    lamp((0.5, 1.0, 2.9), 60, 1.2, (0.2, 3, 0.5))
    look((-0.15, -0.1, 1.6), (0.15, 3.6, 0.95), 27)


def mantelpiece(brass: bpy.types.Material) -> None:
    """Stand a mantelpiece with two candlesticks, below a painting."""
    marble = material((0.6, 0.57, 0.52), spots=0.3, scale=4, rough=0.2)
    for x in (0.35, 1.75):
        box((x, 4.85, 0), (0.22, 0.3, 1.15), marble, bevel=0.02)
    box((1.05, 4.82, 1.15), (1.8, 0.4, 0.1), marble, bevel=0.02)
    box((1.05, 4.98, 0), (1.2, 0.08, 1.15), material(DARK))
    for x in (0.5, 1.6):
        turned((x, 4.8, 1.25), [(0.05, 0), (0.02, 0.03), (0.02, 0.22), (0.045, 0.25)], brass)
        rod((x, 4.8, 1.5), (x, 4.8, 1.68), 0.015, material(WHITE))
    box((1.05, 4.98, 1.6), (0.9, 0.05, 0.7), material((0.5, 0.36, 0.12), metal=0.6, rough=0.4), bevel=0.02)
    box((1.05, 4.95, 1.66), (0.78, 0.05, 0.58), material((0.2, 0.3, 0.4), spots=0.8, scale=5))


def bookcase(oak: bpy.types.Material, rng: random.Random) -> None:
    """Stand a bookcase full of books against the wall."""
    for shelf in range(6):
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


def desk(dark: bpy.types.Material, brass: bpy.types.Material, rng: random.Random) -> None:
    """Stand a desk with a globe, a lamp and books."""
    box((0.1, 2.7, 0.72), (1.9, 0.9, 0.05), dark, bevel=0.01)
    for x in (-0.78, 0.98):
        for y in (2.32, 3.08):
            rod((x, y, 0), (x, y, 0.72), 0.03, dark, tip=0.045)
    ball((-0.42, 2.65, 1.1), 0.2, material((0.1, 0.28, 0.42), spots=0.95, scale=7, rough=0.3))
    ring((-0.42, 2.65, 1.1), 0.225, 0.008, brass, (math.pi / 2, 0.35, 0.3))
    turned((-0.42, 2.65, 0.77), [(0.12, 0), (0.11, 0.02), (0.03, 0.04), (0.02, 0.12)], dark)
    rod((0.62, 2.85, 0.77), (0.62, 2.85, 0.79), 0.1, brass)
    rod((0.62, 2.85, 0.79), (0.72, 2.85, 1.12), 0.01, brass)
    rod((0.72, 2.85, 1.12), (0.5, 2.75, 1.34), 0.01, brass)
    rod((0.44, 2.72, 1.26), (0.5, 2.75, 1.4), 0.11, material((0.05, 0.25, 0.12), rough=0.2), tip=0.04)
    ball((0.45, 2.72, 1.28), 0.035, glowing((1, 0.8, 0.5), 30))
    for place in range(4):
        cover = material([rng.uniform(0.05, 0.4) for _ in range(3)])
        box((0.15 + 0.01 * place, 2.6, 0.77 + 0.035 * place), (0.3, 0.22, 0.035), cover, turn=0.2 * place)


def chair(dark: bpy.types.Material) -> None:
    """Stand a chair in front of the desk."""
    box((0.75, 1.85, 0.42), (0.48, 0.46, 0.08), material((0.3, 0.06, 0.05), spots=0.2, scale=30), bevel=0.03)
    for x in (0.54, 0.96):
        rod((x, 1.66, 0), (x, 1.66, 0.42), 0.018, dark)
        rod((x, 2.05, 0), (x, 2.05, 0.42), 0.018, dark)
        rod((x, 1.66, 0.42), (x, 1.58, 1.0), 0.018, dark)
    for z in (0.65, 0.8, 0.95):
        y = 1.66 - 0.14 * (z - 0.42)
        rod((0.54, y, z), (0.96, y, z), 0.014, dark)


def cake() -> None:
    """Draw a cake with roses, candles and figures on a table."""
    rng = random.Random(7)
    box((0, 0.6, -0.05), (3, 3, 0.05), wood((0.4, 0.22, 0.1), 6))
    box((0, 2.2, -0.5), (6, 0.1, 3), material((0.35, 0.4, 0.5), spots=0.2, scale=3))
    china, cream = material((0.85, 0.85, 0.86), rough=0.12), material((0.88, 0.8, 0.66), spots=0.06, scale=40)
    pink, red = material((0.75, 0.25, 0.3), rough=0.5), material((0.6, 0.04, 0.06), rough=0.5)
    plate = [(0.1, 0), (0.1, 0.012), (0.2, 0.02), (0.24, 0.034), (0.24, 0.038), (0.2, 0.026), (0.001, 0.026)]
    turned((0, 0.62, 0), plate, china)
    tiers(cream, pink, red)
    candles_and_figures()
    for x, y in ((-0.4, 0.35), (0.42, 0.4)):
        coffee_cup(x, y, china)
    steel = material((0.7, 0.7, 0.7), metal=1, rough=0.15)
    box((0.25, 0.28, 0.0), (0.02, 0.2, 0.003), steel, turn=-0.5)
    box((-0.2, 0.26, 0.0), (0.012, 0.18, 0.003), steel, turn=0.3)
    glass = material((0.95, 0.97, 0.95), rough=0.02, glass=1)
    stem = [(0.03, 0), (0.032, 0.004), (0.005, 0.01), (0.005, 0.09)]
    bowl = [(0.03, 0.12), (0.034, 0.17), (0.032, 0.17), (0.028, 0.12), (0.001, 0.1)]
    for x, y in ((-0.32, 0.95), (0.34, 0.98)):
        turned((x, y, 0), stem + bowl, glass)
    for _ in range(30):
        ball((rng.uniform(-0.5, 0.5), rng.uniform(0.2, 0.45), 0.004), 0.004, rng.choice((pink, red, cream)))
    dim((0.8, 0.88, 1), 0.45)
    lamp((-1.2, -0.3, 1.4), 28, 0.7, (0, 0.6, 0.1))
    lamp((1.3, 1.4, 1.3), 12, 0.6, (0, 0.6, 0.1), (0.9, 0.95, 1))
    look((0.02, -0.26, 0.42), (0, 0.62, 0.1), 35)


def tiers(cream: bpy.types.Material, pink: bpy.types.Material, red: bpy.types.Material) -> None:
    """Put two tiers on the plate, with dots of cream and roses."""
    rod((0, 0.62, 0.027), (0, 0.62, 0.13), 0.17, cream)
    rod((0, 0.62, 0.13), (0, 0.62, 0.2), 0.115, cream)
    for count, radius, z in ((22, 0.17, 0.128), (15, 0.115, 0.2), (26, 0.176, 0.034)):
        for i in range(count):
            a = math.tau * i / count
            ball((radius * math.cos(a), 0.62 + radius * math.sin(a), z), 0.0145, cream)
    for i in range(9):
        a = math.tau * i / 9 + 0.2
        rose(0.142 * math.cos(a), 0.62 + 0.142 * math.sin(a), 0.137, pink if i % 2 else red)
    for x, y in ((0.0, 0.56), (-0.05, 0.6), (0.055, 0.62)):
        rose(x, y, 0.205, red)


def candles_and_figures() -> None:
    """Stand five burning candles and a couple on the cake."""
    for i in range(5):
        a = math.tau * i / 5 + 0.5
        x, y = 0.07 * math.cos(a), 0.62 + 0.07 * math.sin(a)
        rod((x, y, 0.2), (x, y, 0.285), 0.0035, material((0.2, 0.4, 0.75) if i % 2 else (0.85, 0.75, 0.2)))
        ball((x, y, 0.294), 0.0045, glowing((1, 0.65, 0.2), 12), 1.9)
    for x, dress in ((-0.016, WHITE), (0.02, (0.03, 0.03, 0.05))):
        rod((x, 0.64, 0.2), (x, 0.64, 0.245), 0.014, material(dress), tip=0.006)
        ball((x, 0.64, 0.252), 0.009, material((0.7, 0.5, 0.4)))


def coffee_cup(x: float, y: float, china: bpy.types.Material) -> None:
    """Put a cup of coffee on its saucer."""
    saucer = [(0.05, 0), (0.09, 0.012), (0.095, 0.016), (0.05, 0.008), (0.001, 0.008)]
    cup = [(0.025, 0), (0.04, 0.02), (0.045, 0.06), (0.042, 0.06), (0.036, 0.02), (0.001, 0.012)]
    turned((x, y, 0), saucer, china)
    turned((x, y, 0.01), cup, china)
    rod((x, y, 0.05), (x, y, 0.055), 0.041, material((0.1, 0.04, 0.02), rough=0.1))
    ring((x + 0.055, y, 0.045), 0.018, 0.004, china, (math.pi / 2, 0, 0))


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
    look((0.1, -1.0, 0.4), (0, 1.3, 0.28), 35)


def bottle(x: float, y: float, z: float, radius: float, tone: Point, rng: random.Random, *, jar: bool) -> None:
    """Stand a bottle or a jar with its label on a shelf."""
    tall = radius * rng.uniform(3.2, 4.4) * (0.75 if jar else 1)
    glass = material(tone, rough=0.03, glass=1)
    neck = radius * (0.82 if jar else 0.28)
    top = tall * (1.06 if jar else 1.5)
    outline = [
        (radius * 0.85, 0),
        (radius, radius * 0.2),
        (radius, tall),
        (neck, tall * (1.03 if jar else 1.22)),
        (neck, top),
    ]
    turned((x, y, z), outline, glass)
    rod(
        (x, y, z + 0.004),
        (x, y, z + tall * rng.uniform(0.5, 0.9)),
        radius * 0.9,
        material([c * 0.35 for c in tone], rough=0.3),
    )
    rod(
        (x, y, z + top - 0.004),
        (x, y, z + top + 0.025),
        neck * 1.12,
        material(rng.choice(((0.4, 0.25, 0.12), (0.5, 0.1, 0.08), GREY))),
    )
    low, high = tall * 0.2, tall * 0.72
    rod((x, y, z + low), (x, y, z + high), radius * 1.01, material((0.85, 0.8, 0.68), spots=0.08, scale=60))
    band = rng.choice(((0.5, 0.05, 0.05), (0.05, 0.15, 0.35), (0.05, 0.25, 0.1), (0.02, 0.02, 0.02)))
    for share in (0.12, 0.5, 0.85):
        height = z + low + share * (high - low)
        rod((x, y, height), (x, y, height + tall * 0.035), radius * 1.016, material(band))
