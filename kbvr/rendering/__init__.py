"""Render a scene from any camera, on the CPU or a GPU.

Public: `cpu_renderer.render`, `gpu_renderer.best_renderer` and `depth_of_field`.
"""
